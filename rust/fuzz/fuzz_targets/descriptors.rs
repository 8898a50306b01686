//! Features and gradients of any structure: finite, or an error.

#![no_main]

// The descriptors are those that the integration tests of the core ask.
#[path = "../../core/tests/common/mod.rs"]
mod common;

use std::sync::LazyLock;

use isoprint_core::descriptors::Descriptor;
use isoprint_core::descriptors::acsf::{Acsf, AcsfParameters};
use isoprint_core::descriptors::coulomb_matrix::CoulombMatrix;
use isoprint_core::descriptors::overlap_matrix::{OverlapMatrix, Shell};
use isoprint_core::descriptors::soap::{Soap, SoapParameters, SoapTurbo, TurboParameters};
use isoprint_core::descriptors::pair_matrix::PairMatrixParameters;
use isoprint_core::engine::{self, Average};
use isoprint_fuzz::OwnedFrame;
use libfuzzer_sys::fuzz_target;

static TURBO: LazyLock<SoapTurbo> = LazyLock::new(|| {
    let parameters = TurboParameters { ignore_unknown_species: true, ..common::turbo::parameters() };
    SoapTurbo::new(parameters).expect("legal parameters")
});

static SOAP: LazyLock<Soap> = LazyLock::new(|| {
    let parameters = SoapParameters { ignore_unknown_species: true, ..common::gaussian::parameters() };
    Soap::new(parameters).expect("legal parameters")
});

static ACSF: LazyLock<Acsf> = LazyLock::new(|| {
    let parameters = AcsfParameters { ignore_unknown_species: true, ..common::acsf::parameters() };
    Acsf::new(parameters).expect("legal parameters")
});

fn matrix_parameters() -> PairMatrixParameters {
    PairMatrixParameters { ignore_unknown_species: true, ..common::pair_matrix::parameters() }
}

static OVERLAP: LazyLock<OverlapMatrix> = LazyLock::new(|| {
    let shells = [0, 1].map(|l| Shell { l, width: vec![0.77, 0.37] });
    common::pair_matrix::overlap(matrix_parameters(), &shells, None).expect("legal parameters")
});

static COULOMB: LazyLock<CoulombMatrix> =
    LazyLock::new(|| common::pair_matrix::coulomb(matrix_parameters(), 0.1).expect("legal parameters"));

fn describe<D: Descriptor>(descriptor: &D, structure: &OwnedFrame) {
    let mut rows = vec![f64::NAN; structure.positions.len() * descriptor.n_features()];
    let done = structure.with(|frames, centers, job| {
        engine::transform(descriptor, Average::Off, frames, centers, &mut rows, job)?;
        engine::pullback(descriptor, Average::Off, frames, centers, &vec![1.0; rows.len()], job)
    });
    let Ok(gradient) = done else { return };
    assert!(structure.is_finite(), "what is not finite was taken");
    assert!(rows.iter().all(|x| x.is_finite()), "features that are not finite");
    assert!(gradient.positions.iter().flatten().all(|x| x.is_finite()), "gradients that are not finite");
}

fuzz_target!(|input: (u8, OwnedFrame)| {
    let (which, structure) = input;
    match which % 5 {
        0 => describe(&*TURBO, &structure),
        1 => describe(&*SOAP, &structure),
        2 => describe(&*ACSF, &structure),
        3 => describe(&*OVERLAP, &structure),
        _ => describe(&*COULOMB, &structure),
    }
});
