//! Latency of a message, and throughput compared with that of the same channels without our carrier.

use std::time::Duration;

use tokio::time::timeout;

use super::events::HANG;
use super::pair::Pair;
use super::raw::{BULK, Served};
use super::row::{Row, median};
use super::{in_the_lab, powered, second_advertisement};

/// Number of messages whose median counts.
const MESSAGES: u64 = 9;

/// Length of a message.
const MESSAGE: usize = 200;

/// Number of throughput rounds whose median counts.
const ROUNDS: usize = 25;

#[test]
#[ignore = "needs two controllers: transport/tests/ble-lab.sh"]
fn l2cap_is_at_most_a_fifth_slower_than_raw() {
    in_the_lab(figures("L2CAP", true));
}

#[test]
#[ignore = "needs two controllers: transport/tests/ble-lab.sh"]
fn gatt_is_at_most_a_fifth_slower_than_raw() {
    in_the_lab(figures("GATT", false));
}

/// Measures a message, which must arrive within two seconds of the advertisement, and throughput beside the same
/// plain channel.
async fn figures(kind: &str, l2cap: bool) {
    let _second = second_advertisement().await;
    let (near, far) = (powered(0).await, powered(1).await);
    let mut pair = Pair::start(l2cap).await;
    let mut times = Vec::new();
    for n in 0..MESSAGES {
        times.push(pair.message(n, MESSAGE).await);
    }
    let served = Served::at(&far, l2cap).await;
    let (near_end, far_end, _) = pair.meet(MESSAGES).await;
    let raw = served.reach(&near, &far).await;
    let (mut ours, mut base) = (Vec::new(), Vec::new());
    // The two alternate over one connection, so that other load on the machine affects both.
    for _ in 0..ROUNDS {
        ours.push(timeout(HANG, pair.bulk(near_end)).await.expect("it hangs"));
        base.push(raw.bulk().await);
    }
    println!("{times:.2?}\n{ours:.2?}\n{base:.2?}");
    let rows = [
        Row::at_most(
            format!("Bluetooth LE over {kind}: from advertisement to message"),
            median(times),
            Duration::from_secs(2),
        ),
        Row::ratio(
            format!("Bluetooth LE over {kind}: {BULK} bytes"),
            &ours,
            base,
            1.25,
        ),
    ];
    for row in &rows {
        println!("{}", serde_json::to_string(row).expect("a row"));
    }
    pair.part(near_end, far_end).await;
    drop(raw);
    assert!(rows.iter().all(|row| row.holds), "see above");
}
