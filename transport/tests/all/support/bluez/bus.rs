//! A bus for each test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{advance, pause, resume};

use super::Air;
use crate::support::alone;

/// Who is told which bus is the system's, by the environment, which no thread may change.
const BUS: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// Runs a test of this file again in a process of its own that has a bus of its own.
pub fn on_a_bus(test: &str, body: impl AsyncFnOnce(Arc<Air>)) {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2);
    run(test, runtime, body);
}

/// As [`on_a_bus`], and there time can [pass] at once.
pub fn on_a_bus_with_a_clock(test: &str, body: impl AsyncFnOnce(Arc<Air>)) {
    run(test, Builder::new_current_thread(), body);
}

/// So much time passes at once, and it goes on as before: while it stood still, whoever waits for the bus
/// would see all of it pass. What is called over the bus goes by the clock of the machine, and so has that much
/// less time; while a carrier starts that is 10 s.
pub async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

fn run(test: &str, mut runtime: Builder, body: impl AsyncFnOnce(Arc<Air>)) {
    let test = format!("ble::{test}");
    if alone::runs(&test) {
        let runtime = runtime.enable_all().build().expect("a runtime");
        return runtime.block_on(async { body(Air::start().await).await });
    }
    let directory = tempfile::tempdir().expect("a directory");
    let configuration = directory.path().join("bus.conf");
    let mut file = std::fs::File::create(&configuration).expect("a file");
    write!(
        file,
        r#"<busconfig>
          <listen>unix:path={}/bus</listen>
          <auth>EXTERNAL</auth>
          <policy context="default">
            <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
          </policy>
        </busconfig>"#,
        directory.path().display()
    )
    .expect("a file");
    let mut daemon = Command::new("dbus-daemon")
        .arg("--config-file")
        .arg(&configuration)
        .args(["--nofork", "--nopidfile", "--print-address"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("dbus-daemon, of the package of that name");
    let mut address = String::new();
    BufReader::new(daemon.stdout.take().expect("it is piped"))
        .read_line(&mut address)
        .expect("an address");
    alone::run(&test, &[(BUS, address.trim())]);
    daemon.kill().expect("it runs");
    daemon.wait().expect("it runs");
}
