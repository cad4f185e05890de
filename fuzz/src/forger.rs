//! A peer with real keys that seals whatever it likes. It is written from `docs/PROTOCOL.md` sections 7
//! and 12 on `snow` alone, so it also notices where the product leaves the document.

use hedgerow_transport::handshake::Direction;
use hedgerow_transport::keys::BundlePsk;
use hedgerow_transport::session::Session;
use snow::{Builder, TransportState};

use crate::devices::{FIRST, device, open, pair_keys, rng};

/// The dialling side of a session, below its frames.
pub struct Forger {
    noise: TransportState,
    length_key: [u8; 32],
    record: u64,
}

impl Forger {
    /// A session: the forger has dialled, the other side is the product's.
    pub fn dial() -> (Forger, Session) {
        let (me, peer, keys) = (device(1), device(2), pair_keys());
        let direction = [Direction::between(&me.party.device, &peer.party.device) as u8];
        let nonce = [5; 16];
        let mac = |label: &[u8]| {
            let mut hasher = blake3::Hasher::new_keyed(keys.tag.as_bytes());
            hasher.update(label).update(&nonce).update(&direction);
            hasher
        };
        let mut tag = nonce.to_vec();
        tag.extend_from_slice(&mac(b"tag").finalize().as_bytes()[..16]);
        let mut mask = [0; 65 + 49];
        mac(b"mask").finalize_xof().fill(&mut mask);

        let mut prologue = vec![1];
        prologue.extend_from_slice(&tag);
        for party in [&me.party, &peer.party] {
            prologue.extend_from_slice(&party.identity);
            prologue.extend_from_slice(&party.device);
        }
        let params = "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s".parse().unwrap();
        let mut noise = Builder::new(params)
            .prologue(&prologue)
            .and_then(|builder| builder.psk(0, keys.psk.as_bytes()))
            .and_then(|builder| builder.local_private_key(me.key.as_bytes()))
            .and_then(|builder| builder.remote_public_key(&peer.party.key.0))
            .and_then(|builder| {
                builder
                    .fixed_ephemeral_key_for_testing_only(&[6; 32])
                    .build_initiator()
            })
            .unwrap();
        let mut payload = FIRST.incarnation.to_be_bytes().to_vec();
        payload.extend_from_slice(&FIRST.counter.to_be_bytes());
        let mut message = [0; 64];
        noise.write_message(&payload, &mut message).unwrap();
        let mut flight = tag;
        flight.extend(message.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        flight.resize(96 + usize::from(mask[64]), 0);

        let rng = &mut rng(8);
        let opened = open(&flight, &me, &peer, &keys.tag, &[&keys.psk], rng)
            .expect("section 7 describes the first flight");
        let (answer, session) = opened.answer(rng).unwrap();
        let message: Vec<u8> = answer[..48]
            .iter()
            .zip(&mask[65..])
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        noise
            .read_message(&message, &mut [0; 48])
            .expect("section 7 describes the second flight");
        let hash: [u8; 32] = noise.get_handshake_hash().try_into().unwrap();
        let mut key = blake3::Hasher::new_derive_key("hedgerow 1 length");
        key.update(keys.psk.as_bytes()).update(&hash).update(&[0]);
        let forger = Forger {
            noise: noise.into_transport_mode().unwrap(),
            length_key: *key.finalize().as_bytes(),
            record: 0,
        };
        (forger, session)
    }

    /// A record with exactly this plaintext, at most 65,519 bytes.
    pub fn record(&mut self, plain: &[u8]) -> Vec<u8> {
        let length = (plain.len() + 16) as u16;
        let mask = blake3::keyed_hash(&self.length_key, &self.record.to_be_bytes());
        self.record += 1;
        let mut record: Vec<u8> = length
            .to_be_bytes()
            .iter()
            .zip(mask.as_bytes())
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        record.resize(2 + plain.len() + 16, 0);
        self.noise.write_message(plain, &mut record[2..]).unwrap();
        record
    }
}

/// A bundle from the first device of the tests to the second, whose device key serves as prekey, with
/// exactly this payload. Its payload must be one that some bundle has.
pub fn bundle(payload: &[u8]) -> Vec<u8> {
    let (me, peer) = (device(1), device(2));
    let mut head = vec![5; 16];
    let direction = [Direction::between(&me.party.device, &peer.party.device) as u8];
    let mut mac = blake3::Hasher::new_keyed(pair_keys().bundle_tag.as_bytes());
    mac.update(b"bundle").update(&head).update(&direction);
    head.extend_from_slice(&mac.finalize().as_bytes()[..16]);
    let length = (112 + payload.len() + payload.len().div_ceil(65_519) * 16) as u64;
    head.extend_from_slice(&length.to_be_bytes());
    let mut prologue = vec![1];
    prologue.extend_from_slice(&head);
    prologue.extend_from_slice(&1_000u32.to_be_bytes());
    prologue.extend_from_slice(&[7; 16]);
    head.extend_from_slice(&0u32.to_be_bytes());
    head.extend_from_slice(&1_000u32.to_be_bytes());
    head.extend_from_slice(&[7; 16]);
    let psk = bundle_psk();
    let params = "Noise_Kpsk0_25519_ChaChaPoly_BLAKE2s".parse().unwrap();
    let mut noise = Builder::new(params)
        .prologue(&prologue)
        .and_then(|builder| builder.psk(0, psk.as_bytes()))
        .and_then(|builder| builder.local_private_key(me.key.as_bytes()))
        .and_then(|builder| builder.remote_public_key(&peer.party.key.0))
        .and_then(|builder| {
            builder
                .fixed_ephemeral_key_for_testing_only(&[6; 32])
                .build_initiator()
        })
        .unwrap();
    let mut message = [0; 48];
    noise.write_message(&[], &mut message).unwrap();
    head.extend_from_slice(&message);
    let mut noise = noise.into_transport_mode().unwrap();
    for chunk in payload.chunks(65_519) {
        let start = head.len();
        head.resize(start + chunk.len() + 16, 0);
        noise.write_message(chunk, &mut head[start..]).unwrap();
    }
    head
}

/// The secret of the prekey of [`bundle`].
pub fn bundle_psk() -> BundlePsk {
    pair_keys().psk.for_prekey(&device(2).party.key)
}
