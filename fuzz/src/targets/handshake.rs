//! First flights and handshakes, in every state, of devices that know each other and of invitations.

use crate::devices::{
    arrive, device, dial, invitation, join, open, open_invited, pair_keys, person, rng,
};
use crate::split_choice;
use bytes::Bytes;
use hedgerow_transport::handshake::{Direction, Progress};

/// Lays the input over a true flight: so some of it passes each check.
fn forged(flight: &[u8], input: &[u8]) -> Bytes {
    let mut forged = flight.to_vec();
    match input.split_first_chunk::<2>() {
        Some((at, rest)) => {
            let at = usize::from(u16::from_be_bytes(*at)) % (forged.len() + 1);
            forged.truncate(at);
            forged.extend_from_slice(rest);
        }
        None => forged.clear(),
    }
    forged.into()
}

/// One input.
pub fn run(input: &[u8]) {
    let Some((state, input)) = split_choice(input, 6) else {
        return;
    };
    let rng = &mut rng(1);
    let (one, other, keys) = (device(1), device(2), pair_keys());
    let (inviter, joiner) = (person(3), person(4));
    let invited = invitation(&inviter);
    match state {
        0 => {
            let tag = &keys.tag;
            assert!(
                arrive(input, [((), tag, Direction::Up)]).is_err(),
                "a tag was guessed"
            );
        }
        1 => {
            let (_, flight) = dial(&one, &other, &keys, rng);
            let forged = forged(&flight, input);
            let opened = open(&forged, &one, &other, &keys.tag, &[&keys.psk], rng);
            assert!(opened.is_err() || forged[..96] == flight[..96]);
        }
        2 => {
            let (dialling, flight) = dial(&one, &other, &keys, rng);
            let opened = open(&flight, &one, &other, &keys.tag, &[&keys.psk], rng).unwrap();
            let (answer, _) = opened.answer(rng).unwrap();
            let mut forged = forged(&answer, input);
            let done = matches!(dialling.receive(&mut forged.clone()), Ok(Progress::Done(_)));
            assert!(!done || forged.split_to(48) == answer[..48]);
        }
        3 => {
            let (_, flight) = join(&invited, &joiner, rng);
            let forged = forged(&flight, input);
            let opened = open_invited(&forged, &invited, &inviter, rng);
            assert!(opened.is_err() || forged[..96] == flight[..96]);
        }
        4 => {
            let (joining, flight) = join(&invited, &joiner, rng);
            let opened = open_invited(&flight, &invited, &inviter, rng).unwrap();
            let (answer, _) = opened.answer(rng).unwrap();
            let mut forged = forged(&answer, input);
            let done = matches!(
                joining.receive(&mut forged.clone(), rng),
                Ok(Progress::Done(_))
            );
            assert!(!done || forged.split_to(96) == answer[..96]);
        }
        _ => {
            let (joining, flight) = join(&invited, &joiner, rng);
            let opened = open_invited(&flight, &invited, &inviter, rng).unwrap();
            let (answer, answered) = opened.answer(rng).unwrap();
            let Ok(Progress::Done((third, _))) = joining.receive(&mut answer.into(), rng) else {
                panic!("a true answer")
            };
            let mut forged = forged(&third, input);
            let done = matches!(answered.receive(&mut forged.clone()), Ok(Progress::Done(_)));
            assert!(!done || forged.split_to(64) == third[..64]);
        }
    }
}
