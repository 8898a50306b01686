//! The block of the center, minus all others: summed before normalization, while blocks of sites are made.

use super::deliver::BlockWriter;
use crate::descriptors::soap::limits::PURPOSE;
use crate::simd::{Kernel, Lanes, Pack};
use crate::{Error, memory};

/// Sums over the sites of one center.
#[derive(Debug, Default)]
pub struct OwnSums {
    /// Of the derivatives of the columns before normalization, one vector an axis.
    axes: [Vec<Pack>; 3],
    /// Of what normalization took out, in units of the row.
    pub along: [f64; 3],
}

impl OwnSums {
    /// Room for so many columns.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn new(n_columns: usize) -> Result<Self, Error> {
        let mut axes: [Vec<Pack>; 3] = Default::default();
        for axis in &mut axes {
            *axis = memory::filled(PURPOSE, Pack::holding(n_columns) + 1, Pack::ZERO)?;
        }
        Ok(Self { axes, along: [0.0; 3] })
    }

    /// Sums of nothing.
    pub fn clear(&mut self) {
        self.axes.iter_mut().for_each(|axis| axis.fill(Pack::ZERO));
        self.along = [0.0; 3];
    }

    /// The sums of some columns.
    #[inline(always)]
    pub fn part(&mut self, first: usize, length: usize) -> [&mut [f64]; 3] {
        let [x, y, z] = &mut self.axes;
        [
            &mut Pack::numbers_mut(x)[first..][..length],
            &mut Pack::numbers_mut(y)[first..][..length],
            &mut Pack::numbers_mut(z)[first..][..length],
        ]
    }
}

/// Numbers along each axis, from one on.
#[inline(always)]
pub fn from(axes: &[Vec<Pack>; 3], first: usize) -> [&[f64]; 3] {
    let [x, y, z] = axes;
    [&Pack::numbers(x)[first..], &Pack::numbers(y)[first..], &Pack::numbers(z)[first..]]
}

/// Writes minus the sums to the block of the center.
pub struct WriteOwn<'a> {
    pub sums: &'a mut OwnSums,
    pub writer: BlockWriter<'a>,
}

impl Kernel for WriteOwn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { sums, mut writer } = self;
        for axis in &mut sums.axes {
            for sum in axis {
                sum.store(-sum.load::<V>());
            }
        }
        let [x, y, z] = sums.along;
        let n_columns = writer.n_columns;
        writer.along = [-x, -y, -z];
        writer.columns::<V>((0, n_columns), Some(from(&sums.axes, 0)));
        writer.constant();
    }
}
