//! The whole application: passes to each page what concerns it, and executes what the pages want.

use hedgerow_node::api::{Call, Event, Refusal, visible};
use jiff::tz::TimeZone;

use super::action::Action;
use super::banner::{Banner, BannerLine};
use super::calendar::Now;
use super::contacts::Contacts;
use super::context::Context;
use super::conversations::Conversations;
use super::dialog::Dialog;
use super::door::Door;
use super::effect::{Effect, Request};
use super::outcome::{Outcome, concerns_everything};
use super::pages::Pages;
use super::place::{Changed, Pane, Place, SettingsPage, Steps};
use super::preferences::Preferences;
use super::recording::RecordingAction;
use super::thread::ThreadAction;
use super::update::{Departed, Found, Mode, Update};

/// The application.
pub struct App {
    /// What every page may read.
    pub context: Context,
    /// The pages behind the door.
    pub pages: Pages,
    /// The door: the first start, and both locks.
    pub door: Door,
    /// The line above everything.
    pub banner: BannerLine,
    steps: Steps,
    /// Changes that belong to no page.
    changed: Changed,
    out: Vec<Effect>,
}

impl App {
    /// An application that knows nothing yet.
    pub fn new(zone: TimeZone, preferences: Preferences, now: Now) -> (Self, Vec<Effect>) {
        let app = Self {
            context: Context::new(zone, preferences, now),
            pages: Pages::default(),
            door: Door::default(),
            banner: BannerLine::default(),
            steps: Steps::default(),
            changed: Changed::ALL,
            out: Vec::new(),
        };
        let effects = vec![Effect::SetTitle { unread: 0 }, Effect::Ask(Request::Open)];
        (app, effects)
    }

    /// The parts that have changed since the last call.
    pub fn changed(&mut self) -> Changed {
        let mut changed = std::mem::take(&mut self.changed).and(self.pages.take_changed());
        changed.door |= self.door.take_changed();
        changed.banner |= self.banner.take_changed();
        changed
    }

    /// What notes to oneself are called in the language of the window.
    pub fn call_notes(&mut self, name: String) {
        self.context.notes = name;
        let drawn = self.pages.draw(&self.context);
        self.apply(drawn);
    }

    /// When [`Action::Tick`] is due, on the clock that never goes back; `None` if nothing depends on time.
    pub fn wake_at(&self) -> Option<u64> {
        let context = &self.context;
        let banner_ms = self.banner.due_ms();
        if !context.is_inside() {
            return banner_ms;
        }
        let midnight_ms = context.now.monotonic_ms + context.calendar.left_ms(context.now);
        let pages_ms = self.pages.due_ms(context);
        let due = [banner_ms, self.idle_ms(), pages_ms, Some(midnight_ms)];
        due.into_iter().flatten().min()
    }

    /// A person did something.
    pub fn act(&mut self, action: Action, now: Now) -> Vec<Effect> {
        self.turn(now);
        if !action.happens_by_itself() {
            self.context.presence.touch(now);
        }
        let (pages, context) = (&mut self.pages, &mut self.context);
        let outcomes = match action {
            Action::Tick | Action::Touched => Vec::new(),
            Action::Window(action) => {
                let desktop = context.presence.desktop();
                let outcomes = context.presence.act(action, &context.preferences);
                self.changed.settings |= context.presence.desktop() != desktop;
                outcomes
            }
            Action::OpenNotified(id) => pages.thread.notified(id, context),
            Action::Prefer(preference) => vec![Outcome::Prefer(preference)],
            Action::DismissBanner => {
                self.banner.dismiss();
                Vec::new()
            }
            Action::Dialog(action) => pages.dialog.act(action, context),
            Action::Door(action) => self.door.act(action, context),
            // What was heard last is kept, whatever the screen shows.
            Action::Recording(action @ RecordingAction::Report(..)) => {
                pages.thread.record(action, context)
            }
            // All other actions are for pages behind the door.
            _ if !context.is_inside() => Vec::new(),
            Action::Back => self.back(),
            Action::ShowAdding => pages.adding.show(context),
            Action::ShowNetwork => vec![Outcome::Go(Pane::Network), Outcome::NetworkChanged],
            Action::ShowSettings(page) => pages.settings.show(page),
            Action::LeaveSettings => {
                self.steps.retain(|pane| !matches!(pane, Pane::Settings(_)));
                self.back()
            }
            Action::ShowList => vec![Outcome::Go(Pane::Nothing)],
            Action::ShowKeys => vec![Outcome::Show(Dialog::Keys)],
            Action::ShowPerson(id) => pages.person.show(id, context),
            Action::Chats(action) => pages.chats.act(action, pages.thread.id(), context),
            Action::Thread(action) => pages.thread.act(action, context),
            Action::Picker(action) => pages.picker.act(action, pages.thread.may_write(), context),
            Action::Adding(action) => pages.adding.act(action, context),
            Action::Founding(action) => pages.founding.act(action, context),
            Action::Group(action) => pages.group.act(action, context),
            Action::Person(action) => pages.person.act(action, context),
            Action::Network(action) => Vec::from_iter(pages.network.act(action)),
            Action::Settings(action) => Vec::from_iter(pages.settings.act(action)),
            Action::Starred(action) => pages.starred.act(action),
            Action::Storage(action) => pages.storage.act(action, context),
            Action::Media(action) => pages.media.act(action, context),
            Action::Viewer(action) => pages.viewer.act(action, context),
            Action::Carry(action) => vec![action.outcome()],
            Action::Playing(action) => pages.playing.act(action, &pages.thread),
            Action::Recording(action) => pages.thread.record(action, context),
            Action::Searching(action) => {
                let here = pages.thread.id().filter(|_| context.shows(Pane::Thread));
                pages.searching.act(action, here, context)
            }
        };
        self.apply(outcomes);
        self.settle()
    }

    /// The node reported something.
    pub fn handle(&mut self, update: Update, now: Now) -> Vec<Effect> {
        self.turn(now);
        let outcomes = match update {
            Update::Opened { mode, found } => {
                self.hide(Place::Starting);
                let (took_over, lost) = self.door.take_reason();
                self.banner.opened(&mode, took_over, lost, &self.context);
                self.set_mode(Some(mode));
                vec![self.door.found(found)]
            }
            Update::NotOpened(refusal) => {
                self.hide(Place::Failed(refusal));
                Vec::new()
            }
            Update::Departed(_) if self.context.place == Place::Wiped => Vec::new(),
            Update::Departed(departed) => self.departed(departed),
            Update::Wiped => {
                self.hide(Place::Wiped);
                self.pages.dialog.close();
                self.pages.thread.wipe();
                self.banner.dismiss();
                self.door.wipe();
                self.set_mode(None);
                vec![Outcome::Do(Effect::ForgetPreferences)]
            }
            Update::Created(answer) | Update::Unlocked(answer) | Update::Checked(answer) => {
                Vec::from_iter(self.door.answered(answer, &self.context))
            }
            Update::Refused(refusal) => {
                self.pages.looking.everything.landed();
                self.pages.chats.arranged.refused();
                self.pages.dialog.refused();
                self.door.refused();
                vec![Outcome::Refused(refusal)]
            }
            Update::Event(Event::Lock { locked }) => {
                Vec::from_iter(self.door.lock_changed(locked, &self.context))
            }
            Update::Event(event) if self.context.is_inside() => {
                self.pages.event(event, &self.context)
            }
            Update::Event(event) => {
                let notifier = &mut self.pages.notifier;
                Vec::from_iter(notifier.event_while_locked(event, &self.context))
            }
            answer => self.pages.handle(answer, &mut self.context),
        };
        self.apply(outcomes);
        self.settle()
    }

    /// Takes over the present time, and what lies over the conversation.
    fn turn(&mut self, now: Now) {
        self.context.now = now;
        self.look_over();
        if self.context.calendar.turn(now) {
            let drawn = self.pages.turn(&self.context);
            self.apply(drawn);
        }
    }

    /// What lies over the conversation stops reading, and what was in view is seen when that has gone.
    fn look_over(&mut self) {
        let covered = self.pages.cover_conversation();
        if std::mem::replace(&mut self.context.covered, covered) && !covered {
            self.pages.thread.see_what_is_in_view(&self.context);
        }
    }

    /// Does what has become due. Gives the effects to execute.
    fn settle(&mut self) -> Vec<Effect> {
        self.look_over();
        let now_ms = self.context.now.monotonic_ms;
        if self.banner.due_ms().is_some_and(|due| due <= now_ms) {
            self.banner.dismiss();
        }
        if self.idle_ms().is_some_and(|due| due <= now_ms) {
            let lock = self.door.lock_screen();
            self.apply([lock]);
        }
        let outcomes = self.pages.settle(&self.context);
        self.apply(outcomes);
        std::mem::take(&mut self.out)
    }

    /// When the screen locks by itself.
    fn idle_ms(&self) -> Option<u64> {
        let context = &self.context;
        let idle_ms = context.presence.idle_ms(&context.preferences);
        idle_ms.filter(|_| context.is_inside())
    }

    /// Executes what the pages want.
    fn apply(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            let more = self.apply_one(outcome);
            // What follows from one outcome comes before the next outcome.
            if !more.is_empty() {
                self.apply(more);
            }
        }
    }

    /// Executes one outcome. Gives the outcomes that follow from it, to be executed next.
    fn apply_one(&mut self, outcome: Outcome) -> Vec<Outcome> {
        let (pages, context) = (&mut self.pages, &mut self.context);
        match outcome {
            Outcome::Do(effect) => self.out.push(effect),
            Outcome::Go(pane) => self.go(pane),
            Outcome::OpenChat(id) => {
                if pages.thread.id() != Some(&id) {
                    pages.picker.close();
                    pages.searching.opens(&id);
                }
                let mut outcomes = pages.thread.show(&id, context);
                outcomes.extend(pages.draw_chats(context));
                return outcomes;
            }
            Outcome::DropChat(id) => {
                pages.drop_chat(&id);
                self.leave_empty_panes();
            }
            Outcome::Forget(id) => {
                let withdrawn = pages.forget_contact(&id, context);
                self.leave_empty_panes();
                let drawn = self.pages.draw_chats(&self.context);
                return withdrawn.into_iter().chain(drawn).collect();
            }
            Outcome::JumpTo(id) => return pages.thread.act(ThreadAction::JumpTo(id), context),
            Outcome::DropOld {
                conversation,
                before_ms,
                of,
            } => return pages.storage.drop_old(conversation, before_ms, of, context),
            Outcome::View(pictures) => pages.viewer.show(pictures, context),
            Outcome::StepBack => return self.back(),
            Outcome::React(id, emoji) => {
                return pages.thread.act(ThreadAction::React { id, emoji }, context);
            }
            Outcome::Draft(id, draft) => {
                if context.conversations.set_draft(&id, draft) {
                    return Vec::from_iter(pages.draw_chats(context));
                }
            }
            Outcome::TakeLink(link) => return pages.adding.take_link(link),
            Outcome::Show(dialog) => pages.dialog.show(dialog),
            Outcome::Dismiss => pages.dialog.dismiss(),
            Outcome::Tell(banner) => self.banner.tell(banner, context),
            Outcome::StoreWorks => self.banner.store_works(),
            Outcome::Refused(refusal) => return Vec::from_iter(self.refused(refusal)),
            Outcome::TimerShown(id, seconds) => pages.thread.timer_shown(&id, seconds),
            Outcome::Send => return pages.thread.act(ThreadAction::Send, context),
            Outcome::KeepDraft => return pages.thread.keep_draft(),
            Outcome::SeeWhatIsInView => pages.thread.see_what_is_in_view(context),
            Outcome::ComeForward => return vec![context.presence.come_forward()],
            Outcome::LookAt(id) => pages.looking.contacts.want(id),
            Outcome::NetworkChanged => pages.network.look(),
            Outcome::Prefer(preference) => {
                if context.preferences.set(preference) {
                    self.changed.settings = true;
                    let preferences = context.preferences.clone();
                    self.out.push(Effect::SavePreferences(preferences));
                }
            }
            Outcome::Start => self.set_place(Place::Starting),
            Outcome::Enter => return self.enter(),
            Outcome::Hide(found) => {
                let place = match found {
                    Found::Nothing => Place::Welcome,
                    Found::Locked => Place::Unlock,
                    Found::Open => Place::ScreenLocked,
                };
                if place == Place::ScreenLocked {
                    pages.thread.lock();
                }
                self.hide(place);
                self.door.clear();
            }
        }
        Vec::new()
    }

    /// Handles a refusal that no page shows.
    fn refused(&mut self, refusal: Refusal) -> Option<Outcome> {
        match refusal {
            Refusal::Locked => self
                .context
                .is_inside()
                .then_some(Outcome::Hide(Found::Locked)),
            Refusal::Storage { fault } => Some(Outcome::Tell(Banner::Storage(fault))),
            // An event or the next state of the node tells the user.
            refusal if concerns_everything(&refusal) => None,
            refusal => Some(Outcome::Tell(Banner::Refused(refusal))),
        }
    }

    /// Opens everything behind the door.
    fn enter(&mut self) -> Vec<Outcome> {
        self.door.enter();
        self.pages.dialog.close();
        self.pages.looking.everything.want();
        self.context.presence.touch(self.context.now);
        self.steps.clear();
        self.set_place(Place::Main(Pane::Nothing));
        let link = self.door.take_link().map(Outcome::TakeLink);
        let begin = [
            Outcome::ask(Call::Invitations),
            Outcome::Do(Effect::ClearNotifications),
        ];
        begin.into_iter().chain(link).collect()
    }

    /// Closes the door: forgets everything that a locked screen must not hold.
    fn hide(&mut self, place: Place) {
        if self.context.is_inside() {
            let mut kept = self.pages.thread.keep_draft();
            kept.extend(self.pages.thread.leave_recording());
            kept.extend(self.pages.playing.stop());
            self.apply(kept);
            self.pages.notifier.lock(&self.context.conversations);
            self.pages.forget();
            self.context.contacts = Contacts::default();
            self.context.conversations = Conversations::default();
            self.context.me = None;
            self.steps.clear();
            self.banner.forget();
            self.out.push(Effect::ClearNotifications);
            self.out.push(Effect::SetTitle { unread: 0 });
            self.changed = Changed::ALL;
        }
        self.set_place(place);
    }

    /// There is no node any more, so nobody can store the draft.
    fn departed(&mut self, departed: Departed) -> Vec<Outcome> {
        let lost = self.pages.thread.lose_recording();
        self.apply(lost);
        self.pages.thread.lose_node();
        self.hide(Place::Starting);
        self.door.departed(&departed);
        self.set_mode(None);
        match departed {
            Departed::HandedOver(to) => {
                let to = visible::label(&to).unwrap_or_default();
                vec![Outcome::Tell(Banner::HandedOver(to))]
            }
            Departed::Stopped | Departed::Lost => Vec::new(),
        }
    }

    /// Whether the user has typed a name other than the one that contacts know.
    pub fn may_save_own_name(&self) -> bool {
        let typed = self.pages.settings.own_name.trim();
        let me = self.context.me.as_ref();
        !typed.is_empty() && me.is_some_and(|me| me.name.0 != typed)
    }

    fn set_mode(&mut self, mode: Option<Mode>) {
        self.context.mode = mode;
        self.changed.node = true;
    }

    fn set_place(&mut self, place: Place) {
        self.changed.place |= self.context.place != place;
        self.context.place = place;
        // What comes while another page covers the conversation is seen only now.
        if self.context.shows(Pane::Thread) {
            self.pages.thread.see_what_is_in_view(&self.context);
        }
    }

    /// Shows something beside the list.
    fn go(&mut self, pane: Pane) {
        let Place::Main(here) = self.context.place else {
            return;
        };
        if here == pane {
            return;
        }
        match pane {
            // From a conversation, one step back leads to the list, no matter how the user came there.
            Pane::Thread | Pane::Nothing => {
                self.steps.clear();
                self.pages.person.close();
            }
            // The user goes from one page of the settings to another beside their list.
            Pane::Settings(page)
                if page != SettingsPage::Licences
                    && matches!(here, Pane::Settings(at) if at != SettingsPage::Overview) => {}
            _ => self.steps.leave(here),
        }
        self.set_place(Place::Main(pane));
    }

    fn back(&mut self) -> Vec<Outcome> {
        let pages = &mut self.pages;
        let Place::Main(here) = self.context.place else {
            return Vec::new();
        };
        if pages.dialog.open.is_some() {
            return vec![Outcome::Dismiss];
        }
        if pages.viewer.open.is_some() {
            pages.viewer.close();
            return Vec::new();
        }
        if let Some(left) = pages.picker.leave() {
            return vec![left];
        }
        let left = pages.searching.leave(&self.context);
        if !left.is_empty() {
            return left;
        }
        if here == Pane::Nothing && pages.chats.leave_archived() {
            return Vec::from_iter(pages.draw_chats(&self.context));
        }
        let to = self.steps.back();
        if here == Pane::Person && to != Pane::Person {
            pages.person.close();
        }
        let mut outcomes = Vec::new();
        if here == Pane::Thread {
            outcomes = pages.thread.close();
            outcomes.extend(pages.draw_chats(&self.context));
        }
        self.set_place(Place::Main(to));
        self.leave_empty_panes();
        outcomes
    }

    /// Leaves panes that have nothing to show any more.
    fn leave_empty_panes(&mut self) {
        self.steps.retain(|pane| self.pages.is_full(*pane));
        if let Place::Main(here) = self.context.place
            && !self.pages.is_full(here)
        {
            let to = self.steps.back();
            self.set_place(Place::Main(to));
        }
    }
}
