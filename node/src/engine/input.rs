//! The engine's inputs.

use hedgerow_transport::carrier::{CarrierEvent, CarrierKind};

use crate::api::Call;
#[cfg(feature = "simulation")]
use crate::api::ContactId;
use crate::files::work::FileEvent;

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One thing that happened. A sequence of inputs, with their times and the seed, determines everything that the
/// engine does. Recording and replay rest on that.
#[derive(Debug, Clone)]
pub enum Input {
    /// A client calls the API.
    Call(CallId, Call),
    /// A carrier reports.
    Carrier(CarrierKind, CarrierEvent),
    /// The keeper of files reports.
    File(FileEvent),
    /// A simulation measures how bundles travel: the engine seals one for a contact, with ghost bytes beside its own.
    /// [`BundleEvent`](super::BundleEvent)s tell what becomes of it.
    #[cfg(feature = "simulation")]
    Load {
        /// For whom.
        to: ContactId,
        /// The ghost bytes of the load.
        length: u64,
        /// Its id in events; the contact counts each id of ours once.
        id: u64,
    },
    /// The node is about to stop: the engine tells contacts, ends all links and begins no more.
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
