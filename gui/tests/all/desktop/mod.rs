//! What the desktop's services get from the application, and what they give: stand-ins for them, on a bus
//! of their own.

mod notices;
mod tray;

use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use busd::bus::Bus;
use futures_util::future::{Either, select};
use zruntime::unblock;

/// So long is waited for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an ignored test of this program on a bus of its own: which bus it is a process says by its
/// environment.
fn on_a_bus(test: &'static str) {
    let directory = tempfile::tempdir().expect("a directory");
    let address = format!("unix:dir={}", directory.path().display());
    zruntime::block_on(async {
        let mut bus = Bus::for_address(Some(&address)).await.expect("a socket");
        let address = bus.address().to_string();
        let passes = pin!(unblock(move || passes_alone(test, &address)));
        match select(passes, pin!(bus.run())).await {
            Either::Left(((), _)) => {}
            Either::Right((ended, _)) => panic!("the bus has ended: {ended:?}"),
        }
    });
}

fn passes_alone(test: &str, bus: &str) {
    let run = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", test])
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}");
    assert!(said.contains(" 1 passed"), "no test is called {test}");
}
