//! Carriers: which, how each is, and how Bluetooth uses its radio.

use serde::{Deserialize, Serialize};
#[cfg(feature = "runtime")]
use utoipa::ToSchema;

pub use hedgerow_transport::ble::power::Power;
pub use hedgerow_transport::carrier::{CarrierKind as Carrier, CarrierState as CarrierCondition};

use super::Private;

/// A carrier's live state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct CarrierStatus {
    /// Which.
    pub carrier: Carrier,
    /// On, or why not.
    pub state: CarrierCondition,
    /// Whether this device is announced there while the carrier is on; otherwise it only looks for others.
    pub announcing: bool,
    /// Sessions over it.
    pub sessions: u32,
    /// Addresses at which contacts find this device.
    pub addresses: Vec<Private>,
    /// How long it has its radio in use, once that has been counted for a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub airtime: Option<Airtime>,
}

/// How long a radio is in use, counted since the carrier came on or was told how to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
pub struct Airtime {
    /// Seconds in an hour for which others are listened for.
    pub listened_s_an_hour: u32,
    /// Seconds in an hour for which this device is announced.
    pub announced_s_an_hour: u32,
}

impl Airtime {
    /// What these milliseconds come to in an hour; `None` of no time at all.
    pub(crate) fn of(over_ms: u64, listened_ms: u64, announced_ms: u64) -> Option<Airtime> {
        let an_hour = |used_ms: u64| {
            let used_s = u128::from(used_ms) * 3_600 / u128::from(over_ms.max(1));
            used_s.min(3_600) as u32
        };
        (over_ms > 0).then(|| Airtime {
            listened_s_an_hour: an_hour(listened_ms),
            announced_s_an_hour: an_hour(announced_ms),
        })
    }
}

/// How Bluetooth uses its radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "runtime", derive(ToSchema))]
#[derive(minicbor::Encode, minicbor::Decode)]
pub struct Radio {
    /// How much of its time.
    #[n(0)]
    pub power: Power,
    /// Whether to be on the air although everybody near sees an address that never changes.
    #[n(1)]
    pub show_address: bool,
}
