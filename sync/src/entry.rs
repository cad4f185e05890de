//! Entries: a header (what it is, links, wall time) and a detachable body (`docs/PROTOCOL.md` section 4).

use std::fmt;

use bytes::Bytes;

use crate::id::EntryId;

/// Bytes of one encoded body, at most.
pub const MAX_BODY: usize = 66_560;
/// Explicit links of one entry, at most.
pub const MAX_LINKS: usize = 32;

/// What a row of the conversation is. Open: rows of kinds that this version does not know are kept,
/// passed on and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKind(pub u16);

impl RowKind {
    /// A text: the body is its UTF-8.
    pub const TEXT: RowKind = RowKind(1);
}

/// What an annotation says of its target. Open: annotations of kinds that this version does not know
/// are kept, passed on and placed, and show nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnnotationKind(pub u16);

/// What an entry is. It stands in the header, so it outlives the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A row of the conversation: counted, unread, paged.
    Row(RowKind),
    /// Says something about another entry, and is counted nowhere.
    Annotation {
        /// What it says.
        kind: AnnotationKind,
        /// Of which entry. That may be one that is not held, or never will be.
        target: EntryId,
    },
}

impl What {
    /// A text.
    pub const TEXT: What = What::Row(RowKind::TEXT);

    /// Whether it is a row of the conversation.
    pub fn is_row(&self) -> bool {
        matches!(self, What::Row(_))
    }
}

/// What an entry says. It can leave its entry, which keeps its place in the log. Prints its length
/// alone.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// An encoded body.
    Bytes(Bytes),
    /// Deleted or expired, here or by its author.
    Gone,
}

impl Body {
    /// Bytes that it holds.
    pub fn length(&self) -> usize {
        match self {
            Body::Bytes(bytes) => bytes.len(),
            Body::Gone => 0,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Body::Gone => f.write_str("Gone"),
        }
    }
}

/// An entry without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub what: What,
    /// The newest entries of other logs that its author held and had not linked to, directly or not.
    pub links: Vec<EntryId>,
    /// When its author says it was written, Unix milliseconds. For display only.
    pub wall_ms: i64,
    /// What it says.
    pub body: Body,
}
