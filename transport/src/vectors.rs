//! External test vectors, run against the code that this crate really calls.

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::kem::KemSecret;
use crate::keys::{PublicKey, StaticKey, kdf, mac, xof};
use crate::noise::{Pattern, builder, cipher};

const PRIMITIVES: &str = include_str!("../vectors/primitives.txt");
const NOISE: &str = include_str!("../vectors/noise.txt");

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn key(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

/// The fields of each vector of this name.
fn vectors(name: &str) -> Vec<Vec<&'static str>> {
    let found: Vec<_> = PRIMITIVES
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .map(|fields| fields.split(' ').collect())
        .collect();
    assert!(!found.is_empty(), "no vectors of {name}");
    found
}

#[test]
fn x25519_agrees_as_in_rfc_7748() {
    for vector in vectors("x25519") {
        let shared = StaticKey::from_bytes(key(vector[0]))
            .agree(&PublicKey(key(vector[1])))
            .unwrap();
        assert_eq!(*shared, key(vector[2]));
    }
}

#[test]
fn x25519_refuses_every_public_key_of_low_order() {
    for vector in vectors("x25519_refused") {
        let public = PublicKey(key(vector[1]));
        assert!(
            StaticKey::from_bytes(key(vector[0]))
                .agree(&public)
                .is_none()
        );
        assert!(!public.is_usable());
    }
}

#[test]
fn chacha20_poly1305_seals_as_in_rfc_8439() {
    for vector in vectors("chacha20poly1305") {
        let mut cipher = cipher();
        cipher.set(&key(vector[0]));
        let nonce = u64::from_str_radix(vector[1], 16).unwrap();
        let (ad, plain, sealed) = (hex(vector[2]), hex(vector[3]), hex(vector[4]));
        let mut out = vec![0; sealed.len()];
        cipher.encrypt(nonce, &ad, &plain, &mut out);
        assert_eq!(out, sealed);
        let length = cipher.decrypt(nonce, &ad, &sealed, &mut out).unwrap();
        assert_eq!(out[..length], plain);
    }
}

#[test]
fn the_hash_helpers_are_blake3() {
    for vector in vectors("blake3") {
        let length = u32::from_str_radix(vector[0], 16).unwrap();
        let input: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let (keyed, derived) = (hex(vector[1]), hex(vector[2]));
        let mac_key = b"whats the Elvish word for friend";
        let (head, tail) = input.split_at(input.len() / 2);
        assert_eq!(mac(mac_key, &[head, tail]).as_bytes()[..], keyed[..32]);
        let mut extended = vec![0; keyed.len()];
        xof(mac_key, &[&input]).fill(&mut extended);
        assert_eq!(extended, keyed);
        let context = "BLAKE3 2019-12-27 16:29:52 test vectors context";
        assert_eq!(kdf(context, &[head, tail])[..], derived[..32]);
    }
}

#[test]
fn ml_kem_768_opens_known_ciphertexts() {
    for vector in vectors("ml_kem_768") {
        let (secret, encapsulation_key) = KemSecret::from_seed(&hex(vector[0]));
        assert_eq!(encapsulation_key, hex(vector[1]));
        assert_eq!(*secret.open(&hex(vector[2])).unwrap(), key(vector[3]));
    }
}

#[test]
fn noise_handshakes_match_other_implementations() {
    let mut seen = 0;
    for block in NOISE
        .split("\n\n")
        .filter(|block| block.contains("handshake="))
    {
        let field = |name: &str| {
            let line = block
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(hex_or_name)
        };
        let pattern = match field("handshake").unwrap() {
            name if name == b"Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s" => Pattern::Session,
            name if name == b"Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s" => Pattern::Meeting,
            name if name == b"Noise_Kpsk0_25519_ChaChaPoly_BLAKE2s" => Pattern::Bundle,
            _ => panic!("a vector of a handshake not used here"),
        };
        let statics = ["init_static", "resp_static"]
            .map(|name| StaticKey::from_bytes(field(name).unwrap().try_into().unwrap()));
        let ephemerals = ["init_ephemeral", "resp_ephemeral"].map(field);
        let (prologue, psk) = (
            field("prologue").unwrap(),
            field("psk").unwrap().try_into().unwrap(),
        );
        let known = !matches!(pattern, Pattern::Meeting);

        let mut sides = [0, 1].map(|me| {
            let seed = Some(Zeroizing::new([0; 32]));
            let mut side = builder(pattern, &statics[me], seed)
                .prologue(&prologue)
                .unwrap();
            side = side.psk(0, &psk).unwrap();
            let peer = statics[1 - me].public();
            if known {
                side = side.remote_public_key(&peer.0).unwrap();
            }
            if let Some(ephemeral) = &ephemerals[me] {
                side = side.fixed_ephemeral_key_for_testing_only(ephemeral);
            }
            if me == 0 {
                side.build_initiator().unwrap()
            } else {
                side.build_responder().unwrap()
            }
        });
        let mut messages = block
            .lines()
            .filter_map(|line| line.strip_prefix("message="))
            .map(|line| {
                let (payload, message) = line.split_once(' ').unwrap();
                (hex(payload), hex(message))
            });
        let (mut out, mut payload) = ([0; 256], [0; 256]);
        let mut from = 0;
        while !sides[0].is_handshake_finished() {
            let (plain, expected) = messages.next().unwrap();
            let length = sides[from].write_message(&plain, &mut out).unwrap();
            assert_eq!(out[..length], expected);
            let length = sides[1 - from]
                .read_message(&expected, &mut payload)
                .unwrap();
            assert_eq!(payload[..length], plain);
            from = 1 - from;
        }
        if let Some(hash) = field("hash") {
            assert_eq!(sides[0].get_handshake_hash(), hash);
        }
        let mut sides = sides.map(|side| side.into_transport_mode().unwrap());
        // The initiator sends the first record; in a one-way pattern it sends all.
        for (at, (plain, expected)) in messages.enumerate() {
            let from = if matches!(pattern, Pattern::Bundle) {
                0
            } else {
                at % 2
            };
            let length = sides[from].write_message(&plain, &mut out).unwrap();
            assert_eq!(out[..length], expected);
            let length = sides[1 - from]
                .read_message(&expected, &mut payload)
                .unwrap();
            assert_eq!(payload[..length], plain);
            seen += 1;
        }
    }
    assert!(seen >= 10, "the vectors hold transport messages");
}

/// A field is hexadecimal, except for the handshake's name.
fn hex_or_name(field: &str) -> Vec<u8> {
    HEXLOWER
        .decode(field.as_bytes())
        .unwrap_or_else(|_| field.as_bytes().to_vec())
}
