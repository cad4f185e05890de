//! Every promise of this crate, in one test program.

mod beacon;
#[cfg(feature = "ble")]
mod ble;
mod ble_stream;
mod bundle;
#[cfg(all(feature = "lan", feature = "relay"))]
mod conformance;
mod device;
mod handshake;
#[cfg(feature = "lan")]
mod idle;
mod invitation;
#[cfg(feature = "lan")]
mod lan;
mod limits;
mod meeting;
#[cfg(feature = "lan")]
mod namespaces;
mod psk_move;
mod records;
#[cfg(feature = "relay")]
mod relay_limits;
#[cfg(feature = "relay")]
mod relay_proxy;
#[cfg(feature = "relay")]
mod relay_silence;
#[cfg(feature = "relay")]
mod relay_told;
#[cfg(feature = "relay")]
mod relays;
mod replay;
mod search;
#[cfg(feature = "sized")]
mod sized;
mod support;
