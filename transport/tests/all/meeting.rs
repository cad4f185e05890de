//! Meetings by one invitation (`docs/PROTOCOL.md` section 10).

use bytes::Bytes;
use hedgerow_transport::carrier::Address;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::{Garbage, Progress};
use hedgerow_transport::invitation::{MAX_ADDRESSES, inviter_key_hash};
use hedgerow_transport::meeting::{
    Acquaintance, Declined, Introduction, MAX_NAME, Meeting, MeetingFault, answer,
};
use hedgerow_transport::safety::safety_words;
use proptest::prelude::*;

use crate::support::devices;
use crate::support::devices::*;

/// Runs a whole meeting; returns what the joiner learns, then what the inviter learns.
fn meet(joiner: &Person, inviter: &Person, seed: u64) -> (Acquaintance, Acquaintance) {
    let invitation = invitation(inviter);
    let (joiner_session, inviter_session) = meeting_sessions(&invitation, joiner, inviter);
    let rng = &mut rng(seed);
    let (meeting, meet) = Meeting::new(&invitation, &joiner.introduction, Cryptography::Real, rng);
    let (joiner_seen, met) = answer(
        &invitation.secret,
        &inviter_session,
        &inviter.introduction,
        &meet,
        Cryptography::Real,
        rng,
    )
    .unwrap();
    (meeting.finish(&joiner_session, &met).unwrap(), joiner_seen)
}

#[test]
fn two_who_use_one_invitation_share_keys_and_know_each_other() {
    let (joiner, inviter) = (person(1), person(2));
    let (inviter_seen, joiner_seen) = meet(&joiner, &inviter, 6);
    assert_eq!(inviter_seen.keys, joiner_seen.keys);
    assert_eq!(joiner_seen.peer, joiner.introduction);
    assert_eq!(inviter_seen.peer, inviter.introduction);
    assert_eq!(
        (joiner_seen.device, inviter_seen.device),
        (joiner.device, inviter.device)
    );
}

#[test]
fn meeting_again_under_one_invitation_gives_fresh_keys() {
    let (joiner, inviter) = (person(1), person(2));
    let (first, again) = (meet(&joiner, &inviter, 6), meet(&joiner, &inviter, 7));
    assert_ne!(first.0.keys, again.0.keys);
    assert_eq!(again.0.keys, again.1.keys);
}

#[test]
fn a_joiners_flight_tells_its_nonce_before_it_is_answered() {
    let (joiner, inviter) = (person(1), person(2));
    let invitation = invitation(&inviter);
    let rng = &mut rng(1);
    let (_, flight) = join(&invitation, &joiner, rng);
    let nonce = |flight: &[u8]| {
        open_invited(flight, &invitation, &inviter, &mut devices::rng(2))
            .unwrap()
            .nonce()
    };
    assert_eq!(nonce(&flight), flight[..16]);
    assert_eq!(nonce(&flight), nonce(&flight), "a replay is known by it");
    let (_, another) = join(&invitation, &joiner, rng);
    assert_ne!(nonce(&flight), nonce(&another));
}

#[test]
fn another_invitation_or_another_inviter_gets_no_session() {
    let (joiner, inviter) = (person(1), person(2));
    let sound = invitation(&inviter);
    let rng = &mut rng(1);
    let mut other = invitation(&inviter);
    other.secret = hedgerow_transport::keys::InvitationSecret::from_bytes([1; 32]);
    let (_, flight) = join(&other, &joiner, rng);
    assert_eq!(
        open_invited(&flight, &sound, &inviter, rng).unwrap_err(),
        Garbage
    );
    let mut other = invitation(&inviter);
    other.inviter = [1; 16];
    let (_, flight) = join(&other, &joiner, rng);
    assert_eq!(
        open_invited(&flight, &sound, &inviter, rng).unwrap_err(),
        Garbage
    );
}

#[test]
fn one_flipped_bit_in_any_flight_of_a_meeting_makes_garbage() {
    let (joiner, inviter) = (person(1), person(2));
    let invitation = invitation(&inviter);
    for bit in (0..96 * 8).step_by(13) {
        let rng = &mut rng(1);
        let altered = |flight: &[u8], length: usize| {
            let mut flight = flight.to_vec();
            let bit = bit % (length * 8);
            flight[bit / 8] ^= 1 << (bit % 8);
            flight
        };
        let (joining, flight) = join(&invitation, &joiner, rng);
        assert!(
            open_invited(&altered(&flight, 96), &invitation, &inviter, rng).is_err(),
            "flight 1, bit {bit}"
        );
        let (flight, answered) = open_invited(&flight, &invitation, &inviter, rng)
            .unwrap()
            .answer(rng)
            .unwrap();
        if bit % 2 == 0 {
            assert!(
                joining
                    .receive(&mut altered(&flight, 96).into(), rng)
                    .is_err(),
                "flight 2, bit {bit}"
            );
        } else {
            let Progress::Done((flight, _)) = joining.receive(&mut flight.into(), rng).unwrap()
            else {
                panic!("whole")
            };
            assert!(
                answered.receive(&mut altered(&flight, 64).into()).is_err(),
                "flight 3, bit {bit}"
            );
        }
    }
}

#[test]
fn whoever_else_holds_the_invitation_cannot_answer_as_the_inviter() {
    let (joiner, inviter, thief) = (person(1), person(2), person(3));
    let invitation = invitation(&inviter);
    let rng = &mut rng(6);
    // The thief knows the whole link and answers with its own keys.
    let (joiner_session, thief_session) = meeting_sessions(&invitation, &joiner, &thief);
    let (meeting, meet) = Meeting::new(&invitation, &joiner.introduction, Cryptography::Real, rng);
    let (_, met) = answer(
        &invitation.secret,
        &thief_session,
        &thief.introduction,
        &meet,
        Cryptography::Real,
        rng,
    )
    .unwrap();
    assert_eq!(
        meeting.finish(&joiner_session, &met),
        Err(MeetingFault::NotTheInviter)
    );
    // Or it uses the inviter's device list, which does not hold the thief's key.
    let (meeting, meet) = Meeting::new(&invitation, &joiner.introduction, Cryptography::Real, rng);
    let (_, met) = answer(
        &invitation.secret,
        &thief_session,
        &inviter.introduction,
        &meet,
        Cryptography::Real,
        rng,
    )
    .unwrap();
    assert_eq!(
        meeting.finish(&joiner_session, &met),
        Err(MeetingFault::UnknownDevice)
    );
}

#[test]
fn the_inviters_name_covers_identity_and_device() {
    let (one, other) = (person(1), person(2));
    let identity = |person: &Person| *person.introduction.devices.identity();
    let hash = inviter_key_hash(&identity(&one), &one.device);
    assert_ne!(hash, inviter_key_hash(&identity(&other), &one.device));
    assert_ne!(hash, inviter_key_hash(&identity(&one), &other.device));
}

#[test]
fn a_joiner_that_shows_anothers_device_list_is_refused() {
    let (joiner, inviter, other) = (person(1), person(2), person(3));
    let invitation = invitation(&inviter);
    let (_, inviter_session) = meeting_sessions(&invitation, &joiner, &inviter);
    let (_, meet) = Meeting::new(
        &invitation,
        &other.introduction,
        Cryptography::Real,
        &mut rng(1),
    );
    let answered = answer(
        &invitation.secret,
        &inviter_session,
        &inviter.introduction,
        &meet,
        Cryptography::Real,
        &mut rng(2),
    );
    assert_eq!(answered.unwrap_err(), MeetingFault::UnknownDevice);
}

#[test]
fn introductions_beyond_the_bounds_are_the_peers_fault() {
    let (joiner, inviter) = (person(1), person(2));
    let invitation = invitation(&inviter);
    let (_, session) = meeting_sessions(&invitation, &joiner, &inviter);
    let answered = |introduction: Introduction| {
        let (_, meet) = Meeting::new(&invitation, &introduction, Cryptography::Real, &mut rng(1));
        answer(
            &invitation.secret,
            &session,
            &inviter.introduction,
            &meet,
            Cryptography::Real,
            &mut rng(2),
        )
        .map(|_| ())
    };
    let sound = || joiner.introduction.clone();
    assert_eq!(
        answered(Introduction {
            name: "n".repeat(MAX_NAME),
            ..sound()
        }),
        Ok(())
    );
    assert_eq!(
        answered(Introduction {
            name: "n".repeat(MAX_NAME + 1),
            ..sound()
        }),
        Err(MeetingFault::Malformed)
    );
    let addresses = vec![Address("x".into()); MAX_ADDRESSES + 1];
    assert_eq!(
        answered(Introduction {
            addresses,
            ..sound()
        }),
        Err(MeetingFault::Malformed)
    );
}

#[test]
fn keys_that_cannot_be_agreed_with_are_the_peers_fault() {
    let (joiner, inviter) = (person(1), person(2));
    let invitation = invitation(&inviter);
    let (_, session) = meeting_sessions(&invitation, &joiner, &inviter);
    let (_, meet) = Meeting::new(
        &invitation,
        &joiner.introduction,
        Cryptography::Real,
        &mut rng(1),
    );
    let answered = |meet: &[u8]| {
        answer(
            &invitation.secret,
            &session,
            &inviter.introduction,
            meet,
            Cryptography::Real,
            &mut rng(2),
        )
        .map(|_| ())
    };
    let list = joiner.introduction.devices.encode().len();
    let x25519 = 1 + 3 - usize::from(list < 256) + list + 2;
    let mut low_order = meet.clone();
    low_order[x25519..x25519 + 32].fill(0);
    assert_eq!(answered(&low_order), Err(MeetingFault::Key));
    // ML-KEM refuses coefficients that are not reduced.
    let mut unreduced = meet.clone();
    unreduced[x25519 + 32 + 3..x25519 + 32 + 3 + 300].fill(0xff);
    assert_eq!(answered(&unreduced), Err(MeetingFault::Key));
    assert_eq!(answered(&meet), Ok(()));
}

#[test]
fn an_inviter_that_declines_says_why() {
    for reason in [
        Declined::Used,
        Declined::Cancelled,
        Declined::Expired,
        Declined::Blocked,
    ] {
        assert_eq!(Declined::decode(&reason.encode()), Ok(reason));
    }
    assert_eq!(Declined::Used.encode(), [0x81, 1]);
    assert_eq!(Declined::decode(&[0x81, 9]), Err(MeetingFault::Malformed));
}

/// Each try to find two identities with the words of two others costs 64 MiB and three passes over it.
#[test]
fn safety_words_are_the_same_on_both_sides_and_no_others() {
    let words = safety_words(&[1; 32], &[2; 32]);
    assert_eq!(words, safety_words(&[2; 32], &[1; 32]));
    assert_ne!(words, safety_words(&[1; 32], &[3; 32]));
    // Eleven bits each, in order.
    let params = argon2::Params::new(65_536, 3, 1, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut bits = [0; 32];
    argon2
        .hash_password_into(
            &[[1_u8; 32], [2; 32]].concat(),
            b"hedgerow safety words 2",
            &mut bits,
        )
        .unwrap();
    let number = |word: usize| {
        (word * 11..word * 11 + 11).fold(0, |sum, bit| {
            sum * 2 + u16::from(bits[bit / 8] & (0x80 >> (bit % 8)) != 0)
        })
    };
    assert_eq!(words.to_vec(), (0..12).map(number).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn garbage_is_the_peers_fault(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..1_400_usize) {
        let (joiner, inviter) = (person(1), person(2));
        let invitation = invitation(&inviter);
        let (joiner_session, inviter_session) = meeting_sessions(&invitation, &joiner, &inviter);
        let (meeting, meet) = Meeting::new(&invitation, &joiner.introduction, Cryptography::Real, &mut rng(1));
        for content in [&bytes[..], &meet[..cut]] {
            prop_assert!(answer(&invitation.secret, &inviter_session, &inviter.introduction, content, Cryptography::Real, &mut rng(2)).is_err());
        }
        prop_assert!(meeting.finish(&joiner_session, &bytes).is_err());
        let _ = Declined::decode(&bytes);
    }

    #[test]
    fn flights_of_a_meeting_may_be_cut_anywhere(cut in 1..200_usize, seed: u64) {
        let (joiner, inviter) = (person(1), person(2));
        let invitation = invitation(&inviter);
        let rng = &mut rng(seed);
        let (mut joining, flight) = join(&invitation, &joiner, rng);
        let (flight, mut answered) = open_invited(&flight, &invitation, &inviter, rng).unwrap().answer(rng).unwrap();
        let mut joined = None;
        for piece in flight.chunks(cut) {
            match joining.receive(&mut Bytes::copy_from_slice(piece), rng).unwrap() {
                Progress::Waiting(more) => joining = more,
                Progress::Done(done) => {
                    joined = Some(done);
                    break;
                }
            }
        }
        let (flight, joiner_session) = joined.unwrap();
        let mut inviter_session = None;
        for piece in flight.chunks(cut) {
            match answered.receive(&mut Bytes::copy_from_slice(piece)).unwrap() {
                Progress::Waiting(more) => answered = more,
                Progress::Done(done) => {
                    inviter_session = Some(done);
                    break;
                }
            }
        }
        let inviter_session = inviter_session.unwrap();
        prop_assert_eq!(joiner_session.hash(), inviter_session.hash());
        prop_assert_eq!(joiner_session.bytes().handshake_sent, inviter_session.bytes().handshake_received);
        prop_assert_eq!(inviter_session.peer_key(), joiner.key.public());
    }
}
