//! Events that a reconciler reports to its engine.

use crate::batch::BatchError;
use crate::conversation::Changes;
use crate::id::{EntryId, LogId, Seq, SpaceId};
use crate::ingest::Refusal;
use crate::membership::OperationId;

/// An event, on which the engine acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// New entries were stored.
    Stored {
        /// The space.
        space: SpaceId,
        /// Their log.
        log: LogId,
        /// The first.
        first: Seq,
        /// The last.
        last: Seq,
        /// What they changed in the conversation.
        changes: Changes,
    },
    /// The peer's device now holds this log up to `seq`.
    Acked {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Its last entry held.
        seq: Seq,
    },
    /// The store refused entries: the sender may not speak for this log.
    Refused {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Why.
        refusal: Refusal,
    },
    /// The peer refuses a log.
    RefusedByPeer {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Its reason.
        refusal: Refusal,
    },
    /// New operations of a group were taken in.
    Operations {
        /// The space.
        space: SpaceId,
        /// The operations.
        operations: Vec<OperationId>,
        /// Entries that are shown now and were not, or the other way round.
        shown: Vec<EntryId>,
    },
    /// In a group: entries that show otherwise now, because of others that came.
    Shown {
        /// The space.
        space: SpaceId,
        /// The entries.
        shown: Vec<EntryId>,
    },
    /// In a group: entries that came without their bodies have them now.
    Bodies {
        /// The space.
        space: SpaceId,
        /// The entries.
        entries: Vec<EntryId>,
    },
    /// The author of a log of a group signed two heads that do not continue one another. Nothing more of it is taken in.
    Forked {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
    },
    /// The peer broke the protocol: end the session.
    Fault(Fault),
}

/// How the peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An item is malformed or over a limit.
    #[error("an item is malformed or over a limit")]
    BadItem,
    /// A batch is malformed.
    #[error(transparent)]
    BadBatch(BatchError),
}
