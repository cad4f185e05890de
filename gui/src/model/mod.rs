//! The view-model, which decides what the application shows: plain Rust that knows no window, no runtime and no clock.
//!
//! ```text
//! what a person does ──▶ Action ──▶ App::act ────┐          ┌──▶ Effect: to the node, the desktop
//! what the node tells ─▶ Update ──▶ App::handle ─┼─▶ a page ┴──▶ Outcome: what else the page wants
//!                                                └── App::changed: what to draw again
//! ```
//!
//! Each page has a file: a struct that owns its state, and the actions of a person there. Its methods take the shared
//! `context` and return outcomes; the window copies its public fields. No page sees another one or `app`, the router,
//! which knows all `pages` and executes what they want.
//!
//! The pages: `door` is the first start and both locks; `chats`, `thread` (in `thread_page`), `picker`, `adding` with
//! `scanning`, `founding`, `group`, `person`, `network` with `bluetooth`, `relays` and `paths`, `settings` with `storage`, `searching`, `starred`, `media` with `viewer`, `dialog` and `banner`. What they
//! share: `contacts`, `conversations`, `calendar`, `preferences`, `place` and `presence`; `looking` asks the node again
//! when contacts or conversations have changed. `fetching`, `reading`, `window` and `rows` are the loaded part of a
//! conversation, how far the user has read it, and how it is drawn; `aloud` is what a screen reader says about it;
//! `face` is what several pages show of a contact, and
//! `answering` what an answer shows of the message that it answers, `deleting` what becomes of one that is deleted, `forwarding` where one goes to, `choosing`
//! who is invited into a group, `invited` an invitation into one, `restarting` who is left out when one starts
//! again, `member` and `membership` who is in;
//! `files` shows the file of a message, `previews` its small picture, `pictures` those of a conversation; `attaching` sends the files
//! of the `strip`; `recording` keeps a voice note while it is recorded, `playing` plays
//! one, `sound` has the orders to microphone and loudspeaker; `carrying` is what goes by memory stick; `timing` are messages that
//! disappear; `arranging` is what one does with a conversation as a whole, `exporting` writes it into a file.
//!
//! Types that name people or hold what they wrote have no `Debug`, so that they cannot end up in a log.

mod action;
mod adding;
mod aloud;
mod answering;
mod app;
mod arranging;
mod attaching;
mod banner;
mod bluetooth;
mod calendar;
mod carrying;
mod chats;
mod choosing;
mod contacts;
mod context;
mod conversations;
mod deleting;
mod dialog;
mod door;
mod effect;
mod emoji;
mod excerpts;
mod exporting;
mod face;
mod fetching;
mod files;
mod filters;
mod forwarding;
mod founding;
mod group;
mod in_flight;
mod invited;
mod links;
mod looking;
mod media;
mod member;
mod membership;
mod network;
mod notifier;
mod objecting;
mod outcome;
mod pages;
mod paths;
mod person;
mod picker;
mod pictures;
mod place;
mod playing;
mod preferences;
mod presence;
mod previews;
mod read_all;
mod reading;
mod recording;
mod relays;
mod restarting;
mod rows;
mod saying;
mod scanning;
mod searching;
mod settings;
mod sound;
mod starred;
mod storage;
mod strength;
mod strip;
mod thread;
mod thread_page;
mod timing;
mod update;
mod viewer;
mod window;

pub use action::Action;
pub use adding::{Adding, AddingAction, InvitationRow, JoinRow, Qr, ShownInvitation, ShownRoom};
pub use answering::{About, Author, Quote, QuotedOriginal};
pub use app::App;
pub use arranging::{Arrangement, Arrangements, ArrangingAction, MuteFor};
pub use attaching::{Arrival, AttachAction};
pub use banner::{Banner, BannerLine};
pub use bluetooth::{Bluetooth, BluetoothAction};
pub use calendar::{Date, Day, Now, When};
pub use carrying::{CarryAction, ToCarry};
pub use chats::{ChatRow, Chats, ChatsAction, Excerpt};
pub use choosing::{Candidate, Choosing};
pub use context::Context;
pub use deleting::{Deleting, Gone};
pub use dialog::{ChangePassphrase, Details, Dialog, DialogAction, DialogPage, Earlier, WayRow};
pub use door::{Door, DoorAction};
pub use effect::{Announcement, Effect, Notification, Question, Request, Ticket};
pub use emoji::{EmojiGroup, SkinTone};
pub use excerpts::Piece;
pub use exporting::{Exporting, ToFile};
pub use face::Face;
pub(crate) use files::may_be_freed;
pub use files::{FileAction, FileCard, Offers, Pace};
pub use filters::{Filters, Writer, WrittenBy, WrittenWhen};
pub use forwarding::{Forwarding, Receiver};
pub use founding::{Founding, FoundingAction, NameFault};
pub use group::{Group, GroupAction, GroupPage, Inviting, Leaving};
pub use hedgerow_node::api::strength::Weakness;
pub use invited::{GroupAnswer, Invited};
pub use links::{Span, copied};
pub use media::{Media, MediaAction, MediaRow};
pub use member::{MemberAsked, MemberChange, MemberOffers, MemberRow};
pub use membership::{ChangeKind, ChangeRow};
pub use network::{CarrierRow, NetworkAction, NetworkPage, PersonRow};
pub use objecting::Objecting;
pub use pages::Pages;
pub use paths::{Paths, PathsAction, PathsKind};
pub use person::{Person, PersonAction, PersonPage};
pub use picker::{
    Choice, Direction, Picker, PickerAction, PickerPage, PickerRow, Purpose, Section,
};
pub use place::{Changed, Pane, Place, SettingsPage};
pub use playing::{OnPlayer, PlayStage, Playing, PlayingAction, Voiced};
pub use preferences::{Preference, Preferences, TEXT_PERCENT, Theme};
pub use presence::{Presence, WindowAction};
pub use previews::{Picture, Preview};
pub use read_all::ReadAll;
pub use recording::{Recording, RecordingAction, RecordingState};
pub use relays::{RelayRow, Relays, RelaysAction};
pub use restarting::{Kept, Restarting};
pub use rows::{MessageRow, Row, RowKind, Splice, Tick, splices};
pub use saying::Said;
pub use scanning::{CameraProblem, Scanning, ScanningAction, Sight};
pub use searching::{Hit, OpenSearch, Searching, SearchingAction};
pub use settings::{Settings, SettingsAction};
pub use sound::{Heard, Part, Play, Played, Record, Silent, Sound, Tempo};
pub use starred::{Starred, StarredAction};
pub use storage::{Age, Dropping, OldFiles, Storage, StorageAction, StorageRow};
pub use strength::{Lack, NewPassphrase};
pub use strip::{
    Attached, Attachment, AttachmentState, Examined, FilePath, Pasted, Source, Strip, Unfit,
};
pub use thread::{Scroll, Sending, Thread, ThreadAction};
pub use thread_page::ThreadPage;
pub use timing::{Goes, TimerChanged, Timing};
pub use update::{Chat, Departed, Found, Mode, NotSaved, Overview, Update};
pub use viewer::{Viewer, ViewerAction, ViewerPage, Whole};
