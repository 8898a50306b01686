//! Parameters of many-body tensor representations, and their ranges.

use serde::Deserialize;

use crate::Error;
use crate::descriptors::Element;
use crate::descriptors::read;
use crate::descriptors::validate::{HEAVIEST, check, count, finite, within};

/// Points of a grid at most, as of other curves.
const MAX_POINTS: usize = 100_000;
/// Columns at most: their numbers fit into those of sparse matrices, and a row into memory.
const MAX_FEATURES: usize = 1 << 30;
/// Widths and lengths of grids.
const WIDTHS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;
const LARGEST_POINT: f64 = 1e9;
/// Distances at which weights end, as those of other fingerprints.
const REACHES: std::ops::RangeInclusive<f64> = 1e-30..=1e5;
/// The distance in Å within which everything is seen, where no weight ends: farther apart than any two atoms.
pub const EVERYTHING: f64 = 1e60;
/// The distance in Å that descriptors have whose features do not depend on neighbors.
const NOTHING: f64 = 1.0;

/// Parameters of a many-body tensor representation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MbtrParameters {
    /// What is asked of one, two or three atoms.
    pub geometry: Geometry,
    /// The axis that the answers are spread over.
    pub grid: GridParameters,
    /// What each answer counts for.
    pub weighting: Weighting,
    /// Whether the area of each Gaussian is one; otherwise its height is.
    pub normalize_gaussians: bool,
    /// What rows are divided by.
    pub normalization: Normalization,
    /// Whether a row is what one center takes part in, whatever that is, instead of what it is the first atom or the
    /// vertex of.
    pub local: bool,
    /// Whether atoms of other species are passed over.
    pub ignore_unknown_species: bool,
    /// The species, in the order of their columns.
    pub species: Vec<Element>,
}

/// Geometry functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    /// The atomic number of an atom.
    AtomicNumber,
    /// The distance of two atoms in Å.
    Distance,
    /// One over that distance.
    InverseDistance,
    /// The angle at one of three atoms, in degrees.
    Angle,
    /// The cosine of that angle.
    Cosine,
}

/// A grid of points, and the width of what is spread over it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridParameters {
    /// The first point.
    pub min: f64,
    /// The last point.
    pub max: f64,
    /// Standard deviation of the Gaussians.
    pub sigma: f64,
    /// Number of points.
    #[serde(deserialize_with = "read::count")]
    pub n: usize,
}

/// Weights of pairs and triples.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "function", rename_all = "snake_case", deny_unknown_fields)]
pub enum Weighting {
    /// All alike.
    Unity,
    /// `exp(-scale x)`, where `x` is the distance, or the way around a triple; nothing below `threshold`.
    Exp {
        /// In 1/Å.
        scale: Option<f64>,
        /// Instead of the scale: the distance in Å at which the threshold is reached, or half of the way around.
        r_cut: Option<f64>,
        /// The smallest weight that counts.
        threshold: f64,
    },
    /// One over the square of the distance.
    InverseSquare {
        /// Distance in Å beyond which pairs do not count.
        r_cut: f64,
    },
    /// `f(r) f(r')` of the two legs of an angle, with `f(r) = 1 + y (r/r_cut)^(y+1) - (y+1) (r/r_cut)^y`.
    SmoothCutoff {
        /// Distance in Å at which `f` ends.
        r_cut: f64,
        /// `y`
        sharpness: f64,
    },
}

/// What rows are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// Nothing.
    None,
    /// Their length.
    L2,
    /// The number of atoms.
    NAtoms,
    /// The numbers of atoms of the species of each block, and one over the volume of the cell.
    ValleOganov,
}

impl Geometry {
    /// How many atoms are asked.
    pub fn degree(self) -> usize {
        match self {
            Self::AtomicNumber => 1,
            Self::Distance | Self::InverseDistance => 2,
            Self::Angle | Self::Cosine => 3,
        }
    }
}

impl GridParameters {
    /// Distance between two points.
    pub fn step(&self) -> f64 {
        (self.max - self.min) / (self.n - 1) as f64
    }
}

impl Weighting {
    /// The scale of an exponential, where one over three distances falls to its threshold at a way of `2 r_cut`.
    pub fn scale(scale: Option<f64>, r_cut: Option<f64>, threshold: f64, degree: usize) -> f64 {
        let ways = if degree == 3 { 0.5 } else { 1.0 };
        match (scale, r_cut) {
            (Some(scale), _) => scale,
            (None, Some(r_cut)) => -ways * threshold.ln() / r_cut,
            (None, None) => f64::NAN,
        }
    }

    /// Distance in Å from an atom beyond which no other counts in what it is the first or the vertex of.
    pub fn end(&self, degree: usize) -> f64 {
        match *self {
            Self::Unity => EVERYTHING,
            Self::Exp { scale, r_cut, threshold } => {
                let ways = if degree == 3 { 0.5 } else { 1.0 };
                r_cut.unwrap_or_else(|| -ways * threshold.ln() / Self::scale(scale, r_cut, threshold, degree))
            }
            Self::InverseSquare { r_cut } | Self::SmoothCutoff { r_cut, .. } => r_cut,
        }
    }

    fn validate(&self, degree: usize) -> Result<(), Error> {
        let name = match self {
            Self::Unity => "unity",
            Self::Exp { .. } => "exp",
            Self::InverseSquare { .. } => "inverse_square",
            Self::SmoothCutoff { .. } => "smooth_cutoff",
        };
        let (known, words) = match degree {
            1 => (matches!(self, Self::Unity), "\"unity\" for single atoms"),
            2 => (
                !matches!(self, Self::SmoothCutoff { .. }),
                "one of \"unity\", \"exp\", \"inverse_square\" for distances",
            ),
            _ => {
                (!matches!(self, Self::InverseSquare { .. }), "one of \"unity\", \"exp\", \"smooth_cutoff\" for angles")
            }
        };
        check(known, "function of weighting", format!("\"{name}\""), format!("it must be {words}"))?;
        match *self {
            Self::Unity => Ok(()),
            Self::Exp { scale, r_cut, threshold } => {
                let between = threshold > 0.0 && threshold < 1.0;
                check(between, "threshold of weighting", threshold, "it must be a number between 0 and 1")?;
                if let Some(r_cut) = r_cut {
                    within("r_cut of weighting", r_cut, REACHES)?;
                }
                let Some(scale) = scale else {
                    let given = r_cut.is_some();
                    return check(given, "scale of weighting", "missing", "give scale, or r_cut in its place");
                };
                check(r_cut.is_none(), "scale of weighting", scale, "give scale or r_cut, not both")?;
                check(scale.is_finite() && scale > 0.0, "scale of weighting", scale, "it must be a positive number")?;
                let end = self.end(degree);
                let remedy = format!("weights would end at {end:e} Å, which must be between 1e-30 and 1e5 Å");
                check(REACHES.contains(&end), "scale of weighting", scale, remedy)
            }
            Self::InverseSquare { r_cut } => within("r_cut of weighting", r_cut, REACHES),
            Self::SmoothCutoff { r_cut, sharpness } => {
                within("r_cut of weighting", r_cut, REACHES)?;
                within("sharpness of weighting", sharpness, 1.0..=100.0)
            }
        }
    }
}

impl MbtrParameters {
    /// Distance in Å beyond which nothing is seen.
    pub fn reach(&self) -> f64 {
        let end = self.weighting.end(self.geometry.degree());
        match self.weighting {
            _ if self.geometry == Geometry::AtomicNumber => NOTHING,
            // The legs of an angle at a neighbor: from the center to it, and from there to the other one.
            Weighting::SmoothCutoff { .. } if self.local => 2.0 * end,
            _ => end,
        }
    }

    /// Height of a Gaussian of unit height over one of unit area, or one.
    pub fn area(&self) -> f64 {
        if self.normalize_gaussians { 1.0 } else { self.grid.sigma * (2.0 * std::f64::consts::PI).sqrt() }
    }

    /// Checks every parameter for the range in which the definition makes sense; `n_blocks` share the grid.
    ///
    /// # Errors
    /// [`Error::Parameter`] for one that is not, named.
    pub fn validate(&self, n_blocks: usize) -> Result<(), Error> {
        let Self { geometry, grid: GridParameters { min, max, sigma, n }, weighting, normalization, local, .. } = self;
        let degree = geometry.degree();
        check(!local || degree > 1, "geometry", "\"atomic_number\"", "a local representation asks two or three atoms")?;
        finite("min of grid", *min)?;
        let bounds = format!("it must be a number of at most {LARGEST_POINT:e}, whatever its sign");
        check(min.abs() <= LARGEST_POINT, "min of grid", *min, bounds.as_str())?;
        check(max.abs() <= LARGEST_POINT, "max of grid", *max, bounds.as_str())?;
        check(min < max, "min of grid", *min, format!("it must be less than max, {max}"))?;
        count("n of grid", *n, 2..=MAX_POINTS)?;
        let remedy = format!("with {n_blocks} blocks of columns there may be at most {}", MAX_FEATURES / n_blocks);
        check(n.saturating_mul(n_blocks) <= MAX_FEATURES, "n of grid", *n, remedy)?;
        within("sigma of grid", *sigma, WIDTHS)?;
        let step = self.grid.step();
        let remedy = format!("points are {step:e} apart, of which 1e-9 is the least");
        check(step >= 1e-9, "max of grid", *max, remedy)?;
        weighting.validate(degree)?;
        match normalization {
            Normalization::None | Normalization::L2 => Ok(()),
            Normalization::NAtoms | Normalization::ValleOganov => {
                let name = if *normalization == Normalization::NAtoms { "\"n_atoms\"" } else { "\"valle_oganov\"" };
                check(!local, "normalization", name, "a row of one center is normalized by \"none\" or \"l2\"")?;
                let pairs = *normalization == Normalization::NAtoms || degree > 1;
                check(pairs, "normalization", name, "it is defined for pairs and triples, not for single atoms")
            }
        }
    }
}

/// The largest weight, of a pair so near that others would have no digits beside it.
pub const LARGEST_WEIGHT: f64 = HEAVIEST;
