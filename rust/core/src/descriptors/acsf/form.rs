//! Symmetry functions as others write them down.

use serde::Deserialize;

use super::parameters::{Angular, Function, Kind, Radial};

/// A function by its kind, with the channels that it is about.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum FunctionForm {
    G1 { r_cut: f64, channels: Option<[u8; 1]> },
    G2 { eta: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 1]> },
    G3 { kappa: f64, r_cut: f64, channels: Option<[u8; 1]> },
    G4 { eta: f64, zeta: f64, lambda: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 2]> },
    G5 { eta: f64, zeta: f64, lambda: f64, r_s: f64, r_cut: f64, channels: Option<[u8; 2]> },
}

impl From<FunctionForm> for Function {
    fn from(form: FunctionForm) -> Self {
        let radial = |shape, r_cut, channels: Option<[u8; 1]>| Self {
            kind: Kind::Radial(shape, channels.map(|[channel]| channel)),
            r_cut,
        };
        let angular = |shape, r_cut, channels: Option<[u8; 2]>| Self {
            kind: Kind::Angular(shape, channels.map(|[a, b]| (a, b))),
            r_cut,
        };
        match form {
            FunctionForm::G1 { r_cut, channels } => radial(Radial::Cutoff, r_cut, channels),
            FunctionForm::G2 { eta, r_s: shift, r_cut, channels } => {
                radial(Radial::Gaussian { eta, shift }, r_cut, channels)
            }
            FunctionForm::G3 { kappa, r_cut, channels } => radial(Radial::Cosine { kappa }, r_cut, channels),
            FunctionForm::G4 { eta, zeta, lambda, r_s: shift, r_cut, channels } => {
                angular(Angular { eta, zeta, lambda, shift, wide: false }, r_cut, channels)
            }
            FunctionForm::G5 { eta, zeta, lambda, r_s: shift, r_cut, channels } => {
                angular(Angular { eta, zeta, lambda, shift, wide: true }, r_cut, channels)
            }
        }
    }
}
