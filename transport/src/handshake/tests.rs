//! Attacks that need hand-made Noise messages.

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver, RingResolver};
use snow::types::{Cipher, Dh, Hash, Random};

use super::flight::{MESSAGE_1_LEN, Mask, PAYLOAD_LEN, write};
use super::*;
use crate::cryptography::Cryptography;
use crate::keys::{Psk, StaticKey, TagKey};
use crate::noise::Handshake;
use crate::tag::{self, Tag, Use};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn device(name: u8) -> (StaticKey, Party) {
    let key = StaticKey::random(&mut rng(u64::from(name)));
    let party = Party {
        identity: [name; 32],
        device: [name; 16],
        key: key.public(),
    };
    (key, party)
}

/// Primitives of an attacker whose public keys, and therefore all shared secrets, are zero.
struct LowOrder;

impl CryptoResolver for LowOrder {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Zeros))
    }
    fn resolve_dh(&self, _: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(Zeros))
    }
    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }
    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        RingResolver.resolve_cipher(choice)
    }
}

struct Zeros;

impl Random for Zeros {
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), snow::Error> {
        Ok(())
    }
}

impl Dh for Zeros {
    fn name(&self) -> &'static str {
        "25519"
    }
    fn pub_len(&self) -> usize {
        32
    }
    fn priv_len(&self) -> usize {
        32
    }
    fn set(&mut self, _: &[u8]) {}
    fn generate(&mut self, _: &mut dyn Random) -> Result<(), snow::Error> {
        Ok(())
    }
    fn pubkey(&self) -> &[u8] {
        &[0; 32]
    }
    fn privkey(&self) -> &[u8] {
        &[0; 32]
    }
    fn dh(&self, _: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        out[..32].fill(0);
        Ok(())
    }
}

/// A first flight of that attacker, who knows tag key, psk and prologue.
fn low_order_flight(
    pattern: &str,
    tag_key: &TagKey,
    psk: &Psk,
    prologue: impl Fn(&Tag) -> Vec<u8>,
    peer: Option<&Party>,
) -> Vec<u8> {
    let tag = Tag::random(
        tag_key.as_bytes(),
        Use::FirstFlight,
        Direction::Up,
        Cryptography::Real,
        &mut rng(1),
    );
    let prologue = prologue(&tag);
    let mut noise = snow::Builder::with_resolver(pattern.parse().unwrap(), Box::new(LowOrder))
        .prologue(&prologue)
        .unwrap()
        .psk(0, psk.as_bytes())
        .unwrap()
        .local_private_key(&[0; 32])
        .unwrap();
    if let Some(peer) = peer {
        noise = noise.remote_public_key(&peer.key.0).unwrap();
    }
    let mut noise = Handshake::Real(Box::new(noise.build_initiator().unwrap()));
    let mut flight = tag.as_bytes().to_vec();
    write(&mut noise, &[0; PAYLOAD_LEN], MESSAGE_1_LEN, &mut flight).unwrap();
    Mask::new(tag_key, &tag.nonce(), Direction::Up).finish(&mut flight, tag::LEN, &mut rng(2));
    flight
}

fn arrive(flight: &[u8], tag_key: &TagKey) -> Whole {
    let mut input = Bytes::copy_from_slice(flight);
    let Progress::Done(head) = Arriving::new().receive(&mut input) else {
        panic!("the flight is whole")
    };
    let ((), tagged) = head.recognise([((), tag_key, Direction::Up)]).unwrap();
    let Progress::Done(whole) = tagged.receive(&mut input) else {
        panic!("the flight is whole")
    };
    whole
}

#[test]
fn a_contact_with_keys_of_low_order_gets_no_answer() {
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let (key, me) = device(9);
    // Even if somebody had accepted its device key of low order.
    let peer = Party {
        identity: [1; 32],
        device: [1; 16],
        key: PublicKey([0; 32]),
    };
    let prologue = |tag: &Tag| known::session_prologue(tag, &peer, &me);
    let flight = low_order_flight(
        "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
        &tag_key,
        &psk,
        prologue,
        Some(&me),
    );
    assert!(
        arrive(&flight, &tag_key)
            .open(&key, &me, &peer, [&psk], &mut rng(3))
            .is_err()
    );
    assert!(
        Dialling::new(
            &key,
            &me,
            &peer,
            &tag_key,
            &psk,
            Counted {
                incarnation: 1,
                counter: 1
            },
            &mut rng(4)
        )
        .is_err()
    );
}

#[test]
fn a_joiner_with_an_ephemeral_of_low_order_gets_no_answer() {
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let prologue = |tag: &Tag| invited::meeting_prologue(tag, &[7; 16]);
    let flight = low_order_flight(
        "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
        &tag_key,
        &psk,
        prologue,
        None,
    );
    let (key, _) = device(9);
    let invited = arrive(&flight, &tag_key).open_invited(&key, &[7; 16], &psk, &mut rng(3));
    // Message 1 agrees on nothing yet: the zero key fails only the answer.
    assert!(invited.unwrap().answer(&mut rng(4)).is_err());
}

/// Whether each bit of these texts of equal length is set about half of the time.
fn looks_random(texts: &[Vec<u8>]) -> bool {
    let expected = texts.len() as f64 / 2.0;
    let tolerance = 5.5 * (texts.len() as f64 / 4.0).sqrt();
    let bits = texts[0].len() * 8;
    (0..bits).all(|bit| {
        let ones = texts
            .iter()
            .filter(|text| text[bit / 8] >> (bit % 8) & 1 == 1)
            .count();
        (ones as f64 - expected).abs() < tolerance
    })
}

#[test]
fn handshakes_look_random_and_without_the_mask_they_would_not() {
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let ((alice_key, alice), (bob_key, bob)) = (device(1), device(2));
    let rng = &mut rng(5);
    let (mut masked, mut unmasked, mut answers, mut lengths) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for counter in 1..=300 {
        let counted = Counted {
            incarnation: 1,
            counter,
        };
        let (_, flight) =
            Dialling::new(&alice_key, &alice, &bob, &tag_key, &psk, counted, rng).unwrap();
        let whole = arrive(&flight, &tag_key);
        masked.push(flight[..tag::LEN + MESSAGE_1_LEN].to_vec());
        unmasked.push(whole.0.message.to_vec());
        lengths.push(flight.len());
        if counter <= 150 {
            let (answer, _) = whole
                .open(&bob_key, &bob, &alice, [&psk], rng)
                .unwrap()
                .answer(rng)
                .unwrap();
            answers.push(answer[..48].to_vec());
        }
    }
    assert!(looks_random(&masked));
    assert!(looks_random(&answers));
    assert!(
        !looks_random(&unmasked),
        "the check sees the top bit of a bare X25519 key"
    );
    lengths.sort_unstable();
    assert!(lengths[0] >= 96 && lengths[299] <= 96 + 255);
    assert!(lengths[299] - lengths[0] > 200, "lengths are spread");
}

#[test]
fn meetings_look_random() {
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let ((joiner, _), (inviter, _)) = (device(1), device(2));
    let rng = &mut rng(6);
    let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..120 {
        let (joining, flight) = Joining::new(&joiner, &[7; 16], &tag_key, &psk, rng);
        first.push(flight[..96].to_vec());
        let invited = arrive(&flight, &tag_key)
            .open_invited(&inviter, &[7; 16], &psk, rng)
            .unwrap();
        let (flight, _) = invited.answer(rng).unwrap();
        second.push(flight[..96].to_vec());
        let Progress::Done((flight, _)) = joining.receive(&mut flight.into(), rng).unwrap() else {
            panic!("whole")
        };
        third.push(flight[..64].to_vec());
    }
    for flights in [first, second, third] {
        assert!(looks_random(&flights));
    }
}

#[test]
fn states_print_nothing_of_themselves() {
    let (tag_key, psk) = (TagKey::from_bytes([1; 32]), Psk::from_bytes([2; 32]));
    let (key, alice) = device(1);
    let (_, bob) = device(2);
    let counted = Counted {
        incarnation: 1,
        counter: 1,
    };
    let (dialling, flight) =
        Dialling::new(&key, &alice, &bob, &tag_key, &psk, counted, &mut rng(1)).unwrap();
    assert_eq!(
        format!("{dialling:?} {:?} {alice:?}", arrive(&flight, &tag_key)),
        "Dialling(..) Whole(..) Party(..)"
    );
    assert_eq!(
        format!("{tag_key:?} {psk:?} {key:?} {:?}", key.public()),
        "TagKey(..) Psk(..) StaticKey(..) PublicKey(..)"
    );
}
