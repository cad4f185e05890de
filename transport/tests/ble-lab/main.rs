//! The Bluetooth LE carrier over real BlueZ and controllers that hear each other. `transport/tests/ble-lab.sh` sets
//! them up and runs each test module in a guest of its own.
#![cfg(target_os = "linux")]

#[path = "../all/support/events.rs"]
mod events;
mod figures;
mod pair;
mod privacy;
mod raw;
mod row;
mod stranger;
#[path = "../all/support/devices.rs"]
mod support;

use std::time::{Duration, Instant};

use bluer::adv::{Advertisement, AdvertisementHandle};
use bluer::{Adapter, Session};
use tokio::time::sleep;

fn in_the_lab(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(body);
}

/// The lab's controllers report an advertisement once, when advertising starts. With a second advertisement the
/// kernel alternates between the two, so that ours is heard every other second, as real radio would hear it.
async fn second_advertisement() -> AdvertisementHandle {
    let second = Advertisement {
        appearance: Some(1),
        duration: Some(Duration::from_secs(1)),
        ..Advertisement::default()
    };
    powered(1).await.advertise(second).await.expect("BlueZ")
}

/// BlueZ needs a moment to remove what a program has left behind.
async fn settle() {
    sleep(Duration::from_secs(2)).await;
}

/// An adapter, switched on.
async fn powered(n: u8) -> Adapter {
    let session = Session::new().await.expect("a bus");
    let adapter = session.adapter(&format!("hci{n}")).expect("an adapter");
    // BlueZ is busy with the adapter right after its start.
    let mut tries = 20;
    while let Err(error) = adapter.set_powered(true).await {
        tries -= 1;
        assert!(tries > 0, "BlueZ: {error}");
        sleep(Duration::from_millis(250)).await;
    }
    adapter.set_alias("Bluetooth".into()).await.expect("BlueZ");
    adapter
}

#[expect(clippy::disallowed_methods, reason = "figures of a real machine")]
fn now() -> Instant {
    Instant::now()
}
