//! What the application asks of the desktop: its clocks, one window for each data directory, notifications, the
//! tray, the browser, a place for the preferences, pictures with invitations.

mod clocks;
mod instance;
mod notices;
mod picture;
mod preferences;
mod tray;

pub use clocks::Clocks;
pub use instance::{Instance, Visitor};
pub use notices::{Notices, Said};
pub use picture::{Picture, invitation_in};
pub use preferences::PreferencesFile;
pub use tray::{FromTray, Tray, TraySaid};
