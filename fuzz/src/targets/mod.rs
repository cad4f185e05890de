//! The targets: each takes any bytes, and panics where the program breaks a promise.

pub mod api;
pub mod batch;
pub mod ble;
pub mod bundle;
pub mod contact;
pub mod courier;
pub mod devices;
pub mod group;
pub mod handshake;
pub mod history;
pub mod invitation;
pub mod meeting;
pub mod message;
pub mod operation;
pub mod picture;
pub mod psk;
pub mod reconciler;
pub mod relay;
pub mod replay;
pub mod row;
pub mod search;
pub mod session;
pub mod slots;

/// One input for a target.
pub type Run = fn(&[u8]);

/// All targets, by the names of their programs and seeds.
pub const ALL: [(&str, Run); 23] = [
    ("api", api::run),
    ("batch", batch::run),
    ("ble", ble::run),
    ("bundle", bundle::run),
    ("contact", contact::run),
    ("courier", courier::run),
    ("devices", devices::run),
    ("group", group::run),
    ("handshake", handshake::run),
    ("history", history::run),
    ("invitation", invitation::run),
    ("meeting", meeting::run),
    ("message", message::run),
    ("operation", operation::run),
    ("picture", picture::run),
    ("psk", psk::run),
    ("reconciler", reconciler::run),
    ("relay", relay::run),
    ("replay", replay::run),
    ("row", row::run),
    ("search", search::run),
    ("session", session::run),
    ("slots", slots::run),
];
