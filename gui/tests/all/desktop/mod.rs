//! What the desktop's services get from the application, and what they give: stand-ins for them, on a bus
//! of their own.

mod notices;
mod tray;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// So long is waited for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an ignored test of this program on a bus of its own: which bus it is a process says by its
/// environment.
fn on_a_bus(test: &str) {
    let mut bus = Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--print-address"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("dbus-daemon, of the package of that name");
    let mut address = String::new();
    let said = bus.stdout.take().expect("a pipe");
    BufReader::new(said)
        .read_line(&mut address)
        .expect("an address");
    let passed = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", test])
        .env("DBUS_SESSION_BUS_ADDRESS", address.trim())
        .status();
    bus.kill().expect("it ends");
    bus.wait().expect("it ends");
    assert!(passed.expect("it runs").success());
}
