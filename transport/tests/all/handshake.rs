//! Sessions between devices that know each other, and other attempts to get one (`docs/PROTOCOL.md` section 7).

use bytes::Bytes;
use hedgerow_transport::handshake::{
    Arriving, Counted, Dialling, Direction, Garbage, Party, Progress,
};
use hedgerow_transport::keys::{Psk, TagKey};
use hedgerow_transport::replay::ReplayWindow;
use hedgerow_transport::session::{Lane, Role};
use proptest::prelude::*;

use crate::support::devices;
use crate::support::devices::*;

#[test]
fn two_devices_that_know_each_other_get_one_session() {
    let (mut dialler, mut answerer) = sessions(1);
    assert_eq!(dialler.hash(), answerer.hash());
    assert_eq!(
        (dialler.role(), answerer.role()),
        (Role::Dialler, Role::Answerer)
    );
    assert_eq!(dialler.peer_key(), device(2).key.public());
    assert_eq!(answerer.peer_key(), device(1).key.public());
    assert_eq!(
        dialler.bytes().handshake_sent,
        answerer.bytes().handshake_received
    );
    assert_eq!(
        dialler.bytes().handshake_received,
        answerer.bytes().handshake_sent
    );

    dialler
        .push(Lane::Control, 1, Bytes::from_static(b"hello"))
        .unwrap();
    let items = carry(&mut dialler, &mut answerer);
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].lane, items[0].kind, &items[0].content[..]),
        (Lane::Control, 1, &b"hello"[..])
    );
    answerer
        .push(Lane::Text, 300, Bytes::from_static(b"text"))
        .unwrap();
    let items = carry(&mut answerer, &mut dialler);
    assert_eq!(
        (items[0].lane, items[0].kind, &items[0].content[..]),
        (Lane::Text, 300, &b"text"[..])
    );
}

#[test]
fn a_first_flight_has_the_bytes_of_the_protocol() {
    let (alice, bob, keys) = (device(1), device(2), pair_keys());
    let (_, flight) = dial(&alice, &bob, &keys, &mut rng(1));
    let nonce = &flight[..16];
    let keyed = |label: &[u8]| {
        let mut hasher = blake3::Hasher::new_keyed(keys.tag.as_bytes());
        hasher.update(label).update(nonce).update(&[0]);
        hasher
    };
    assert_eq!(flight[16..32], keyed(b"tag").finalize().as_bytes()[..16]);
    let mut mask = [0; 65];
    keyed(b"mask").finalize_xof().fill(&mut mask);
    assert_eq!(flight.len(), 96 + usize::from(mask[64]));
    assert_eq!(
        (flight[63] ^ mask[31]) & 0x80,
        0,
        "below the mask lies an X25519 key"
    );
}

#[test]
fn the_records_behind_the_answer_may_come_with_it() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (dialling, flight) = dial(&alice, &bob, &keys, rng);
    let (mut flight, mut answerer) = open(&flight, &alice, &bob, &keys.tag, &[&keys.psk], rng)
        .unwrap()
        .answer(rng)
        .unwrap();
    answerer
        .push(Lane::Control, 1, Bytes::from_static(b"hello"))
        .unwrap();
    flight.extend_from_slice(&seal(&mut answerer));
    let mut input = Bytes::from(flight);
    let Progress::Done(mut dialler) = dialling.receive(&mut input).unwrap() else {
        panic!("flight 2 is whole")
    };
    assert_eq!(dialler.receive(&input).unwrap().len(), 1);
}

#[test]
fn one_contact_is_found_among_a_thousand_and_a_stranger_is_not() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let tag_keys: Vec<TagKey> = (0..1_000_u32)
        .map(|contact| match contact {
            700 => keys.tag.clone(),
            _ => TagKey::from_bytes(*blake3::hash(&contact.to_be_bytes()).as_bytes()),
        })
        .collect();
    let candidates = || {
        tag_keys
            .iter()
            .enumerate()
            .map(|(who, key)| (who, key, Direction::Up))
    };
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    assert_eq!(arrive(&flight, candidates()).unwrap().0, 700);
    assert!(arrive(&flight, candidates().filter(|(who, ..)| *who != 700)).is_err());
    assert!(arrive(&[7; 400], candidates()).is_err());
}

#[test]
fn the_psk_that_fits_is_named_among_several() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    let (pending, rescue) = (Psk::from_bytes([1; 32]), keys.rescue.as_psk());
    let opened = open(
        &flight,
        &alice,
        &bob,
        &keys.tag,
        &[&pending, &keys.psk, &rescue],
        rng,
    )
    .unwrap();
    assert_eq!((opened.which(), opened.counted()), (1, FIRST));
    assert!(open(&flight, &alice, &bob, &keys.tag, &[&pending, &rescue], rng).is_err());
    assert!(open(&flight, &alice, &bob, &keys.tag, &[], rng).is_err());
}

#[test]
fn a_replayed_first_flight_is_told_by_its_counter() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    let mut window = ReplayWindow::default();
    let counter = || {
        open(
            &flight,
            &alice,
            &bob,
            &keys.tag,
            &[&keys.psk],
            &mut devices::rng(2),
        )
        .unwrap()
        .counted()
        .counter
    };
    assert!(window.admit(counter()));
    assert!(!window.admit(counter()));
}

#[test]
fn a_first_flight_sent_back_to_its_sender_is_garbage() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (dialling, flight) = dial(&alice, &bob, &keys, rng);
    assert!(open(&flight, &bob, &alice, &keys.tag, &[&keys.psk], rng).is_err());
    // Nor is it a valid second flight.
    let long = [&flight[..], &[0; 255]].concat();
    assert!(dialling.receive(&mut long.into()).is_err());
}

#[test]
fn a_truncated_first_flight_is_never_complete() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    assert!(flight.len() > 96, "this one has padding");
    for length in 0..flight.len() {
        assert!(
            arrive(&flight[..length], [((), &keys.tag, Direction::Up)]).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn one_flipped_bit_of_tag_or_message_makes_garbage() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    for bit in 0..96 * 8 {
        let mut altered = flight.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        // X25519 ignores the top bit of a key, but the handshake hashes it.
        assert!(
            open(&altered, &alice, &bob, &keys.tag, &[&keys.psk], rng).is_err(),
            "bit {bit}"
        );
    }
}

#[test]
fn one_flipped_bit_of_the_answer_makes_garbage() {
    for bit in (0..48 * 8).step_by(5) {
        let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
        let (dialling, flight) = dial(&alice, &bob, &keys, rng);
        let opened = open(&flight, &alice, &bob, &keys.tag, &[&keys.psk], rng).unwrap();
        let (mut answer, _) = opened.answer(rng).unwrap();
        answer[bit / 8] ^= 1 << (bit % 8);
        assert!(dialling.receive(&mut answer.into()).is_err(), "bit {bit}");
    }
}

#[test]
fn whoever_is_another_in_any_respect_gets_no_session() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (_, flight) = dial(&alice, &bob, &keys, rng);
    let opens = |from: &Device, to: &Device| {
        open(
            &flight,
            from,
            to,
            &keys.tag,
            &[&keys.psk],
            &mut devices::rng(2),
        )
        .is_ok()
    };
    assert!(opens(&alice, &bob));
    let with = |name: u8, change: fn(&mut Party)| {
        let mut device = device(name);
        change(&mut device.party);
        device
    };
    assert!(!opens(&with(1, |party| party.identity[0] ^= 1), &bob));
    assert!(!opens(&with(1, |party| party.device[15] ^= 1), &bob));
    assert!(!opens(&with(1, |party| party.key.0[0] ^= 1), &bob));
    assert!(!opens(&alice, &with(2, |party| party.identity[0] ^= 1)));
    assert!(!opens(&alice, &with(2, |party| party.device[15] ^= 1)));
    let another_key = Device {
        key: device(3).key,
        party: bob.party,
    };
    assert!(!opens(&alice, &another_key));
}

#[test]
fn an_answer_to_another_flight_gives_no_session() {
    let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(1));
    let (first, flight) = dial(&alice, &bob, &keys, rng);
    let (second, _) = dial(&alice, &bob, &keys, rng);
    let (answer, _) = open(&flight, &alice, &bob, &keys.tag, &[&keys.psk], rng)
        .unwrap()
        .answer(rng)
        .unwrap();
    let input = || Bytes::from([&answer[..], &[0; 255]].concat());
    assert!(second.receive(&mut input()).is_err());
    assert!(first.receive(&mut input()).is_ok());
}

#[test]
fn a_flight_of_an_invitation_and_one_of_a_contact_cannot_stand_for_each_other() {
    let (alice, bob, rng) = (device(1), device(2), &mut rng(1));
    let inviter = person(2);
    let invitation = invitation(&inviter);
    // Even if both had the same tag key and the same psk.
    let (tag_key, psk) = (invitation.secret.tag_key(), invitation.secret.psk());
    let (_, invited) = join(&invitation, &person(1), rng);
    assert!(open(&invited, &alice, &bob, &tag_key, &[&psk], rng).is_err());
    let (_, known) = Dialling::new(
        &alice.key,
        &alice.party,
        &bob.party,
        &tag_key,
        &psk,
        FIRST,
        rng,
    )
    .unwrap();
    assert_eq!(
        open_invited(&known, &invitation, &inviter, rng).unwrap_err(),
        Garbage
    );
}

#[test]
fn two_sessions_of_the_same_devices_have_nothing_in_common() {
    assert_ne!(sessions(1).0.hash(), sessions(2).0.hash());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn flights_may_be_cut_anywhere(seed: u64, cut in 1..120_usize, incarnation: u64, counter: u64) {
        let (alice, bob, keys, rng) = (device(1), device(2), pair_keys(), &mut rng(seed));
        let counted = Counted { incarnation, counter };
        let (mut dialling, flight) =
            Dialling::new(&alice.key, &alice.party, &bob.party, &keys.tag, &keys.psk, counted, rng).unwrap();

        let mut pieces = flight.chunks(cut).map(Bytes::copy_from_slice).collect::<Vec<_>>().into_iter();
        let mut input = pieces.next().unwrap();
        let mut arriving = Arriving::new();
        let head = loop {
            match arriving.receive(&mut input) {
                Progress::Waiting(more) => arriving = more,
                Progress::Done(head) => break head,
            }
            input = pieces.next().unwrap();
        };
        let ((), mut tagged) = head.recognise([((), &keys.tag, Direction::Up)]).unwrap();
        let whole = loop {
            match tagged.receive(&mut input) {
                Progress::Waiting(more) => tagged = more,
                Progress::Done(whole) => break whole,
            }
            input = pieces.next().unwrap();
        };
        prop_assert!(input.is_empty() && pieces.next().is_none());
        let opened = whole.open(&bob.key, &bob.party, &alice.party, [&keys.psk], rng).unwrap();
        prop_assert_eq!(opened.counted(), counted);
        let (flight, answerer) = opened.answer(rng).unwrap();

        let mut session = None;
        for piece in flight.chunks(cut) {
            match dialling.receive(&mut Bytes::copy_from_slice(piece)).unwrap() {
                Progress::Waiting(more) => dialling = more,
                Progress::Done(done) => {
                    session = Some(done);
                    break;
                }
            }
        }
        let session = session.unwrap();
        prop_assert_eq!(session.hash(), answerer.hash());
    }

    #[test]
    fn garbage_is_garbage(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let keys = pair_keys();
        prop_assert!(arrive(&bytes, [((), &keys.tag, Direction::Up)]).is_err());
    }
}
