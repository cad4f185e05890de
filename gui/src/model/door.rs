//! The door before the application: the first start, and both locks.

use std::mem::take;

use hedgerow_node::api::{HostCall, MAX_NAME, Passphrase, Private, Refusal};

use super::context::Context;
use super::dialog::Dialog;
use super::effect::Request;
use super::outcome::Outcome;
use super::place::Place;
use super::strength::{Lack, NewPassphrase};
use super::update::{Departed, Found, Mode};

/// What a person does at the first start and at a lock.
#[derive(Clone)]
pub enum DoorAction {
    /// First start: the name.
    Name(String),
    /// The passphrase: a new one at the first start, otherwise the present one.
    Passphrase(Passphrase),
    /// First start: the passphrase again.
    Repeated(Passphrase),
    /// Make the identity, unlock the node, or unlock the screen.
    GoOn,
    /// Look for the node again, after `Failed` or `Wiped`.
    TryAgain,
    /// Hide everything. The node stays on the air.
    LockScreen,
    /// Drop all keys, and go off the air.
    LockNode,
    /// Take the data directory over from the process that has it.
    TakeOver,
    /// Ask whether to destroy everything; [`DialogAction::Confirm`](super::DialogAction::Confirm) does.
    Wipe,
    /// The user has opened a `hedgerow:` link somewhere on the desktop.
    LinkOpened(String),
}

/// The door.
pub struct Door {
    /// First start: the name that contacts will see.
    pub name: String,
    /// First start: whether the name is too long.
    pub name_too_long: bool,
    /// First start: the new passphrase.
    pub new: NewPassphrase,
    /// Whether everything to go on is there.
    pub may_go_on: bool,
    /// First start: what was missing when the user tried to go on.
    pub lack: Option<Lack>,
    /// Counts up each time something was missing.
    pub asked: u32,
    /// Whether the node is hashing the passphrase, which takes a second or two.
    pub busy: bool,
    /// Why it did not open.
    pub problem: Option<Refusal>,
    /// The number of wrong passphrases so far.
    pub attempts: u32,
    /// Counts up each time the door forgets what was typed. The window must then clear the fields.
    pub cleared: u32,
    passphrase: Passphrase,
    /// Whether the screen is locked, in any state of the node.
    screen_locked: bool,
    /// Whether we have asked the owner for the directory.
    taking_over: bool,
    /// Whether the process that owned the node has gone.
    lost: bool,
    /// The `hedgerow:` link that the user opened while the door was closed.
    link: Option<String>,
    changed: bool,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            name: String::new(),
            name_too_long: false,
            new: NewPassphrase::default(),
            may_go_on: false,
            lack: None,
            asked: 0,
            busy: false,
            problem: None,
            attempts: 0,
            cleared: 0,
            passphrase: Passphrase::new(String::new()),
            screen_locked: false,
            taking_over: false,
            lost: false,
            link: None,
            changed: true,
        }
    }
}

impl Door {
    pub(super) fn act(&mut self, action: DoorAction, context: &Context) -> Vec<Outcome> {
        let place = &context.place;
        match action {
            DoorAction::TakeOver => return self.take_over(context),
            DoorAction::Wipe => {
                let is_nothing = matches!(place, Place::Starting | Place::Welcome | Place::Wiped);
                let wipe = Outcome::Show(Dialog::Wipe { busy: false });
                return Vec::from_iter((!is_nothing).then_some(wipe));
            }
            DoorAction::TryAgain if matches!(place, Place::Failed(_) | Place::Wiped) => {
                return vec![Outcome::Start, Outcome::ask(Request::Open)];
            }
            DoorAction::LockNode if matches!(place, Place::Main(_) | Place::ScreenLocked) => {
                self.screen_locked = false;
                return vec![Outcome::Hide(Found::Locked), Outcome::ask(HostCall::Lock)];
            }
            DoorAction::LockScreen if context.is_inside() => return vec![self.lock_screen()],
            DoorAction::LinkOpened(link) if context.is_inside() => {
                return vec![Outcome::TakeLink(link)];
            }
            DoorAction::LinkOpened(link) => self.link = Some(link),
            // The door is open already.
            _ if context.is_inside() => {}
            DoorAction::Name(name) => {
                self.name = name;
                self.look(context);
            }
            DoorAction::Passphrase(text) => {
                match place {
                    Place::Welcome => self.new.type_first(text, &self.name),
                    _ => self.passphrase = text,
                }
                self.look(context);
            }
            DoorAction::Repeated(text) => {
                self.new.type_second(text);
                self.look(context);
            }
            DoorAction::GoOn => return Vec::from_iter(self.go_on(context)),
            DoorAction::TryAgain | DoorAction::LockNode | DoorAction::LockScreen => {}
        }
        Vec::new()
    }

    fn look(&mut self, context: &Context) {
        let name = self.name.trim();
        self.name_too_long = name.len() > MAX_NAME;
        self.problem = None;
        self.lack = None;
        let is_complete = match context.place {
            Place::Welcome => self.missing().is_none(),
            _ => !self.passphrase.is_empty(),
        };
        self.may_go_on = is_complete && !self.busy;
        self.changed = true;
    }

    /// The first thing that is missing for a first start.
    fn missing(&self) -> Option<Lack> {
        let has_name = !self.name.trim().is_empty() && !self.name_too_long;
        if has_name {
            self.new.lack()
        } else {
            Some(Lack::Name)
        }
    }

    /// Makes the identity, unlocks the node, or unlocks the screen.
    fn go_on(&mut self, context: &Context) -> Option<Outcome> {
        if !self.may_go_on {
            if context.place == Place::Welcome && !self.busy {
                self.lack = self.missing();
                self.asked = self.asked.wrapping_add(1);
                self.changed = true;
            }
            return None;
        }
        let request = match context.place {
            Place::Welcome => Request::Create {
                name: Private(self.name.trim().to_owned()),
                passphrase: self.new.chosen(),
            },
            Place::Unlock => HostCall::Unlock(self.passphrase.clone()).into(),
            Place::ScreenLocked => HostCall::CheckPassphrase(self.passphrase.clone()).into(),
            _ => return None,
        };
        self.busy = true;
        self.may_go_on = false;
        self.changed = true;
        Some(Outcome::ask(request))
    }

    /// Handles the answer to an attempt to open the door.
    pub(super) fn answered(
        &mut self,
        answer: Result<(), Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        self.busy = false;
        self.changed = true;
        match answer {
            // Another client was faster.
            Ok(()) | Err(Refusal::NotLocked) => {
                self.attempts = 0;
                self.screen_locked = false;
                (!context.is_inside()).then_some(Outcome::Enter)
            }
            Err(Refusal::Locked) => Some(Outcome::Hide(Found::Locked)),
            Err(refusal) => {
                if refusal == Refusal::WrongPassphrase {
                    self.attempts = self.attempts.saturating_add(1);
                }
                // What the user typed for a first start may still be good.
                if context.place != Place::Welcome {
                    self.clear();
                }
                self.look(context);
                self.problem = Some(refusal);
                None
            }
        }
    }

    /// The worker has found the node in this state.
    pub(super) fn found(&self, found: Found) -> Outcome {
        match found {
            Found::Open if !self.screen_locked => Outcome::Enter,
            found => Outcome::Hide(found),
        }
    }

    /// The node is locked or unlocked now, by this window or by another program.
    pub(super) fn lock_changed(&self, locked: bool, context: &Context) -> Option<Outcome> {
        match (&context.place, locked) {
            (Place::Main(_) | Place::ScreenLocked, true) => Some(Outcome::Hide(Found::Locked)),
            (Place::Unlock | Place::Starting, false) if self.screen_locked => {
                Some(Outcome::Hide(Found::Open))
            }
            (Place::Unlock | Place::Starting | Place::Welcome, false) => Some(Outcome::Enter),
            _ => None,
        }
    }

    /// Hides everything. The node stays on the air.
    pub(super) fn lock_screen(&mut self) -> Outcome {
        self.screen_locked = true;
        Outcome::Hide(Found::Open)
    }

    /// Asks the process that owns the directory to hand it over.
    fn take_over(&mut self, context: &Context) -> Vec<Outcome> {
        let is_client = matches!(context.mode, Some(Mode::Client { .. }));
        if !is_client || self.taking_over {
            return Vec::new();
        }
        self.taking_over = true;
        vec![Outcome::KeepDraft, Outcome::ask(Request::TakeOver)]
    }

    /// The node refused a request.
    pub(super) fn refused(&mut self) {
        self.taking_over = false;
    }

    /// The node has gone, and the worker looks for it.
    pub(super) fn departed(&mut self, departed: &Departed) {
        self.lost = *departed == Departed::Lost;
    }

    /// Takes the reasons why there is another node than before: we took it over; the one before was lost.
    pub(super) fn take_reason(&mut self) -> (bool, bool) {
        (take(&mut self.taking_over), take(&mut self.lost))
    }

    /// Takes the link that the user opened while the door was closed.
    pub(super) fn take_link(&mut self) -> Option<String> {
        self.link.take()
    }

    /// Forgets what was typed.
    pub(super) fn clear(&mut self) {
        *self = Self {
            cleared: self.cleared.wrapping_add(1),
            attempts: self.attempts,
            screen_locked: self.screen_locked,
            taking_over: self.taking_over,
            lost: self.lost,
            link: self.link.take(),
            ..Self::default()
        };
    }

    /// Opens the door.
    pub(super) fn enter(&mut self) {
        self.clear();
        self.attempts = 0;
    }

    /// Everything is destroyed.
    pub(super) fn wipe(&mut self) {
        self.enter();
        self.screen_locked = false;
        self.link = None;
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
