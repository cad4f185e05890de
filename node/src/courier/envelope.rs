//! What a bundle shows to whoever carries it (`docs/PROTOCOL.md` section 12a).

use std::fmt;

use minicbor::{Decode, Encode};

/// Names a bundle: nonce ‖ MAC, used once. Only its two ends can tell whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Tag(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// What proves that the recipient has taken in a bundle: sealed inside it, so that nobody else knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Release(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl Release {
    /// What couriers check it by.
    #[must_use]
    pub fn hash(&self) -> ReleaseHash {
        ReleaseHash(hedgerow_transport::bundle::release_hash(&self.0))
    }
}

/// The hash of a [`Release`], shown outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ReleaseHash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// Stands for a recipient where a policy must know one, as PRoPHET does. It is the same in all bundles
/// for an identity: whoever carries two of them knows that they go to one person, and whoever has that
/// person's key knows to whom. So bundles have none unless the sender's policy needs it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hint(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 8]);

impl Hint {
    /// The hint of an identity.
    #[must_use]
    pub fn of(identity: &[u8; 32]) -> Hint {
        let hash = blake3::derive_key("hedgerow 1 recipient hint", identity);
        Hint(*hash.first_chunk().expect("8 bytes of 32"))
    }
}

macro_rules! silent {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
silent!(Tag, Release, ReleaseHash, Hint);

/// A bundle without its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Envelope {
    /// Its name.
    #[n(0)]
    pub tag: Tag,
    /// Its length in bytes, of ghosts too.
    #[n(1)]
    pub size: u64,
    /// How long it is to be carried, in seconds.
    #[n(2)]
    pub lifetime_s: u32,
    /// How long it has been carried, in seconds, by the monotonic clocks of those who did.
    #[n(3)]
    pub age_s: u32,
    /// What its release is checked by.
    #[n(4)]
    pub release: ReleaseHash,
    /// How many copies of it its holder may still make or is given, its own included; for policies that
    /// do not count, 1.
    #[n(5)]
    pub copies: u32,
    /// For whom it is, if the sender's policy needs to say so.
    #[n(6)]
    pub hint: Option<Hint>,
}

impl Envelope {
    /// Whether nobody needs to carry it any more.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.age_s >= self.lifetime_s
    }
}
