//! Periodic cells.
/// A validated cell.
#[derive(Debug, Clone)]
pub struct Cell;
