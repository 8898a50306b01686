//! The surroundings of one center.

/// Kinds of centers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CenterKind {
    /// An atom, and the channel of its species if that is seen.
    Atom(Option<u8>),
    /// A point in space.
    Point,
}

/// Everything a descriptor may know about one center: its sites, one slice per quantity.
///
/// Sites come grouped by channel, and within a channel in the order in which the neighbor search found them.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// The center itself, which is not among the sites.
    pub center: CenterKind,
    /// Channel of each site, ascending.
    pub channel: &'a [u8],
    /// Component x of the vector from the center to each site, in Å.
    pub dx: &'a [f64],
    /// Component y of the vector from the center to each site, in Å.
    pub dy: &'a [f64],
    /// Component z of the vector from the center to each site, in Å.
    pub dz: &'a [f64],
    /// Distance in Å, below [`Descriptor::reach`](super::Descriptor::reach); zero for an atom at the same place.
    pub r: &'a [f64],
    /// Volume of the cell of the frame in Å³, whichever of its axes are periodic; zero where there is none.
    pub volume: f64,
}

impl Environment<'_> {
    /// Number of sites.
    pub fn len(&self) -> usize {
        self.r.len()
    }

    /// Whether the center is alone.
    pub fn is_empty(&self) -> bool {
        self.r.is_empty()
    }

    /// Unit vector from the center to a site; zero for an atom on the center, which is in no direction.
    pub fn direction(&self, site: usize) -> [f64; 3] {
        let inverse = if self.r[site] > 0.0 { 1.0 / self.r[site] } else { 0.0 };
        [self.dx[site], self.dy[site], self.dz[site]].map(|x| x * inverse)
    }
}
