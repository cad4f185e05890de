//! Sized handshakes have the same lengths as real ones and fail in the same cases.

use bytes::Bytes;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::{Arriving, Dialling, Direction, Progress};
use hedgerow_transport::keys::Psk;
use hedgerow_transport::session::Lane;

use crate::support::devices::*;

/// Where an attempt ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Cut,
    NotRecognised,
    NotOpened,
    NotAnswered,
    NoSession,
    NoRecord,
    Heard(usize, usize),
}

/// One session with one item. `meddle` may change its messages: the first flight, the second, the record.
fn attempt(
    cryptography: Cryptography,
    psk: &Psk,
    meddle: impl Fn(usize, &mut Vec<u8>),
) -> (End, Vec<usize>) {
    let mut lengths = Vec::new();
    let end = ends(
        cryptography,
        psk,
        &|number, bytes| meddle(number, bytes),
        &mut lengths,
    );
    (end, lengths)
}

fn ends(
    cryptography: Cryptography,
    psk: &Psk,
    meddle: &dyn Fn(usize, &mut Vec<u8>),
    lengths: &mut Vec<usize>,
) -> End {
    let (mut alice, mut bob, keys) = (device(1), device(2), pair_keys());
    alice.key = alice.key.under(cryptography);
    bob.key = bob.key.under(cryptography);
    let rng = &mut rng(7);
    let (dialling, mut flight): (Dialling, _) = dial(&alice, &bob, &keys, rng);
    lengths.push(flight.len());
    meddle(0, &mut flight);
    let mut input = Bytes::from(flight);
    let Progress::Done(head) = Arriving::new().receive(&mut input) else {
        return End::Cut;
    };
    let direction = Direction::between(&alice.party.device, &bob.party.device);
    let tagged = match cryptography {
        Cryptography::Real => head
            .recognise([((), &keys.tag, direction)])
            .map(|(_, tagged)| tagged),
        Cryptography::Sized => head.recognise_sized(&keys.tag, direction),
    };
    let Ok(tagged) = tagged else {
        return End::NotRecognised;
    };
    let Progress::Done(whole) = tagged.receive(&mut input) else {
        return End::Cut;
    };
    let Ok(opened) = whole.open(&bob.key, &bob.party, &alice.party, [psk], rng) else {
        return End::NotOpened;
    };
    let Ok((mut flight, mut answerer)) = opened.answer(rng) else {
        return End::NotAnswered;
    };
    lengths.push(flight.len());
    meddle(1, &mut flight);
    let mut dialler = match dialling.receive(&mut flight.into()) {
        Ok(Progress::Done(session)) => session,
        Ok(Progress::Waiting(_)) => return End::Cut,
        Err(_) => return End::NoSession,
    };
    dialler
        .push(Lane::Text, 5, Bytes::from_static(b"hello"))
        .unwrap();
    let mut record = seal(&mut dialler).to_vec();
    lengths.push(record.len());
    meddle(2, &mut record);
    match answerer.receive(&record) {
        Ok(items) => End::Heard(
            items.len(),
            items.iter().map(|item| item.content.len()).sum(),
        ),
        Err(_) => End::NoRecord,
    }
}

/// Asserts that both kinds of cryptography give the same result, and returns it.
fn same(psk: &Psk, meddle: impl Fn(usize, &mut Vec<u8>)) -> (End, Vec<usize>) {
    let real = attempt(Cryptography::Real, psk, &meddle);
    assert_eq!(real, attempt(Cryptography::Sized, psk, &meddle));
    real
}

#[test]
fn a_sized_session_has_the_lengths_of_a_real_one() {
    let (end, lengths) = same(&pair_keys().psk, |_, _| {});
    assert_eq!((end, lengths.len()), (End::Heard(1, 5), 3));
}

#[test]
fn a_wrong_psk_opens_no_sized_flight() {
    let (end, _) = same(&Psk::from_bytes([3; 32]), |_, _| {});
    assert_eq!(end, End::NotOpened);
}

#[test]
fn an_altered_or_cut_attempt_ends_at_the_same_place_sized_or_real() {
    let (psk, lengths) = (pair_keys().psk, same(&pair_keys().psk, |_, _| {}).1);
    for (which, length) in lengths.into_iter().enumerate() {
        for at in 0..length {
            same(&psk, |number, bytes| {
                if number == which {
                    bytes[at] ^= 1;
                }
            });
            same(&psk, |number, bytes| {
                if number == which {
                    bytes.truncate(at);
                }
            });
        }
    }
}
