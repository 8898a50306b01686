//! Every option: the blocks of a Jacobian are the same wherever and however they are written.

use crate::common::{Case, OwnedEnvironment, Row, every_option};
use isoprint_core::descriptors::CenterKind;
use isoprint_core::descriptors::soap::{Convention, Soap};

/// So many numbers fit between two multiples of 64 bytes.
const OFFSETS: std::ops::Range<usize> = 0..8;

/// The sites of the crowd whose own blocks are checked: few, of both channels.
fn some_sites() -> OwnedEnvironment {
    let OwnedEnvironment { center, channel, position } = OwnedEnvironment::crowded();
    OwnedEnvironment { center, channel: channel[12..20].to_vec(), position: position[12..20].to_vec() }
}

#[test]
fn blocks_are_the_same_bits_at_every_address_and_past_the_caches() {
    let sites = some_sites();
    let n_sites = sites.position.len() as u32;
    // The block of the center is among the others.
    let of_site: Vec<u32> = (0..n_sites).map(|site| site + u32::from(site > 2)).collect();
    for Case { name, descriptor, .. } in every_option() {
        let row = Row { n_blocks: of_site.len() + 1, of_site: &of_site, own: Some(3), offset: 0, is_large: false };
        let expected = descriptor.blocks(&sites, &row);
        for offset in OFFSETS {
            for is_large in [false, true] {
                let got = descriptor.blocks(&sites, &Row { offset, is_large, ..row });
                assert!(got == expected, "{name}, {offset} numbers after a line, large: {is_large}");
            }
        }
    }
}

#[test]
fn the_block_of_the_center_is_minus_all_others() {
    let sites = some_sites();
    let of_site: Vec<u32> = (0..sites.position.len() as u32).collect();
    for Case { name, descriptor, .. } in every_option() {
        let n_blocks = of_site.len() + 1;
        let own = Some(of_site.len() as u32);
        let row = Row { n_blocks, of_site: &of_site, own, offset: 5, is_large: true };
        let blocks = descriptor.blocks(&sites, &row);
        let alone = descriptor.jacobian(&sites);
        assert!(blocks[..n_blocks - 1] == alone, "{name}: blocks do not depend on whether the center moves");
        for (k, own) in blocks[n_blocks - 1].iter().enumerate() {
            let (sum, scale) = alone.iter().fold((0.0, 1.0_f64), |(sum, scale), b| (sum + b[k], scale.max(b[k].abs())));
            assert!((own + sum).abs() < 1e-13 * scale, "{name}, {k}: {own} against {}", -sum);
        }
    }
}

#[test]
fn images_of_one_atom_are_added_and_those_of_the_center_do_not_move() {
    let sites = some_sites();
    // Blocks: of the center, which has two images among the sites; of an atom with three; of others; of nobody.
    let of_site = [1, 0, 2, 1, 0, 1, 3, 4];
    for Case { name, descriptor, .. } in every_option() {
        let alone = descriptor.jacobian(&sites);
        for is_large in [false, true] {
            let row = Row { n_blocks: 6, of_site: &of_site, own: Some(0), offset: 3, is_large };
            let blocks = descriptor.blocks(&sites, &row);
            for k in 0..blocks[0].len() {
                let of = |block: u32| {
                    let sites = alone.iter().zip(of_site).filter(|&(_, of)| of == block);
                    sites.map(|(rows, _)| rows[k]).sum::<f64>()
                };
                let scale = alone.iter().fold(1.0_f64, |scale, rows| scale.max(rows[k].abs()));
                let expected = [-(1..5).map(of).sum::<f64>(), of(1), of(2), of(3), of(4), 0.0];
                for (block, expected) in blocks.iter().zip(expected) {
                    assert!((block[k] - expected).abs() < 1e-13 * scale, "{name}, {k}");
                }
            }
        }
    }
}

#[test]
fn a_center_that_has_images_of_itself_alone_has_zeros() {
    let sites = OwnedEnvironment {
        center: CenterKind::Atom(Some(0)),
        channel: vec![0, 0],
        position: vec![[0.0, 1.9, 0.4], [0.0, -1.9, -0.4]],
    };
    for Case { name, descriptor, .. } in every_option() {
        let row = Row { n_blocks: 1, of_site: &[0, 0], own: Some(0), offset: 1, is_large: true };
        assert!(descriptor.blocks(&sites, &row)[0].iter().all(|&x| x == 0.0), "{name}");
    }
}

#[test]
fn rows_of_every_length_in_every_order() {
    let sites = some_sites();
    let of_site: Vec<u32> = (0..sites.position.len() as u32).collect();
    let mut remainders = [false; 8];
    for convention in [Convention::Isoprint, Convention::Quip, Convention::Dscribe, Convention::Featomic] {
        for (n_max, l_max) in [(1, 0), (1, 4), (1, 5), (1, 7), (2, 2), (2, 6), (3, 0), (3, 8), (5, 0), (5, 10)] {
            for normalize in [false, true] {
                let mut parameters = crate::common::gaussian::parameters();
                (parameters.convention, parameters.normalize) = (convention, normalize);
                (parameters.n_max, parameters.l_max) = (n_max, l_max);
                let soap = crate::common::Described(Soap::new(parameters).expect("legal parameters"));
                crate::common::assert_jacobian_is_the_tangent(
                    &format!("{convention:?}, {n_max}, {l_max}"),
                    &soap,
                    &sites,
                );
                let row = Row { n_blocks: 8, of_site: &of_site, own: None, offset: 0, is_large: true };
                let blocks = crate::common::Fingerprint::blocks(&soap, &sites, &row);
                remainders[blocks[0].len() / 3 % 8] = true;
                for offset in OFFSETS {
                    let again =
                        crate::common::Fingerprint::blocks(&soap, &sites, &Row { offset, is_large: false, ..row });
                    assert!(again == blocks, "{convention:?}, {n_max}, {l_max}, {offset} numbers after a line");
                }
            }
        }
    }
    assert_eq!(remainders, [true; 8]);
}
