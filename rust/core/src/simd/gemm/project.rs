//! Sums over functions: adjoints of the harmonics of each site.

use super::super::{Capacity, LANES, Lanes, SiteLanes};
use super::tiles;

/// `x[lm][j] = Σ_n adjoint[lm][n] · functions[n][j]` and the same of `derivatives` into `dx`, for the sites of `pack`.
///
/// `adjoint` has `n_packs` packs a row; it, `x` and `dx` carry [`PADDING`](super::PADDING) rows beyond `n_rows`.
#[inline(always)]
pub fn project<V: Lanes>(
    n_rows: usize,
    n_packs: usize,
    pack: usize,
    [functions, derivatives]: [&[SiteLanes]; 2],
    adjoint: &[[f64; LANES]],
    [x, dx]: [&mut [SiteLanes]; 2],
) {
    let arguments = Project { n_rows, pack, functions, derivatives, adjoint, x, dx };
    match (V::CAPACITY, n_packs) {
        (Capacity::Values32, 1) => project_tiles::<V, 1, 12>(arguments),
        (Capacity::Values32, 2) => project_tiles::<V, 2, 12>(arguments),
        (Capacity::Values32, _) => project_tiles::<V, 3, 12>(arguments),
        (Capacity::Values8, 1) => project_tiles::<V, 1, 3>(arguments),
        (Capacity::Values8, 2) => project_tiles::<V, 2, 3>(arguments),
        (Capacity::Values8, _) => project_tiles::<V, 3, 3>(arguments),
        (Capacity::Values4, 1) => project_tiles::<V, 1, 1>(arguments),
        (Capacity::Values4, 2) => project_tiles::<V, 2, 1>(arguments),
        _ => project_tiles::<V, 3, 1>(arguments),
    }
}

/// Arguments of a product over all rows.
struct Project<'a> {
    n_rows: usize,
    pack: usize,
    functions: &'a [SiteLanes],
    derivatives: &'a [SiteLanes],
    adjoint: &'a [[f64; LANES]],
    x: &'a mut [SiteLanes],
    dx: &'a mut [SiteLanes],
}

#[inline(always)]
fn project_tiles<V: Lanes, const PACKS: usize, const SIZE: usize>(arguments: Project<'_>) {
    let Project { n_rows, pack, functions, derivatives, adjoint, x, dx } = arguments;
    for row in (0..n_rows).step_by(SIZE) {
        let (adjoint, x, dx) = (&adjoint[row * PACKS..], &mut x[row..], &mut dx[row..]);
        project_tile::<V, PACKS, SIZE>(ProjectTile { pack, functions, derivatives, adjoint, x, dx });
    }
}

/// `x[lm][j] = Σ_n adjoint[lm][n] · functions[l][n][j]` and the same of `derivatives` into `dx`, for the sites of
/// `pack`.
///
/// Rows as in [`project`]; `n` functions for each degree up to `l_max`, without gaps.
#[inline(always)]
pub fn project_by_degree<V: Lanes>(
    (l_max, n): (usize, usize),
    pack: usize,
    [functions, derivatives]: [&[SiteLanes]; 2],
    adjoint: &[[f64; LANES]],
    [x, dx]: [&mut [SiteLanes]; 2],
) {
    // A tile may reach into the rows of the next degree: they are written later, or are padding.
    let (most, sizes): (_, &[usize]) = match V::CAPACITY {
        Capacity::Values32 => (12, &[1, 3, 5, 7, 9, 12]),
        Capacity::Values8 => (3, &[1, 3]),
        Capacity::Values4 => (1, &[1]),
    };
    let n_packs = n.div_ceil(LANES);
    for (l, row, count) in tiles(l_max, most) {
        let size = sizes.iter().copied().find(|&size| size >= count).unwrap_or(most);
        let (functions, derivatives) = (&functions[l * n..][..n], &derivatives[l * n..][..n]);
        let (adjoint, x, dx) = (&adjoint[row * n_packs..], &mut x[row..], &mut dx[row..]);
        let arguments = ProjectTile { pack, functions, derivatives, adjoint, x, dx };
        match n_packs {
            1 => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, [1], (arguments)),
            2 => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, [2], (arguments)),
            _ => with_size!(size, [1, 3, 5, 7, 9, 12], project_tile, [3], (arguments)),
        }
    }
}

/// Arguments of a product over the rows of one tile.
struct ProjectTile<'a> {
    pack: usize,
    functions: &'a [SiteLanes],
    derivatives: &'a [SiteLanes],
    adjoint: &'a [[f64; LANES]],
    x: &'a mut [SiteLanes],
    dx: &'a mut [SiteLanes],
}

/// One tile of `SIZE` rows with `PACKS` packs of functions.
#[inline(always)]
fn project_tile<V: Lanes, const PACKS: usize, const SIZE: usize>(arguments: ProjectTile<'_>) {
    let ProjectTile { pack, functions, derivatives, adjoint, x, dx } = arguments;
    let weights = adjoint.as_chunks::<PACKS>().0.first_chunk::<SIZE>();
    let rows = (weights, x.first_chunk_mut::<SIZE>(), dx.first_chunk_mut::<SIZE>());
    let (Some(weights), Some(x), Some(dx)) = rows else { return };
    let mut sums = [[V::zero(); 2]; SIZE];
    for (p, (b, db)) in functions.chunks(LANES).zip(derivatives.chunks(LANES)).take(PACKS).enumerate() {
        for (n, (b, db)) in b.iter().zip(db).enumerate().take(LANES) {
            let (b, db) = (b.load::<V>(pack), db.load::<V>(pack));
            for i in 0..SIZE {
                let weight = V::splat(weights[i][p][n]);
                sums[i] = [weight.mul_add(b, sums[i][0]), weight.mul_add(db, sums[i][1])];
            }
        }
    }
    for (i, [sum, derivative]) in sums.into_iter().enumerate() {
        x[i].store(pack, sum);
        dx[i].store(pack, derivative);
    }
}
