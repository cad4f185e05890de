//! Between the view-model and the interface: copies what changed to properties, and turns callbacks
//! into actions. Decides nothing.
//!
//! Each view has a file with `listen`, which connects its callbacks, and `draw`, which copies its part.

mod adding;
mod arranging;
mod attaching;
mod banner;
mod bluetooth;
mod carrying;
mod chats;
mod choosing;
mod column;
mod deleting;
mod dialogs;
mod door;
mod draft;
mod emoji;
mod files;
mod forwarding;
mod founding;
mod group;
mod invited;
mod markdown;
mod media;
mod near;
mod network;
mod paths;
mod person;
mod picker;
mod quote;
mod relays;
mod restarting;
mod scanning;
mod searching;
mod settings;
mod speaker;
mod starred;
mod storage;
mod thread;
mod timing;
mod viewer;
mod voice;
mod words;

use std::cell::{Cell, Ref, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use hedgerow_node::api::{ContactId, ConversationId, InvitationId, MessageId, Private};
use hedgerow_node::words::Language;
use image::GrayImage;
use slint::platform::WindowEvent;
use slint::{ComponentHandle, Model, ModelRc, SharedString, Timer, TimerMode, VecModel};

use self::speaker::Speaker;
use crate::model::{
    Action, App, Changed, DoorAction, Effect, Now, Pane, Place, Preference, Update, WindowAction,
};
use crate::pictures;
use crate::ui::{AppWindow, Caret, PaneKind, Words};

/// The callback for what a person does in a view.
#[derive(Clone)]
struct Act(Rc<dyn Fn(Action)>);

impl Act {
    fn act(&self, action: impl Into<Action>) {
        self.0(action.into());
    }
}

/// What the machine provides to the window.
pub trait Outside {
    /// The present time.
    fn now(&self) -> Now;

    /// Executes an effect that concerns neither the window nor the clipboard.
    fn perform(&self, effect: Effect);

    /// The user wants to choose a picture with an invitation.
    fn choose_picture(&self);

    /// The user wants to save this picture with an invitation. A machine without files ignores it.
    fn save_picture(&self, _picture: GrayImage) {}

    /// Closes the window.
    fn quit(&self);
}

/// How long the cursor blinks after the last key. Then it stands still.
const BLINKS: Duration = Duration::from_secs(10);

/// The window, with the application that it shows.
pub struct Window {
    ui: AppWindow,
    app: RefCell<App>,
    chats: chats::Drawn,
    arranged: arranging::Drawn,
    thread: thread::Drawn,
    media: media::Drawn,
    picker: picker::Drawn,
    speaker: Speaker,
    outside: Box<dyn Outside>,
    /// The language in which everything is drawn now.
    spoken: Cell<Option<Language>>,
    /// The value of `pasted_set` for the link on screen.
    pasted_set: Cell<u32>,
    /// The value of `name_set` for the name of a new group on screen.
    name_set: Cell<u32>,
    alias_set: RefCell<Option<(ContactId, u32)>>,
    wake: Timer,
    blinks: Timer,
    me: Weak<Self>,
}

impl Window {
    /// Shows an application in a window, and begins.
    pub fn new(
        ui: AppWindow,
        (app, effects): (App, Vec<Effect>),
        about: About,
        outside: Box<dyn Outside>,
    ) -> Rc<Self> {
        let speaker = Speaker::of(&ui);
        let window = Rc::new_cyclic(|me| Self {
            ui,
            app: RefCell::new(app),
            chats: chats::Drawn::default(),
            arranged: arranging::Drawn::default(),
            thread: thread::Drawn::default(),
            media: media::Drawn::default(),
            picker: picker::Drawn::default(),
            speaker,
            outside,
            spoken: Cell::default(),
            pasted_set: Cell::default(),
            name_set: Cell::default(),
            alias_set: RefCell::default(),
            wake: Timer::default(),
            blinks: Timer::default(),
            me: me.clone(),
        });
        let act = {
            let window = Rc::downgrade(&window);
            Act(Rc::new(move |action| {
                if let Some(window) = Weak::upgrade(&window) {
                    window.act(action);
                }
            }))
        };
        let ui = &window.ui;
        door::listen(ui, &act);
        window.chats.listen(ui, &act);
        window.arranged.listen(ui, &act);
        window.thread.listen(ui, &act);
        window.picker.listen(ui, &act);
        emoji::listen(ui);
        words::listen(ui);
        let (choosing, saving) = (Rc::downgrade(&window), Rc::downgrade(&window));
        adding::listen(
            ui,
            &act,
            move || {
                if let Some(window) = Weak::upgrade(&choosing) {
                    window.outside.choose_picture();
                }
            },
            move || {
                if let Some(window) = Weak::upgrade(&saving) {
                    window.save_picture();
                }
            },
        );
        scanning::listen(ui, &act);
        founding::listen(ui, &act);
        group::listen(ui, &act);
        invited::listen(ui, &act);
        restarting::listen(ui, &act);
        person::listen(ui, &act);
        network::listen(ui, &act);
        bluetooth::listen(ui, &act);
        relays::listen(ui, &act);
        paths::listen(ui, &act);
        searching::listen(ui, &act);
        settings::listen(ui, &act, &about);
        deleting::listen(ui, &act);
        timing::listen(ui, &act);
        attaching::listen(ui, &act);
        files::listen(ui, &act);
        carrying::listen(ui, &act);
        forwarding::listen(ui, &act);
        starred::listen(ui, &act);
        storage::listen(ui, &act);
        window.media.listen(ui, &act);
        viewer::listen(ui, &act);
        voice::listen(ui, &act);
        dialogs::listen(ui, &act);
        banner::listen(ui, &act);
        let touched = Rc::downgrade(&window);
        ui.on_touched(move || {
            if let Some(window) = Weak::upgrade(&touched) {
                window.touched();
            }
        });
        let say = act.clone();
        ui.on_back(move || say.act(Action::Back));
        let say = act.clone();
        ui.on_lock(move || say.act(DoorAction::LockScreen));
        let weak = ui.as_weak();
        ui.window().on_close_requested(move || {
            if let Some(ui) = weak.upgrade() {
                let size = ui.window().size().to_logical(ui.window().scale_factor());
                let (width, height) = (size.width as u32, size.height as u32);
                act.act(Action::Prefer(Preference::Window { width, height }));
            }
            act.act(WindowAction::Close);
            slint::CloseRequestResponse::KeepWindowShown
        });
        window.settle(effects);
        window
    }

    /// The interface.
    pub fn ui(&self) -> &AppWindow {
        &self.ui
    }

    /// The application that it shows.
    pub(crate) fn app(&self) -> Ref<'_, App> {
        self.app.borrow()
    }

    /// A person did something.
    pub fn act(&self, action: impl Into<Action>) {
        let effects = self.app.borrow_mut().act(action.into(), self.outside.now());
        self.settle(effects);
    }

    /// The user used a key or the pointer, or a text field got the focus.
    pub fn touched(&self) {
        let caret = self.ui.global::<Caret>();
        if caret.get_rests() {
            caret.set_rests(false);
            self.activate(true);
        }
        let window = self.me.clone();
        self.blinks.start(TimerMode::SingleShot, BLINKS, move || {
            if let Some(window) = Weak::upgrade(&window) {
                window.rest();
            }
        });
        self.act(Action::Touched);
    }

    /// Stops the cursor, if there is one: tells the text field that the window is not in front.
    fn rest(&self) {
        if self.ui.get_writing() {
            self.ui.global::<Caret>().set_rests(true);
            self.activate(false);
        }
    }

    fn activate(&self, active: bool) {
        self.ui
            .window()
            .dispatch_event(WindowEvent::WindowActiveChanged(active));
    }

    /// Shows what the camera sees, unless it was switched off meanwhile.
    pub fn see(&self, sight: &GrayImage) {
        if self.app().pages.adding.scanning.on {
            scanning::show(sight, &self.ui);
        }
    }

    /// Saves the invitation on screen as a picture.
    fn save_picture(&self) {
        let app = self.app();
        if let Some(shown) = &app.pages.adding.shown {
            self.outside.save_picture(adding::saved(&shown.qr));
        }
    }

    /// Lays out what has changed, and moves the focus where it belongs. Events of the pointer or a key do that
    /// themselves. After other events Slint may be about to tell a screen reader about the new tree, and must not move
    /// the focus then.
    pub fn catch_up(&self) {
        let text = SharedString::default();
        let nothing = WindowEvent::KeyReleased { text };
        self.ui.window().dispatch_event(nothing);
    }

    /// The node told something.
    pub fn handle(&self, update: Update) {
        let effects = self.app.borrow_mut().handle(update, self.outside.now());
        self.settle(effects);
    }

    /// Draws what has changed, executes the effects, and sets the timer.
    fn settle(&self, effects: Vec<Effect>) {
        self.draw();
        for effect in effects {
            match effect {
                Effect::Copy(Private(text)) => self.ui.invoke_copy(text.into()),
                Effect::SetTitle { unread } => {
                    self.ui.set_unread(words::number(unread));
                    self.outside.perform(effect);
                }
                Effect::FocusDraft => self.ui.invoke_focus_draft(),
                Effect::Insert(text) => thread::insert(&text, &self.ui),
                Effect::Announce(announcement) => self.speaker.say(&announcement, &self.ui),
                Effect::Quit => self.outside.quit(),
                other => self.outside.perform(other),
            }
        }
        self.keep_time();
    }

    /// Sets the timer to the time at which the application wants to wake.
    fn keep_time(&self) {
        let Some(at) = self.app.borrow().wake_at() else {
            self.wake.stop();
            return;
        };
        let left = at.saturating_sub(self.outside.now().monotonic_ms);
        let window = self.me.clone();
        self.wake.start(
            TimerMode::SingleShot,
            Duration::from_millis(left),
            move || {
                if let Some(window) = Weak::upgrade(&window) {
                    window.act(Action::Tick);
                    window.catch_up();
                }
            },
        );
    }

    fn draw(&self) {
        let mut app = self.app.borrow_mut();
        let mut changed = app.changed();
        let ui = &self.ui;
        if changed.settings || self.spoken.get().is_none() {
            let chosen = app.context.preferences.language.as_deref();
            let language = chosen.map_or_else(Language::of_system, |code| {
                Language::of_locale(code).unwrap_or_default()
            });
            if self.spoken.replace(Some(language)) != Some(language) {
                words::speak(language, ui);
                app.call_notes(ui.global::<Words>().invoke_notes().into());
                changed = Changed::ALL;
            }
        }
        if changed.place {
            let is_open = matches!(app.context.place, Place::Main(_));
            ui.set_open(is_open);
            if !is_open {
                pictures::forget();
                self.speaker.hush();
            }
            ui.set_pane(match app.context.place {
                Place::Main(Pane::Thread) => PaneKind::Thread,
                Place::Main(Pane::Search) => PaneKind::Search,
                Place::Main(Pane::Starred) => PaneKind::Starred,
                Place::Main(Pane::Media) => PaneKind::Media,
                Place::Main(Pane::Person) => PaneKind::Person,
                Place::Main(Pane::Adding) => PaneKind::Adding,
                Place::Main(Pane::Group) => PaneKind::Group,
                Place::Main(Pane::Founding) => PaneKind::Founding,
                Place::Main(Pane::Network) => PaneKind::Network,
                Place::Main(Pane::Settings(_)) => PaneKind::Settings,
                _ => PaneKind::Nothing,
            });
        }
        if changed.place || changed.door {
            door::draw(&app, ui);
        }
        if changed.chats {
            self.chats.draw(&app, ui);
            self.arranged.draw(&app);
        }
        if changed.thread || changed.rows || changed.settings {
            self.thread.draw(&mut app, ui, changed.rows);
            attaching::draw(&app, ui);
        }
        if changed.picker {
            self.picker.draw(&app, ui);
        }
        if changed.searching {
            searching::draw(&app, ui);
        }
        if changed.starred {
            starred::draw(&app, ui);
        }
        if changed.storage || changed.settings {
            storage::draw(&app, ui);
        }
        if changed.media || changed.settings {
            self.media.draw(&app, ui);
        }
        if changed.playing || changed.thread || changed.settings {
            voice::draw(&app, ui);
        }
        if changed.viewer || changed.settings {
            viewer::draw(&app, ui);
        }
        if changed.adding {
            adding::draw(&app, ui, &self.pasted_set);
            scanning::draw(&app.pages.adding.scanning, ui);
        }
        if changed.founding {
            founding::draw(&app.pages.founding, ui, &self.name_set);
        }
        if changed.group {
            group::draw(&app, ui);
        }
        if changed.person {
            person::draw(&app, ui, &self.alias_set);
        }
        if changed.network {
            network::draw(&app, ui);
            bluetooth::draw(&app.pages.network.bluetooth, ui);
            relays::draw(&app.pages.network, ui);
            paths::draw(&app.pages.network.paths, ui);
        }
        if changed.place || changed.settings || changed.node {
            settings::draw(&app, ui);
        }
        if changed.dialog {
            dialogs::draw(&app, ui);
        }
        if changed.banner {
            banner::draw(&app, ui);
        }
    }
}

/// Facts about the program.
pub struct About {
    /// Its version.
    pub version: String,
    /// Where the data are.
    pub directory: String,
}

/// A list with these rows. Changes the shown list where it can, so that a row that stays keeps the keyboard's focus.
fn list<T: Clone + PartialEq + 'static>(
    shown: ModelRc<T>,
    wanted: impl Iterator<Item = T>,
) -> ModelRc<T> {
    let Some(rows) = shown.as_any().downcast_ref::<VecModel<T>>() else {
        return ModelRc::new(VecModel::from_iter(wanted));
    };
    let mut count = 0;
    for row in wanted {
        match rows.row_data(count) {
            Some(old) if old == row => {}
            Some(_) => rows.set_row_data(count, row),
            None => rows.push(row),
        }
        count += 1;
    }
    while rows.row_count() > count {
        rows.remove(count);
    }
    shown
}

fn conversation(id: SharedString) -> ConversationId {
    ConversationId(id.into())
}

fn message(id: SharedString) -> MessageId {
    MessageId(id.into())
}

fn invitation(id: SharedString) -> InvitationId {
    InvitationId(id.into())
}
