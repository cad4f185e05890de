//! One signed operation of a control log (`docs/PROTOCOL.md` section 4a).

use std::collections::BTreeMap;
use std::fmt;

use crate::id::{DeviceId, Incarnation, Seq};
use crate::membership::encoding::{self, OperationError};
use crate::membership::level::Level;

/// Most operations that one operation links to.
pub const MAX_OPERATION_LINKS: usize = 32;
/// Most people with whom a group is founded.
pub const MAX_FOUNDERS: usize = 250;
/// Most logs of its target that a lowering names.
pub const MAX_HELD: usize = 1_024;
/// The shortest timer of messages that disappear, in seconds.
pub const MIN_TIMER_S: u64 = 60;
/// The longest timer of messages that disappear, in seconds: a year.
pub const MAX_TIMER_S: u64 = 365 * 24 * 60 * 60;

/// Who acts in a group: the Ed25519 public key that a device drew for this group. A second device of a person is a
/// second key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey(pub [u8; 32]);

impl MemberKey {
    /// The name of this key in the names of the logs that it signs.
    pub fn device(&self) -> DeviceId {
        let hash = blake3::derive_key("hedgerow 1 member id", &self.0);
        let mut device = [0; 16];
        device.copy_from_slice(&hash[..16]);
        DeviceId(device)
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberKey(..)")
    }
}

/// The name of an operation: a hash of everything in it but the signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub [u8; 32]);

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperationId(..)")
    }
}

/// How far the author of a lowering holds the logs of its target. A group keeps showing the entries up to there.
pub type Held = BTreeMap<Incarnation, Seq>;

/// A group of which another one is the continuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continued {
    /// The operation that founded it.
    pub root: OperationId,
    /// Its newest operations, as its continuer knew them.
    pub version: Vec<OperationId>,
}

/// How a group begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Founding {
    /// Under rule set 1.
    Line {
        /// The people of the first hour, in order of rank. The first is the author.
        people: Vec<(MemberKey, Level)>,
        /// The group that this one continues.
        continues: Option<Continued>,
    },
    /// Under rules that this version does not know: such a group is kept and passed on, and not judged.
    Unknown {
        /// The number of the rules.
        rules: u8,
        /// What they are about.
        content: Vec<u8>,
    },
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Founds the group. Its id is the name of the group.
    Create(Founding),
    /// Gives a key a level.
    Set {
        /// The key.
        who: MemberKey,
        /// Its level from then on.
        level: Level,
        /// If that lowers it: what the author holds of its logs.
        held: Held,
    },
    /// The author's level becomes none.
    Leave {
        /// What there is of the author's logs.
        held: Held,
    },
    /// Says nothing but what its author knows.
    Seen,
    /// Sets the timer of what is written from then on.
    Timer {
        /// From [`MIN_TIMER_S`] to [`MAX_TIMER_S`]; 0: nothing disappears.
        seconds: u64,
    },
    /// Of a kind that this version does not know: no effect, but an act of its author.
    Unknown {
        /// The kind.
        kind: u8,
        /// What it says.
        content: Vec<u8>,
    },
}

/// An operation without its signature. Its links, and so everything that its author knew, are part of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    id: OperationId,
    author: MemberKey,
    links: Vec<OperationId>,
    act: Act,
}

impl Operation {
    /// An operation that links to `links`, whose order does not matter. Its author's last one must be among them or
    /// before one of them. Errors if it breaks a bound of `docs/PROTOCOL.md` section 4a.
    pub fn new(
        author: MemberKey,
        mut links: Vec<OperationId>,
        act: Act,
    ) -> Result<Operation, OperationError> {
        links.sort_unstable();
        links.dedup();
        let core = encoding::core(author, &links, &act)?;
        Ok(Operation {
            id: encoding::id_of(&core),
            author,
            links,
            act,
        })
    }

    /// For the decoder, which has checked all of it.
    pub(super) fn checked(
        id: OperationId,
        author: MemberKey,
        links: Vec<OperationId>,
        act: Act,
    ) -> Operation {
        Operation {
            id,
            author,
            links,
            act,
        }
    }

    /// Its name.
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// The key that signs it.
    pub fn author(&self) -> MemberKey {
        self.author
    }

    /// The newest operations that its author knew, in the order of their ids; none of the first one.
    pub fn links(&self) -> &[OperationId] {
        &self.links
    }

    /// What it does.
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The key whose level it sets, and the level.
    pub(super) fn sets(&self) -> Option<(MemberKey, Level)> {
        match &self.act {
            Act::Set { who, level, .. } => Some((*who, *level)),
            Act::Leave { .. } => Some((self.author, Level::NONE)),
            Act::Create(_) | Act::Seen | Act::Timer { .. } | Act::Unknown { .. } => None,
        }
    }

    /// What it holds of the logs of its target.
    pub(super) fn held(&self) -> Option<&Held> {
        match &self.act {
            Act::Set { held, .. } | Act::Leave { held } => Some(held),
            Act::Create(_) | Act::Seen | Act::Timer { .. } | Act::Unknown { .. } => None,
        }
    }
}
