//! Atom-centered symmetry functions: J. Behler, M. Parrinello, Phys. Rev. Lett. 98, 146401 (2007); J. Behler,
//! J. Chem. Phys. 134, 074106 (2011).
//!
//! Every feature is a sum over neighbors or over pairs of neighbors. Functions of pairs are products of an exponential
//! of distances and a power of the cosine: `plan` sorts them into rectangles of η by (ζ, λ), `pairs` collects pairs
//! in batches, and `angular`, `pullback` and `jacobian` make rows and their derivatives of them. `on_center` is for
//! atoms on the center, which are in no direction.

mod angular;
mod function;
mod jacobian;
mod limits;
mod names;
mod on_center;
mod pair_lanes;
mod pairs;
mod parameters;
mod plan;
mod powers;
mod pullback;
mod radial;
mod sphere;

pub use function::{Angular, Function, Kind, Radial};
pub use parameters::{AcsfParameters, AcsfSpecies};

use self::jacobian::PairPowers;
use self::limits::{NEAREST, PURPOSE};
use self::on_center::OnCenter;
use self::pair_lanes::PACKS_PER_BATCH;
use self::pairs::PairBatch;
use self::plan::{NO_COLUMN, Plan};
use self::pullback::PairGradients;
use self::sphere::CutoffSphere;
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
    spheres: Vec<CutoffSphere>,
    on_center: Vec<OnCenter>,
    batch: Box<PairBatch>,
    gradients: Box<PairGradients>,
    sums: Vec<Pack>,
    sum_tangents: Vec<Pack>,
    exponential_tangents: Vec<Pack>,
    /// Adjoint of the columns of a group.
    group_adjoint: Vec<f64>,
    /// One number for each slot of a sphere: tangent of its distance, or derivative with respect to it.
    numbers: Vec<f64>,
    /// Displacement and gradient of each slot.
    displacements: Vec<[f64; 3]>,
    gradient: Vec<[f64; 4]>,
    common: PairPowers,
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
    type Kept = ();

    fn reach(&self) -> f64 {
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
        let columns = || memory::filled(PURPOSE, most_columns, Pack::ZERO);
        Ok(AcsfScratch {
            spheres: memory::zeros(PURPOSE, self.plan.spheres.len())?,
            on_center: Vec::new(),
            batch: Box::new(PairBatch::new(groups)?),
            gradients: Box::new(PairGradients::new()),
            sums: columns()?,
            sum_tangents: columns()?,
            exponential_tangents: memory::filled(PURPOSE, most_etas * PACKS_PER_BATCH, Pack::ZERO)?,
            group_adjoint: memory::zeros(PURPOSE, most_columns)?,
            numbers: Vec::new(),
            displacements: Vec::new(),
            gradient: Vec::new(),
            common: PairPowers::new(groups)?,
            blocks: Vec::new(),
            rows: Vec::new(),
        })
    }

    fn prepare(
        &self,
        environment: &Environment<'_>,
        derivatives: bool,
        scratch: &mut AcsfScratch,
        _stop: &Stop<'_>,
    ) -> Result<(), Refusal> {
        let AcsfScratch { spheres, on_center, .. } = scratch;
        on_center.clear();
        for (which, (plan, sphere)) in self.plan.spheres.iter().zip(spheres).enumerate() {
            sphere.fill(plan, &self.weights, environment)?;
            for (segment, _) in plan.angular.iter().enumerate().filter(|(_, angular)| **angular) {
                let slots = sphere.segments[segment].clone();
                let near = slots.filter(|&slot| sphere.r[slot] < NEAREST * plan.r_cut);
                on_center.extend(near.map(|slot| OnCenter { sphere: which, slot, value: sphere.value[slot] }));
            }
        }
        match on_center.first() {
            Some(first) if derivatives => {
                let sphere = &scratch.spheres[first.sphere];
                Err(Refusal::NoDirection { atom: sphere.site[first.slot] as usize, distance: sphere.r[first.slot] })
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
        let AcsfScratch { spheres, on_center, batch, sums, .. } = scratch;
        let isa = Isa::detect();
        for (plan, sphere) in self.plan.spheres.iter().zip(&*spheres) {
            isa.run(radial::RadialValues { plan, sphere, row: coefficients });
        }
        // They count for nothing among those that are in some direction.
        for &OnCenter { sphere, slot, .. } in &*on_center {
            spheres[sphere].value[slot] = 0.0;
        }
        for group in &self.plan.groups {
            if !spheres[group.sphere].has_pairs(group.segments) {
                group.columns.iter().for_each(|&column| coefficients[column as usize] = 0.0);
                continue;
            }
            isa.run(angular::AngularValues {
                group,
                plan: &self.plan.spheres[group.sphere],
                sphere: &spheres[group.sphere],
                batch,
                sums: &mut sums[..group.columns.len()],
                row: coefficients,
                stop,
            })?;
        }
        if on_center.is_empty() {
            return Ok(());
        }
        for &OnCenter { sphere, slot, value } in &*on_center {
            spheres[sphere].value[slot] = value;
        }
        for group in &self.plan.groups {
            stop.check()?;
            let (plan, sphere) = (&self.plan.spheres[group.sphere], &spheres[group.sphere]);
            isa.run(on_center::OnCenterValues { group, plan, sphere, on_center, row: coefficients });
        }
        Ok(())
    }

    fn expand_tangent(
        &self,
        _environment: &Environment<'_>,
        displacements: &[[f64; 3]],
        scratch: &mut AcsfScratch,
        coefficients: &mut [f64],
        tangent: &mut [f64],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let isa = Isa::detect();
        for (which, plan) in self.plan.spheres.iter().enumerate() {
            let AcsfScratch {
                spheres,
                batch,
                sums,
                sum_tangents,
                exponential_tangents,
                numbers,
                displacements: of_slots,
                ..
            } = scratch;
            let sphere = &spheres[which];
            memory::refill(PURPOSE, of_slots, sphere.site.len(), [0.0; 3])?;
            memory::refill(PURPOSE, numbers, sphere.site.len(), 0.0)?;
            for slot in sphere.segments.iter().flat_map(Clone::clone) {
                let (r, v) = (sphere.vector(slot), displacements[sphere.site[slot] as usize]);
                numbers[slot] = (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) * sphere.inverse[slot];
                of_slots[slot] = v;
            }
            isa.run(radial::RadialTangent {
                plan,
                sphere,
                distance_tangents: numbers,
                row: coefficients,
                row_tangent: tangent,
            });
            for group in self.plan.groups.iter().filter(|group| group.sphere == which) {
                isa.run(angular::AngularTangent {
                    group,
                    plan,
                    sphere,
                    batch,
                    sums: &mut sums[..group.columns.len()],
                    sum_tangents: &mut sum_tangents[..group.columns.len()],
                    displacements: of_slots,
                    row: coefficients,
                    row_tangent: tangent,
                    exponential_tangents,
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
        gradient: &mut [[f64; 3]],
        stop: &Stop<'_>,
    ) -> Result<(), Error> {
        let isa = Isa::detect();
        gradient.fill([0.0; 3]);
        for (which, plan) in self.plan.spheres.iter().enumerate() {
            let AcsfScratch { spheres, batch, gradients, group_adjoint, numbers, gradient: of_slots, .. } = scratch;
            let sphere = &spheres[which];
            memory::refill(PURPOSE, of_slots, sphere.site.len(), [0.0; 4])?;
            for group in self.plan.groups.iter().filter(|group| group.sphere == which) {
                let group_adjoint = &mut group_adjoint[..group.columns.len()];
                for (entry, &column) in group_adjoint.iter_mut().zip(&group.columns) {
                    *entry = adjoint[column as usize];
                }
                isa.run(pullback::AngularPullback {
                    group,
                    plan,
                    sphere,
                    batch,
                    gradients,
                    adjoint: group_adjoint,
                    gradient: of_slots,
                    stop,
                })?;
            }
            memory::refill(PURPOSE, numbers, sphere.site.len(), 0.0)?;
            isa.run(radial::RadialPullback { plan, sphere, adjoint, derivatives: numbers });
            for slot in sphere.segments.iter().flat_map(Clone::clone) {
                let (r, along) = (sphere.vector(slot), numbers[slot] * sphere.inverse[slot]);
                let gradient = &mut gradient[sphere.site[slot] as usize];
                (0..3).for_each(|i| gradient[i] += of_slots[slot][i] + along * r[i]);
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
        let AcsfScratch { spheres, batch, numbers, common, blocks, rows, .. } = scratch;
        memory::refill(PURPOSE, rows, n_sites * 3 * width, 0.0)?;
        for (plan, sphere) in self.plan.spheres.iter().zip(&*spheres) {
            memory::refill(PURPOSE, numbers, sphere.site.len(), 0.0)?;
            for radial in &plan.radial {
                stop.check_after(sphere.site.len())?;
                isa.run(radial::RadialDerivatives { shape: radial.shape, sphere, out: numbers });
                for (segment, &column) in radial.columns.iter().enumerate().filter(|(_, column)| **column != NO_COLUMN)
                {
                    for slot in sphere.segments[segment].clone() {
                        let (r, along) = (sphere.vector(slot), numbers[slot] * sphere.inverse[slot]);
                        let at = sphere.site[slot] as usize * 3 * width + column as usize;
                        (0..3).for_each(|i| rows[at + i * width] += along * r[i]);
                    }
                }
            }
        }
        for group in &self.plan.groups {
            let (plan, sphere) = (&self.plan.spheres[group.sphere], &spheres[group.sphere]);
            memory::refill(PURPOSE, blocks, sphere.site.len() * 3 * group.n_packs, Pack::ZERO)?;
            isa.run(jacobian::AngularJacobian { group, plan, sphere, batch, common, blocks, stop })?;
            for slot in sphere.segments.iter().flat_map(Clone::clone) {
                stop.check_after(blocks.len())?;
                for i in 0..3 {
                    let row = &mut rows[(sphere.site[slot] as usize * 3 + i) * width..][..width];
                    group.add_to(&blocks[(slot * 3 + i) * group.n_packs..][..group.n_packs], row);
                }
            }
        }
        for (site, rows) in rows.chunks_exact((3 * width).max(1)).enumerate() {
            stop.check_after(n_sites * width)?;
            out.add(site, rows);
        }
        Ok(())
    }
}
