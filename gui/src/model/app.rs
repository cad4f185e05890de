//! The whole application, as plain values: what is done and heard goes in, effects come out.

use std::collections::BTreeMap;

use hedgerow_node::api::{ContactId, Me};
use jiff::tz::TimeZone;

use super::action::Action;
use super::adding::Adding;
use super::calendar::{Calendar, Now};
use super::chats::Chats;
use super::dialog::{Banner, Dialog};
use super::door::Door;
use super::effect::{Effect, Request, Ticket};
use super::network::NetworkPage;
use super::person::Person;
use super::picker::Picker;
use super::place::{Changed, Pane, Place, Steps};
use super::preferences::{Preference, Preferences};
use super::scanning::CameraAsked;
use super::thread::Thread;
use super::update::{Chat, Mode, Update};

/// The application.
pub struct App {
    /// What fills the window.
    pub place: Place,
    /// The list.
    pub chats: Chats,
    /// The open conversation.
    pub thread: Option<Thread>,
    /// Picking an emoji.
    pub picker: Option<Picker>,
    /// Adding a contact.
    pub adding: Adding,
    /// The page of a contact.
    pub person: Option<Person>,
    /// The network page.
    pub network: NetworkPage,
    /// What the user has chosen.
    pub settings: Preferences,
    /// The first start, and both locks.
    pub door: Door,
    /// What is asked or told over everything else.
    pub dialog: Option<Dialog>,
    /// One line above everything.
    pub banner: Option<Banner>,
    /// Who this node is, once it is known.
    pub me: Option<Me>,
    /// The own name, as it is being typed.
    pub own_name: String,
    /// Whose node it is, once there is one.
    pub mode: Option<Mode>,
    /// Bytes of the data directory, once they were counted.
    pub storage_bytes: Option<u64>,
    /// The store is being rewritten.
    pub erasing: bool,
    /// The desktop has a tray, and our icon is in it.
    pub tray: bool,
    pub(super) now: Now,
    pub(super) calendar: Calendar,
    pub(super) out: Vec<Effect>,
    pub(super) changed: Changed,
    tickets: u64,
    pub(super) steps: Steps,
    /// The window is in front.
    pub(super) focused: bool,
    /// The window is closed, and everything else goes on.
    pub(super) hidden: bool,
    /// When a key or the pointer was last used.
    pub(super) touched_ms: u64,
    /// The screen is locked, whatever else is.
    pub(super) screen_locked: bool,
    /// The conversation to open again after the screen was locked.
    pub(super) reopen: Option<ContactId>,
    /// Texts sent that are not durable yet.
    pub(super) unsent: BTreeMap<Ticket, (ContactId, String)>,
    /// What was being written when the node was lost.
    pub(super) rescued: Vec<(ContactId, String)>,
    /// Somebody was met whose name is not known yet.
    pub(super) met: Option<ContactId>,
    /// A takeover was asked for.
    pub(super) taking_over: bool,
    /// The node was lost.
    pub(super) lost: bool,
    /// A `hedgerow:` link was opened while everything was hidden.
    pub(super) link: Option<String>,
    pub(super) camera: CameraAsked,
    pub(super) overview: Asked,
    pub(super) banner_until_ms: Option<u64>,
    /// When a notification without names was last shown.
    pub(super) notified_ms: Option<u64>,
}

/// A question that is asked again only when it was answered.
#[derive(Default)]
pub(super) struct Asked {
    pub outstanding: bool,
    pub again: bool,
    pub last_ms: Option<u64>,
}

impl App {
    /// An application that knows nothing yet.
    pub fn new(zone: TimeZone, settings: Preferences, now: Now) -> (Self, Vec<Effect>) {
        let app = Self {
            place: Place::Starting,
            chats: Chats::default(),
            thread: None,
            picker: None,
            adding: Adding::default(),
            person: None,
            network: NetworkPage::default(),
            settings,
            door: Door::default(),
            dialog: None,
            banner: None,
            me: None,
            own_name: String::new(),
            mode: None,
            storage_bytes: None,
            erasing: false,
            tray: false,
            now,
            calendar: Calendar::new(zone, now),
            out: Vec::new(),
            changed: Changed::ALL,
            tickets: 0,
            steps: Steps::default(),
            focused: true,
            hidden: false,
            touched_ms: now.monotonic_ms,
            screen_locked: false,
            reopen: None,
            unsent: BTreeMap::new(),
            rescued: Vec::new(),
            met: None,
            taking_over: false,
            lost: false,
            link: None,
            camera: CameraAsked::default(),
            overview: Asked::default(),
            banner_until_ms: None,
            notified_ms: None,
        };
        let effects = vec![Effect::SetTitle { unread: 0 }, Effect::Ask(Request::Open)];
        (app, effects)
    }

    /// Which parts have changed since this was last asked.
    pub fn changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// When [`Action::Tick`] is due, on the clock that never goes back; `None` if nothing waits for time.
    pub fn wake_at(&self) -> Option<u64> {
        let Place::Main(pane) = self.place else {
            return self.banner_until_ms;
        };
        let now_ms = self.now.monotonic_ms;
        let thread = self.thread.as_ref();
        let counting_down = (pane == Pane::Adding)
            .then(|| self.adding.next_change(self.now.wall_ms))
            .flatten();
        [
            self.banner_until_ms,
            self.idle_lock_ms(),
            self.chats.next_due_ms(),
            self.network_due_ms(),
            self.overview_due_ms(),
            thread.and_then(|thread| thread.draft_due_ms()),
            thread.and_then(|thread| thread.fetching.due_ms()),
            counting_down.map(|left_ms| now_ms + left_ms),
            Some(now_ms + self.calendar.left_ms(self.now)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// A person did something.
    pub fn act(&mut self, action: Action, now: Now) -> Vec<Effect> {
        self.turn(now);
        if !happens_by_itself(&action) {
            self.touched_ms = now.monotonic_ms;
        }
        if matches!(self.place, Place::Main(_)) {
            self.act_inside(action);
        } else {
            self.act_outside(action);
        }
        self.settle()
    }

    /// The node told something.
    pub fn handle(&mut self, update: Update, now: Now) -> Vec<Effect> {
        self.turn(now);
        match update {
            Update::Opened { mode, found } => self.hear_opened(mode, found),
            Update::NotOpened(refusal) => {
                self.forget();
                self.go_to_place(Place::Failed(refusal));
            }
            Update::Departed(departed) => self.hear_departed(departed),
            Update::Wiped => self.hear_wiped(),
            Update::Event(event) => self.hear_event(event),
            Update::Created(answer) | Update::Unlocked(answer) | Update::Checked(answer) => {
                self.hear_door(answer);
            }
            Update::PassphraseChanged(answer) => self.hear_passphrase_changed(answer),
            Update::Erased(answer) => {
                self.erasing = false;
                self.changed.node = true;
                match answer {
                    Ok(()) => self.tell(Banner::Erased),
                    Err(refusal) => self.refused(refusal),
                }
                self.ask_storage();
            }
            Update::Overview(overview) => self.hear_overview(overview),
            Update::Status(status) if self.is_inside() => {
                self.hear_status(&status);
                for contact in status.contacts {
                    let known = self.chats.known.get(&contact.id);
                    let newest = known.and_then(|known| known.newest.clone());
                    self.know(Chat { contact, newest });
                }
                self.draw_everything_known();
            }
            Update::Contact(chat) => {
                self.store_works();
                self.hear_chat(*chat);
                self.greet();
            }
            Update::Page(of, answer) => self.hear_page(&of, answer),
            Update::Message(of, answer) => self.hear_message(&of, answer),
            Update::Sent(of, answer) => self.hear_sent(&of, answer),
            Update::SafetyWords(words) => self.hear_safety_words(words),
            Update::Ways(contact, ways) => self.hear_ways(&contact, &ways),
            Update::Me(me) if self.is_inside() => {
                self.own_name = me.name.0.clone();
                self.me = Some(me);
                self.changed.node = true;
            }
            Update::Invited(answer) => self.hear_invited(answer),
            Update::Invitations(invitations) => self.hear_invitations(invitations),
            Update::Joining(answer) => self.hear_joining(answer),
            Update::RelayAdded(answer) => self.hear_relay_added(answer),
            Update::RelayPathsSet(wanted, answer) => self.hear_paths_set(wanted, answer),
            Update::StorageUsed(bytes) => {
                self.storage_bytes = Some(bytes);
                self.changed.node = true;
            }
            Update::Refused(refusal) => self.refused(refusal),
            // It was asked for before everything was hidden.
            Update::Status(_) | Update::Me(_) => {}
        }
        self.settle()
    }

    /// Asks the node.
    pub(super) fn ask(&mut self, request: impl Into<Request>) {
        self.out.push(Effect::Ask(request.into()));
    }

    /// A ticket that was not given before.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// It is this late now.
    fn turn(&mut self, now: Now) {
        self.now = now;
        if self.calendar.turn(now) {
            self.draw_rows();
            self.draw_everything_known();
            self.draw_adding();
        }
    }

    /// Does what has become due, and gives out what is to be done.
    fn settle(&mut self) -> Vec<Effect> {
        let now_ms = self.now.monotonic_ms;
        let is_due = |due: Option<u64>| due.is_some_and(|due| due <= now_ms);
        if is_due(self.banner_until_ms) {
            self.dismiss_banner();
        }
        if is_due(self.idle_lock_ms()) {
            self.lock_screen();
        }
        let draft_due = self
            .thread
            .as_ref()
            .and_then(|thread| thread.draft_due_ms());
        if is_due(draft_due) {
            self.keep_draft();
        }
        // Elsewhere there is nothing to pick for.
        if self.place != Place::Main(Pane::Thread) {
            self.changed.picker |= self.picker.take().is_some();
        }
        self.mind_camera();
        self.fetch();
        self.mark();
        self.look_at_chats();
        self.look_at_network();
        self.look_at_overview();
        if self.place == Place::Main(Pane::Adding) && self.adding.shown.is_some() {
            self.draw_adding();
        }
        std::mem::take(&mut self.out)
    }
}

/// Whether an action can come without anybody having touched anything.
fn happens_by_itself(action: &Action) -> bool {
    matches!(
        action,
        Action::Tick
            | Action::Focused(_)
            | Action::Tray(_)
            | Action::Seen(_)
            | Action::NearTop
            | Action::NearBottom
            | Action::LinkOpened(_)
            | Action::Camera(_)
            | Action::Prefer(Preference::Window { .. })
    )
}
