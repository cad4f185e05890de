//! Names of people, devices, logs, spaces and entries (`docs/PROTOCOL.md` section 2).

use serde::{Deserialize, Serialize};
use std::fmt;

/// An identity: a person's Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(pub [u8; 32]);

/// A device: 16 bytes derived from its signing key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 16]);

/// A random number drawn each time a store is opened, so that no entry number is ever used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// A shared conversation; the id is a hash of its secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpaceId(pub [u8; 16]);

/// A log within a space: the entries of one device during one opening of its store.
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

/// Logical time: 1 + the highest that the entry links to. Everyone computes it; nobody sends it.
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

// Ids identify people and devices, so their `Debug` output is redacted: a log file must not reveal who talks to whom.
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
