//! Structures made of whatever bytes come.

use std::ops::ControlFlow;

use arbitrary::{Arbitrary, Result, Unstructured};
use isoprint_core::Error;
use isoprint_core::engine::Job;
use isoprint_core::geometry::{Centers, Frames};

/// Atoms in a structure at most.
const MOST: usize = 8;

/// One structure, legal or not.
#[derive(Debug)]
pub struct OwnedFrame {
    pub positions: Vec<[f64; 3]>,
    pub numbers: Vec<i64>,
    pub cell: [[f64; 3]; 3],
    pub pbc: [bool; 3],
}

/// A length: mostly of the size of atoms, sometimes anything that a double can be.
fn length(bytes: &mut Unstructured<'_>) -> Result<f64> {
    Ok(match bytes.int_in_range(0..=9)? {
        0 => f64::from_bits(bytes.arbitrary()?),
        1 => f64::from(bytes.int_in_range(-3..=3)?),
        2 => 10.0_f64.powi(bytes.int_in_range(-330..=308)?),
        _ => f64::from(bytes.arbitrary::<i16>()?) * 2.0_f64.powi(-12),
    })
}

fn vector(bytes: &mut Unstructured<'_>) -> Result<[f64; 3]> {
    Ok([length(bytes)?, length(bytes)?, length(bytes)?])
}

impl<'a> Arbitrary<'a> for OwnedFrame {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let n_atoms = bytes.int_in_range(0..=MOST)?;
        let positions = (0..n_atoms).map(|_| vector(bytes)).collect::<Result<Vec<_>>>()?;
        let numbers = (0..n_atoms).map(|_| Ok(*bytes.choose(&[1, 6, 1, 6, 8])?)).collect::<Result<Vec<_>>>()?;
        let mut cell = [[0.0; 3]; 3];
        for (axis, row) in cell.iter_mut().enumerate() {
            *row = vector(bytes)?;
            // Most cells should be legal.
            row[axis] += 4.0;
        }
        Ok(Self { positions, numbers, cell, pbc: bytes.arbitrary()? })
    }
}

impl OwnedFrame {
    /// Whether every coordinate that counts is finite.
    pub fn is_finite(&self) -> bool {
        let rows = self.cell.iter().zip(self.pbc).filter(|(_, periodic)| *periodic).map(|(row, _)| row);
        self.positions.iter().chain(rows).flatten().all(|x| x.is_finite())
    }

    /// Calls `work` with this structure, all its atoms as centers, and a job on this thread.
    ///
    /// # Errors
    /// Errors of `work`.
    pub fn with<R>(
        &self,
        work: impl FnOnce(&Frames<'_>, &Centers<'_>, &mut Job<'_>) -> std::result::Result<R, Error>,
    ) -> std::result::Result<R, Error> {
        let n_atoms = self.positions.len() as i64;
        let (offsets, index) = ([0, n_atoms], (0..n_atoms).collect::<Vec<_>>());
        let (cells, pbc) = ([self.cell], [self.pbc]);
        let frames = Frames::new(&self.positions, &self.numbers, &cells, &pbc, &offsets)?;
        let centers = Centers::new(&frames, &offsets, &index, &[])?;
        let mut progress = |_, _| ControlFlow::Continue(());
        work(&frames, &centers, &mut Job { pool: None, progress: &mut progress, worker_cache: None })
    }
}
