//! Helpers that several test modules use.

pub mod alone;
#[cfg(all(feature = "ble", target_os = "linux"))]
pub mod bluez;
pub mod devices;
#[cfg(feature = "ble")]
pub mod events;
#[cfg(feature = "relay")]
pub mod relay;
