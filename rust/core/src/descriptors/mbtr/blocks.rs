//! Sums of all blocks, most of which a center has no part in.

use crate::{Error, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "many-body tensor representation of one center";

/// Numbers of each block, zero but for those of blocks that were asked for.
#[derive(Debug)]
pub struct Blocks {
    values: Vec<f64>,
    /// Numbers of a block.
    size: usize,
    touched: Vec<usize>,
    is_touched: Vec<bool>,
}

impl Blocks {
    /// Zeros, so many a block.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn zeros(n_blocks: usize, size: usize) -> Result<Self, Error> {
        Ok(Self {
            values: memory::zeros(PURPOSE, n_blocks * size)?,
            size,
            touched: memory::with_capacity(PURPOSE, n_blocks)?,
            is_touched: memory::zeros(PURPOSE, n_blocks)?,
        })
    }

    /// Makes all of them zero again.
    pub fn clear(&mut self) {
        for block in self.touched.drain(..) {
            self.values[block * self.size..][..self.size].fill(0.0);
            self.is_touched[block] = false;
        }
    }

    /// The numbers of a block, and whether it was not asked for since all were made zero.
    pub fn at(&mut self, block: usize) -> (&mut [f64], bool) {
        let is_new = !self.is_touched[block];
        if is_new {
            self.is_touched[block] = true;
            self.touched.push(block);
        }
        (&mut self.values[block * self.size..][..self.size], is_new)
    }

    /// The blocks that were asked for, and their numbers.
    pub fn touched(&self) -> impl Iterator<Item = (usize, &[f64])> {
        self.touched.iter().map(|&block| (block, &self.values[block * self.size..][..self.size]))
    }
}
