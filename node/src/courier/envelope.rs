//! The part of a bundle that its carriers can read (`docs/PROTOCOL.md` section 12a).

use std::fmt;

use minicbor::{Decode, Encode};

/// Names a bundle: nonce ‖ MAC, used once. Only sender and recipient recognise it as theirs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Tag(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// Proves that the recipient has taken in a bundle: sealed inside it, so nobody else knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Release(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl Release {
    /// The hash by which couriers check it.
    #[must_use]
    pub fn hash(&self) -> ReleaseHash {
        ReleaseHash(hedgerow_transport::bundle::release_hash(&self.0))
    }
}

/// The hash of a [`Release`], part of the envelope.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ReleaseHash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// Stands for a recipient if a policy must know one, as PRoPHET does. All bundles for an identity have the same
/// hint: the carrier of two of them learns that they go to one person, and a carrier that has that person's key
/// learns to whom. So bundles have none unless the sender's policy needs it.
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
    /// The bundle's name.
    #[n(0)]
    pub tag: Tag,
    /// Its length in bytes, with ghosts.
    #[n(1)]
    pub size: u64,
    /// How long couriers may carry it, in seconds.
    #[n(2)]
    pub lifetime_s: u32,
    /// How long couriers have carried it, in seconds, by their monotonic clocks.
    #[n(3)]
    pub age_s: u32,
    /// The hash by which couriers check its release.
    #[n(4)]
    pub release: ReleaseHash,
    /// Number of copies that its holder may still make or receives, including its own; 1 under policies that do not
    /// count.
    #[n(5)]
    pub copies: u32,
    /// Stands for the recipient, if the sender's policy needs it.
    #[n(6)]
    pub hint: Option<Hint>,
}

impl Envelope {
    /// Whether its lifetime is over, so that nobody needs to carry it.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.age_s >= self.lifetime_s
    }
}
