//! What happens to bundles that couriers carry: events for programs that measure how bundles travel.

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;

use crate::courier::{DropReason, Tag};

/// An event of one bundle on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleEvent {
    /// We sealed a bundle.
    Sealed {
        /// Its name.
        bundle: Tag,
        /// For which device.
        to: DeviceId,
        /// Its size in bytes, ghosts included.
        size: u64,
        /// The loads in it.
        #[cfg(feature = "simulation")]
        loads: Vec<u64>,
        /// Whether it holds messages.
        messages: bool,
    },
    /// A load could not be sealed: we know no prekey of the contact, or there is no room.
    #[cfg(feature = "simulation")]
    NotSealed {
        /// Its id.
        load: u64,
    },
    /// We began to send a bundle.
    Begun {
        /// Its name.
        bundle: Tag,
        /// Over which link.
        link: LinkId,
        /// Its size in bytes, ghosts included.
        size: u64,
    },
    /// We stopped sending a bundle.
    Ended {
        /// Its name.
        bundle: Tag,
        /// Over which link.
        link: LinkId,
        /// Whether the other side has it whole.
        done: bool,
    },
    /// We carry a bundle from now on.
    Taken {
        /// Its name.
        bundle: Tag,
        /// The link that brought it.
        link: LinkId,
    },
    /// A bundle was for us, and we have taken it in.
    Delivered {
        /// Its name.
        bundle: Tag,
        /// The link that brought it.
        link: LinkId,
        /// The loads that are new here.
        #[cfg(feature = "simulation")]
        loads: Vec<u64>,
        /// How many messages are new here.
        messages: u64,
    },
    /// We no longer carry a bundle.
    Dropped {
        /// Its name.
        bundle: Tag,
        /// Why.
        reason: DropReason,
    },
}
