//! What libp2p's identify reveals about a device to its relays and to devices that dial it through one.

use std::time::Duration;

use crate::support::relay::{Server, carrier, name, set_relays_by};
use hedgerow_transport::carrier::{CarrierEvent, DuplexCarrier, LinkIds, RelayState};
use hedgerow_transport::relay::RelayPaths;
use libp2p::futures::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, SwarmBuilder, identify, noise, tcp, yamux};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

/// A device that dials and reads what identify sends.
#[derive(NetworkBehaviour)]
struct Caller {
    relay: libp2p::relay::client::Behaviour,
    identify: identify::Behaviour,
}

/// What identify sends to a dialler through a relay.
async fn told_to_a_caller(circuit: Multiaddr) -> identify::Info {
    let mut caller = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|key, relay| Caller {
            relay,
            identify: identify::Behaviour::new(identify::Config::new("t".into(), key.public())),
        })
        .unwrap()
        .build();
    let Some(Protocol::P2p(who)) = circuit.iter().last() else {
        panic!("nobody is called");
    };
    let options = DialOpts::peer_id(who).addresses(vec![circuit]).build();
    caller.dial(options).unwrap();
    loop {
        if let SwarmEvent::Behaviour(CallerEvent::Identify(event)) = caller.select_next_some().await
            && let identify::Event::Received { peer_id, info, .. } = event
            && peer_id == who
        {
            return info;
        }
    }
}

#[tokio::test]
async fn identify_tells_no_address_of_ours_to_relays_and_callers() {
    for paths in [RelayPaths::Direct, RelayPaths::Relayed] {
        let ids = LinkIds::default();
        let server = Server::start("/ip4/127.0.0.1/tcp/0").await;
        let key = name(&ids);
        let (peer, circuit) = (key.name().peer_id(), key.name().at(&server.address));
        let (sink, mut events) = mpsc::channel(16);
        let relays = carrier(&ids, true, sink);
        let _ = relays.execute(set_relays_by(paths, &[&server.address], &[key]));
        let ready = async {
            loop {
                let state = RelayState::Ready;
                match events.recv().await.expect("the carrier lives") {
                    CarrierEvent::Relay { state: now, .. } if now == state => return,
                    _ => {}
                }
            }
        };
        timeout(HANG, ready).await.expect("it hangs");
        let relay: Multiaddr = server.address.0.parse().unwrap();
        let to_relay = timeout(HANG, server.told(&peer)).await.expect("it hangs");
        let caller = told_to_a_caller(circuit.0.parse().unwrap());
        let to_caller = timeout(HANG, caller).await.expect("it hangs");
        for told in [to_relay, to_caller] {
            assert!(told.listen_addrs.is_empty(), "{:?}", told.listen_addrs);
            assert!(told.signed_peer_record.is_none());
            // What is left names the dialler's own place: the relay, or nothing.
            let seen = told.observed_addr.to_string();
            let relay = relay.to_string();
            assert!(
                relay.starts_with(&seen) || !seen.contains("/ip"),
                "{seen} is told"
            );
        }
    }
}
