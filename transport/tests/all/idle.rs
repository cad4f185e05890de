//! Idle links cost next to nothing. Takes two minutes, so run it alone:
//! `cargo test -p hedgerow-transport --test all idle:: -- --ignored --nocapture`

#![cfg(target_os = "linux")]

use std::fs;
use std::time::Duration;

use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkIds,
};
use tokio::sync::mpsc;

const LINKS: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures for a minute; see the top of the file"]
async fn fifty_idle_links_wake_two_carriers_a_few_times_a_minute() {
    let ids = LinkIds::default();
    let mut carriers = Vec::new();
    for seed in [1, 2] {
        let (sink, events) = mpsc::channel::<CarrierEvent>(256);
        let config = LanConfig::loopback([seed; 32], ids.clone());
        let config = LanConfig {
            discovery_port: 5396,
            ..config
        };
        let carrier = Lan::start(config, sink);
        let _ = carrier.execute(CarrierCommand::Announce {
            beacons: vec![[seed; 8]],
            look: true,
        });
        carriers.push((carrier, events));
    }
    let (far, mut far_events) = carriers.pop().expect("two");
    let (near, mut near_events) = carriers.pop().expect("two");
    let mut address = Address(String::new());
    while address.0.is_empty() {
        if let Some(CarrierEvent::Addresses(at)) = far_events.recv().await {
            address = at[0].clone();
        }
    }
    let mut up = 0;
    for n in 0..LINKS {
        let _ = near.execute(CarrierCommand::Dial {
            dial: DialId(n),
            to: address.clone(),
        });
        while up <= n {
            if let Some(CarrierEvent::Up { link, .. }) = far_events.recv().await {
                let _ = far.execute(CarrierCommand::Recognised { link });
                up += 1;
            }
        }
    }
    // Wait until the announcement window is over.
    tokio::time::sleep(Duration::from_secs(45)).await;
    while far_events.try_recv().is_ok() || near_events.try_recv().is_ok() {}

    let before = switches();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut total = 0;
    for (thread, count) in switches() {
        let earlier = before
            .iter()
            .find(|(known, _)| *known == thread)
            .map_or(0, |(_, n)| *n);
        println!("{:>5} wake-ups of {thread}", count - earlier);
        total += count - earlier;
    }
    assert!(
        far_events.is_empty() && near_events.is_empty(),
        "something happened"
    );
    assert!(total < 40, "{total} wake-ups a minute for two carriers");
}

/// Number of context switches of each thread of this process.
fn switches() -> Vec<(String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").expect("it is Linux");
    let mut switches = Vec::new();
    for task in tasks.flatten() {
        let read = |name| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let status = read("status");
        let count = |key| {
            let line = status.lines().find(|line: &&str| line.starts_with(key));
            line.and_then(|line| line.split_whitespace().last()?.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let name = format!(
            "{} {}",
            task.file_name().to_string_lossy(),
            read("comm").trim()
        );
        switches.push((
            name,
            count("voluntary_ctxt_switches") + count("nonvoluntary_ctxt_switches"),
        ));
    }
    switches
}
