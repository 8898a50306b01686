//! The numbers of one row in registers.

use super::{HALF, HalfLanes, LANES, Lanes};

/// Whether a row of `n` numbers leaves the second half of its last pack empty.
#[inline(always)]
pub fn ends_in_half(n: usize) -> bool {
    (1..=HALF).contains(&(n % LANES))
}

/// `PACKS` packs; of the last there is but the first half if `ENDS_IN_HALF`.
#[derive(Clone, Copy)]
pub struct Packs<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool> {
    wholes: [V; PACKS],
    half: V::Half,
}

impl<V: Lanes, const PACKS: usize, const ENDS_IN_HALF: bool> Packs<V, PACKS, ENDS_IN_HALF> {
    const WHOLES: usize = if ENDS_IN_HALF { PACKS - 1 } else { PACKS };

    /// Zeros.
    #[inline(always)]
    pub fn zero() -> Self {
        Self { wholes: [V::zero(); PACKS], half: V::Half::zero() }
    }

    /// From memory.
    #[inline(always)]
    pub fn load(from: &[[f64; LANES]; PACKS]) -> Self {
        let mut packs = Self::zero();
        for p in 0..Self::WHOLES {
            packs.wholes[p] = V::load(&from[p]);
        }
        if ENDS_IN_HALF {
            packs.half = V::Half::load(&from[PACKS - 1]);
        }
        packs
    }

    /// To memory. What is beyond the half stays as it was.
    #[inline(always)]
    pub fn store(self, to: &mut [[f64; LANES]; PACKS]) {
        for p in 0..Self::WHOLES {
            self.wholes[p].store(&mut to[p]);
        }
        if ENDS_IN_HALF {
            self.half.store(&mut to[PACKS - 1]);
        }
    }

    /// `self · factor + terms`, as [`Lanes::mul_add`]; all lanes of the factor are the same.
    #[inline(always)]
    pub fn mul_add(self, factor: V, terms: Self) -> Self {
        let mut sums = terms;
        for p in 0..Self::WHOLES {
            sums.wholes[p] = self.wholes[p].mul_add(factor, terms.wholes[p]);
        }
        if ENDS_IN_HALF {
            sums.half = self.half.mul_add(factor.lower(), terms.half);
        }
        sums
    }

    /// `self · factor`; all lanes of the factor are the same.
    #[inline(always)]
    pub fn times(self, factor: V) -> Self {
        let mut products = self;
        for p in 0..Self::WHOLES {
            products.wholes[p] = self.wholes[p] * factor;
        }
        if ENDS_IN_HALF {
            products.half = self.half * factor.lower();
        }
        products
    }

    /// `self + other`
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        let mut sums = self;
        for p in 0..Self::WHOLES {
            sums.wholes[p] = self.wholes[p] + other.wholes[p];
        }
        if ENDS_IN_HALF {
            sums.half = self.half + other.half;
        }
        sums
    }
}

impl<V: Lanes, const ENDS_IN_HALF: bool> Packs<V, 1, ENDS_IN_HALF> {
    /// The one pack, with zeros where there is no second half.
    #[inline(always)]
    pub fn widen(self) -> V {
        if ENDS_IN_HALF { V::widen(self.half) } else { self.wholes[0] }
    }
}
