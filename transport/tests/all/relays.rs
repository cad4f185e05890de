//! The relay carrier beyond the conformance suite: places, names, direct paths, and what it withholds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::relay::{Server, carrier, name, set_relays_by};
use bytes::Bytes;
use hedgerow_transport::carrier::relay::Relays;
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, CarrierState, DialId, DuplexCarrier, LinkId, LinkIds,
    RelayState,
};
use hedgerow_transport::relay::{RelayKey, RelayPaths};
use libp2p::identity::Keypair;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Turns a hang into a failure.
const HANG: Duration = Duration::from_secs(30);

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// A carrier and its events so far.
struct Party {
    carrier: Relays<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
    states: BTreeMap<Address, RelayState>,
    state: Option<CarrierState>,
    addresses: Vec<Address>,
    links: BTreeSet<LinkId>,
    failed: BTreeSet<DialId>,
    better: Vec<(LinkId, Address)>,
    heard: usize,
}

impl Party {
    fn new(ids: &LinkIds, direct: bool) -> Self {
        let (sink, events) = mpsc::channel(16);
        Self {
            carrier: carrier(ids, direct, sink),
            events,
            states: BTreeMap::new(),
            state: None,
            addresses: Vec::new(),
            links: BTreeSet::new(),
            failed: BTreeSet::new(),
            better: Vec::new(),
            heard: 0,
        }
    }

    fn command(&self, command: CarrierCommand) {
        let _ = self.carrier.execute(command);
    }

    fn set_relays(&self, relays: &[&Address], keys: &[&RelayKey]) {
        self.set_relays_by(RelayPaths::Direct, relays, keys);
    }

    fn set_relays_by(&self, paths: RelayPaths, relays: &[&Address], keys: &[&RelayKey]) {
        let keys: Vec<RelayKey> = keys.iter().map(|key| (*key).clone()).collect();
        self.command(set_relays_by(paths, relays, &keys));
    }

    fn dial(&self, dial: u64, to: Address) {
        let dial = DialId(dial);
        self.command(CarrierCommand::Dial { dial, to });
    }

    fn send(&self, link: LinkId, bytes: usize) {
        let bytes = Bytes::from(vec![7; bytes]);
        self.command(CarrierCommand::Send { link, bytes });
    }

    async fn until(&mut self, so: impl Fn(&Self) -> bool) {
        while !so(self) {
            let event = timeout(HANG, self.events.recv()).await.expect("it hangs");
            self.note(event.expect("the carrier lives"));
        }
    }

    fn note(&mut self, event: CarrierEvent) {
        match event {
            CarrierEvent::Relay { at, state } => drop(self.states.insert(at, state)),
            CarrierEvent::State(state) => self.state = Some(state),
            CarrierEvent::Addresses(addresses) => self.addresses = addresses,
            CarrierEvent::Up { link, .. } => {
                self.links.insert(link);
                self.command(CarrierCommand::Recognised { link });
            }
            CarrierEvent::Down { link } => drop(self.links.remove(&link)),
            CarrierEvent::DialFailed { dial } => drop(self.failed.insert(dial)),
            CarrierEvent::BetterPath { link, at } => self.better.push((link, at)),
            CarrierEvent::Bytes { bytes, .. } => self.heard += bytes.len(),
            _ => {}
        }
    }

    async fn ready(&mut self, relays: &[&Address]) {
        self.until(|party| {
            let is_ready = |at: &&Address| party.states.get(*at) == Some(&RelayState::Ready);
            relays.iter().all(is_ready)
        })
        .await;
    }

    fn link(&self) -> LinkId {
        *self.links.last().expect("it is up")
    }
}

async fn both(one: &mut Party, other: &mut Party, so: impl Fn(&Party, &Party) -> bool) {
    let wait = async {
        while !so(one, other) {
            let (party, event) = tokio::select! {
                event = one.events.recv() => (&mut *one, event),
                event = other.events.recv() => (&mut *other, event),
            };
            party.note(event.expect("the carriers live"));
        }
    };
    timeout(HANG, wait).await.expect("it hangs");
}

#[tokio::test]
async fn with_several_relays_one_that_goes_is_done_without_and_used_again_when_it_is_back() {
    let ids = LinkIds::default();
    let key = Keypair::generate_ed25519();
    let one_relay = Server::keyed(TCP, key.clone()).await;
    let other_relay = Server::start(QUIC).await;
    let (first, second) = (one_relay.address.clone(), other_relay.address.clone());
    let me = name(&ids);
    let mut party = Party::new(&ids, false);
    party.set_relays(&[&first, &second], &[&me]);
    party.ready(&[&first, &second]).await;
    party.until(|party| party.addresses.len() == 2).await;
    drop(one_relay);
    party
        .until(|party| party.states[&first] == RelayState::Unreachable)
        .await;
    party
        .until(|party| party.addresses == [me.name().at(&second)])
        .await;
    assert_eq!(party.state, Some(CarrierState::On));
    drop(other_relay);
    party
        .until(|party| party.state == Some(CarrierState::Failing))
        .await;
    let place = first.0.rsplit_once("/p2p/").expect("a name").0;
    let _back = Server::keyed(place, key).await;
    party.ready(&[&first]).await;
    party
        .until(|party| party.state == Some(CarrierState::On))
        .await;
}

#[tokio::test]
async fn why_a_relay_gives_no_place_is_told() {
    let ids = LinkIds::default();
    let full = libp2p::relay::Config {
        max_reservations: 0,
        ..Default::default()
    };
    let full = Server::with(TCP, full).await;
    let here = Server::start(TCP).await;
    let renamed = Address(
        here.address
            .0
            .replace(&here.name(), &name(&ids).name().peer_id()),
    );
    let unheard = Address(
        here.address
            .0
            .replace("/tcp/", "/udp/")
            .replace("/p2p/", "/quic-v1/p2p/"),
    );
    let nobody = Server::without_relay(TCP).await;
    for (at, state) in [
        (&full.address, RelayState::Full),
        (&renamed, RelayState::WrongName),
        (&unheard, RelayState::Unreachable),
        (&nobody.address, RelayState::NotARelay),
    ] {
        let mut party = Party::new(&ids, false);
        party.set_relays(&[at], &[&name(&ids)]);
        party
            .until(|party| party.states.get(at) == Some(&state))
            .await;
        party
            .until(|party| party.state == Some(CarrierState::Failing))
            .await;
    }
}

#[tokio::test]
async fn another_name_takes_the_place_of_the_old_one_whose_links_go_on() {
    let ids = LinkIds::default();
    let server = Server::start(TCP).await;
    let (today, tomorrow, caller) = (name(&ids), name(&ids), name(&ids));
    let (mut called, mut calling) = (Party::new(&ids, false), Party::new(&ids, false));
    called.set_relays(&[&server.address], &[&today]);
    calling.set_relays(&[&server.address], &[&caller]);
    called.ready(&[&server.address]).await;
    calling.ready(&[&server.address]).await;
    calling.dial(1, today.name().at(&server.address));
    both(&mut calling, &mut called, |one, other| {
        !one.links.is_empty() && !other.links.is_empty()
    })
    .await;
    let link = calling.link();

    called.set_relays(&[&server.address], &[&tomorrow]);
    called
        .until(|party| party.addresses == [tomorrow.name().at(&server.address)])
        .await;
    calling.send(link, 1_000);
    both(&mut calling, &mut called, |_, called| called.heard == 1_000).await;
    calling.dial(2, tomorrow.name().at(&server.address));
    both(&mut calling, &mut called, |one, other| {
        one.links.len() == 2 && other.links.len() == 2
    })
    .await;
    for link in calling.links.clone() {
        let ending = hedgerow_transport::carrier::Ending::Now;
        calling.command(CarrierCommand::End { link, ending });
    }
    both(&mut calling, &mut called, |one, other| {
        one.links.is_empty() && other.links.is_empty()
    })
    .await;
    calling.dial(3, today.name().at(&server.address));
    calling.until(|one| one.failed.contains(&DialId(3))).await;
}

#[tokio::test]
async fn several_names_are_gone_by_at_once() {
    let ids = LinkIds::default();
    let server = Server::start(QUIC).await;
    let (day, invitation, caller) = (name(&ids), name(&ids), name(&ids));
    let (mut called, mut calling) = (Party::new(&ids, false), Party::new(&ids, false));
    called.set_relays(&[&server.address], &[&day, &invitation]);
    calling.set_relays(&[&server.address], &[&caller]);
    calling.ready(&[&server.address]).await;
    for (dial, name) in [(1, &day), (2, &invitation)] {
        // The second place may take several tries.
        let mut tries = dial * 1_000;
        while calling.links.len() < dial as usize {
            tries += 1;
            calling.dial(tries, name.name().at(&server.address));
            both(&mut calling, &mut called, |one, _| {
                one.links.len() == dial as usize || one.failed.contains(&DialId(tries))
            })
            .await;
        }
    }
    assert_eq!(
        called.addresses,
        [day.name().at(&server.address)],
        "the first is told"
    );
}

#[tokio::test]
async fn two_who_met_at_a_relay_are_told_of_the_direct_path_and_it_works() {
    for at in [TCP, QUIC] {
        let ids = LinkIds::default();
        let server = Server::start(at).await;
        let (one_name, other_name) = (name(&ids), name(&ids));
        let (mut one, mut other) = (Party::new(&ids, true), Party::new(&ids, true));
        one.set_relays(&[&server.address], &[&one_name]);
        other.set_relays(&[&server.address], &[&other_name]);
        one.ready(&[&server.address]).await;
        other.ready(&[&server.address]).await;
        one.dial(1, other_name.name().at(&server.address));
        both(&mut one, &mut other, |one, _| !one.better.is_empty()).await;
        let (link, path) = one.better[0].clone();
        assert!(one.links.contains(&link));
        assert!(other.better.is_empty(), "only whoever has dialled is told");
        one.dial(2, path);
        both(&mut one, &mut other, |one, other| {
            one.links.len() == 2 && other.links.len() == 2
        })
        .await;
        // The relay stops, and with it the circuit; the direct path stays.
        drop(server);
        both(&mut one, &mut other, |one, other| {
            one.links.len() == 1 && other.links.len() == 1
        })
        .await;
        one.send(one.link(), 100_000);
        both(&mut one, &mut other, |_, other| other.heard == 100_000).await;
    }
}

#[tokio::test]
async fn a_circuit_that_reaches_its_limit_ends_the_link_and_the_next_one_works() {
    let ids = LinkIds::default();
    let few = libp2p::relay::Config {
        reservation_rate_limiters: Vec::new(),
        circuit_src_rate_limiters: Vec::new(),
        ..Default::default()
    };
    let server = Server::with(TCP, few).await;
    let (one_name, other_name) = (name(&ids), name(&ids));
    let (mut one, mut other) = (Party::new(&ids, false), Party::new(&ids, false));
    one.set_relays(&[&server.address], &[&one_name]);
    other.set_relays(&[&server.address], &[&other_name]);
    one.ready(&[&server.address]).await;
    other.ready(&[&server.address]).await;
    for dial in 1..3 {
        one.dial(dial, other_name.name().at(&server.address));
        both(&mut one, &mut other, |one, other| {
            !one.links.is_empty() && !other.links.is_empty()
        })
        .await;
        one.send(one.link(), 256 * 1024);
        both(&mut one, &mut other, |one, other| {
            one.links.is_empty() && other.links.is_empty()
        })
        .await;
        assert!(other.heard < dial as usize * 128 * 1024);
    }
}

#[tokio::test]
async fn a_relay_is_told_neither_the_other_relays_nor_where_we_listen_nor_who_we_are() {
    let ids = LinkIds::default();
    let (one_relay, other_relay) = (Server::start(TCP).await, Server::start(QUIC).await);
    let me = name(&ids);
    let mut party = Party::new(&ids, true);
    party.set_relays(&[&one_relay.address, &other_relay.address], &[&me]);
    party
        .ready(&[&one_relay.address, &other_relay.address])
        .await;
    for server in [&one_relay, &other_relay] {
        let told = timeout(HANG, server.told(&me.name().peer_id()))
            .await
            .expect("it hangs");
        assert_eq!(told.agent_version, "libp2p");
        assert_eq!(told.protocol_version, "ipfs/1.0.0");
        assert!(told.listen_addrs.is_empty());
        // The protocols do not show which program it is either.
        let said: Vec<String> = told.protocols.iter().map(ToString::to_string).collect();
        assert!(
            !said.iter().any(|protocol| protocol.contains("hedgerow")),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn those_who_want_no_direct_path_stay_at_the_relay_and_listen_nowhere() {
    let ids = LinkIds::default();
    let server = Server::start(TCP).await;
    let (one_name, other_name) = (name(&ids), name(&ids));
    let (mut one, mut other) = (Party::new(&ids, true), Party::new(&ids, true));
    one.set_relays_by(RelayPaths::Relayed, &[&server.address], &[&one_name]);
    other.set_relays(&[&server.address], &[&other_name]);
    one.ready(&[&server.address]).await;
    other.ready(&[&server.address]).await;
    one.dial(1, other_name.name().at(&server.address));
    both(&mut one, &mut other, |one, other| {
        !one.links.is_empty() && !other.links.is_empty()
    })
    .await;
    // A device that wants a direct path would ask for it before these bytes have passed.
    one.send(one.link(), 1_000_000);
    both(&mut one, &mut other, |_, other| other.heard == 1_000_000).await;
    assert!(one.better.is_empty());
    // The relay stops, and with it every link.
    drop(server);
    both(&mut one, &mut other, |one, other| {
        one.links.is_empty() && other.links.is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_ran_directly_ends_once_a_proxy_is_wanted_and_quic_is_not_called_through_one() {
    let ids = LinkIds::default();
    let (tcp, quic) = (Server::start(TCP).await, Server::start(QUIC).await);
    let (tcp, quic) = (&tcp.address, &quic.address);
    let me = name(&ids);
    let mut party = Party::new(&ids, true);
    party.set_relays(&[tcp, quic], &[&me]);
    party.ready(&[tcp, quic]).await;
    // No proxy listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxied = RelayPaths::Proxied {
        proxy: nobody.local_addr().unwrap(),
    };
    drop(nobody);
    party.set_relays_by(proxied, &[tcp, quic], &[&me]);
    party
        .until(|party| {
            party.states[tcp] == RelayState::Unreachable
                && party.states[quic] == RelayState::NeedsTcp
                && party.addresses.is_empty()
        })
        .await;
    party.set_relays(&[tcp, quic], &[&me]);
    party.ready(&[tcp, quic]).await;
}
