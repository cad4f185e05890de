//! Bundles: sealed, padded one-way messages, used when no session is possible (`docs/PROTOCOL.md` section 12).
//!
//! ```text
//! 0            32       40      44           48        64                112
//! | tag        | length | age   | lifetime   | release | Noise message   | chunks ...
//! | 16 + 16    | u64    | s u32 | s u32      | hash 16 | 48              | at most 65,535 each
//! ```

mod opening;

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::cryptography::Cryptography;
use crate::handshake::{Direction, VERSION};
use crate::keys::{BundlePsk, BundleTagKey, PublicKey, StaticKey, kdf, truncated};
use crate::noise::{Beginning, Handshake, Pattern, TAG_LEN};
use crate::padding::padme;
use crate::session::{MAX_ITEM, MAX_RECORD};
use crate::tag::{self, Tag, Use};

pub use self::opening::{BundleItem, Contents, Items, Opening, open};

/// The longest bundle, in bytes.
pub const MAX_BUNDLE: usize = 64 << 20;
/// The longest lifetime of a bundle, in seconds: 28 days.
pub const MAX_LIFETIME_S: u32 = 28 * 24 * 3_600;
/// How long a device announces the same prekey, in seconds: a quarter of the longest lifetime.
pub const PREKEY_ROTATION_S: u32 = MAX_LIFETIME_S / 4;
/// How many private prekeys a device keeps.
pub const MAX_PREKEYS: usize = 8;
/// Length of the header of a bundle, in bytes.
pub const HEADER_LEN: usize = MESSAGE_AT + MESSAGE_LEN;

const LENGTH_AT: usize = tag::LEN;
const AGE_AT: usize = LENGTH_AT + 8;
const LIFETIME_AT: usize = AGE_AT + 4;
const RELEASE_AT: usize = LIFETIME_AT + 4;
const MESSAGE_AT: usize = RELEASE_AT + RELEASE_LEN;
/// Length of a release value and of its hash, in bytes.
const RELEASE_LEN: usize = 16;
/// Noise message: an ephemeral key and the tag of an empty payload.
const MESSAGE_LEN: usize = 48;
/// The shortest padded payload.
const MIN_PAYLOAD: usize = 1_024;
/// The payload of one chunk.
const CHUNK: usize = MAX_RECORD;
/// The item kind for padding.
const PADDING: u64 = 0;

/// The item does not fit into the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the item does not fit into the bundle")]
pub struct Full;

/// Why a bundle cannot be opened: the fault of its sender or of a carrier of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// Cut short, too long, or with impossible fields.
    #[error("not a whole bundle")]
    Malformed,
    /// No prekey opens it; the sender needs a fresh one.
    #[error("a bundle that no prekey opens")]
    NoPrekey,
    /// A prekey opens it, but somebody altered it or it holds no items.
    #[error("an altered bundle")]
    Altered,
}

/// A bundle under construction.
pub struct Draft {
    tag: Tag,
    release: [u8; RELEASE_LEN],
    pad: bool,
    payload: Zeroizing<Vec<u8>>,
    max_length: usize,
}

impl Draft {
    /// Starts a bundle of at most `max_length` bytes (and never more than [`MAX_BUNDLE`]).
    pub fn new(
        tag_key: &BundleTagKey,
        direction: Direction,
        max_length: usize,
        cryptography: Cryptography,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let tag = Tag::random(
            tag_key.as_bytes(),
            Use::Bundle,
            direction,
            cryptography,
            rng,
        );
        let mut release = [0; RELEASE_LEN];
        rng.fill_bytes(&mut release);
        Self {
            tag,
            release,
            pad: true,
            payload: Zeroizing::default(),
            max_length: max_length.min(MAX_BUNDLE),
        }
    }

    /// The tag, which the sync uses in place of a session's hash.
    #[must_use]
    pub fn tag(&self) -> &[u8; 32] {
        self.tag.as_bytes()
    }

    /// The value with which the receiver later proves that it opened the bundle. The caller must put it into an item;
    /// the header shows its hash.
    #[must_use]
    pub fn release(&self) -> &[u8; RELEASE_LEN] {
        &self.release
    }

    /// Leaves out the padding: for simulations, in which a bundle stands for more bytes than it has.
    #[must_use]
    pub fn without_padding(mut self) -> Self {
        self.pad = false;
        self
    }

    /// Whether it holds no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// The bytes of its items so far.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.payload.len()
    }

    /// Appends an item; its kind must not be 0, which means padding.
    ///
    /// # Errors
    /// It does not fit; the bundle stays unchanged.
    pub fn push(&mut self, kind: u64, content: &[u8]) -> Result<(), Full> {
        debug_assert_ne!(kind, PADDING, "no item has kind 0");
        let (mut kind_buffer, mut length_buffer) = (
            unsigned_varint::encode::u64_buffer(),
            unsigned_varint::encode::usize_buffer(),
        );
        let kind = unsigned_varint::encode::u64(kind, &mut kind_buffer);
        let length = unsigned_varint::encode::usize(content.len(), &mut length_buffer);
        let filled = self.payload.len() + kind.len() + length.len() + content.len();
        if kind.len() + content.len() > MAX_ITEM
            || sealed_len(self.padded(filled)) > self.max_length
        {
            return Err(Full);
        }
        for part in [kind, length, content] {
            self.payload.extend_from_slice(part);
        }
        Ok(())
    }

    /// Pads and seals it, from the sender's device key to a prekey of the receiver.
    ///
    /// # Errors
    /// No bundle can be sealed to this prekey.
    pub fn seal(
        mut self,
        from: &StaticKey,
        prekey: &PublicKey,
        psk: &BundlePsk,
        lifetime_s: u32,
        rng: &mut impl CryptoRng,
    ) -> Result<Bytes, BundleFault> {
        let padded = self.padded(self.payload.len());
        self.payload.resize(padded, 0);
        let header = Header {
            tag: self.tag,
            length: sealed_len(padded),
            age_s: 0,
            lifetime_s: lifetime_s.min(MAX_LIFETIME_S),
            release: release_hash(&self.release),
        };
        let beginning = Beginning {
            pattern: Pattern::Bundle,
            prologue: &header.prologue(),
            psk: psk.as_bytes(),
            peer: Some(prekey),
        };
        let mut noise = Handshake::initiator(&beginning, from, rng);
        let mut bundle = BytesMut::with_capacity(header.length);
        header.write(&mut bundle);
        bundle.resize(HEADER_LEN, 0);
        noise
            .write(&[], &mut bundle[MESSAGE_AT..])
            .map_err(|_| BundleFault::Malformed)?;
        let finished = noise.finish();
        let mut noise = finished.expect("one message finishes this pattern").noise;
        for chunk in self.payload.chunks(CHUNK) {
            let start = bundle.len();
            bundle.resize(start + chunk.len() + TAG_LEN, 0);
            noise
                .write(chunk, &mut bundle[start..])
                .expect("a chunk fits a message");
        }
        Ok(bundle.freeze())
    }

    /// Length of a payload of this many bytes with its padding.
    fn padded(&self, payload: usize) -> usize {
        if self.pad {
            padme(payload.max(MIN_PAYLOAD))
        } else {
            payload
        }
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("length", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// The part of a bundle that its carriers can read.
#[derive(Clone, Copy)]
pub struct Header {
    tag: Tag,
    length: usize,
    age_s: u32,
    lifetime_s: u32,
    release: [u8; RELEASE_LEN],
}

impl Header {
    /// Parses the header of a bundle; `bundle` must hold at least its first [`HEADER_LEN`] bytes.
    ///
    /// # Errors
    /// [`BundleFault::Malformed`].
    pub fn parse(bundle: &[u8]) -> Result<Self, BundleFault> {
        let mut fields = bundle.get(..HEADER_LEN).ok_or(BundleFault::Malformed)?;
        let mut tag = [0; tag::LEN];
        fields.copy_to_slice(&mut tag);
        let length = usize::try_from(fields.get_u64()).map_err(|_| BundleFault::Malformed)?;
        let (age_s, lifetime_s) = (fields.get_u32(), fields.get_u32());
        let mut release = [0; RELEASE_LEN];
        fields.copy_to_slice(&mut release);
        let possible = payload_len(length).is_some_and(|payload| payload > 0);
        if !possible || length > MAX_BUNDLE || lifetime_s > MAX_LIFETIME_S {
            return Err(BundleFault::Malformed);
        }
        Ok(Self {
            tag: Tag::from_bytes(tag),
            length,
            age_s,
            lifetime_s,
            release,
        })
    }

    /// The tag; a receiver accepts it once, and the sync uses it in place of a session's hash.
    #[must_use]
    pub fn tag(&self) -> &[u8; 32] {
        self.tag.as_bytes()
    }

    /// Length of the whole bundle, in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// How long it has travelled by the clocks of its carriers, in seconds.
    #[must_use]
    pub fn age_s(&self) -> u32 {
        self.age_s
    }

    /// How long it may travel, in seconds.
    #[must_use]
    pub fn lifetime_s(&self) -> u32 {
        self.lifetime_s
    }

    /// Hash of the value that the receiver publishes once it has taken the bundle in.
    #[must_use]
    pub fn release(&self) -> &[u8; RELEASE_LEN] {
        &self.release
    }

    /// Whether carriers may drop it.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.age_s >= self.lifetime_s
    }

    /// Finds the sender among contacts' devices.
    #[must_use]
    pub fn recognise<'k, K>(
        &self,
        candidates: impl IntoIterator<Item = (K, &'k BundleTagKey, Direction)>,
    ) -> Option<K> {
        recognise(self.tag.as_bytes(), candidates)
    }

    fn write(&self, out: &mut BytesMut) {
        out.extend_from_slice(self.tag.as_bytes());
        out.extend_from_slice(&(self.length as u64).to_be_bytes());
        out.extend_from_slice(&self.age_s.to_be_bytes());
        out.extend_from_slice(&self.lifetime_s.to_be_bytes());
        out.extend_from_slice(&self.release);
    }

    /// Everything that must arrive unchanged: all fields except the age.
    fn prologue(&self) -> Vec<u8> {
        let mut prologue = vec![VERSION];
        prologue.extend_from_slice(self.tag.as_bytes());
        prologue.extend_from_slice(&(self.length as u64).to_be_bytes());
        prologue.extend_from_slice(&self.lifetime_s.to_be_bytes());
        prologue.extend_from_slice(&self.release);
        prologue
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The [`hint`](BundleTagKey::hint) in the tag of a sized bundle; in a real one these bytes mean nothing.
#[cfg(feature = "sized")]
#[must_use]
pub fn sized_hint(tag: &[u8; tag::LEN]) -> [u8; 8] {
    Tag::from_bytes(*tag).hint()
}

/// Whether this tag key made the tag of this sized bundle.
#[cfg(feature = "sized")]
#[must_use]
pub fn is_sized_by(tag: &[u8; tag::LEN], key: &BundleTagKey, direction: Direction) -> bool {
    Tag::from_bytes(*tag).is_sized_by(key.as_bytes(), Use::Bundle, direction)
}

/// Adds the time for which the caller carried a bundle to its age.
///
/// # Errors
/// [`BundleFault::Malformed`].
pub fn add_age(bundle: &mut [u8], seconds: u32) -> Result<(), BundleFault> {
    let age = bundle
        .get_mut(AGE_AT..LIFETIME_AT)
        .ok_or(BundleFault::Malformed)?;
    let now = (&age[..]).get_u32().saturating_add(seconds);
    age.copy_from_slice(&now.to_be_bytes());
    Ok(())
}

/// Finds the sender of a bundle among contacts' devices, by its tag.
#[must_use]
pub fn recognise<'k, K>(
    tag: &[u8; tag::LEN],
    candidates: impl IntoIterator<Item = (K, &'k BundleTagKey, Direction)>,
) -> Option<K> {
    let tag = Tag::from_bytes(*tag);
    candidates
        .into_iter()
        .find(|(_, key, direction)| tag.is_by(key.as_bytes(), Use::Bundle, *direction))
        .map(|(who, ..)| who)
}

/// The public hash of a release value.
#[must_use]
pub fn release_hash(release: &[u8; RELEASE_LEN]) -> [u8; RELEASE_LEN] {
    truncated(&kdf("hedgerow 1 release", &[release]))
}

/// Length of a bundle with this padded payload.
fn sealed_len(payload: usize) -> usize {
    HEADER_LEN + payload + payload.div_ceil(CHUNK) * TAG_LEN
}

/// Length of the padded payload of a bundle of this length, if a bundle can have it.
fn payload_len(bundle: usize) -> Option<usize> {
    let chunks = bundle.checked_sub(HEADER_LEN)?;
    let tags = chunks.div_ceil(CHUNK + TAG_LEN) * TAG_LEN;
    chunks
        .checked_sub(tags)
        .filter(|payload| sealed_len(*payload) == bundle)
}
