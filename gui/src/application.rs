//! The whole application: the window, the node behind it, and the desktop around both.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use hedgerow_node::api::{ConversationId, ExportFormat, Private};
use hedgerow_node::export;
use hedgerow_node::host::HostOptions;
use hedgerow_node::host::finding::default_directory;
use image::{GrayImage, ImageFormat};
use slint::winit_030::{CustomApplicationHandler, EventResult, WinitWindowAccessor, winit};
use slint::{BackendSelector, ComponentHandle, LogicalSize, PlatformError};

use crate::arguments::Arguments;
use crate::bind::{About, Outside, Window};
use crate::desktop::sound::{Player, Studio};
use crate::desktop::{
    Camera, Clip, FromTray, Instance, Notices, Picture, Said, Seen, Tray, TraySaid, invitation_in,
    is_camera_there, look_at_clipboard, open_camera, watch_motion,
};
use crate::fonts;
use crate::machine::{Clocks, PreferencesFile, catch_up, downloads, in_window, reach};
use crate::model::{
    Action, AddingAction, App, ArrangingAction, AttachAction, CameraProblem, CarryAction,
    DoorAction, Effect, FilePath, Heard, Notification, Now, Pasted, Play, Played, PlayingAction,
    Record, RecordingAction, ScanningAction, Sight, Silent, ToCarry, ToFile, WindowAction,
};
use crate::node::{Options, Worker};
use crate::ui::{AddingView, AppWindow, PictureState, Words};

/// Opens the window, and returns when it is closed. If another window has the data directory already, that one comes
/// to the front instead. `select` chooses what draws, as [`on_desktop`] does.
///
/// # Errors
/// Why there is no window, as a sentence.
pub fn run(
    arguments: Arguments,
    host: HostOptions,
    select: impl FnOnce() -> Result<(), PlatformError>,
) -> Result<(), String> {
    let directory = arguments
        .data_dir
        .or_else(default_directory)
        .ok_or("There is no home directory to keep the data in. Give --data-dir.")?;
    let link = arguments.link;
    // If the directory cannot hold a socket, its lock still keeps a second node out.
    let instance = Instance::of(&directory, link.as_deref()).ok();
    if matches!(instance, Some(Instance::Second)) {
        return Ok(());
    }
    let window = select().and_then(|()| AppWindow::new()).map_err(
        |_| "There is no display to open a window on. `hedgerow` does the same in a terminal.",
    )?;
    fonts::register();
    let file = PreferencesFile::of_user();
    let preferences = file.read();
    let (width, height) = (preferences.width as f32, preferences.height as f32);
    window.window().set_size(LogicalSize::new(width, height));
    window.set_first_width(width);
    window.set_first_height(height);
    let options = Options {
        directory: directory.clone(),
        host,
        downloads: downloads(),
        name: "Hedgerow (window)".into(),
    };
    let worker = Worker::start(options, |update| {
        in_window(move |window| window.handle(update))
    })
    .map_err(|fault| format!("The system has no thread for the node: {fault}."))?;
    let worker = Rc::new(worker);
    let real = Real {
        clocks: Clocks::start(),
        worker: worker.clone(),
        notices: Notices::start(|conversation| {
            in_window(move |window| window.act(Action::OpenNotified(conversation)));
        })
        .ok(),
        file,
        tray: Tray::start(|from| {
            in_window(move |window| {
                window.act(match from {
                    FromTray::There(is_there) => Action::from(WindowAction::Tray(is_there)),
                    FromTray::Open => Action::from(WindowAction::ComeForward),
                    FromTray::Lock => Action::from(DoorAction::LockScreen),
                    FromTray::Quit => Action::from(WindowAction::Quit),
                });
            });
        })
        .ok(),
        unread: Cell::new(0),
        camera: Camera::default(),
        player: OnceCell::new(),
        studio: OnceCell::new(),
        ui: window.as_weak(),
    };
    let about = About {
        version: env!("CARGO_PKG_VERSION").into(),
        directory: directory.display().to_string(),
    };
    let zone = jiff::tz::TimeZone::system();
    let app = App::new(zone, preferences, real.now());
    let window = Window::new(window, app, about, Box::new(real));
    watch_user(window.ui());
    // Without a thread for it the user's own setting is left.
    let _ = watch_motion(|still| in_window(move |window| window.act(WindowAction::Still(still))));
    if let Some(link) = link {
        window.act(DoorAction::LinkOpened(link));
    }
    reach(&window);
    let _plate = match instance {
        Some(Instance::First(bell)) => bell
            .listen(|visitor| {
                in_window(move |window| {
                    if let Some(link) = visitor.link {
                        window.act(DoorAction::LinkOpened(link));
                    }
                    window.act(WindowAction::ComeForward);
                });
            })
            .ok(),
        _ => None,
    };
    // A hidden window does not end the event loop.
    let ran = window
        .ui()
        .show()
        .and_then(|()| slint::run_event_loop_until_quit());
    worker.stop();
    ran.map_err(|fault| format!("The window failed: {fault}."))
}

/// Shows a window, and brings it to the front. Some desktops only say that it wants attention.
fn raise(ui: &AppWindow) {
    // If the window cannot be shown again, the tray stays, from which the user can quit.
    let _ = ui.show();
    ui.window().set_minimized(false);
    ui.window()
        .with_winit_window(|window| window.focus_window());
}

/// The window is to be one of the desktop's.
///
/// # Errors
/// There is no display.
pub fn on_desktop(backend: BackendSelector) -> Result<(), PlatformError> {
    backend
        .with_winit_custom_application_handler(Turns)
        .select()
}

/// Each turn of the loop begins with laying out what has changed. Slint's timers come next, and those for screen readers
/// walk the whole tree: what is only made on that walk cannot take the focus, and Slint panics when it tries.
struct Turns;

impl CustomApplicationHandler for Turns {
    fn new_events(
        &mut self,
        _: &winit::event_loop::ActiveEventLoop,
        _: winit::event::StartCause,
    ) -> EventResult {
        catch_up();
        EventResult::Propagate
    }
}

/// Tells the application when the window gets or loses the focus, without which notifications come, and when the user
/// uses the pointer, without which the cursor soon rests, or drops files.
fn watch_user(ui: &AppWindow) {
    ui.window().on_winit_window_event(|_, event| {
        match event {
            winit::event::WindowEvent::Focused(focused) => {
                let focused = *focused;
                in_window(move |window| window.act(WindowAction::Focused(focused)));
            }
            winit::event::WindowEvent::HoveredFile(_) => {
                in_window(|window| window.act(AttachAction::Hover(true)));
            }
            winit::event::WindowEvent::HoveredFileCancelled => {
                in_window(|window| window.act(AttachAction::Hover(false)));
            }
            winit::event::WindowEvent::DroppedFile(path) => {
                let path = FilePath(path.clone());
                in_window(move |window| window.act(AttachAction::Drop(path)));
            }
            winit::event::WindowEvent::MouseInput { .. }
            | winit::event::WindowEvent::MouseWheel { .. }
            | winit::event::WindowEvent::Touch(_) => {
                in_window(|window| window.touched());
            }
            _ => {}
        }
        EventResult::Propagate
    });
}

/// The machine under the window.
struct Real {
    clocks: Clocks,
    worker: Rc<Worker>,
    notices: Option<Notices>,
    file: PreferencesFile,
    tray: Option<Tray>,
    /// The count that the icon in the tray shows.
    unread: Cell<u64>,
    camera: Camera,
    /// Started when it is needed first.
    player: OnceCell<Option<Player>>,
    /// Started when it is needed first.
    studio: OnceCell<Option<Studio>>,
    ui: slint::Weak<AppWindow>,
}

/// Lets the user choose a file for a conversation.
fn choose_file(
    name: Private,
    conversation: ConversationId,
    format: ExportFormat,
    with_files: bool,
) {
    // The dialog of the desktop takes long.
    std::thread::spawn(move || {
        let ending = export::ending(format);
        let chosen = rfd::FileDialog::new()
            .set_file_name(name.0)
            .add_filter(ending.to_uppercase(), &[ending])
            .save_file();
        let Some(path) = chosen else { return };
        let to = ToFile {
            conversation,
            format,
            with_files,
            path,
        };
        in_window(move |window| window.act(ArrangingAction::Export(to)));
    });
}

/// Lets the user choose files that are to be sent.
fn choose_files(conversation: ConversationId) {
    std::thread::spawn(move || {
        let Some(paths) = rfd::FileDialog::new().pick_files() else {
            return;
        };
        let paths = paths.into_iter().map(FilePath).collect();
        in_window(move |window| window.act(AttachAction::Add(conversation, paths)));
    });
}

/// Looks for a picture on the clipboard that is to be sent. Its program may take long to hand it over.
fn look_for_picture(conversation: ConversationId) {
    std::thread::spawn(move || {
        let picture = match look_at_clipboard() {
            Clip::Nothing => return,
            Clip::Picture(picture) => Some(Pasted(picture.into())),
            Clip::Unreadable => None,
        };
        in_window(move |window| window.act(AttachAction::Pasted(conversation, picture)));
    });
}

/// Lets the user choose what to carry by hand.
fn choose_to_carry(what: ToCarry) {
    std::thread::spawn(move || {
        let dialog = rfd::FileDialog::new();
        let chosen = match what {
            ToCarry::For(contact) => dialog
                .set_file_name("hedgerow.parcel")
                .save_file()
                .map(|path| CarryAction::Export(contact, FilePath(path))),
            ToCarry::ForAll => dialog
                .pick_folder()
                .map(|path| CarryAction::ExportAll(FilePath(path))),
            ToCarry::In => dialog.pick_files().map(|paths| {
                let paths = paths.into_iter().map(FilePath);
                CarryAction::Import(paths.collect())
            }),
        };
        if let Some(action) = chosen {
            in_window(move |window| window.act(action));
        }
    });
}

/// Passes on what the camera reports.
fn tell_sight(sight: Sight) {
    in_window(move |window| window.act(ScanningAction::Camera(sight)));
}

impl Real {
    fn scan(&self) {
        let looking = self.camera.look(open_camera, |seen| match seen {
            Seen::Picture(picture) => in_window(move |window| window.see(&picture)),
            Seen::Invitation(link) => tell_sight(Sight::Invitation(Private(link))),
            Seen::OtherCode => tell_sight(Sight::OtherCode),
            Seen::Problem(problem) => tell_sight(Sight::Problem(problem)),
        });
        if looking.is_err() {
            tell_sight(Sight::Problem(CameraProblem::Silent));
        }
    }

    fn play(&self, order: Play) {
        let tell = |ticket, played| {
            in_window(move |window| window.act(PlayingAction::Report(ticket, played)));
        };
        match (self.player.get_or_init(|| Player::start(tell).ok()), order) {
            (Some(player), order) => player.play(order),
            (None, Play::Begin { ticket, .. }) => tell(ticket, Played::Silent(Silent::Forbidden)),
            (None, _) => {}
        }
    }

    fn record(&self, order: Record) {
        let tell = |ticket, heard| {
            in_window(move |window| window.act(RecordingAction::Report(ticket, heard)));
        };
        match (self.studio.get_or_init(|| Studio::start(tell).ok()), order) {
            (Some(studio), order) => studio.record(order),
            (None, Record::Begin(ticket)) => tell(ticket, Heard::Silent(Silent::Forbidden)),
            (None, _) => {}
        }
    }

    /// The words of a notification, in the present language.
    fn said(&self, notification: &Notification) -> Option<Said> {
        let ui = self.ui.upgrade()?;
        let words = ui.global::<Words>();
        let unread = i32::try_from(notification.unread).unwrap_or(i32::MAX);
        Some(Said {
            instead: words.invoke_digits(words.invoke_arrived(unread)).into(),
            click: words.invoke_open().into(),
        })
    }

    /// Updates the icon: the present state, in the present language.
    fn show_tray(&self) {
        if let (Some(tray), Some(ui)) = (&self.tray, self.ui.upgrade()) {
            let (words, unread) = (ui.global::<Words>(), self.unread.get());
            tray.show(TraySaid {
                unread,
                about: match i32::try_from(unread).unwrap_or(i32::MAX) {
                    0 => "Hedgerow".into(),
                    unread => words.invoke_digits(words.invoke_arrived(unread)).into(),
                },
                open: words.invoke_open().into(),
                lock: words.invoke_lock().into(),
                quit: words.invoke_quit().into(),
            });
        }
    }
}

impl Outside for Real {
    fn now(&self) -> Now {
        self.clocks.now()
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Ask(request) => self.worker.ask(request),
            Effect::OpenUrl(url) => {
                // If there is no browser, the desktop says so itself.
                let _ = open::that_detached(url.0);
            }
            Effect::Notify(notification) => {
                if let (Some(notices), Some(said)) = (&self.notices, self.said(&notification)) {
                    notices.show(&notification, said);
                }
            }
            Effect::ChangeNotification(notification) => {
                if let (Some(notices), Some(said)) = (&self.notices, self.said(&notification)) {
                    notices.change(&notification, said);
                }
            }
            Effect::ClearNotifications => {
                if let Some(notices) = &self.notices {
                    notices.clear();
                }
            }
            Effect::SetTitle { unread } => {
                self.unread.set(unread);
                self.show_tray();
            }
            Effect::Hide => {
                if let Some(ui) = self.ui.upgrade() {
                    // If the window cannot be hidden, it stays.
                    let _ = ui.hide();
                }
            }
            Effect::Raise => {
                if let Some(ui) = self.ui.upgrade() {
                    raise(&ui);
                }
            }
            // Preferences are only comfort: if we cannot keep them, the next start has the shipped ones.
            Effect::SavePreferences(preferences) => {
                drop(self.file.write(&preferences));
                self.show_tray();
            }
            Effect::ForgetPreferences => self.file.forget(),
            Effect::LookForCamera => {
                // Some cameras take long to answer.
                std::thread::spawn(|| tell_sight(Sight::There(is_camera_there())));
            }
            Effect::Camera(true) => self.scan(),
            Effect::Camera(false) => self.camera.let_go(),
            Effect::ChooseFile {
                name,
                conversation,
                format,
                with_files,
            } => choose_file(name, conversation, format, with_files),
            Effect::ChooseFiles(conversation) => choose_files(conversation),
            Effect::LookForPicture(conversation) => look_for_picture(conversation),
            Effect::ChooseToCarry(what) => choose_to_carry(what),
            Effect::Play(order) => self.play(order),
            Effect::Record(order) => self.record(order),
            Effect::Announce(_)
            | Effect::Copy(_)
            | Effect::FocusDraft
            | Effect::Insert(_)
            | Effect::Quit => {}
        }
    }

    fn choose_picture(&self) {
        let title = self
            .ui
            .upgrade()
            .map(|ui| ui.global::<AddingView>().get_picture_title());
        // The dialog of the desktop and large pictures take long.
        std::thread::spawn(move || {
            let chosen = rfd::FileDialog::new()
                .set_title(title.unwrap_or_default())
                .add_filter("PNG, JPEG, WebP", &["png", "jpg", "jpeg", "webp"])
                .pick_file();
            let Some(path) = chosen else { return };
            let found = invitation_in(&path);
            in_window(move |window| {
                let view = window.ui().global::<AddingView>();
                match found {
                    Picture::Invitation(link) => {
                        view.set_picture(PictureState::None);
                        window.act(DoorAction::LinkOpened(link));
                    }
                    Picture::Nothing => view.set_picture(PictureState::Nothing),
                    Picture::Unreadable => view.set_picture(PictureState::Unreadable),
                }
            });
        });
    }

    fn save_picture(&self, picture: GrayImage) {
        let name = self
            .ui
            .upgrade()
            .map(|ui| ui.global::<AddingView>().get_picture_name());
        std::thread::spawn(move || {
            let chosen = rfd::FileDialog::new()
                .set_file_name(format!("{}.png", name.unwrap_or_default()))
                .add_filter("PNG", &["png"])
                .save_file();
            let Some(path) = chosen else { return };
            let kept = picture.save_with_format(path, ImageFormat::Png).is_ok();
            in_window(move |window| window.act(AddingAction::PictureSaved(kept)));
        });
    }

    fn quit(&self) {
        // It is fine if the event loop has ended already.
        let _ = slint::quit_event_loop();
    }
}
