//! A bus for each test.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use busd::bus::Bus;
use futures_util::future::{Either, select};
use tokio::runtime::Builder;
use tokio::time::{advance, pause, resume};
use zruntime::unblock;

use super::Air;
use crate::support::alone;

/// The environment variable with the address of the system bus; a thread must not change it in a running process.
const BUS: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// Runs a test of this file again in a process of its own that has a bus of its own.
pub fn on_a_bus(test: &str, body: impl AsyncFnOnce(Arc<Air>)) {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2);
    run(test, runtime, body);
}

/// As [`on_a_bus`], but the test can let time [pass] at once.
pub fn on_a_bus_with_a_clock(test: &str, body: impl AsyncFnOnce(Arc<Air>)) {
    run(test, Builder::new_current_thread(), body);
}

/// Lets this much time pass at once, then time runs on: a clock that stays paused would jump ahead whenever all tasks
/// wait for the bus. Bus calls run on the machine's clock and so have that much less time; when a carrier starts that
/// is 10 s.
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
    let address = format!("unix:dir={}", directory.path().display());
    zruntime::block_on(async {
        let mut bus = Bus::for_address(Some(&address)).await.expect("a socket");
        let address = bus.address().to_string();
        let passes = pin!(unblock(move || alone::run(&test, &[(BUS, &address)])));
        match select(passes, pin!(bus.run())).await {
            Either::Left(((), _)) => {}
            Either::Right((ended, _)) => panic!("the bus has ended: {ended:?}"),
        }
    });
}
