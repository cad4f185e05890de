//! How far a message has come: a state for each device that it goes to, and why it waits.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

use super::ContactId;

/// A contact's device, short and opaque: stable on this device.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(transparent)]
pub struct DeviceId(pub String);
redacted!(DeviceId);

/// What one device of a contact has of what we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Delivery {
    /// Whose device.
    pub contact: ContactId,
    /// Which.
    pub device: DeviceId,
    /// Whether it has it.
    #[serde(flatten)]
    pub state: DeliveryState,
}

/// Whether a device has what we wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// It has said so.
    Delivered,
    /// It has said so, and that its user has read it. Shown only while we tell what we read, too.
    Read,
    /// It is not known to have it.
    Queued {
        /// The one plain reason why; `None` while it is not known.
        why: Option<Why>,
    },
}

impl Delivery {
    /// Whether the device has it.
    pub fn is_delivered(&self) -> bool {
        !matches!(self.state, DeliveryState::Queued { .. })
    }

    /// Why the device does not have it, if that is known.
    pub fn why(&self) -> Option<Why> {
        match self.state {
            DeliveryState::Delivered | DeliveryState::Read => None,
            DeliveryState::Queued { why } => why,
        }
    }
}

/// Whether every contact in a list has it on one device at least. Nobody has it if the list is empty.
pub(super) fn is_delivered(deliveries: &[Delivery]) -> bool {
    let mut people = deliveries.chunk_by(|one, next| one.contact == next.contact);
    !deliveries.is_empty() && people.all(|devices| devices.iter().any(Delivery::is_delivered))
}

/// Whether every contact in a list has read it on one device at least.
pub(super) fn is_read(deliveries: &[Delivery]) -> bool {
    let mut people = deliveries.chunk_by(|one, next| one.contact == next.contact);
    let has_read = |one: &Delivery| one.state == DeliveryState::Read;
    !deliveries.is_empty() && people.all(|devices| devices.iter().any(has_read))
}

/// Of the devices of contacts that have it nowhere, the reason that promises most.
pub(crate) fn why(deliveries: &[Delivery]) -> Option<Why> {
    let people = deliveries.chunk_by(|one, next| one.contact == next.contact);
    let missing = people.filter(|devices| !devices.iter().any(Delivery::is_delivered));
    let reasons = missing.flatten().filter_map(Delivery::why);
    reasons.min_by_key(Why::rank)
}

/// The one plain reason why a message is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// A session is up and it is on its way.
    OnItsWay,
    /// The contact is not seen near, and does not answer where it was before; it is tried there again.
    NotFound,
    /// The contact was found and a connection is being made.
    Connecting,
    /// The contact is seen near, but does not answer; the next attempt is due then (Unix milliseconds).
    NoAnswer {
        /// When.
        next_ms: i64,
    },
    /// No carrier is on.
    NoCarrier,
    /// The contact is blocked.
    Blocked,
    /// The contact's device refused it.
    Refused,
}

impl Why {
    /// The lower, the sooner it may be delivered; then by the time of the next attempt.
    pub(crate) fn rank(&self) -> (u8, i64) {
        match self {
            Self::OnItsWay => (0, 0),
            Self::Connecting => (1, 0),
            Self::NoAnswer { next_ms } => (2, *next_ms),
            Self::NotFound => (3, 0),
            Self::NoCarrier => (4, 0),
            Self::Blocked => (5, 0),
            Self::Refused => (6, 0),
        }
    }
}
