//! Features and gradients of any structure: finite, or an error.

#![no_main]

use std::sync::LazyLock;

use isoprint_core::descriptors::acsf::{Acsf, AcsfParameters, AcsfSpecies, Angular, Function, Kind, Radial};
use isoprint_core::descriptors::coulomb_matrix::CoulombMatrix;
use isoprint_core::descriptors::overlap_matrix::{OverlapMatrix, Shell};
use isoprint_core::descriptors::soap::{
    Basis, Compression, Convention, DensityParameters, GaussianBasis, Policy, Soap, SoapParameters, SoapTurbo,
    SpeciesParameters, TurboParameters,
};
use isoprint_core::descriptors::spectrum::{Degenerate, Order, Overflow, SpectrumParameters};
use isoprint_core::descriptors::Descriptor;
use isoprint_core::engine::{self, Average};
use isoprint_core::math::cutoff::Fading;
use isoprint_fuzz::Structure;
use libfuzzer_sys::fuzz_target;

const R_CUT: f64 = 3.0;
const NUMBERS: [i64; 2] = [6, 1];

static TURBO: LazyLock<SoapTurbo> = LazyLock::new(|| {
    let species = NUMBERS.map(|number| SpeciesParameters {
        number,
        n_max: 3,
        sigma_r: 0.4,
        sigma_t: 0.5,
        sigma_r_scaling: 0.1,
        sigma_t_scaling: 0.1,
        amplitude_scaling: 1.0,
        central_weight: 1.0,
        basis_matrix: None,
    });
    SoapTurbo::new(TurboParameters {
        r_cut: R_CUT,
        r_soft: 2.5,
        l_max: 3,
        filter_decay: 4.0,
        radial_enhancement: 1,
        basis: Basis::Poly3,
        policy: Policy::Exact,
        compression: Compression::None,
        normalize: true,
        ignore_unknown_species: true,
        species: species.to_vec(),
    })
    .expect("legal parameters")
});

static SOAP: LazyLock<Soap> = LazyLock::new(|| {
    let density = |number| DensityParameters { number: Some(number), sigma: 0.4, weight: 1.0, central_weight: 1.0 };
    Soap::new(SoapParameters {
        r_cut: R_CUT,
        padding: 0.0,
        n_max: 3,
        l_max: 3,
        basis: GaussianBasis::Gto,
        basis_error_exponent: 10.0,
        cutoff_width: 0.5,
        weighting: None,
        convention: Convention::Isoprint,
        compression: Compression::None,
        normalize: true,
        center_everywhere: false,
        constant: None,
        accuracy: 1e-12,
        ignore_unknown_species: true,
        species: NUMBERS.map(density).to_vec(),
    })
    .expect("legal parameters")
});

static ACSF: LazyLock<Acsf> = LazyLock::new(|| {
    let angular = Angular { eta: 0.1, zeta: 2.0, lambda: 1.0, shift: 0.0, wide: false };
    let kinds = [Kind::Radial(Radial::Gaussian { eta: 0.4, shift: 1.0 }, None), Kind::Angular(angular, None)];
    Acsf::new(AcsfParameters {
        cutoff_function: Fading::Cosine,
        alpha: 0.0,
        ignore_unknown_species: true,
        species: NUMBERS.map(|number| AcsfSpecies { number: Some(number), weight: 1.0 }).to_vec(),
        functions: kinds.map(|kind| Function { kind, r_cut: R_CUT }).to_vec(),
    })
    .expect("legal parameters")
});

fn spectrum() -> SpectrumParameters {
    SpectrumParameters {
        r_cut: R_CUT,
        exponent: 2,
        max_sites: 40,
        overflow: Overflow::Error,
        order: Order::Value,
        degenerate: Degenerate::Average,
        degenerate_tol: 1e-8,
        ignore_unknown_species: true,
        numbers: NUMBERS.to_vec(),
    }
}

static OVERLAP: LazyLock<OverlapMatrix> = LazyLock::new(|| {
    let shells = [0, 1].map(|l| Shell { l, width: vec![0.77, 0.37] });
    OverlapMatrix::new(spectrum(), &shells, None).expect("legal parameters")
});

static COULOMB: LazyLock<CoulombMatrix> =
    LazyLock::new(|| CoulombMatrix::new(spectrum(), 0.1).expect("legal parameters"));

fn describe<D: Descriptor>(descriptor: &D, structure: &Structure) {
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

fuzz_target!(|input: (u8, Structure)| {
    let (which, structure) = input;
    match which % 5 {
        0 => describe(&*TURBO, &structure),
        1 => describe(&*SOAP, &structure),
        2 => describe(&*ACSF, &structure),
        3 => describe(&*OVERLAP, &structure),
        _ => describe(&*COULOMB, &structure),
    }
});
