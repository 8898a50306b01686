//! Atom-centered symmetry functions: J. Behler, M. Parrinello, Phys. Rev. Lett. 98, 146401 (2007); J. Behler,
//! J. Chem. Phys. 134, 074106 (2011).
//!
//! Every feature is a sum over neighbors or over pairs of neighbors. Functions of pairs are products of an exponential
//! of distances and a power of the cosine: `plan` sorts them into rectangles of η by (ζ, λ), `pairs` collects pairs
//! in batches, and `angular`, `pull` and `jacobian` make rows and their derivatives of them. `undirected` is for atoms on
//! the center, which are in no direction.

mod angular;
mod column;
mod form;
mod jacobian;
mod limits;
mod names;
mod pairs;
mod parameters;
mod plan;
mod powers;
mod pull;
mod radial;
mod shell;
mod undirected;

pub use parameters::{AcsfParameters, AcsfSpecies, Angular, Function, Kind, Radial};

use self::column::PACKS;
use self::jacobian::Common;
use self::limits::{NEAREST, WHAT};
use self::pairs::Batch;
use self::plan::{NONE, Plan};
use self::pull::Gradients;
use self::shell::Shell;
use self::undirected::OnCenter;
use crate::descriptors::{Descriptor, Environment, JacobianRow, Refusal, Species};
use crate::simd::{Isa, Pack};
use crate::{Error, Stop, memory};

/// Symmetry functions of one center.
#[derive(Debug, Clone)]
pub struct Acsf {
    parameters: AcsfParameters,
    species: Species,
    weights: Vec<f64>,
    plan: Plan,
}

/// Buffers of one worker.
#[derive(Debug)]
pub struct AcsfScratch {
    shells: Vec<Shell>,
    on_center: Vec<OnCenter>,
    batch: Box<Batch>,
    gradients: Box<Gradients>,
    sums: Vec<Pack>,
    changes: Vec<Pack>,
    rates: Vec<Pack>,
    /// Adjoint of the columns of a group.
    weights: Vec<f64>,
    /// Numbers and vectors of the slots of a shell.
    numbers: Vec<f64>,
    velocity: Vec<[f64; 3]>,
    pull: Vec<[f64; 4]>,
    common: Common,
    blocks: Vec<Pack>,
    /// `[site][xyz][feature]`
    rows: Vec<f64>,
}

impl Acsf {
    /// Sorts the functions.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range, named.
    pub fn new(parameters: AcsfParameters) -> Result<Self, Error> {
        parameters.validate()?;
        let numbers = parameters.species.iter().map(|species| species.number);
        let species = Species::new(numbers, parameters.ignore_unknown_species)?;
        let weights = parameters.species.iter().map(|species| species.weight.unwrap_or(1.0)).collect();
        let plan = Plan::new(&parameters);
        Ok(Self { parameters, species, weights, plan })
    }

    /// The parameters of this descriptor.
    pub fn parameters(&self) -> &AcsfParameters {
        &self.parameters
    }
}

impl Descriptor for Acsf {
    type Scratch = AcsfScratch;

    fn cutoff(&self) -> f64 {
        self.parameters.r_cut()
    }

    fn n_features(&self) -> usize {
        self.parameters.functions.len()
    }

    fn feature_names(&self, symbols: &[String]) -> Result<Vec<String>, Error> {
        self.species.expect_symbols(symbols)?;
        Ok(names::names(&self.parameters, symbols))
    }

    fn species(&self) -> &Species {
        &self.species
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<AcsfScratch, Error> {
        let groups = &self.plan.groups;
        let most_columns = groups.iter().map(|group| group.columns.len()).max().unwrap_or(0);
        let most_etas = groups.iter().map(|group| group.etas.len()).max().unwrap_or(0);
        let columns = || memory::filled(WHAT, most_columns, Pack::ZERO);
        Ok(AcsfScratch {
            shells: memory::zeros(WHAT, self.plan.shells.len())?,
            on_center: Vec::new(),
            batch: Box::new(Batch::new(groups)?),
            gradients: Box::new(Gradients::new()),
            sums: columns()?,
            changes: columns()?,
            rates: memory::filled(WHAT, most_etas * PACKS, Pack::ZERO)?,
            weights: memory::zeros(WHAT, most_columns)?,
            numbers: Vec::new(),
            velocity: Vec::new(),
            pull: Vec::new(),
            common: Common::new(groups)?,
            blocks: Vec::new(),
            rows: Vec::new(),
        })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        slopes: bool,
        scratch: &mut AcsfScratch,
        _stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let AcsfScratch { shells, on_center, .. } = scratch;
        on_center.clear();
        for (which, (plan, shell)) in self.plan.shells.iter().zip(shells).enumerate() {
            shell.fill(plan, &self.weights, environment)?;
            for (segment, _) in plan.angular.iter().enumerate().filter(|(_, angular)| **angular) {
                let slots = shell.segments[segment].clone();
                let near = slots.filter(|&slot| shell.r[slot] < NEAREST * plan.r_cut);
                on_center.extend(near.map(|slot| OnCenter { shell: which, slot, value: shell.value[slot] }));
            }
        }
        match on_center.first() {
            Some(first) if slopes => {
                let shell = &scratch.shells[first.shell];
                Err(Refusal::NoDirection { atom: shell.site[first.slot] as usize, distance: shell.r[first.slot] })
            }
            _ => Ok(()),
        }
    }

    fn expand(
        &self,
        _environment: &Environment<'_>,
        scratch: &mut AcsfScratch,
        coefficients: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let AcsfScratch { shells, on_center, batch, sums, .. } = scratch;
        let isa = Isa::detect();
        for (plan, shell) in self.plan.shells.iter().zip(&*shells) {
            isa.run(radial::Values { plan, shell, row: coefficients });
        }
        // They count for nothing among those that are in some direction.
        for &OnCenter { shell, slot, .. } in &*on_center {
            shells[shell].value[slot] = 0.0;
        }
        for group in &self.plan.groups {
            isa.run(angular::Values {
                group,
                plan: &self.plan.shells[group.shell],
                shell: &shells[group.shell],
                batch,
                sums: &mut sums[..group.columns.len()],
                row: coefficients,
                stop,
            })?;
        }
        if on_center.is_empty() {
            return Ok(());
        }
        for &OnCenter { shell, slot, value } in &*on_center {
            shells[shell].value[slot] = value;
        }
        for group in &self.plan.groups {
            stop.check()?;
            let (plan, shell) = (&self.plan.shells[group.shell], &shells[group.shell]);
            isa.run(undirected::Values { group, plan, shell, on_center, row: coefficients });
        }
        Ok(())
    }

    fn expand_tangent(
        &self,
        _environment: &Environment<'_>,
        velocity: &[[f64; 3]],
        scratch: &mut AcsfScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let isa = Isa::detect();
        for (which, plan) in self.plan.shells.iter().enumerate() {
            let AcsfScratch { shells, batch, sums, changes, rates, numbers, velocity: of_slots, .. } = scratch;
            let shell = &shells[which];
            memory::refill(WHAT, of_slots, shell.site.len(), [0.0; 3])?;
            memory::refill(WHAT, numbers, shell.site.len(), 0.0)?;
            for slot in shell.segments.iter().flat_map(Clone::clone) {
                let (r, v) = (shell.vector(slot), velocity[shell.site[slot] as usize]);
                numbers[slot] = (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) * shell.inverse[slot];
                of_slots[slot] = v;
            }
            isa.run(radial::Tangent { plan, shell, rate: numbers, row: coefficients, row_rate: tangent });
            for group in self.plan.groups.iter().filter(|group| group.shell == which) {
                isa.run(angular::Tangent {
                    group,
                    plan,
                    shell,
                    batch,
                    sums: &mut sums[..group.columns.len()],
                    changes: &mut changes[..group.columns.len()],
                    velocity: of_slots,
                    row: coefficients,
                    row_rate: tangent,
                    rates,
                    stop,
                })?;
            }
        }
        Ok(())
    }

    fn expand_pullback(
        &self,
        _environment: &Environment<'_>,
        adjoint: &[f64],
        scratch: &mut AcsfScratch,
        pull: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let isa = Isa::detect();
        pull.fill([0.0; 3]);
        for (which, plan) in self.plan.shells.iter().enumerate() {
            let AcsfScratch { shells, batch, gradients, weights, numbers, pull: of_slots, .. } = scratch;
            let shell = &shells[which];
            memory::refill(WHAT, of_slots, shell.site.len(), [0.0; 4])?;
            for group in self.plan.groups.iter().filter(|group| group.shell == which) {
                let weights = &mut weights[..group.columns.len()];
                for (weight, &column) in weights.iter_mut().zip(&group.columns) {
                    *weight = adjoint[column as usize];
                }
                isa.run(pull::Pullback { group, plan, shell, batch, gradients, weights, pull: of_slots, stop })?;
            }
            memory::refill(WHAT, numbers, shell.site.len(), 0.0)?;
            isa.run(radial::Pullback { plan, shell, adjoint, slopes: numbers });
            for slot in shell.segments.iter().flat_map(Clone::clone) {
                let (r, along) = (shell.vector(slot), numbers[slot] * shell.inverse[slot]);
                let pull = &mut pull[shell.site[slot] as usize];
                (0..3).for_each(|i| pull[i] += of_slots[slot][i] + along * r[i]);
            }
        }
        Ok(())
    }

    fn jacobian(
        &self,
        environment: &Environment<'_>,
        _coefficients: &[f64],
        scratch: &mut AcsfScratch,
        out: &mut JacobianRow<'_>,
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let isa = Isa::detect();
        let (n_sites, width) = (environment.len(), self.n_features());
        let AcsfScratch { shells, batch, numbers, common, blocks, rows, .. } = scratch;
        memory::refill(WHAT, rows, n_sites * 3 * width, 0.0)?;
        for (plan, shell) in self.plan.shells.iter().zip(&*shells) {
            memory::refill(WHAT, numbers, shell.site.len(), 0.0)?;
            for radial in &plan.radial {
                stop.after(shell.site.len())?;
                isa.run(radial::Slopes { shape: radial.shape, shell, out: numbers });
                for (segment, &column) in radial.columns.iter().enumerate().filter(|(_, column)| **column != NONE) {
                    for slot in shell.segments[segment].clone() {
                        let (r, along) = (shell.vector(slot), numbers[slot] * shell.inverse[slot]);
                        let at = shell.site[slot] as usize * 3 * width + column as usize;
                        (0..3).for_each(|i| rows[at + i * width] += along * r[i]);
                    }
                }
            }
        }
        for group in &self.plan.groups {
            let (plan, shell) = (&self.plan.shells[group.shell], &shells[group.shell]);
            memory::refill(WHAT, blocks, shell.site.len() * 3 * group.n_packs, Pack::ZERO)?;
            isa.run(jacobian::Jacobian { group, plan, shell, batch, common, blocks, stop })?;
            for slot in shell.segments.iter().flat_map(Clone::clone) {
                stop.after(blocks.len())?;
                for i in 0..3 {
                    let row = &mut rows[(shell.site[slot] as usize * 3 + i) * width..][..width];
                    group.add_to(&blocks[(slot * 3 + i) * group.n_packs..][..group.n_packs], row);
                }
            }
        }
        for (site, rows) in rows.chunks_exact((3 * width).max(1)).enumerate() {
            stop.after(n_sites * width)?;
            out.add(site, rows);
        }
        Ok(())
    }
}
