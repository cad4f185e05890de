//! Stand-ins of the same sizes for simulations of thousands of nodes. Nothing here keeps anything
//! secret; a wrong key, an altered byte or a cut still fail where they would in earnest.

use std::ops::RangeInclusive;

use rand_core::CryptoRng;
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::beacon::{Beacon, Epoch};
use crate::carrier::CarrierKind;
use crate::handshake::Direction;
use crate::keys::{BeaconKey, PairBeaconKey, PublicKey};
use crate::noise::{Seeded, TAG_LEN};

/// What `snow` works with, and where its randomness comes from.
pub(crate) struct Resolver(pub Seeded);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(self.0.clone()))
    }

    fn resolve_dh(&self, _: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(Agreement([0; KEY_LEN])))
    }

    fn resolve_hash(&self, _: &HashChoice) -> Option<Box<dyn Hash>> {
        Some(Box::new(Gathered(Vec::new())))
    }

    fn resolve_cipher(&self, _: &CipherChoice) -> Option<Box<dyn Cipher>> {
        Some(Box::new(Checksum([0; KEY_LEN])))
    }
}

const KEY_LEN: usize = 32;

/// 32 bytes that name their input.
fn digest(input: &[u8], number: u64) -> [u8; KEY_LEN] {
    let mut digest = [0; KEY_LEN];
    for (half, seed) in digest
        .chunks_exact_mut(16)
        .zip([2 * number, 2 * number + 1])
    {
        half.copy_from_slice(&xxh3_128_with_seed(input, seed).to_be_bytes());
    }
    digest
}

/// Agrees on what both public keys give together. A private key is its public one.
struct Agreement([u8; KEY_LEN]);

impl Dh for Agreement {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        KEY_LEN
    }

    fn priv_len(&self) -> usize {
        KEY_LEN
    }

    fn set(&mut self, privkey: &[u8]) {
        self.0.copy_from_slice(privkey);
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        rng.try_fill_bytes(&mut self.0)
    }

    fn pubkey(&self) -> &[u8] {
        &self.0
    }

    fn privkey(&self) -> &[u8] {
        &self.0
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let (peer, out) = pubkey
            .first_chunk()
            .zip(out.first_chunk_mut::<KEY_LEN>())
            .ok_or(Error::Dh)?;
        // The encodings of points of low order begin with one of these; few others do.
        let beginnings = [
            [0x00, 0x00],
            [0x01, 0x00],
            [0x5f, 0x9c],
            [0xe0, 0xeb],
            [0xec, 0xff],
            [0xed, 0xff],
            [0xee, 0xff],
        ];
        let suspicious = beginnings.iter().any(|two| peer.starts_with(two));
        if suspicious && !PublicKey(*peer).is_usable() {
            return Err(Error::Dh);
        }
        let (low, high) = (self.0.min(*peer), self.0.max(*peer));
        let mut both = [0; 2 * KEY_LEN];
        both[..KEY_LEN].copy_from_slice(&low);
        both[KEY_LEN..].copy_from_slice(&high);
        *out = digest(&both, 0);
        Ok(())
    }
}

/// Gathers its input and makes a digest of it.
struct Gathered(Vec<u8>);

impl Hash for Gathered {
    fn name(&self) -> &'static str {
        "BLAKE2s"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        KEY_LEN
    }

    fn reset(&mut self) {
        self.0.clear();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        out[..KEY_LEN].copy_from_slice(&digest(&self.0, 0));
    }

    fn hkdf(
        &mut self,
        chaining_key: &[u8],
        input_key_material: &[u8],
        outputs: usize,
        out1: &mut [u8],
        out2: &mut [u8],
        out3: &mut [u8],
    ) {
        self.reset();
        self.input(chaining_key);
        self.input(input_key_material);
        for (out, number) in [out1, out2, out3].into_iter().take(outputs).zip(1..) {
            out[..KEY_LEN].copy_from_slice(&digest(&self.0, number));
        }
    }
}

/// Copies, and adds a checksum that depends on the key.
struct Checksum([u8; KEY_LEN]);

impl Checksum {
    fn tag(&self, nonce: u64, authtext: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
        let key = xxh3_64_with_seed(&self.0, nonce);
        let seed = xxh3_64_with_seed(authtext, key);
        xxh3_128_with_seed(text, seed).to_be_bytes()
    }
}

impl Cipher for Checksum {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; KEY_LEN]) {
        self.0 = *key;
    }

    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let (text, rest) = out.split_at_mut(plaintext.len());
        text.copy_from_slice(plaintext);
        rest[..TAG_LEN].copy_from_slice(&self.tag(nonce, authtext, plaintext));
        plaintext.len() + TAG_LEN
    }

    fn decrypt(
        &self,
        nonce: u64,
        authtext: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (text, tag) = ciphertext
            .split_last_chunk::<TAG_LEN>()
            .ok_or(Error::Decrypt)?;
        if self.tag(nonce, authtext, text) != *tag {
            return Err(Error::Decrypt);
        }
        out.get_mut(..text.len())
            .ok_or(Error::Decrypt)?
            .copy_from_slice(text);
        Ok(text.len())
    }
}

/// In place of an ML-KEM-768 key pair.
pub(crate) struct KemSecret([u8; KEY_LEN]);

/// The lengths of ML-KEM-768.
const ENCAPSULATION_KEY_LEN: usize = 1_184;
const CIPHERTEXT_LEN: usize = 1_088;

impl KemSecret {
    pub(crate) fn generate(rng: &mut impl CryptoRng) -> (Self, Vec<u8>) {
        // As much as the seed of a real one.
        let mut seed = [0; 2 * KEY_LEN];
        rng.fill_bytes(&mut seed);
        let key = digest(&seed, 0);
        let mut public = key.to_vec();
        public.resize(ENCAPSULATION_KEY_LEN, 0);
        (Self(key), public)
    }

    pub(crate) fn open(&self, ciphertext: &[u8]) -> Option<[u8; KEY_LEN]> {
        (ciphertext.len() == CIPHERTEXT_LEN).then(|| shared(&self.0, ciphertext))
    }
}

pub(crate) fn encapsulate(
    encapsulation_key: &[u8],
    rng: &mut impl CryptoRng,
) -> Option<(Vec<u8>, [u8; KEY_LEN])> {
    let (key, padding) = encapsulation_key.split_first_chunk()?;
    if encapsulation_key.len() != ENCAPSULATION_KEY_LEN || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut ciphertext = vec![0; CIPHERTEXT_LEN];
    rng.fill_bytes(&mut ciphertext[..KEY_LEN]);
    let shared = shared(key, &ciphertext);
    Some((ciphertext, shared))
}

fn shared(key: &[u8; KEY_LEN], ciphertext: &[u8]) -> [u8; KEY_LEN] {
    let mut both = digest(key, 1).to_vec();
    both.extend_from_slice(ciphertext);
    digest(&both, 2)
}

/// Half of a beacon names its key, the other half its epoch.
const BEACON_NAME_LEN: usize = 4;

fn beacon_name(key: &BeaconKey) -> [u8; BEACON_NAME_LEN] {
    (xxh3_64_with_seed(key.as_bytes(), 0) as u32).to_be_bytes()
}

/// What makes the beacons of two carriers differ.
fn beacon_mask(carrier: CarrierKind) -> u32 {
    u32::from(carrier as u8) << 24
}

/// In place of a device's beacon.
pub(crate) fn beacon(key: &BeaconKey, carrier: CarrierKind, epoch: Epoch) -> Beacon {
    let mut beacon = Beacon::default();
    let (name, when) = beacon.split_at_mut(BEACON_NAME_LEN);
    name.copy_from_slice(&beacon_name(key));
    when.copy_from_slice(&(epoch.0 as u32 ^ beacon_mask(carrier)).to_be_bytes());
    beacon
}

/// In place of a pairwise beacon.
pub(crate) fn pair_beacon(
    key: &PairBeaconKey,
    carrier: CarrierKind,
    epoch: Epoch,
    direction: Direction,
) -> Beacon {
    let place = u64::from(carrier as u8) << 8 | u64::from(direction as u8);
    xxh3_64_with_seed(key.as_bytes(), epoch.0 << 16 | place).to_be_bytes()
}

/// The first and the last of all beacons of a key.
pub(crate) fn beacons_of(key: &BeaconKey) -> RangeInclusive<Beacon> {
    let ends = [0, u8::MAX].map(|filled| {
        let mut end = [filled; 8];
        end[..BEACON_NAME_LEN].copy_from_slice(&beacon_name(key));
        end
    });
    ends[0]..=ends[1]
}

/// The epoch that a beacon of this carrier is of.
pub(crate) fn beacon_epoch(carrier: CarrierKind, beacon: Beacon) -> Epoch {
    let when = (u64::from_be_bytes(beacon) as u32) ^ beacon_mask(carrier);
    Epoch(when.into())
}
