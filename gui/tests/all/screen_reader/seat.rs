//! Where two people sit: an X server without a screen, and what a desktop runs for screen readers.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc;

use hedgerow_gui::machine::PreferencesFile;
use hedgerow_gui::model::Preferences;
use tempfile::TempDir;
use zbus::connection::Builder;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, block_on, interface};

use super::keyboard::Keyboard;
use super::listener::Listener;
use crate::desktop::PATIENCE;

/// The environment variable that names the data directory of a window.
pub const DATA: &str = "HEDGEROW_TEST_LISTENER";

/// A desktop on which a screen reader runs.
pub struct Seat {
    server: Server,
    place: TempDir,
    keyboard: Rc<Keyboard>,
    bus: Connection,
    /// By which name on the bus an application tells of its windows.
    told: mpsc::Receiver<String>,
}

impl Seat {
    /// A desktop with this language, on the bus of this process.
    pub fn open(language: &str) -> Self {
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let preferences = Preferences {
            width: 1_000,
            height: 1_200,
            language: Some(language.into()),
            ..Preferences::default()
        };
        let file = PreferencesFile::at(place.path().join("hedgerow").join("gui.toml"));
        file.write(&preferences).expect("it is written");
        let (tells, told) = mpsc::channel();
        let bus = Builder::session()
            .name("org.a11y.Bus")
            .name("org.a11y.atspi.Registry")
            .serve_at("/org/a11y/bus", Launcher)
            .serve_at("/org/a11y/bus", Status)
            .serve_at("/org/a11y/atspi/accessible/root", Registry(tells));
        let server = Server::start().expect("an X server");
        Self {
            keyboard: Rc::new(Keyboard::of(&server.display)),
            server,
            place,
            bus: block_on(bus.build()).expect("a bus"),
            told,
        }
    }

    /// Starts the application of a person, and waits until it tells of itself.
    pub fn starts(&self, name: &str) -> Listener {
        let window = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "screen_reader::window_of_one_person",
                "--ignored",
            ])
            // What goes wrong there is told here.
            .arg("--nocapture")
            .env(DATA, self.place.path().join(name))
            .env("DISPLAY", &self.server.display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .env("XDG_CONFIG_HOME", self.place.path())
            .env("LC_ALL", "C.UTF-8")
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let application = self.told.recv_timeout(PATIENCE);
        let application = application.expect("it tells of itself");
        Listener::to(name, window, application, &self.bus, self.keyboard.clone())
    }
}

/// Whether there is an X server to run.
pub fn is_there() -> bool {
    let mut asked = Command::new("Xvfb");
    asked
        .arg("-help")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    asked.status().is_ok()
}

/// An X server without a screen.
pub struct Server {
    process: Child,
    pub display: String,
}

impl Server {
    pub fn start() -> std::io::Result<Self> {
        let mut process = Command::new("Xvfb")
            .args(["-screen", "0", "2100x1300x24", "-nolisten", "tcp"])
            // It chooses a number that is free, and says which.
            .args(["-displayfd", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut number = String::new();
        let said = process.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut number)?;
        Ok(Self {
            process,
            display: format!(":{}", number.trim()),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says where applications tell of their windows: here on the same bus.
struct Launcher;

#[interface(name = "org.a11y.Bus")]
impl Launcher {
    fn get_address(&self) -> String {
        std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("there is a bus")
    }
}

/// Says that somebody listens.
struct Status;

#[interface(name = "org.a11y.Status")]
impl Status {
    #[zbus(property)]
    fn is_enabled(&self) -> bool {
        true
    }
    #[zbus(property)]
    fn screen_reader_enabled(&self) -> bool {
        true
    }
}

/// Learns of each application that tells of its windows.
struct Registry(mpsc::Sender<String>);

#[interface(name = "org.a11y.atspi.Socket")]
impl Registry {
    fn embed(
        &self,
        _root: (String, OwnedObjectPath),
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> (String, OwnedObjectPath) {
        let application = header.sender().expect("the bus says who");
        self.0
            .send(application.to_string())
            .expect("the test lives");
        let own = bus.unique_name().expect("the bus gives one").to_string();
        let root = "/org/a11y/atspi/accessible/root".try_into();
        (own, root.expect("a path"))
    }

    fn unembed(&self, _root: (String, OwnedObjectPath)) {}
}
