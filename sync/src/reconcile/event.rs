//! What a reconciler tells its engine.

use crate::batch::BatchError;
use crate::conversation::Changes;
use crate::id::{LogId, Seq, SpaceId};
use crate::ingest::Refusal;

/// What happened, for the engine to act on and to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Entries are new here.
    Stored {
        /// The space.
        space: SpaceId,
        /// Their log.
        log: LogId,
        /// The first.
        first: Seq,
        /// The last.
        last: Seq,
        /// What they have changed in the conversation.
        changes: Changes,
    },
    /// The peer's device now holds this log up to there.
    Acked {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Its last entry held.
        seq: Seq,
    },
    /// Entries were not accepted: the sender may not speak for this log.
    Refused {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Why.
        refusal: Refusal,
    },
    /// The peer does not want a log.
    RefusedByPeer {
        /// The space.
        space: SpaceId,
        /// The log.
        log: LogId,
        /// Why.
        refusal: Refusal,
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
    /// A batch is.
    #[error(transparent)]
    BadBatch(BatchError),
}
