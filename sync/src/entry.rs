//! Entries: a header (links, wall time) and a detachable body (`docs/PROTOCOL.md` section 4).

use std::fmt;

use bytes::Bytes;

use crate::id::EntryId;

/// Bytes of one encoded body, at most.
pub const MAX_BODY: usize = 66_560;
/// Explicit links of one entry, at most.
pub const MAX_LINKS: usize = 32;

/// What an entry says. It can leave its entry, which keeps its place in the log. Prints its length
/// alone.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// An encoded body.
    Bytes(Bytes),
    /// Absent: never held here, deleted or expired.
    Gap,
    /// Stands for so many bytes in a simulation, which moves none.
    Ghost {
        /// How many bytes it stands for.
        length: u64,
        /// Tells one from another.
        id: u64,
    },
}

impl Body {
    /// Bytes that it holds or stands for.
    pub fn length(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Gap => 0,
            Body::Ghost { length, .. } => *length,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Body::Gap => f.write_str("Gap"),
            Body::Ghost { length, .. } => write!(f, "Ghost({length} bytes)"),
        }
    }
}

/// An entry without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The newest entries of other logs that its author held and had not linked to, directly or not.
    pub links: Vec<EntryId>,
    /// When its author says it was written, Unix milliseconds. For display only.
    pub wall_ms: i64,
    /// What it says.
    pub body: Body,
}
