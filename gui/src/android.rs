//! Android: the entry point that the system calls, and the machine under the window.

use std::path::PathBuf;
use std::rc::Rc;

use hedgerow_node::directory::forbid_core_dumps;
use hedgerow_node::host::HostOptions;
use hedgerow_node::runtime::OnAir;
use slint::ComponentHandle;
use slint::android::AndroidApp;
use slint::android::android_activity::{MainEvent, PollEvent};

use crate::bind::{About, Outside, Window};
use crate::fonts;
use crate::machine::{Clocks, PreferencesFile, in_window, reach};
use crate::model::{App, Effect, Now, WindowAction};
use crate::node::{Options, Worker};
use crate::ui::{AddingView, AppWindow, AttachView, VoiceView};

/// The entry point. The system calls it in a thread of its own.
#[expect(unsafe_code, reason = "the system knows it by this name")]
#[unsafe(no_mangle)]
fn android_main(app: AndroidApp) {
    // Android lets no other application read a crash, so we can go on if this fails.
    let _ = forbid_core_dumps();
    // Without these two there is no place to show an error.
    if let Some(directory) = app.internal_data_path()
        && slint::android::init_with_event_listener(app, watch_user).is_ok()
    {
        run(directory);
    }
    // The process would outlive its window, and the interface can begin only once in a process.
    std::process::exit(0);
}

/// Shows the window until it is closed. Keeps all files where no other application can read.
fn run(directory: PathBuf) {
    let Ok(window) = AppWindow::new() else { return };
    fonts::register();
    let file = PreferencesFile::at(directory.join("gui.toml"));
    let downloads = directory.clone();
    let directory = directory.join("hedgerow");
    let options = Options {
        directory: directory.clone(),
        host: HostOptions::shipped(OnAir::Yes),
        downloads: Some(downloads),
        name: "Hedgerow (Android)".into(),
    };
    let worker = Worker::start(options, |update| {
        in_window(move |window| window.handle(update))
    });
    let Ok(worker) = worker else { return };
    let worker = Rc::new(worker);
    let preferences = file.read();
    let device = Device {
        clocks: Clocks::start(),
        worker: worker.clone(),
        file,
    };
    let about = About {
        version: env!("CARGO_PKG_VERSION").into(),
        directory: directory.display().to_string(),
    };
    let zone = jiff::tz::TimeZone::system();
    let app = App::new(zone, preferences, device.now());
    let window = Window::new(window, app, about, Box::new(device));
    window.ui().global::<AddingView>().set_files(false);
    window.ui().global::<AttachView>().set_chooses(false);
    window.ui().global::<VoiceView>().set_sounds(false);
    reach(&window);
    // A window that fails counts as closed.
    let _ = window.ui().run();
    worker.stop();
}

/// Tells the application when the window gets or loses the focus, without which notifications come, and when the user
/// touches it.
fn watch_user(event: &PollEvent<'_>) {
    let focused = match event {
        PollEvent::Main(MainEvent::GainedFocus) => true,
        PollEvent::Main(MainEvent::LostFocus) => false,
        PollEvent::Main(MainEvent::InputAvailable) => return in_window(|window| window.touched()),
        _ => return,
    };
    in_window(move |window| window.act(WindowAction::Focused(focused)));
}

/// The machine under the window. It has no file dialog, no tray, and no camera that we read. Notifications and the
/// browser need Java, which we do not have.
struct Device {
    clocks: Clocks,
    worker: Rc<Worker>,
    file: PreferencesFile,
}

impl Outside for Device {
    fn now(&self) -> Now {
        self.clocks.now()
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Ask(request) => self.worker.ask(request),
            // Preferences are only comfort: if we cannot keep them, the next start has the shipped ones.
            Effect::SavePreferences(preferences) => drop(self.file.write(&preferences)),
            Effect::ForgetPreferences => self.file.forget(),
            _ => {}
        }
    }

    fn choose_picture(&self) {}

    fn quit(&self) {
        // It is fine if the event loop has ended already.
        let _ = slint::quit_event_loop();
    }
}
