//! Answers of atoms, pairs and triples, their weights, and the derivatives of both.

use super::parameters::{Geometry, LARGEST_WEIGHT, MbtrParameters, Weighting};
use crate::descriptors::Environment;

/// Shorter legs have no direction, and no angle.
const SHORTEST_LEG: f64 = 1e-100;
/// Sines below this, of angles of atoms in a line, are rounding: no direction leads out of the line.
const STRAIGHT: f64 = 1e-13;

type Vector = [f64; 3];

/// What a pair or a triple adds to a row.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// The answer, a place on the axis of the grid.
    pub x: f64,
    /// What it counts for.
    pub weight: f64,
    /// Derivatives of the answer with respect to the positions of the two sites; of a pair, the first is the site.
    pub x_gradient: [Vector; 2],
    /// Derivatives of the weight.
    pub weight_gradient: [Vector; 2],
}

/// A vector from one atom to another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leg {
    unit: Vector,
    length: f64,
    /// `f(r)` of a smooth cutoff and its derivative; one and zero otherwise.
    fade: [f64; 2],
}

/// How terms are made.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    geometry: Geometry,
    weight: Weight,
}

/// Weights, with what they need at hand.
#[derive(Debug, Clone, Copy)]
enum Weight {
    Unity,
    /// Scale, and the longest way around a triple.
    Exp(f64, f64),
    InverseSquare,
    /// Cutoff and sharpness.
    SmoothCutoff(f64, f64),
}

impl Terms {
    /// The terms of these parameters.
    pub fn new(parameters: &MbtrParameters) -> Self {
        let degree = parameters.geometry.degree();
        let weight = match parameters.weighting {
            Weighting::Unity => Weight::Unity,
            Weighting::Exp { scale, r_cut, threshold } => {
                Weight::Exp(Weighting::scale(scale, r_cut, threshold, degree), 2.0 * parameters.weighting.end(degree))
            }
            Weighting::InverseSquare { .. } => Weight::InverseSquare,
            Weighting::SmoothCutoff { r_cut, sharpness } => Weight::SmoothCutoff(r_cut, sharpness),
        };
        Self { geometry: parameters.geometry, weight }
    }

    /// The term of a neighbor; `None` where it counts for nothing.
    pub fn pair(&self, environment: &Environment<'_>, site: usize) -> Option<Term> {
        let r = environment.r[site];
        let (x, slope) = match self.geometry {
            Geometry::InverseDistance => (1.0 / r, -1.0 / (r * r)),
            _ => (r, 1.0),
        };
        let (weight, fall) = match self.weight {
            Weight::Exp(scale, _) => {
                let weight = (-scale * r).exp();
                (weight, -scale * weight)
            }
            Weight::InverseSquare => {
                let weight = 1.0 / (r * r);
                (weight, -2.0 * weight / r)
            }
            Weight::Unity | Weight::SmoothCutoff(..) => (1.0, 0.0),
        };
        // Beyond this a weight, or a place on the axis, is that of two atoms in one place.
        if !(weight <= LARGEST_WEIGHT && x.abs() <= LARGEST_WEIGHT) {
            return None;
        }
        let direction = environment.direction(site);
        let along = |factor: f64| [direction.map(|d| factor * d), [0.0; 3]];
        Some(Term { x, weight, x_gradient: along(slope), weight_gradient: along(fall) })
    }

    /// The leg from the center to a site.
    pub fn leg(&self, environment: &Environment<'_>, site: usize) -> Leg {
        self.leg_of([environment.dx[site], environment.dy[site], environment.dz[site]], environment.r[site])
    }

    /// The leg from the end of one to the end of another, which begin in the same place.
    pub fn between(&self, environment: &Environment<'_>, from: usize, to: usize) -> Leg {
        let Environment { dx, dy, dz, .. } = environment;
        let vector = [dx[to] - dx[from], dy[to] - dy[from], dz[to] - dz[from]];
        self.leg_of(vector, dot(vector, vector).sqrt())
    }

    fn leg_of(&self, vector: Vector, length: f64) -> Leg {
        let inverse = if length > SHORTEST_LEG { 1.0 / length } else { 0.0 };
        let fade = match self.weight {
            Weight::SmoothCutoff(r_cut, sharpness) => fade(length, r_cut, sharpness),
            _ => [1.0, 0.0],
        };
        Leg { unit: vector.map(|x| x * inverse), length, fade }
    }

    /// Whether angles need the leg between two neighbors, where these are not the vertex.
    pub fn needs_third_leg(&self) -> bool {
        matches!(self.weight, Weight::Exp(..))
    }

    /// Whether every angle of a triple is out of reach as soon as this leg is one of two from the center.
    pub fn ends_before(&self, leg: &Leg) -> bool {
        matches!(self.weight, Weight::SmoothCutoff(r_cut, _) if leg.length >= r_cut)
    }

    /// The term of the angle between two legs that begin at its vertex, and the leg from the end of the first to that of
    /// the second, where it is needed; derivatives are those with respect to the ends. `None` where it counts for nothing.
    pub fn angle(&self, p: &Leg, q: &Leg, third: &Leg, derivatives: bool) -> Option<Term> {
        if p.length <= SHORTEST_LEG || q.length <= SHORTEST_LEG {
            return None;
        }
        let mut weight_gradient = [[0.0; 3]; 2];
        let weight = match self.weight {
            Weight::Unity | Weight::InverseSquare => 1.0,
            Weight::Exp(scale, longest) => {
                let way = p.length + q.length + third.length;
                if way > longest {
                    return None;
                }
                let weight = (-scale * way).exp();
                if derivatives {
                    let fall = -scale * weight;
                    weight_gradient = [
                        [0, 1, 2].map(|i| fall * (p.unit[i] - third.unit[i])),
                        [0, 1, 2].map(|i| fall * (q.unit[i] + third.unit[i])),
                    ];
                }
                weight
            }
            Weight::SmoothCutoff(r_cut, _) => {
                if p.length >= r_cut || q.length >= r_cut {
                    return None;
                }
                let ([f, df], [g, dg]) = (p.fade, q.fade);
                weight_gradient = [p.unit.map(|d| df * g * d), q.unit.map(|d| f * dg * d)];
                f * g
            }
        };
        let cosine = dot(p.unit, q.unit).clamp(-1.0, 1.0);
        let (x, x_gradient) = if self.geometry == Geometry::Angle {
            let normal = cross(p.unit, q.unit);
            let sine = dot(normal, normal).sqrt();
            let mut gradient = [[0.0; 3]; 2];
            if derivatives && sine > STRAIGHT {
                let factor = 1.0_f64.to_degrees() / sine;
                gradient = [
                    cross(p.unit, normal).map(|x| x * factor / p.length),
                    cross(normal, q.unit).map(|x| x * factor / q.length),
                ];
            }
            (sine.atan2(cosine).to_degrees(), gradient)
        } else {
            let slope = |of: &Leg, other: &Leg| [0, 1, 2].map(|i| (other.unit[i] - cosine * of.unit[i]) / of.length);
            (cosine, if derivatives { [slope(p, q), slope(q, p)] } else { [[0.0; 3]; 2] })
        };
        Some(Term { x, weight, x_gradient, weight_gradient })
    }
}

impl Leg {
    /// The same, the other way.
    pub fn reversed(&self) -> Self {
        Self { unit: self.unit.map(|x| -x), ..*self }
    }
}

impl Term {
    /// The same, where the first leg leads from a neighbor to the center, and the second to another neighbor: the
    /// derivatives with respect to these two, of which the first is the vertex.
    pub fn seen_from_the_center(mut self) -> Self {
        for gradient in [&mut self.x_gradient, &mut self.weight_gradient] {
            let [of_center, of_other] = *gradient;
            gradient[0] = [0, 1, 2].map(|i| -of_center[i] - of_other[i]);
        }
        self
    }

    /// The same, with the two sites in the other order.
    pub fn exchanged(mut self) -> Self {
        self.x_gradient.swap(0, 1);
        self.weight_gradient.swap(0, 1);
        self
    }
}

/// `f(r) = 1 + y x^(y+1) - (y+1) x^y` with `x = r / r_cut`, and its derivative (L. Himanen et al., 2020).
fn fade(r: f64, r_cut: f64, y: f64) -> [f64; 2] {
    let x = r / r_cut;
    if x >= 1.0 {
        return [0.0; 2];
    }
    let below = if y == 2.0 { x } else { libm::pow(x, y - 1.0) };
    let power = below * x;
    [1.0 + y * power * x - (y + 1.0) * power, y * (y + 1.0) * (power - below) / r_cut]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
