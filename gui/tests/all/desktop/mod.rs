//! What the desktop's services get from the application, and what they give: stand-ins for them, on a bus
//! of their own.

mod clipboard;
mod motion;
mod notices;
mod tray;

use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use busd::bus::Bus;
use futures_util::future::{Either, select};
use zruntime::unblock;

/// Where a process finds its bus.
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// So long is waited for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an ignored test of this program on a bus of its own: which bus it is a process says by its
/// environment.
pub fn on_a_bus(test: &'static str) {
    let directory = tempfile::tempdir().expect("a directory");
    let address = format!("unix:dir={}", directory.path().display());
    zruntime::block_on(async {
        let mut bus = Bus::for_address(Some(&address)).await.expect("a socket");
        let address = bus.address().to_string();
        let passes = pin!(unblock(move || passes_alone(test, BUS, &address)));
        match select(passes, pin!(bus.run())).await {
            Either::Left(((), _)) => {}
            Either::Right((ended, _)) => panic!("the bus has ended: {ended:?}"),
        }
    });
}

/// As [`on_a_bus`], on the bus that desktops have: `ksni` is not told by the one in Rust that there is no tray.
fn on_the_usual_bus(test: &str) {
    let bus = Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--print-address"])
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut bus) = bus else {
        println!("skipped: there is no dbus-daemon here, which {test} needs");
        return;
    };
    let mut address = String::new();
    let said = bus.stdout.take().expect("a pipe");
    let read = BufReader::new(said).read_line(&mut address);
    let passes = std::panic::catch_unwind(|| passes_alone(test, BUS, address.trim()));
    bus.kill().expect("it ends");
    bus.wait().expect("it ends");
    read.expect("an address");
    passes.unwrap_or_else(|fault| std::panic::resume_unwind(fault));
}

/// Runs an ignored test of this program with this in its environment.
fn passes_alone(test: &str, name: &str, value: &str) {
    let run = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", test])
        .env_remove("WAYLAND_DISPLAY")
        .env(name, value)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}");
    assert!(said.contains(" 1 passed"), "no test is called {test}");
}
