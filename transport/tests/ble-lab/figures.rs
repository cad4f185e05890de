//! How soon a message is there, and how fast bytes move beside what the same channels carry without us.

use std::time::Duration;

use tokio::time::timeout;

use super::events::HANG;
use super::pair::Pair;
use super::raw::{BULK, Served};
use super::row::{Row, median};
use super::{in_the_lab, powered, second_advertisement};

/// Messages for the median.
const MESSAGES: u64 = 9;

/// What a message is.
const MESSAGE: usize = 200;

/// Throughputs for the median.
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

/// A message within two seconds of the advertisement, and throughput beside that of the same channel.
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
    // In turn, over one connection: whatever else the machine does meets both.
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
