//! Stand-ins of the same sizes, for simulations of thousands of nodes. They keep nothing secret, but a wrong key, an
//! altered byte or a cut still fails where real cryptography fails.

use std::ops::RangeInclusive;

use rand_core::CryptoRng;
use snow::Error;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128, xxh3_128_with_seed};
use zeroize::Zeroizing;

use crate::beacon::{Beacon, Epoch};
use crate::carrier::CarrierKind;
use crate::handshake::Direction;
use crate::keys::{BeaconKey, PairBeaconKey, PublicKey};
use crate::noise::{self, Beginning, Finished, Pattern, TAG_LEN};

const KEY_LEN: usize = 32;

/// A 32-byte hash of its input.
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

/// An 8-byte hash of its input.
pub(crate) fn hash(input: &[u8], seed: u64) -> [u8; 8] {
    xxh3_64_with_seed(input, seed).to_be_bytes()
}

/// Fails where a key agreement with this key would fail.
fn usable(key: &[u8; KEY_LEN]) -> Result<(), Error> {
    match PublicKey(*key).is_usable() {
        true => Ok(()),
        false => Err(Error::Dh),
    }
}

/// Stands for a Noise handshake: messages of the same lengths, refused in the same cases. The public half of a key
/// equals the key.
pub(crate) struct Handshake {
    pattern: Pattern,
    initiates: bool,
    /// Hash of all that this side knows of the handshake so far.
    state: u128,
    me: [u8; KEY_LEN],
    peer: Option<[u8; KEY_LEN]>,
    /// Stands for this side's ephemeral key, if it has one.
    fresh: Option<[u8; KEY_LEN]>,
    /// Stands for the other side's ephemeral key, once it has arrived.
    theirs: [u8; KEY_LEN],
    /// Number of messages written and read.
    messages: u8,
}

impl Handshake {
    pub(crate) fn new(
        beginning: &Beginning<'_>,
        me: &PublicKey,
        initiates: bool,
        seed: Option<Zeroizing<[u8; KEY_LEN]>>,
    ) -> Self {
        let peer = beginning.peer.map(|peer| peer.0);
        let mut handshake = Self {
            pattern: beginning.pattern,
            initiates,
            state: beginning.pattern as u128,
            me: me.0,
            peer,
            fresh: seed.map(|seed| *seed),
            theirs: [0; KEY_LEN],
            messages: 0,
        };
        handshake.mix(beginning.prologue);
        handshake.mix(beginning.psk);
        if let Some(peer) = peer {
            let (first, second) = match initiates {
                true => (me.0, peer),
                false => (peer, me.0),
            };
            handshake.mix(&first);
            handshake.mix(&second);
        }
        handshake
    }

    fn mix(&mut self, input: &[u8]) {
        self.state = self.state.rotate_left(64) ^ xxh3_128_with_seed(input, self.state as u64);
    }

    /// Whether the next message carries an ephemeral key, and whether it carries the writer's static key.
    fn brings(&self) -> (bool, bool) {
        let is_meeting = matches!(self.pattern, Pattern::Meeting);
        (self.messages < 2, is_meeting && self.messages > 0)
    }

    /// Fails if a key of the other side that the next message uses is of low order. The first message of a meeting uses
    /// none.
    fn check(&self) -> Result<(), Error> {
        let is_meeting = matches!(self.pattern, Pattern::Meeting);
        if is_meeting && self.messages == 0 {
            return Ok(());
        }
        let has_come = self.messages > 0 || !self.initiates;
        if has_come {
            usable(&self.theirs)?;
        }
        self.peer.map_or(Ok(()), |peer| usable(&peer))
    }

    /// Appends to `out` from `at` a text that the other side can open if it has the same state; returns the end.
    fn seal(&mut self, text: &[u8], out: &mut [u8], at: usize) -> Result<usize, Error> {
        let end = at + text.len() + TAG_LEN;
        let out = out.get_mut(at..end).ok_or(Error::Input)?;
        let (sealed, tag) = out.split_at_mut(text.len());
        sealed.copy_from_slice(text);
        self.mix(text);
        tag.copy_from_slice(&self.state.to_be_bytes());
        Ok(end)
    }

    fn open<'m>(&mut self, sealed: &'m [u8]) -> Result<&'m [u8], Error> {
        let (text, tag) = sealed.split_last_chunk().ok_or(Error::Decrypt)?;
        self.mix(text);
        match self.state.to_be_bytes() == *tag {
            true => Ok(text),
            false => Err(Error::Decrypt),
        }
    }

    pub(crate) fn write(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (fresh, own) = self.brings();
        let mut at = 0;
        if fresh {
            let key = self.fresh.ok_or(Error::Rng)?;
            out.get_mut(..KEY_LEN)
                .ok_or(Error::Input)?
                .copy_from_slice(&key);
            self.mix(&key);
            at = KEY_LEN;
        }
        self.check()?;
        if own {
            let me = self.me;
            at = self.seal(&me, out, at)?;
        }
        let length = self.seal(payload, out, at)?;
        self.messages += 1;
        Ok(length)
    }

    pub(crate) fn read(&mut self, message: &[u8], payload: &mut [u8]) -> Result<usize, Error> {
        let (fresh, own) = self.brings();
        let mut rest = message;
        if fresh {
            let (key, behind) = rest.split_first_chunk().ok_or(Error::Input)?;
            self.theirs = *key;
            self.mix(key);
            rest = behind;
        }
        if own {
            let (sealed, behind) = rest
                .split_at_checked(KEY_LEN + TAG_LEN)
                .ok_or(Error::Input)?;
            self.peer = self.open(sealed)?.first_chunk().copied();
            rest = behind;
        }
        self.check()?;
        let text = self.open(rest)?;
        payload
            .get_mut(..text.len())
            .ok_or(Error::Decrypt)?
            .copy_from_slice(text);
        self.messages += 1;
        Ok(text.len())
    }

    pub(crate) fn finish(self) -> Option<Finished> {
        let messages = match self.pattern {
            Pattern::Session => 2,
            Pattern::Meeting => 3,
            Pattern::Bundle => 1,
        };
        let peer = PublicKey(self.peer.filter(|_| self.messages == messages)?);
        let name = self.state.to_be_bytes();
        let half = |from_initiator: bool| HalfSession {
            key: xxh3_64_with_seed(&name, from_initiator.into()),
            messages: 0,
        };
        Some(Finished {
            hash: digest(&name, 0),
            peer,
            noise: noise::Transport::Sized(Transport {
                outgoing: half(self.initiates),
                incoming: half(!self.initiates),
            }),
        })
    }
}

/// Stands for the transport after a handshake: copies the text, and adds a checksum over it, the keys and the number
/// of the message.
pub(crate) struct Transport {
    outgoing: HalfSession,
    incoming: HalfSession,
}

/// One direction.
struct HalfSession {
    key: u64,
    messages: u64,
}

impl HalfSession {
    fn tag(&self, text: &[u8]) -> [u8; TAG_LEN] {
        let key = u128::from(self.key) << 64 | u128::from(self.messages);
        (key ^ xxh3_128(text)).to_be_bytes()
    }

    fn rekey(&mut self) {
        self.key = xxh3_64_with_seed(&self.key.to_be_bytes(), 1);
    }
}

impl Transport {
    pub(crate) fn write(&mut self, text: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let length = text.len() + TAG_LEN;
        let out = out.get_mut(..length).ok_or(Error::Input)?;
        let (sealed, tag) = out.split_at_mut(text.len());
        sealed.copy_from_slice(text);
        tag.copy_from_slice(&self.outgoing.tag(text));
        self.outgoing.messages += 1;
        Ok(length)
    }

    pub(crate) fn read(&mut self, message: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (text, tag) = message.split_last_chunk().ok_or(Error::Decrypt)?;
        if self.incoming.tag(text) != *tag {
            return Err(Error::Decrypt);
        }
        out.get_mut(..text.len())
            .ok_or(Error::Decrypt)?
            .copy_from_slice(text);
        self.incoming.messages += 1;
        Ok(text.len())
    }

    pub(crate) fn rekey_outgoing(&mut self) {
        self.outgoing.rekey();
    }

    pub(crate) fn rekey_incoming(&mut self) {
        self.incoming.rekey();
    }
}

/// Stands for an ML-KEM-768 key pair.
pub(crate) struct KemSecret([u8; KEY_LEN]);

/// Lengths in ML-KEM-768.
const ENCAPSULATION_KEY_LEN: usize = 1_184;
const CIPHERTEXT_LEN: usize = 1_088;

impl KemSecret {
    pub(crate) fn generate(rng: &mut impl CryptoRng) -> (Self, Vec<u8>) {
        // Draws as many bytes as the seed of a real one.
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

/// Half of a beacon identifies its key, the other half its epoch.
const BEACON_NAME_LEN: usize = 4;

fn beacon_name(key: &BeaconKey) -> [u8; BEACON_NAME_LEN] {
    (xxh3_64_with_seed(key.as_bytes(), 0) as u32).to_be_bytes()
}

/// Makes the beacons of two carriers differ.
fn beacon_mask(carrier: CarrierKind) -> u32 {
    u32::from(carrier as u8) << 24
}

/// Stands for a device's beacon.
pub(crate) fn beacon(key: &BeaconKey, carrier: CarrierKind, epoch: Epoch) -> Beacon {
    let mut beacon = Beacon::default();
    let (name, when) = beacon.split_at_mut(BEACON_NAME_LEN);
    name.copy_from_slice(&beacon_name(key));
    when.copy_from_slice(&(epoch.0 as u32 ^ beacon_mask(carrier)).to_be_bytes());
    beacon
}

/// Stands for a pairwise beacon.
pub(crate) fn pair_beacon(
    key: &PairBeaconKey,
    carrier: CarrierKind,
    epoch: Epoch,
    direction: Direction,
) -> Beacon {
    let place = u64::from(carrier as u8) << 8 | u64::from(direction as u8);
    xxh3_64_with_seed(key.as_bytes(), epoch.0 << 16 | place).to_be_bytes()
}

/// The lowest and the highest beacon of a key.
pub(crate) fn beacons_of(key: &BeaconKey) -> RangeInclusive<Beacon> {
    let ends = [0, u8::MAX].map(|filled| {
        let mut end = [filled; 8];
        end[..BEACON_NAME_LEN].copy_from_slice(&beacon_name(key));
        end
    });
    ends[0]..=ends[1]
}

/// The epoch of a beacon of this carrier.
pub(crate) fn beacon_epoch(carrier: CarrierKind, beacon: Beacon) -> Epoch {
    let when = (u64::from_be_bytes(beacon) as u32) ^ beacon_mask(carrier);
    Epoch(when.into())
}
