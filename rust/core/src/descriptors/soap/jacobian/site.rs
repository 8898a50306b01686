//! All about one site: its terms, its derivatives, its block.

use super::deliver::BlockWriter;
use super::own::{from, gather};
use super::pieces::{PieceList, Products, Span};
use super::rows::ProductDerivatives;
use super::terms::{AngularSums, FunctionTerms, SumsBuffer};
use super::{JacobianScratch, sides};
use crate::descriptors::JacobianBlock;
use crate::descriptors::soap::layout::ProductLayout;
use crate::descriptors::soap::selection::Selection;
use crate::descriptors::soap::site_terms::SiteTerms;
use crate::simd::{Kernel, Lanes, Pack};

/// Writes the block of one site.
pub struct WriteSite<'a> {
    pub layout: &'a ProductLayout,
    pub site: &'a SiteTerms<'a>,
    pub scratch: &'a mut JacobianScratch,
    /// One over the square of the length of the row, where rows are normalized.
    pub share: Option<f64>,
    /// Features along one axis.
    pub n_features: usize,
    pub block: JacobianBlock<'a>,
    /// Whether the center moves, too.
    pub has_own: bool,
}

impl Kernel for WriteSite<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { layout, site, scratch, share, n_features, block, has_own } = self;
        let JacobianScratch { scaled, terms, sums, list, made, selected, row, own } = scratch;
        let mut own = has_own.then_some(own);
        let row = share.map(|_| Pack::numbers(row));
        let n_columns = layout.n_features();
        let mut writer = BlockWriter { row, along: [0.0; 3], n_features, n_columns, block };
        write_terms::<V>(layout, site, scaled, terms, sums);
        let products =
            ProductDerivatives { layout, unit: site.unit, left: &terms[0], right: &terms[sides(layout) - 1] };
        let selection = layout.selection.as_ref().filter(|_| layout.planes.is_none());
        // The derivatives of all columns must be known before normalization takes out its part.
        let all_at_once = share.is_some() || selection.is_some();
        let mut dots = [0.0; 3];
        for span in list.spans() {
            let (place, columns) = (if all_at_once { span.start } else { 0 }, (span.start, span.length));
            make::<V>(&products, list, span, made, place);
            let rates = from(made, place);
            if selection.is_none() && !span.pieces.is_empty() {
                let some = gather::<V>(columns, row, rates, own.as_deref_mut());
                (0..3).for_each(|axis| dots[axis] += some[axis]);
            }
            if !all_at_once {
                writer.columns::<V>(columns, (!span.pieces.is_empty()).then_some(rates));
            }
        }
        if let Some(selection) = selection {
            select(list, selection, made, selected);
            dots = gather::<V>((0, n_columns), row, from(selected, 0), own.as_deref_mut());
        }
        if all_at_once {
            let share = share.unwrap_or(0.0);
            (0..3).for_each(|axis| writer.along[axis] = share * dots[axis]);
            let everything = [Span { pieces: 0..1, start: 0, length: n_columns }];
            let (spans, derivatives) =
                if selection.is_some() { (&everything[..], selected) } else { (list.spans(), made) };
            for span in spans {
                let rates = from(derivatives, span.start);
                writer.columns::<V>((span.start, span.length), (!span.pieces.is_empty()).then_some(rates));
            }
        }
        writer.constant();
        if let Some(own) = own {
            (0..3).for_each(|axis| own.along[axis] += writer.along[axis]);
        }
    }
}

/// Writes what the site brings to each function of each factor.
#[inline(always)]
fn write_terms<V: Lanes>(
    layout: &ProductLayout,
    site: &SiteTerms<'_>,
    scaled: &[Vec<f64>; 2],
    terms: &mut [FunctionTerms; 2],
    sums: &mut SumsBuffer,
) {
    for side in 0..sides(layout) {
        let factor = if side == 0 { &layout.left } else { &layout.right };
        let (scaled, terms) = (&scaled[side], &mut terms[side]);
        terms.radial::<V>(site, factor);
        let (n_degrees, stride) = (layout.n_degrees(), factor.stride());
        AngularSums { n_degrees, stride, scaled, site, sums: &mut *sums, terms }.write::<V>();
    }
}

/// Makes the pieces of a span, the first of which goes to `place`.
#[inline(always)]
fn make<V: Lanes>(
    products: &ProductDerivatives<'_>,
    list: &PieceList,
    span: &Span,
    made: &mut [Vec<Pack>; 3],
    place: usize,
) {
    let [x, y, z] = made;
    let (x, y, z) = (Pack::numbers_mut(x), Pack::numbers_mut(y), Pack::numbers_mut(z));
    for piece in list.pieces(span) {
        let start = place + (piece.start - span.start);
        let mut axes = [&mut x[start..], &mut y[start..], &mut z[start..]];
        match &piece.products {
            Products::Row { n, others } => products.row::<V>(*n, others.clone(), &mut axes),
            Products::Plane { pair, degree } => {
                if let Some(planes) = products.layout.planes.as_ref().map(|planes| &planes[*pair]) {
                    products.plane::<V>(planes, *degree, &mut axes);
                }
            }
        }
    }
}

/// Selects columns from all products.
fn select(list: &PieceList, selection: &Selection, made: &mut [Vec<Pack>; 3], selected: &mut [Vec<Pack>; 3]) {
    for (selected, made) in selected.iter_mut().zip(made) {
        let made = Pack::numbers_mut(made);
        for zeros in list.spans().iter().filter(|span| span.pieces.is_empty()) {
            made[zeros.start..zeros.start + zeros.length].fill(0.0);
        }
        selection.apply(made, &mut Pack::numbers_mut(selected)[..selection.n_rows()]);
    }
}
