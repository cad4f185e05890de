//! Bluetooth LE (`docs/PROTOCOL.md` section 13b): devices near one another that share no network.
//!
//! Pure, and driven from outside:
//! - [`frame`]: what is in one packet
//! - [`stream`]: two streams of bytes over packets that overtake one another
//! - [`places`]: who gets one of the few links
//! - [`announcer`]: which beacon is on the air, and when it may change
//! - [`power`]: how much of the radio's time is to be used
//! - [`airtime`]: how much of it has been
//! - [`discovery`]: how soon somebody is found, then
//!
//! The carrier, on Linux: BlueZ plays both roles at once over D-Bus. One task (`keeper`) keeps
//! advertisement, listening and GATT service in step with the adapter, each link has a task of its own
//! (`link`), and so has each attempt (`dial`). Links are L2CAP channels where both ends have them,
//! otherwise two characteristics of the dialled one; both are `channel`s to what is above.

pub mod airtime;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod alarm;
pub mod announcer;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod carrier;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod channel;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod dial;
pub mod discovery;
pub mod frame;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod keeper;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod link;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod opening;
pub mod places;
pub mod power;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod privacy;
#[cfg(all(feature = "ble", target_os = "linux"))]
mod station;
pub mod stream;

#[cfg(all(feature = "ble", target_os = "linux"))]
pub use carrier::{Ble, BleConfig, PROFILE, Radio};
#[cfg(all(feature = "ble", target_os = "linux"))]
pub use uuids::{CHANNEL, NOTIFY, SERVICE, WRITE};

/// The same on every device.
#[cfg(all(feature = "ble", target_os = "linux"))]
mod uuids {
    use bluer::Uuid;

    /// The service, and the kind of data that a beacon is in an advertisement.
    pub const SERVICE: Uuid = Uuid::from_u128(0x4ed6_e201_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that the dialler writes.
    pub const WRITE: Uuid = Uuid::from_u128(0x4ed6_e202_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that notifies the dialler.
    pub const NOTIFY: Uuid = Uuid::from_u128(0x4ed6_e203_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that tells the number (PSM) of the L2CAP channel; 0 if there is none.
    pub const CHANNEL: Uuid = Uuid::from_u128(0x4ed6_e204_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
}
