//! What the application shows, decided: plain Rust that knows no window, no runtime and no clock.
//!
//! ```text
//! what a person does ──▶ Action ──▶ App::act ──▶ Effects ──▶ the node, the desktop
//! what the node tells ─▶ Update ────▶ App::hear ─▶ Effects
//!                                     └── App::changed: what to draw again
//! ```
//!
//! `app` is the whole, `acting`, `going`, `updating`, `hiding` and `telling` what it does; `door` is the first start and both locks; `chats`, `thread`, `adding`, `scanning`, `person`,
//! `network`, `bluetooth`, `relays` and `paths` are what fills the window, one file each; `face` is what several of them show of a contact; `window` and `rows` are the loaded part of a
//! conversation and how it is drawn; `picker` picks the `emoji`; `calendar`, `links`, `strength` and `preferences` are what these
//! need to know of the world.
//!
//! What names people or holds what they wrote has no `Debug`, so that it cannot end up in a log.

mod acting;
mod action;
mod adding;
mod app;
mod bluetooth;
mod calendar;
mod chats;
mod dialog;
mod door;
mod effect;
mod emoji;
mod face;
mod fetching;
mod going;
mod hiding;
mod links;
mod network;
mod paths;
mod person;
mod picker;
mod place;
mod preferences;
mod relays;
mod rows;
mod saying;
mod scanning;
mod strength;
mod telling;
mod thread;
mod update;
mod updating;
mod window;

pub use action::Action;
pub use adding::{Adding, InvitationRow, JoinRow, Qr, ShownInvitation};
pub use app::App;
pub use bluetooth::Bluetooth;
pub use calendar::{Date, Day, Now, When};
pub use chats::{ChatRow, Chats, Excerpt};
pub use dialog::{Banner, ChangePassphrase, Details, Dialog, WayRow};
pub use door::Door;
pub use effect::{Effect, Notification, Question, Request, Ticket};
pub use emoji::{EmojiGroup, SkinTone};
pub use face::Face;
pub use links::Span;
pub use network::{CarrierRow, NetworkPage, PersonRow};
pub use paths::{Paths, PathsKind};
pub use person::Person;
pub use picker::{Choice, Direction, Picker, PickerRow, Picking, Purpose, Section};
pub use place::{Changed, Pane, Place, SettingsPage};
pub use preferences::{Preference, Preferences, TEXT_PERCENT, Theme};
pub use relays::{RelayRow, Relays};
pub use rows::{MessageRow, Row, RowKind, Splice, Tick, splices};
pub use saying::Said;
pub use scanning::{CameraProblem, Scanning, Sight};
pub use strength::{NewPassphrase, Weakness};
pub use thread::{Scroll, Sending, Thread};
pub use update::{Chat, Departed, Found, Mode, Overview, Update};
