//! The application on that display: the real view-model, binding and worker, and the hands and eyes of
//! the person who measures.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use hedgerow_node::api::{ConversationId, Passphrase};
use hedgerow_node::bench::pair::{PASSPHRASE, PATIENCE};
use hedgerow_node::directory::Hashing;
use hedgerow_node::host::HostOptions;
use hedgerow_node::pictures::Decoder;
use hedgerow_node::runtime::{NodeOptions, OnAir};
use slint::ComponentHandle;
use slint::platform::WindowEvent;

use super::screen::{Area, HEIGHT, Screen, Turn, WIDTH};
use crate::bind::{About, Outside, Window};
use crate::fonts;
use crate::machine::{Clocks, in_window, reach};
use crate::model::{App, DoorAction, Effect, Now, Place, Preferences, RowKind, Theme, Update};
use crate::node::{Options, Worker};
use crate::ui::{AppWindow, ChatsView};

/// Where the list of conversations is, and where the open one: below its head, above what is written,
/// left of the scroll bar.
pub const LIST: Area = (0..360, 110..HEIGHT);
pub const THREAD: Area = (362..WIDTH - 20, 64..HEIGHT - 220);
/// Where the text being written is, however long.
pub const DRAFT: Area = (362..WIDTH - 60, HEIGHT - 200..HEIGHT - 4);

/// The application.
pub struct Shown {
    pub screen: Screen,
    pub window: Rc<Window>,
    worker: Rc<Worker>,
}

impl Shown {
    /// Starts it on a directory; `tap` hears in the worker's threads what is told to the window.
    pub fn start(
        directory: &Path,
        on_air: OnAir,
        tap: impl Fn(&Update) + Send + Sync + 'static,
    ) -> Result<Self> {
        let screen = Screen::new()?;
        let ui = AppWindow::new()?;
        fonts::register();
        let options = Options {
            directory: directory.to_owned(),
            host: HostOptions {
                pictures: Decoder::of_this_program(),
                node: NodeOptions {
                    on_air,
                    record_to: None,
                },
                // What a passphrase costs is chosen, not measured.
                hashing: Hashing::hazmat_fast_for_tests(),
            },
            downloads: None,
            name: "Hedgerow (bench)".into(),
        };
        let worker = Worker::start(options, move |update| {
            tap(&update);
            in_window(move |window| window.handle(update));
        })?;
        let worker = Rc::new(worker);
        let desk = Desk {
            clocks: Clocks::start(),
            worker: worker.clone(),
        };
        let preferences = Preferences {
            theme: Theme::Light,
            language: Some("en".into()),
            lock_after_min: None,
            width: WIDTH,
            height: HEIGHT,
            ..Preferences::default()
        };
        let about = About {
            version: String::new(),
            directory: String::new(),
        };
        let app = App::new(jiff::tz::TimeZone::system(), preferences, desk.now());
        let window = Window::new(ui, app, about, Box::new(desk));
        reach(&window);
        window.ui().show()?;
        Ok(Self {
            screen,
            window,
            worker,
        })
    }

    /// Unlocks it, and waits for the list of conversations to be on the screen.
    pub fn enter(&mut self) -> Result<Turn> {
        self.until("it asks for the passphrase", |app| {
            app.context.place == Place::Unlock
        })?;
        self.window
            .act(DoorAction::Passphrase(Passphrase::new(PASSPHRASE.into())));
        self.window.act(DoorAction::GoOn);
        self.until("the list is there", |app| {
            app.pages.chats.rows.iter().any(|row| row.last.is_some())
        })?;
        let last = self.until_drawn("the list is drawn", |shown| shown.screen.ink(&LIST) > 100)?;
        Ok(last)
    }

    /// Opens a conversation; all turns until it is drawn with content.
    pub fn open(&mut self, conversation: &ConversationId) -> Result<Vec<Turn>> {
        let id = conversation.0.as_str().into();
        let mut turns = vec![self.input(|window, _| {
            window.ui().global::<ChatsView>().invoke_open(id);
        })];
        self.turns_until(&mut turns, "the conversation is there", |shown| {
            shown.rows() > 0 && shown.screen.ink(&THREAD) > 1_000
        })?;
        Ok(turns)
    }

    /// Does something as a person does, and what comes of it at once.
    pub fn input(&mut self, input: impl FnOnce(&Window, &slint::Window)) -> Turn {
        let window = &self.window;
        self.screen.turn(|display| input(window, display))
    }

    /// An event of the keyboard or the pointer.
    pub fn event(&mut self, event: WindowEvent) -> Turn {
        self.input(|_, display| display.dispatch_event(event))
    }

    /// A key, pressed and released: the turn of the pressing.
    pub fn key(&mut self, key: impl Into<slint::SharedString>) -> Turn {
        let text = key.into();
        let turn = self.event(WindowEvent::KeyPressed { text: text.clone() });
        self.event(WindowEvent::KeyReleased { text });
        turn
    }

    /// Turns until it is so, after each look adding to `turns`.
    pub fn turns_until(
        &mut self,
        turns: &mut Vec<Turn>,
        what: &str,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            ensure!(Instant::now() < deadline, "waited in vain until {what}");
            if self.screen.rest(deadline) {
                turns.push(self.screen.turn(|_| ()));
            }
        }
        Ok(())
    }

    /// Turns until the view-model has something.
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&App) -> bool) -> Result<()> {
        self.turns_until(&mut Vec::new(), what, |shown| is_so(&shown.window.app()))
    }

    /// Turns until something is on the screen, and gives the last turn.
    pub fn until_drawn(&mut self, what: &str, is_so: impl FnMut(&Self) -> bool) -> Result<Turn> {
        let mut turns = vec![self.screen.turn(|_| ())];
        self.turns_until(&mut turns, what, is_so)?;
        turns.pop().ok_or_else(|| anyhow!("there was a turn"))
    }

    /// Turns until nothing has happened for so long; the turns that drew.
    pub fn calm(&mut self, calm: Duration) -> Result<Vec<Turn>> {
        let deadline = Instant::now() + PATIENCE;
        let mut turns = Vec::new();
        while self.screen.rest(Instant::now() + calm) {
            ensure!(
                Instant::now() < deadline,
                "waited in vain until nothing moves"
            );
            turns.push(self.screen.turn(|_| ()));
        }
        Ok(turns)
    }

    /// How many messages the open conversation shows, or could by scrolling.
    pub fn rows(&self) -> usize {
        let app = self.window.app();
        let rows = app.pages.thread.open.iter().flat_map(|thread| &thread.rows);
        rows.filter(|row| matches!(row.kind, RowKind::Message(_)))
            .count()
    }

    /// Closes the store.
    pub fn stop(self) -> Result<()> {
        ensure!(self.worker.stop(), "the store was not closed in time");
        Ok(())
    }
}

/// What is outside of the window here: the node alone.
struct Desk {
    clocks: Clocks,
    worker: Rc<Worker>,
}

impl Outside for Desk {
    fn now(&self) -> Now {
        self.clocks.now()
    }

    fn perform(&self, effect: Effect) {
        if let Effect::Ask(request) = effect {
            self.worker.ask(request);
        }
    }

    fn choose_picture(&self) {}

    fn quit(&self) {}
}
