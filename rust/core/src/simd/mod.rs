//! Explicit lanes.
