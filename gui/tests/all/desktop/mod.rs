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
    let passed = zruntime::block_on(async {
        let mut bus = Bus::for_address(Some(&address)).await.expect("a socket");
        let address = bus.address().to_string();
        let passes = pin!(unblock(move || run_alone(test, BUS, &address)));
        match select(passes, pin!(bus.run())).await {
            Either::Left((passed, _)) => passed,
            Either::Right((ended, _)) => Err(format!("the bus has ended: {ended:?}")),
        }
    });
    passes(passed);
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
    let passed = run_alone(test, BUS, address.trim());
    bus.kill().expect("it ends");
    bus.wait().expect("it ends");
    read.expect("an address");
    passes(passed);
}

/// Fails with what the test has said. In the thread of the test: what another thread says at its panic is in no test's
/// output.
fn passes(passed: Result<(), String>) {
    if let Err(said) = passed {
        panic!("{said}");
    }
}

#[test]
fn what_a_test_on_a_bus_says_when_it_fails_is_heard() {
    let failed = std::panic::catch_unwind(|| on_a_bus("desktop::failing_on_a_bus"));
    let fault = failed.expect_err("it fails");
    let said = fault.downcast_ref::<String>().expect("words");
    assert!(said.contains("the reason of a failure"), "{said}");
}

#[test]
#[ignore = "the test above runs it, with a bus"]
fn failing_on_a_bus() {
    panic!("the reason of a failure");
}

/// Runs an ignored test of this program with this in its environment. If it fails, gives all that it has said.
fn run_alone(test: &str, name: &str, value: &str) -> Result<(), String> {
    let run = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", test])
        .env_remove("WAYLAND_DISPLAY")
        .env(name, value)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout);
    if !run.status.success() {
        let also = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{test}: {}\n{said}{also}", run.status));
    }
    match said.contains(" 1 passed") {
        true => Ok(()),
        false => Err(format!("no test is called {test}")),
    }
}
