//! The items by which a psk moves on.

use crate::devices::{pair_keys, rng};
use crate::{forged, split_choice};
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::psk::{Proposal, answer, moved_number, proposed_number};

/// One input.
pub fn run(input: &[u8]) {
    let Some((how, input)) = split_choice(input, 4) else {
        return;
    };
    let rng = &mut rng(1);
    let psk = pair_keys().psk;
    let (proposal, propose) = Proposal::new(&psk, 7, Cryptography::Real, rng);
    match how {
        0 => {
            let _ = (proposed_number(input), moved_number(input));
            let _ = answer(&psk, 7, input, Cryptography::Real, rng);
        }
        1 => drop(proposal.finish(input)),
        2 => {
            let propose = forged(&propose, input);
            if let Ok((pending, _)) = answer(&psk, 7, &propose, Cryptography::Real, rng) {
                assert!(pending != psk);
            }
        }
        _ => {
            let (_, said) =
                answer(&psk, 7, &propose, Cryptography::Real, rng).expect("a true proposal");
            if let Ok(next) = proposal.finish(&forged(&said, input)) {
                assert!(next != psk);
            }
        }
    }
}
