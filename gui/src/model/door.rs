//! What stands before the application: the first start, and both locks.

use hedgerow_node::api::{HostCall, MAX_NAME, Passphrase, Private, Refusal};

use super::app::App;
use super::dialog::{Banner, ChangePassphrase, Dialog};
use super::effect::{Effect, Request};
use super::place::Place;
use super::strength::NewPassphrase;
use super::update::Found;

/// The door.
#[derive(Clone)]
pub struct Door {
    /// First start: the name contacts will be told.
    pub name: String,
    /// First start: the name is longer than a name may be.
    pub name_too_long: bool,
    /// First start: the new passphrase.
    pub new: NewPassphrase,
    /// Everything is there to go on with.
    pub may_go_on: bool,
    /// The passphrase is being hashed, which takes a second or two.
    pub busy: bool,
    /// Why it did not open.
    pub problem: Option<Refusal>,
    /// Wrong passphrases so far.
    pub attempts: u32,
    /// Counts up whenever what was typed is forgotten: clear the fields then.
    pub cleared: u32,
    pub(super) passphrase: Passphrase,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            name: String::new(),
            name_too_long: false,
            new: NewPassphrase::default(),
            may_go_on: false,
            busy: false,
            problem: None,
            attempts: 0,
            cleared: 0,
            passphrase: Passphrase::new(String::new()),
        }
    }
}

impl Door {
    /// Forgets what was typed.
    fn clear(&mut self) {
        *self = Self {
            cleared: self.cleared.wrapping_add(1),
            attempts: self.attempts,
            ..Self::default()
        };
    }
}

impl App {
    /// The name contacts will be told is this now.
    pub(super) fn type_name(&mut self, name: String) {
        self.door.name = name;
        self.look_at_door();
    }

    /// The passphrase is this now: a new one, or the one.
    pub(super) fn type_passphrase(&mut self, passphrase: Passphrase) {
        if self.place == Place::Welcome {
            self.door.new.type_first(passphrase, &self.door.name);
        } else {
            self.door.passphrase = passphrase;
        }
        self.look_at_door();
    }

    /// The new passphrase, again, is this now.
    pub(super) fn type_repeated(&mut self, passphrase: Passphrase) {
        self.door.new.type_second(passphrase);
        self.look_at_door();
    }

    fn look_at_door(&mut self) {
        let door = &mut self.door;
        let name = door.name.trim();
        door.name_too_long = name.len() > MAX_NAME;
        door.problem = None;
        door.may_go_on = !door.busy
            && match self.place {
                Place::Welcome => !name.is_empty() && !door.name_too_long && door.new.may_go_on(),
                _ => !door.passphrase.is_empty(),
            };
        self.changed.door = true;
    }

    /// Makes the identity, unlocks the node, or unlocks the screen.
    pub(super) fn go_on(&mut self) {
        if !self.door.may_go_on {
            return;
        }
        let door = &self.door;
        let request = match self.place {
            Place::Welcome => Request::Create {
                name: Private(door.name.trim().to_owned()),
                passphrase: door.new.chosen(),
            },
            Place::Unlock => HostCall::Unlock(door.passphrase.clone()).into(),
            Place::ScreenLocked => HostCall::CheckPassphrase(door.passphrase.clone()).into(),
            _ => return,
        };
        self.ask(request);
        self.door.busy = true;
        self.door.may_go_on = false;
        self.changed.door = true;
    }

    /// The door is open, or not.
    pub(super) fn hear_door(&mut self, answer: Result<(), Refusal>) {
        self.door.busy = false;
        self.changed.door = true;
        match answer {
            // Another client was faster.
            Ok(()) | Err(Refusal::NotLocked) => {
                self.door.attempts = 0;
                self.screen_locked = false;
                if !matches!(self.place, Place::Main(_)) {
                    self.enter();
                }
            }
            Err(Refusal::Locked) => self.stand_before(Found::Locked),
            Err(refusal) => {
                if refusal == Refusal::WrongPassphrase {
                    self.door.attempts = self.door.attempts.saturating_add(1);
                }
                // What was typed for a first start may be good still.
                if self.place != Place::Welcome {
                    self.door.clear();
                }
                self.look_at_door();
                self.door.problem = Some(refusal);
            }
        }
    }

    /// Hides everything behind the door.
    pub(super) fn stand_before(&mut self, found: Found) {
        self.forget();
        self.door.clear();
        self.go_to_place(match found {
            Found::Nothing => Place::Welcome,
            Found::Locked => Place::Unlock,
            Found::Open => Place::ScreenLocked,
        });
        self.changed.door = true;
    }

    /// Hides everything; the node stays on the air.
    pub(super) fn lock_screen(&mut self) {
        if matches!(self.place, Place::Main(_)) {
            self.reopen = self.thread.as_ref().map(|thread| thread.contact.clone());
            self.screen_locked = true;
            self.stand_before(Found::Open);
        }
    }

    /// Drops all keys, and goes off the air.
    pub(super) fn lock_node(&mut self) {
        if matches!(self.place, Place::Main(_) | Place::ScreenLocked) {
            self.forget();
            self.ask(HostCall::Lock);
            self.screen_locked = false;
            self.stand_before(Found::Locked);
        }
    }

    /// The node was locked or unlocked, by whomever.
    pub(super) fn hear_lock(&mut self, locked: bool) {
        match (&self.place, locked) {
            (Place::Main(_) | Place::ScreenLocked, true) => self.stand_before(Found::Locked),
            (Place::Unlock | Place::Starting, false) if self.screen_locked => {
                self.stand_before(Found::Open);
            }
            (Place::Unlock | Place::Starting | Place::Welcome, false) => self.enter(),
            _ => {}
        }
    }

    /// When the screen locks by itself.
    pub(super) fn idle_lock_ms(&self) -> Option<u64> {
        let minutes = self.settings.lock_after_min?;
        matches!(self.place, Place::Main(_)).then(|| self.touched_ms + u64::from(minutes) * 60_000)
    }

    /// Opens the dialog that changes the passphrase.
    pub(super) fn ask_for_passphrase(&mut self) {
        self.ask_user(Dialog::ChangePassphrase(ChangePassphrase::new()));
    }

    /// Something was typed in that dialog.
    pub(super) fn type_change(&mut self, type_it: impl FnOnce(&mut ChangePassphrase, &str)) {
        if let Some(Dialog::ChangePassphrase(change)) = &mut self.dialog {
            type_it(change, &self.own_name);
            change.look();
            self.changed.dialog = true;
        }
    }

    /// The passphrase is another one now, or not.
    pub(super) fn hear_passphrase_changed(&mut self, answer: Result<(), Refusal>) {
        let Some(Dialog::ChangePassphrase(change)) = &mut self.dialog else {
            return;
        };
        match answer {
            Ok(()) => {
                self.dialog = None;
                self.tell(Banner::PassphraseChanged);
            }
            Err(refusal) => {
                change.busy = false;
                change.look();
                change.problem = Some(refusal);
            }
        }
        self.changed.dialog = true;
    }

    /// Everything is destroyed.
    pub(super) fn hear_wiped(&mut self) {
        self.forget();
        self.dialog = None;
        self.banner = None;
        self.mode = None;
        self.screen_locked = false;
        self.reopen = None;
        self.rescued.clear();
        self.unsent.clear();
        self.link = None;
        self.door = Door {
            cleared: self.door.cleared.wrapping_add(1),
            ..Door::default()
        };
        self.out.push(Effect::ForgetPreferences);
        self.go_to_place(Place::Wiped);
    }
}
