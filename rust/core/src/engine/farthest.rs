//! Farthest point sampling: each point that is taken is the one farthest from all that were taken before.
//!
//! T. F. Gonzalez, Theor. Comput. Sci. 38, 293 (1985). A point whose nearest taken one is at less than half its distance
//! from the newcomer is not looked at, because it cannot be nearer to that: nothing but time depends on it.

use std::sync::Mutex;

use super::checks::check_length;
use super::interrupt::RowCounter;
use super::job::Job;
use super::queue::{Pieces, share};
use crate::simd::{Isa, Kernel, LANES, Lanes};
use crate::{Error, Stop, memory};

/// Purpose of the memory, for the message where it is refused.
const PURPOSE: &str = "distances of all points from those that were taken";
/// Numbers that are looked at between two checks for an interrupt.
const LOOK: usize = 1 << 17;
/// Half the distance, squared, with room for what rounding may have done.
const SAFELY: f64 = 4.0 * (1.0 + 1e-9);
/// The squared distance of a point that was taken: less than any other.
const TAKEN: f64 = -1.0;

/// Points in the order in which they were taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FarthestPoints {
    /// Place of each.
    pub index: Vec<i64>,
    /// Distance of each from those before it; infinite for the first.
    pub distance: Vec<f64>,
    /// Distance of every point from the nearest that was taken.
    pub of_all: Vec<f64>,
}

/// What is known of a point.
#[derive(Clone, Copy)]
struct Nearest {
    squared: f64,
    /// The place of the nearest among those that were taken.
    taken: usize,
}

/// Takes `n_taken` of the rows of `points`, `n_features` numbers each and all finite, beginning with the row `first`.
/// Of points at the same distance, the first is taken.
///
/// # Errors
/// [`Error::Memory`], [`Error::Interrupted`], [`Error::Shape`] for what does not fit.
pub fn farthest_points<T: Copy + Into<f64> + Sync>(
    points: &[T],
    n_features: usize,
    n_taken: usize,
    first: usize,
    job: &mut Job<'_>,
) -> Result<FarthestPoints, Error> {
    let n = points.len() / n_features.max(1);
    check_length("points", points.len(), n * n_features)?;
    let n_taken = if first < n { n_taken.min(n) } else { 0 };
    let mut nearest = memory::filled(PURPOSE, n, Nearest { squared: f64::INFINITY, taken: 0 })?;
    let mut found = FarthestPoints {
        index: memory::with_capacity(PURPOSE, n_taken)?,
        distance: memory::with_capacity(PURPOSE, n_taken)?,
        of_all: Vec::new(),
    };
    let mut gaps = memory::filled(PURPOSE, n_taken, 0.0)?;
    let counter = RowCounter::new(n_taken);
    let set = PointSet { points, n_features, at_once: (LOOK / n_features.max(1)).max(1) };
    let (mut next, mut squared) = (first, f64::INFINITY);
    while found.index.len() < n_taken {
        let place = found.index.len();
        found.index.push(next as i64);
        found.distance.push(squared.sqrt());
        nearest[next].squared = TAKEN;
        set.measure(&found.index[..place], next, &mut gaps[..place], job)?;
        (next, squared) = set.approach(next, place, &gaps[..place], &mut nearest, job)?;
        counter.add(1);
        job.report(&counter)?;
    }
    found.of_all = memory::collect(PURPOSE, nearest.iter().map(|point| point.squared.max(0.0).sqrt()))?;
    Ok(found)
}

/// All points, and how many of them are looked at together.
struct PointSet<'a, T> {
    points: &'a [T],
    n_features: usize,
    at_once: usize,
}

impl<T: Copy + Into<f64> + Sync> PointSet<'_, T> {
    fn row(&self, point: usize) -> &[T] {
        &self.points[point * self.n_features..][..self.n_features]
    }

    /// Squared distances of a newcomer from those that were taken before it.
    fn measure(&self, taken: &[i64], newcomer: usize, out: &mut [f64], job: &mut Job<'_>) -> Result<(), Error> {
        let newcomer = self.row(newcomer);
        let mut parts = out.chunks_mut(self.at_once);
        let pieces = Pieces {
            size: |_| self.at_once,
            worker: || Ok(()),
            payload: |_| parts.next().unwrap_or_default(),
            visit: |(): &mut (), piece: usize, out: &mut [f64], stop: &Stop<'_>| {
                stop.check()?;
                for (out, point) in out.iter_mut().zip(&taken[piece * self.at_once..]) {
                    *out = Isa::detect().run(SquaredDistance(self.row(*point as usize), newcomer));
                }
                Ok(())
            },
            merge: |_, ()| Ok(()),
        };
        share(job, &RowCounter::new(0), taken.len().div_ceil(self.at_once), &Mutex::new(Vec::new()), pieces)
    }

    /// Lets every point know of a newcomer; the farthest point then, and its squared distance.
    fn approach(
        &self,
        newcomer: usize,
        place: usize,
        gaps: &[f64],
        nearest: &mut [Nearest],
        job: &mut Job<'_>,
    ) -> Result<(usize, f64), Error> {
        let (newcomer, n) = (self.row(newcomer), nearest.len());
        let mut parts = nearest.chunks_mut(self.at_once);
        let mut farthest = (0, TAKEN);
        let pieces = Pieces {
            size: |_| self.at_once,
            worker: || Ok(()),
            payload: |_| parts.next().unwrap_or_default(),
            visit: |(): &mut (), piece: usize, nearest: &mut [Nearest], stop: &Stop<'_>| {
                stop.check()?;
                let first = piece * self.at_once;
                let points = &self.points[first * self.n_features..];
                let (offset, squared) =
                    Isa::detect().run(Approach { points, n_features: self.n_features, newcomer, place, gaps, nearest });
                Ok((first + offset, squared))
            },
            merge: |_, (point, squared): (usize, f64)| {
                if squared > farthest.1 {
                    farthest = (point, squared);
                }
                Ok(())
            },
        };
        share(job, &RowCounter::new(0), n.div_ceil(self.at_once), &Mutex::new(Vec::new()), pieces)?;
        Ok(farthest)
    }
}

struct Approach<'a, T> {
    points: &'a [T],
    n_features: usize,
    newcomer: &'a [T],
    place: usize,
    gaps: &'a [f64],
    nearest: &'a mut [Nearest],
}

impl<T: Copy + Into<f64>> Kernel for Approach<'_, T> {
    type Output = (usize, f64);

    #[inline(always)]
    fn run<V: Lanes>(mut self) -> (usize, f64) {
        let (mut asked, mut n_asked) = ([0; LANES], 0);
        for i in 0..self.nearest.len() {
            let point = self.nearest[i];
            // A newcomer has no gap to itself, and at first nobody is near anything.
            let gap = self.gaps.get(point.taken).copied().unwrap_or(0.0);
            if point.squared >= 0.0 && gap < SAFELY * point.squared {
                asked[n_asked] = i;
                n_asked += 1;
                if n_asked == LANES {
                    self.ask::<V>(asked, LANES);
                    n_asked = 0;
                }
            }
        }
        if n_asked > 0 {
            let first = asked[0];
            asked[n_asked..].fill(first);
            self.ask::<V>(asked, n_asked);
        }
        let mut farthest = (0, TAKEN);
        for (i, point) in self.nearest.iter().enumerate() {
            if point.squared > farthest.1 {
                farthest = (i, point.squared);
            }
        }
        farthest
    }
}

impl<T: Copy + Into<f64>> Approach<'_, T> {
    /// Measures eight points, the first of which count.
    #[inline(always)]
    fn ask<V: Lanes>(&mut self, asked: [usize; LANES], count: usize) {
        let rows = asked.map(|i| &self.points[i * self.n_features..][..self.n_features]);
        let squared = squared_distances::<V, T>(rows, self.newcomer).to_array();
        for (i, squared) in asked.into_iter().zip(squared).take(count) {
            if squared < self.nearest[i].squared {
                self.nearest[i] = Nearest { squared, taken: self.place };
            }
        }
    }
}

struct SquaredDistance<'a, T>(&'a [T], &'a [T]);

impl<T: Copy + Into<f64>> Kernel for SquaredDistance<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f64 {
        squared_distances::<V, T>([self.0; LANES], self.1).to_array()[0]
    }
}

/// Lane by lane the squared distance of one row from `other`, each summed in the same order whichever lane it is.
#[inline(always)]
fn squared_distances<V: Lanes, T: Copy + Into<f64>>(rows: [&[T]; LANES], other: &[T]) -> V {
    let (other, other_rest) = other.as_chunks::<LANES>();
    let n_packs = other.len();
    let packs = rows.map(|row| &row.as_chunks::<LANES>().0[..n_packs]);
    let mut sums = [V::zero(); LANES];
    for k in 0..n_packs {
        let other = V::load(&other[k].map(Into::into));
        for (sum, row) in sums.iter_mut().zip(packs) {
            let difference = V::load(&row[k].map(Into::into)) - other;
            *sum = difference.mul_add(difference, *sum);
        }
    }
    if !other_rest.is_empty() {
        let padded = |rest: &[T]| {
            let mut eight = [0.0; LANES];
            eight.iter_mut().zip(rest).for_each(|(out, &entry)| *out = entry.into());
            V::load(&eight)
        };
        let other = padded(other_rest);
        for (sum, row) in sums.iter_mut().zip(rows) {
            let difference = padded(&row[n_packs * LANES..]) - other;
            *sum = difference.mul_add(difference, *sum);
        }
    }
    V::sums(sums)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rayon::{ThreadPool, ThreadPoolBuilder};

    use super::*;

    fn found<T: Copy + Into<f64> + Sync>(
        points: &[T],
        n_features: usize,
        n_taken: usize,
        first: usize,
        pool: Option<&ThreadPool>,
    ) -> FarthestPoints {
        let mut progress = |_, _| ControlFlow::Continue(());
        let mut job = Job { pool, progress: &mut progress, worker_cache: None };
        farthest_points(points, n_features, n_taken, first, &mut job).expect("little memory")
    }

    /// Looks at everything every time.
    fn slow(points: &[f64], n_features: usize, n_taken: usize, first: usize) -> Vec<i64> {
        let row = |k: usize| &points[k * n_features..][..n_features];
        let distance = |a: usize, b: usize| Isa::detect().run(SquaredDistance(row(a), row(b)));
        let mut taken = vec![first];
        while taken.len() < n_taken {
            let left = (0..points.len() / n_features).filter(|k| !taken.contains(k));
            let near = |k: usize| taken.iter().map(|&t| distance(k, t)).fold(f64::INFINITY, f64::min);
            let best = left.fold((usize::MAX, -1.0), |best, k| if near(k) > best.1 { (k, near(k)) } else { best });
            taken.push(best.0);
        }
        taken.into_iter().map(|k| k as i64).collect()
    }

    fn numbers(n: usize, coarse: bool) -> Vec<f64> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let x = (state >> 40) as f64 / (1u64 << 24) as f64;
            if coarse { (4.0 * x).round() } else { x }
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn as_if_everything_were_looked_at() {
        let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("some threads");
        for (n, n_features) in [(1, 1), (50, 1), (200, 3), (120, 19), (300, 40)] {
            for coarse in [false, true] {
                let points = numbers(n * n_features, coarse);
                let n_taken = n.min(60);
                let expected = slow(&points, n_features, n_taken, n / 3);
                let single: Vec<f32> = points.iter().map(|x| *x as f32).collect();
                for pool in [None, Some(&pool)] {
                    let sample = found(&points, n_features, n_taken, n / 3, pool);
                    assert_eq!(sample.index, expected);
                    assert!(sample.distance.windows(2).all(|pair| pair[0] >= pair[1]));
                    assert_eq!(sample.of_all.len(), n);
                    assert!(sample.of_all.iter().all(|d| *d <= sample.distance[n_taken - 1]));
                    if coarse {
                        assert_eq!(found(&single, n_features, n_taken, n / 3, pool).index, expected);
                    }
                }
            }
        }
    }

    /// The second of two copies is never nearer or farther than the first, wherever they stand.
    #[test]
    fn copies_are_at_the_same_distance() {
        for isa in Isa::ALL {
            let points = numbers(LANES * 37, false);
            let other = numbers(37, true);
            let rows: [&[f64]; LANES] = std::array::from_fn(|k| &points[37 * (k / 2)..][..37]);
            let found = isa.run(Distances(rows, &other));
            assert!(found.as_chunks::<2>().0.iter().all(|pair| pair[0] == pair[1]), "{found:?}");
            let rows = std::array::from_fn(|k| rows[LANES - 1 - k]);
            let mut backwards = isa.run(Distances(rows, &other));
            backwards.reverse();
            assert_eq!(found, backwards);
        }
    }

    struct Distances<'a>([&'a [f64]; LANES], &'a [f64]);

    impl Kernel for Distances<'_> {
        type Output = [f64; LANES];

        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            squared_distances::<V, f64>(self.0, self.1).to_array()
        }
    }

    #[test]
    fn copies_come_last_and_in_their_order() {
        let points = [2.0, 0.0, 2.0, 0.0, 1.0, 2.0];
        let sample = found(&points, 1, 6, 2, None);
        assert_eq!(sample.index, [2, 1, 4, 0, 3, 5]);
        assert_eq!(sample.distance, [f64::INFINITY, 2.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found(&points, 1, 9, 2, None).index.len(), 6);
        assert_eq!(found(&points[..0], 1, 3, 0, None), FarthestPoints::default());
    }
}
