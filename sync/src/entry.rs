//! Entries: a header (what it is, links, wall time) and a detachable body (`docs/PROTOCOL.md` section 4).

use std::fmt;

use bytes::Bytes;

use crate::id::EntryId;

/// Most bytes of one encoded body.
pub const MAX_BODY: usize = 75_776;
/// Most explicit links of one entry.
pub const MAX_LINKS: usize = 32;

/// The kind of a row. Open: the store keeps, forwards and counts rows of kinds that this version does not
/// know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKind(pub u16);

impl RowKind {
    /// A text: the body is UTF-8.
    pub const TEXT: RowKind = RowKind(1);
}

/// The kind of an annotation. Open: the store keeps, forwards and indexes annotations of kinds that this version
/// does not know, but they show nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnnotationKind(pub u16);

impl AnnotationKind {
    /// An edit: the body is the new text of its target. The first ones of each author are kept, of other kinds the last.
    pub const EDIT: AnnotationKind = AnnotationKind(3);
    /// A deletion: its target is deleted for everybody if one author wrote both.
    pub const DELETION: AnnotationKind = AnnotationKind(4);
    /// How far a log is read: the target is the last entry read of it, the body is empty.
    pub const READ: AnnotationKind = AnnotationKind(5);
}

/// Whether an entry is a row or an annotation. Part of the header, so it outlives the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A row of the conversation: counted, possibly unread, paged.
    Row(RowKind),
    /// An annotation of another entry; never counted.
    Annotation {
        /// Its kind.
        kind: AnnotationKind,
        /// The annotated entry, which may not be held, now or ever.
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

/// The body of an entry. It can leave its entry, which keeps its place in the log. Its `Debug` output shows only its
/// length.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// An encoded body.
    Bytes(Bytes),
    /// Deleted or expired, here or by its author.
    Gone,
}

impl Body {
    /// Length in bytes.
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

/// An entry without its place in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its kind and target.
    pub what: What,
    /// The newest entries of other logs that its author held and had not linked to, directly or indirectly.
    pub links: Vec<EntryId>,
    /// Wall time according to its author, Unix milliseconds. For display only.
    pub wall_ms: i64,
    /// Its body.
    pub body: Body,
}
