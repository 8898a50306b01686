//! Instruction sets of the processor: detected once, dispatched on at every kernel.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{Lanes, Portable};
use crate::Error;

/// The environment variable that asks for less than the processor has: `baseline`, `avx2` or `avx512`.
pub const VARIABLE: &str = "ISOPRINT_ISA";

/// A family of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What the compiler may assume of every processor of this architecture.
    Baseline,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

/// A loop over lanes, with its arguments as fields.
pub trait Kernel {
    /// Type of the result.
    type Output;
    /// Does the work. Mark every implementation, and all it calls, `#[inline(always)]`: only code inlined into the
    /// caller is compiled for the caller's instructions.
    fn run<V: Lanes>(self) -> Self::Output;
}

impl Isa {
    /// Every family, the least first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The best family this processor has, or the one named by the environment variable [`VARIABLE`] where that is
    /// less. A value that names none is passed over here; [`Isa::requested`] tells.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Isa> = OnceLock::new();
        *FOUND.get_or_init(|| match Self::requested() {
            Ok(Some(limit)) => limit.min(Self::native()),
            _ => Self::native(),
        })
    }

    /// The family that the environment variable [`VARIABLE`] names; `None` where it is not set, or empty.
    ///
    /// # Errors
    /// [`Error::Parameter`] where it names none.
    pub fn requested() -> Result<Option<Self>, Error> {
        std::env::var_os(VARIABLE).map_or(Ok(None), |value| Self::named(&value.to_string_lossy()))
    }

    /// The family of this name; `None` for no name.
    fn named(name: &str) -> Result<Option<Self>, Error> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = Self::ALL.into_iter().find(|isa| isa.name() == name);
        found.map(Some).ok_or_else(|| Error::Parameter {
            name: VARIABLE,
            part: None,
            value: format!("{name:?}"),
            remedy: "the environment variable takes \"baseline\", \"avx2\" or \"avx512\"; unset it for the best that \
                     this processor has"
                .into(),
        })
    }

    /// The name that [`VARIABLE`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    fn native() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw");
            match (avx2, avx512) {
                (true, true) => return Self::Avx512,
                (true, false) => return Self::Avx2,
                (false, _) => {}
            }
        }
        Self::Baseline
    }

    /// Runs `kernel` in this family, or in the best this processor has if that is less.
    // Out of line, it would be handed every kernel by value twice.
    #[inline(always)]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.min(Self::detect_native()) {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `detect_native` has found these features on this processor.
            Self::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { run_avx2(kernel) },
            _ => kernel.run::<Portable>(),
        }
    }

    /// `native`, remembered: a value of this type is no proof that the processor has the instructions.
    #[inline]
    fn detect_native() -> Self {
        static NATIVE: OnceLock<Isa> = OnceLock::new();
        *NATIVE.get_or_init(Self::native)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[cfg(test)]
mod tests {
    use super::Isa;

    #[test]
    fn every_name_is_understood_and_no_other() {
        for isa in Isa::ALL {
            assert_eq!(Isa::named(isa.name()), Ok(Some(isa)));
        }
        assert_eq!(Isa::named(""), Ok(None));
        for unknown in ["avx", "AVX2", "avx512 ", "0", "none"] {
            let error = Isa::named(unknown).unwrap_err().to_string();
            assert!(error.contains(&format!("ISOPRINT_ISA is {unknown:?}")), "{error}");
        }
    }
}
