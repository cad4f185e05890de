//! Runs in a process of its own: it counts the process's sockets.

use std::fs;
use std::time::Duration;

use crate::support::alone::is_alone;
use crate::support::relay::{Server, carrier, name, set_relays};
use hedgerow_transport::carrier::{CarrierEvent, CarrierState, DuplexCarrier, LinkIds};
use tokio::sync::mpsc;
use tokio::time::timeout;

const HANG: Duration = Duration::from_secs(20);

/// Number of internet sockets of this process.
fn sockets() -> usize {
    let mut inodes = Vec::new();
    for kind in ["tcp", "tcp6", "udp", "udp6"] {
        let table = fs::read_to_string(format!("/proc/self/net/{kind}")).unwrap_or_default();
        let lines = table.lines().skip(1);
        inodes.extend(lines.filter_map(|line| line.split_whitespace().nth(9).map(str::to_owned)));
    }
    let open = fs::read_dir("/proc/self/fd").expect("this is Linux");
    let open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let is_socket = |link: &std::path::PathBuf| {
        let link = link.to_string_lossy();
        let inode = link
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        inode.is_some_and(|inode| inodes.iter().any(|known| known == inode))
    };
    open.filter(is_socket).count()
}

async fn state(events: &mut mpsc::Receiver<CarrierEvent>, wanted: CarrierState) {
    let wait = async {
        loop {
            match events.recv().await.expect("the carrier lives") {
                CarrierEvent::State(state) if state == wanted => return,
                _ => {}
            }
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn without_relays_there_is_no_socket_and_none_is_left_when_they_are_taken_away() {
    if !is_alone(
        "relay_silence::without_relays_there_is_no_socket_and_none_is_left_when_they_are_taken_away",
    ) {
        return;
    }
    let ids = LinkIds::default();
    let (sink, mut events) = mpsc::channel(16);
    let before = sockets();
    let relays = carrier(&ids, true, sink);
    // A name without a relay is no reason to connect.
    let _ = relays.execute(set_relays(&[], &[name(&ids)]));
    state(&mut events, CarrierState::Off).await;
    assert_eq!(sockets(), before);

    let server = Server::start("/ip4/127.0.0.1/tcp/0").await;
    let with_server = sockets();
    let _ = relays.execute(set_relays(&[&server.address], &[name(&ids)]));
    state(&mut events, CarrierState::On).await;
    assert!(sockets() > with_server);
    let _ = relays.execute(set_relays(&[], &[name(&ids)]));
    state(&mut events, CarrierState::Off).await;
    drop(server);
    let gone = async {
        while sockets() > before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(HANG, gone).await.expect("sockets are left");
}
