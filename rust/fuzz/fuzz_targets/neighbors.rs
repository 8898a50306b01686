//! Neighbors of any structure: found from both ends, within the cutoff, none lost, or an error.

#![no_main]

use isoprint_core::engine;
use isoprint_fuzz::OwnedFrame;
use libfuzzer_sys::fuzz_target;

const R_CUT: f64 = 3.0;

fuzz_target!(|structure: OwnedFrame| {
    let Ok(list) = structure.with(|frames, centers, job| engine::neighbors(frames, centers, R_CUT, job)) else { return };
    assert!(structure.is_finite(), "what is not finite was taken");
    let n_atoms = structure.positions.len();
    let mut seen = vec![0_i64; n_atoms * n_atoms];
    for center in 0..n_atoms {
        for k in list.offsets[center] as usize..list.offsets[center + 1] as usize {
            let [x, y, z] = list.vector[k];
            let r = x.hypot(y).hypot(z);
            assert!(r < R_CUT * (1.0 + 1e-12), "{r} is beyond the cutoff");
            seen[center * n_atoms + list.index[k] as usize] += 1;
        }
    }
    for a in 0..n_atoms {
        for b in 0..n_atoms {
            let [there, back] = [seen[a * n_atoms + b], seen[b * n_atoms + a]];
            // A pair exactly at the cutoff may round to different sides from its two ends.
            assert!((there - back).abs() <= i64::from(structure.pbc.contains(&true)) * 4, "{there} and {back}");
            if a != b && structure.pbc == [false; 3] {
                let [x, y, z] = [0, 1, 2].map(|i| structure.positions[a][i] - structure.positions[b][i]);
                let r = x.hypot(y).hypot(z);
                assert!((r - R_CUT).abs() < 1e-9 || there == i64::from(r < R_CUT), "{r} Å apart, found {there} times");
            }
        }
    }
});
