//! Keys: one type for each secret, the three BLAKE3 helpers, and how keys derive from each other
//! (`docs/PROTOCOL.md` sections 1 and 2).

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::cryptography::Cryptography;

/// `KDF(label, input)`: `context` is the whole context string, "hedgerow 1 " and the label.
pub(crate) fn kdf(context: &str, input: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    derive(&hash_derive_key_context(context), input)
}

/// The same for a context string hashed before, which saves half of the work.
fn derive(context: &ContextKey, input: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_from_context_key(context);
    for part in input {
        hasher.update(part);
    }
    let output = Zeroizing::new(*hasher.finalize().as_bytes());
    hasher.zeroize();
    output
}

/// `MAC(key, input)`.
pub(crate) fn mac(key: &[u8; 32], input: &[&[u8]]) -> blake3::Hash {
    // The inputs that recognise contacts fit in one block, which hashes in half the time.
    let mut block = [0; blake3::BLOCK_LEN];
    let mut filled = 0;
    for part in input {
        let Some(room) = block.get_mut(filled..filled + part.len()) else {
            return keyed(key, input).finalize();
        };
        room.copy_from_slice(part);
        filled += part.len();
    }
    blake3::keyed_hash(key, &block[..filled])
}

/// `XOF of MAC(key, input)`.
pub(crate) fn xof(key: &[u8; 32], input: &[&[u8]]) -> blake3::OutputReader {
    keyed(key, input).finalize_xof()
}

fn keyed(key: &[u8; 32], input: &[&[u8]]) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in input {
        hasher.update(part);
    }
    hasher
}

/// The first `N` bytes of a hash.
pub(crate) fn truncated<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    *hash
        .first_chunk()
        .expect("no truncation here is longer than a hash")
}

/// 32 random bytes.
pub(crate) fn random_32(rng: &mut impl CryptoRng) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill_bytes(bytes.as_mut());
    bytes
}

// Every secret has 32 bytes, is erased when dropped, prints nothing and compares in constant time.
macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps these bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes, for the store and for key derivation.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}

secrets! {
    /// The result of a meeting for a pair of devices; the other keys of the pair derive from it, then it is erased.
    Root;
    /// The pre-shared key of a pair's sessions; the psk move replaces it (section 9).
    Psk;
    /// Opens a handshake of two devices of which one has lost newer psks (section 9). Never changes.
    RescueKey;
    /// Makes and recognises first flights (section 7).
    TagKey;
    /// Makes and recognises the tags of bundles (section 12).
    BundleTagKey;
    /// Makes the beacons by which two devices find each other after both rotated their beacon keys (section 11).
    PairBeaconKey;
    /// Makes the beacons that a device announces; the device gives it to its contacts (section 11).
    BeaconKey;
    /// The secret of a direct chat's space (section 2).
    SpaceSecret;
    /// Opens the bundles of one sender to one prekey: `KDF("bundle psk", psk ‖ prekey)` (section 12).
    BundlePsk;
    /// The one-time secret of an invitation (section 10).
    InvitationSecret;
    /// The secret half of an Ed25519 key pair, of an identity or a device (section 3).
    SigningSecret;
}

impl SigningSecret {
    /// The key pair. Computes the public half each time, which takes as long as a signature.
    #[must_use]
    pub fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }
}

impl InvitationSecret {
    /// A fresh one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(*random_32(rng))
    }

    /// The psk of the handshakes that the invitation opens.
    #[must_use]
    pub fn psk(&self) -> Psk {
        Psk(*kdf("hedgerow 1 invitation psk", &[&self.0]))
    }

    /// The tag key of the handshakes that the invitation opens.
    #[must_use]
    pub fn tag_key(&self) -> TagKey {
        TagKey(*kdf("hedgerow 1 invitation tag", &[&self.0]))
    }
}

impl BeaconKey {
    /// A fresh one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(*random_32(rng))
    }
}

impl RescueKey {
    /// As the psk of a handshake that only restores the psk of the pair (section 9).
    #[must_use]
    pub fn as_psk(&self) -> Psk {
        Psk(self.0)
    }
}

impl Psk {
    /// The secret to store with a prekey, so that a later bundle needs no psk (section 12).
    #[must_use]
    pub fn for_prekey(&self, prekey: &PublicKey) -> BundlePsk {
        BundlePsk(*derive(&BUNDLE_PSK, &[&self.0, &prekey.0]))
    }
}

/// Used for every contact with every prekey, so its context is hashed once.
static BUNDLE_PSK: LazyLock<ContextKey> =
    LazyLock::new(|| hash_derive_key_context("hedgerow 1 bundle psk"));

/// What two devices share after a meeting (section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairKeys {
    /// The first psk, number 0.
    pub psk: Psk,
    /// The rescue key.
    pub rescue: RescueKey,
    /// The tag key.
    pub tag: TagKey,
    /// The bundle tag key.
    pub bundle_tag: BundleTagKey,
    /// The pair beacon key.
    pub pair_beacon: PairBeaconKey,
    /// The secret of the direct chat's space, if this is the first pair of devices of two identities.
    pub direct_space: SpaceSecret,
}

impl PairKeys {
    /// Derives all of them and erases the root.
    #[must_use]
    pub fn derive(root: Root) -> Self {
        let from = |context| *kdf(context, &[&root.0]);
        Self {
            psk: Psk(from("hedgerow 1 psk")),
            rescue: RescueKey(from("hedgerow 1 rescue")),
            tag: TagKey(from("hedgerow 1 tag")),
            bundle_tag: BundleTagKey(from("hedgerow 1 bundle tag")),
            pair_beacon: PairBeaconKey(from("hedgerow 1 pair beacon")),
            direct_space: SpaceSecret(from("hedgerow 1 direct space")),
        }
    }
}

#[cfg(feature = "sized")]
impl PairKeys {
    /// Draws all of them, as for two devices that never met: for measurements and very large simulations.
    #[must_use]
    pub fn drawn(rng: &mut impl CryptoRng) -> Self {
        Self {
            psk: Psk(*random_32(rng)),
            rescue: RescueKey(*random_32(rng)),
            tag: TagKey(*random_32(rng)),
            bundle_tag: BundleTagKey(*random_32(rng)),
            pair_beacon: PairBeaconKey(*random_32(rng)),
            direct_space: SpaceSecret(*random_32(rng)),
        }
    }
}

/// An X25519 public key. Its `Debug` output is redacted, since it identifies a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl PublicKey {
    /// Whether an agreement with it can be secret: false for the few keys of low order.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        // Every encoding of a point of low order begins with one of these; few others do.
        const SUSPICIOUS: [[u8; 2]; 7] = [
            [0x00, 0x00],
            [0x01, 0x00],
            [0x5f, 0x9c],
            [0xe0, 0xeb],
            [0xec, 0xff],
            [0xed, 0xff],
            [0xee, 0xff],
        ];
        if !SUSPICIOUS.iter().any(|two| self.0.starts_with(two)) {
            return true;
        }
        let any = StaticSecret::from([1; 32]);
        any.diffie_hellman(&x25519_dalek::PublicKey::from(self.0))
            .was_contributory()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(..)")
    }
}

/// A long-lived X25519 key pair: a device key or a prekey.
#[derive(Clone)]
pub struct StaticKey {
    secret: StaticSecret,
    /// Computed on first use: the store reads many keys for every one that is used.
    public: OnceLock<PublicKey>,
    cryptography: Cryptography,
}

impl StaticKey {
    /// A fresh one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self::from_bytes(*random_32(rng))
    }

    /// The key that these secret bytes are.
    #[must_use]
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        Self {
            secret: StaticSecret::from(secret),
            public: OnceLock::new(),
            cryptography: Cryptography::Real,
        }
    }

    /// The same key with its public half, which the caller already knows.
    #[must_use]
    pub fn known_by(self, public: PublicKey) -> Self {
        Self {
            public: public.into(),
            ..self
        }
    }

    /// The same key for this cryptography, which then applies to everything made or opened with it.
    #[must_use]
    pub fn under(self, cryptography: Cryptography) -> Self {
        Self {
            cryptography,
            ..self
        }
    }

    /// The cryptography that it is for.
    #[must_use]
    pub fn cryptography(&self) -> Cryptography {
        self.cryptography
    }

    /// The secret bytes, for the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        *self.shown()
    }

    fn shown(&self) -> &PublicKey {
        let public = || PublicKey(x25519_dalek::PublicKey::from(&self.secret).to_bytes());
        self.public.get_or_init(public)
    }

    pub(crate) fn public_bytes(&self) -> &[u8; 32] {
        &self.shown().0
    }

    /// X25519; `None` if the result would be all zeros, as a public key of low order makes it.
    pub(crate) fn agree(&self, peer: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
        let shared = self
            .secret
            .diffie_hellman(&x25519_dalek::PublicKey::from(peer.0));
        shared
            .was_contributory()
            .then(|| Zeroizing::new(shared.to_bytes()))
    }
}

impl fmt::Debug for StaticKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticKey(..)")
    }
}
