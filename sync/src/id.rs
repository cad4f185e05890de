//! Names of people, devices, logs, spaces and entries (`docs/PROTOCOL.md` section 2).

use std::fmt;

/// An identity: a person's Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(pub [u8; 32]);

/// A device: 16 bytes derived from its signing key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 16]);

/// A random number drawn each time a store is opened, so that no number is ever used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// A shared conversation, named by a hash of its secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceId(pub [u8; 16]);

/// A log within a space: what one device wrote during one opening of its store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LogId {
    /// The writing device.
    pub device: DeviceId,
    /// The opening of its store.
    pub incarnation: Incarnation,
}

/// The number of an entry within its log, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seq(pub u64);

/// Logical time: 1 + the highest that the entry links to. Recomputed by everyone, never sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Lamport(pub u64);

/// One entry of a space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryId {
    /// Its log.
    pub log: LogId,
    /// Its number there.
    pub seq: Seq,
}

// Ids name people and devices, so they print nothing: a log file must not tell who talks to whom.
macro_rules! redacted {
    ($($id:ident),*) => {$(
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($id), "(..)"))
            }
        }
    )*};
}
redacted!(IdentityId, DeviceId, Incarnation, SpaceId);
