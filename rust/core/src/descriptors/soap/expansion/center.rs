//! Share of a center in its own density.

use crate::descriptors::CenterKind;

/// What a center adds to the coefficients at `l = 0` by being there: one number a radial function of all species.
#[derive(Debug, Clone, PartialEq)]
pub struct CenterDensities {
    /// Numbers for a center of each channel.
    pub of_channel: Vec<Vec<f64>>,
    /// Numbers for an atom that has no channel; `None` where it adds nothing.
    pub of_others: Option<Vec<f64>>,
}

impl CenterDensities {
    /// The `share` of a center in the functions of its own species; or, if it is `everywhere`, in those of all.
    pub fn new(shares: &[&[f64]], everywhere: bool) -> Self {
        if everywhere {
            let all = shares.concat();
            return Self { of_channel: vec![all.clone(); shares.len()], of_others: Some(all) };
        }
        Self::own(shares)
    }

    fn own(densities: &[&[f64]]) -> Self {
        let before = |channel: usize| densities[..channel].iter().map(|own| own.len()).sum::<usize>();
        let n_functions = before(densities.len());
        let of = |(channel, own): (usize, &&[f64])| {
            let mut all = vec![0.0; n_functions];
            all[before(channel)..][..own.len()].copy_from_slice(own);
            all
        };
        Self { of_channel: densities.iter().enumerate().map(of).collect(), of_others: None }
    }

    /// What such a center adds, if anything.
    pub fn of(&self, center: CenterKind) -> Option<&[f64]> {
        match center {
            CenterKind::Atom(Some(channel)) => Some(&self.of_channel[usize::from(channel)]),
            CenterKind::Atom(None) => self.of_others.as_deref(),
            CenterKind::Point => None,
        }
    }
}
