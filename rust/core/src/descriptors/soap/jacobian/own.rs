//! The block of the center, minus all others: summed before normalization, while blocks of sites are made.

use super::deliver::BlockWriter;
use crate::descriptors::soap::limits::PURPOSE;
use crate::simd::{Kernel, LANES, Lanes, Pack};
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

/// Adds the derivatives of columns from `first` to the sums for the center, and returns their dot products with the
/// row, where these are asked for.
#[inline(always)]
pub fn gather<V: Lanes>(
    (first, length): (usize, usize),
    row: Option<&[f64]>,
    rates: [&[f64]; 3],
    own: Option<&mut OwnSums>,
) -> [f64; 3] {
    match (row, own) {
        (Some(row), Some(own)) => pass::<V, true, true>(&row[first..][..length], rates, own.part(first, length)),
        (Some(row), None) => pass::<V, true, false>(&row[first..][..length], rates, [&mut [], &mut [], &mut []]),
        (None, Some(own)) => pass::<V, false, true>(&rates[0][..length], rates, own.part(first, length)),
        (None, None) => [0.0; 3],
    }
}

/// Dot products with the row, and sums, or either; the sums have the length of the row.
#[inline(always)]
fn pass<V: Lanes, const DOT: bool, const OWN: bool>(row: &[f64], rates: [&[f64]; 3], own: [&mut [f64]; 3]) -> [f64; 3] {
    let length = row.len();
    let (row, row_rest) = row.as_chunks::<LANES>();
    let n_packs = row.len();
    let [x, y, z] = rates;
    let rates = [x[..length].as_chunks::<LANES>(), y[..length].as_chunks::<LANES>(), z[..length].as_chunks::<LANES>()];
    let [x, y, z] = own;
    let own = [x.as_chunks_mut::<LANES>(), y.as_chunks_mut::<LANES>(), z.as_chunks_mut::<LANES>()];
    for axis in 0..3 {
        assert!(rates[axis].0.len() == n_packs && (!OWN || own[axis].0.len() == n_packs));
    }
    let mut dots = [V::zero(); 3];
    for i in 0..n_packs {
        for axis in 0..3 {
            let x = V::load(&rates[axis].0[i]);
            if DOT {
                dots[axis] = x.mul_add(V::load(&row[i]), dots[axis]);
            }
            if OWN {
                let sum = &mut own[axis].0[i];
                (V::load(sum) + x).store(sum);
            }
        }
    }
    let [x, y, z] = dots;
    let mut dots = [x.sum(), y.sum(), z.sum()];
    for axis in 0..3 {
        for (i, (x, p)) in rates[axis].1.iter().zip(row_rest).enumerate() {
            dots[axis] += p * x;
            if OWN {
                own[axis].1[i] += x;
            }
        }
    }
    dots
}
