//! Bluetooth LE (`docs/PROTOCOL.md` section 13b): links between nearby devices that share no network.
//!
//! Pure, and driven from outside:
//! - [`frame`]: the content of one packet
//! - [`stream`]: two byte streams over packets that may arrive out of order
//! - [`places`]: which links get one of the few places
//! - [`announcer`]: which beacon to advertise, and when it may change
//! - [`power`]: how much of the radio's time to use
//! - [`airtime`]: how much of it was used
//! - [`discovery`]: how soon devices find each other
//!
//! The carrier runs on Linux, where BlueZ plays both roles at once over D-Bus. One task (`keeper`) keeps
//! advertisement, scanning and GATT service in step with the adapter; each link (`link`) and each dial attempt
//! (`dial`) has a task of its own. Links use L2CAP channels if both ends have them, otherwise two
//! characteristics of the dialled device; `channel` hides the difference.

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

/// UUIDs, the same on every device.
#[cfg(all(feature = "ble", target_os = "linux"))]
mod uuids {
    use bluer::Uuid;

    /// The service, and the type of the service data that holds a beacon in an advertisement.
    pub const SERVICE: Uuid = Uuid::from_u128(0x4ed6_e201_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that the dialler writes.
    pub const WRITE: Uuid = Uuid::from_u128(0x4ed6_e202_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that notifies the dialler.
    pub const NOTIFY: Uuid = Uuid::from_u128(0x4ed6_e203_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
    /// The characteristic that holds the PSM of the L2CAP channel; 0 if there is none.
    pub const CHANNEL: Uuid = Uuid::from_u128(0x4ed6_e204_0f5c_4b57_9c1a_6d1b_9a7e_5c01);
}
