//! What happens to the engine.

use hedgerow_transport::carrier::{CarrierEvent, CarrierKind};

use crate::api::Call;
#[cfg(feature = "simulation")]
use crate::api::ContactId;

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One thing that happened. A sequence of these, with the times and the seed, determines everything
/// the engine does: that is what recording and replay rest on.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody calls the API.
    Call(CallId, Call),
    /// A carrier reports.
    Carrier(CarrierKind, CarrierEvent),
    /// A simulation measures how bundles travel: one is sealed for a contact that stands for so many bytes
    /// more than it has. Its end is told by [`BundleEvent`](super::BundleEvent)s.
    #[cfg(feature = "simulation")]
    Load {
        /// For whom.
        to: ContactId,
        /// The bytes it stands for.
        length: u64,
        /// What it is called in events; the contact takes each id of ours once.
        id: u64,
    },
    /// The node is about to stop: contacts are told, links end, none is begun any more.
    Stop,
}

/// The time, as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back and starts anywhere.
    pub mono_ms: u64,
    /// Milliseconds since 1970 by a clock that may be wrong, and may jump.
    pub wall_ms: i64,
}
