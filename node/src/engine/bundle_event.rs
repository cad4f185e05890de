//! What happens to bundles that couriers carry, for those who measure how they travel.

use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;

use crate::courier::{DropReason, Tag};

/// Something has happened to a bundle on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleEvent {
    /// We sealed one.
    Sealed {
        /// Its name.
        bundle: Tag,
        /// For which device.
        to: DeviceId,
        /// Its bytes, of ghosts too.
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
    /// We begin to send one.
    Begun {
        /// Its name.
        bundle: Tag,
        /// Over which link.
        link: LinkId,
        /// Its bytes, of ghosts too.
        size: u64,
    },
    /// We do not send one any more.
    Ended {
        /// Its name.
        bundle: Tag,
        /// Over which link.
        link: LinkId,
        /// The other side has it whole.
        done: bool,
    },
    /// We carry one from now on.
    Taken {
        /// Its name.
        bundle: Tag,
        /// The link that brought it.
        link: LinkId,
    },
    /// One was for us, and is taken in.
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
    /// We do not carry one any more.
    Dropped {
        /// Its name.
        bundle: Tag,
        /// Why.
        reason: DropReason,
    },
}
