//! The items by which a psk moves on.
#![no_main]

use hedgerow_fuzz::devices::{pair_keys, rng};
use hedgerow_fuzz::split_choice;
use hedgerow_transport::psk::{Proposal, answer, moved_number, proposed_number};
use libfuzzer_sys::fuzz_target;

/// Lays the input over the true item, from a place it chooses.
fn forged(said: &[u8], input: &[u8]) -> Vec<u8> {
    let (at, input) = input.split_first_chunk::<2>().unwrap_or((&[0; 2], &[]));
    let at = usize::from(u16::from_be_bytes(*at)) % (said.len() + 1);
    let mut forged = said.to_vec();
    let end = (at + input.len()).min(said.len());
    forged.splice(at..end, input.iter().copied());
    forged
}

fuzz_target!(|input: &[u8]| {
    let Some((how, input)) = split_choice(input, 4) else {
        return;
    };
    let rng = &mut rng(1);
    let psk = pair_keys().psk;
    let (proposal, propose) = Proposal::new(&psk, 7, rng);
    match how {
        0 => {
            let _ = (proposed_number(input), moved_number(input));
            let _ = answer(&psk, 7, input, rng);
        }
        1 => drop(proposal.finish(input)),
        2 => {
            let propose = forged(&propose, input);
            if let Ok((pending, _)) = answer(&psk, 7, &propose, rng) {
                assert!(pending != psk);
            }
        }
        _ => {
            let (_, said) = answer(&psk, 7, &propose, rng).expect("a true proposal");
            if let Ok(next) = proposal.finish(&forged(&said, input)) {
                assert!(next != psk);
            }
        }
    }
});
