//! Keeps listeners, reported addresses and announcements in step with what the owner wants and what the machine
//! has.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::discovery::{Discovery, Heard};
use super::interfaces::{Changes, Interfaces, name};
use super::listen::Listening;
use super::{LanConfig, Shared, Wanted};
use crate::carrier::links::Reported;
use crate::carrier::{Address, CarrierEvent, CarrierState, EventSink};

/// Pause before the keeper tries to listen again after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Runs until the carrier is dropped or its owner is gone.
pub async fn run<S: EventSink>(
    shared: Arc<Shared<S>>,
    config: LanConfig,
    mut wanted: watch::Receiver<Wanted>,
) {
    let mut changes = Changes::new();
    let loopback = config.bind.iter().all(|ip| ip.is_loopback());
    let seed = blake3::derive_key("hedgerow 1 lan names", &config.seed);
    let mut keeper = Keeper {
        shared,
        discovery: Discovery::new(seed, config.discovery_port, loopback),
        announced: 0,
        at: Vec::new(),
        announceable: true,
        config,
        interfaces: Interfaces::default(),
        listening: None,
        port_known_at: BTreeSet::new(),
        reported: Reported::default(),
    };
    loop {
        let now = wanted.borrow_and_update().clone();
        let owned = match now.on {
            true => keeper.on(&now).await,
            false => keeper.off(&now).await,
        };
        if owned.is_none() {
            return;
        }
        let failing = keeper.reported.state() == Some(CarrierState::Failing);
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = changes.next(), if now.on => {}
            heard = keeper.discovery.next(), if now.on => {
                if keeper.heard(heard).await.is_none() {
                    return;
                }
            }
            () = sleep(RETRY), if failing => {}
        }
    }
}

struct Keeper<S> {
    shared: Arc<Shared<S>>,
    config: LanConfig,
    interfaces: Interfaces,
    listening: Option<Listening>,
    /// The networks that have seen our present port.
    port_known_at: BTreeSet<[u8; 16]>,
    discovery: Discovery,
    /// Number of the last announce command that was applied, or that came while nothing could be announced.
    announced: u64,
    /// The addresses that the announcement names. If the carrier was off, the announcement is out of date; at other
    /// addresses it would reveal where we were. The owner learns of the change and commands a new one.
    at: Vec<Address>,
    /// Whether announcements left this machine at the last attempt.
    announceable: bool,
    reported: Reported,
}

impl<S: EventSink> Keeper<S> {
    /// Applies what the owner wants. `None`, here and below, if the owner is gone.
    async fn on(&mut self, wanted: &Wanted) -> Option<()> {
        self.interfaces = Interfaces::now(&self.config.bind);
        let nearby = &self.interfaces.nearby;
        self.shared.nearby().clone_from(nearby);
        // Keeping the port on another network would show that network who was on the first one.
        let networks: BTreeSet<_> = nearby.networks.iter().map(name).collect();
        if !networks.is_empty() && networks.is_disjoint(&self.port_known_at) {
            self.stop_listening().await;
        }
        if self.listening.is_none() {
            let known = networks.iter().find_map(|n| self.config.ports.get(n));
            match Listening::start(&self.shared, &self.config.bind, known.copied()) {
                Ok(listening) => self.listening = Some(listening),
                Err(error) => {
                    let state = match error.kind() {
                        ErrorKind::PermissionDenied => CarrierState::NoPermission,
                        _ => CarrierState::Failing,
                    };
                    return self.report(state, Vec::new()).await;
                }
            }
        }
        let port = self
            .listening
            .as_ref()
            .map_or(0, |listening| listening.port);
        self.port_known_at.extend(&networks);
        for network in networks {
            if self.config.ports.insert(network, port) != Some(port) {
                self.tell(CarrierEvent::Port { network, port }).await?;
            }
        }
        let addresses = self.interfaces.at(port);
        self.announce(wanted, &addresses, port);
        let state = match (addresses.is_empty(), self.announceable) {
            (true, _) => CarrierState::NoInterface,
            (false, true) => CarrierState::On,
            (false, false) => CarrierState::NoDiscovery,
        };
        self.report(state, addresses).await
    }

    /// Announces what the owner newly wants, and stops an announcement made for other addresses.
    fn announce(&mut self, wanted: &Wanted, addresses: &[Address], port: u16) {
        if self.at != addresses {
            self.discovery.stop();
            self.at = addresses.to_vec();
            self.announceable = true;
        }
        if wanted.announcement <= self.announced {
            return;
        }
        self.announced = wanted.announcement;
        if addresses.is_empty() {
            return;
        }
        let addresses: Vec<IpAddr> = self
            .interfaces
            .addresses
            .iter()
            .map(|(ip, _)| *ip)
            .collect();
        let (beacons, look) = (&wanted.beacons, wanted.look);
        self.announceable &= self.discovery.announce(beacons, look, &addresses, port);
    }

    async fn heard(&mut self, heard: Heard) -> Option<()> {
        match heard {
            Heard::Beacon { beacon, at } => self.tell(CarrierEvent::Beacon { beacon, at }).await,
            Heard::Withdrawn { beacon } => {
                self.tell(CarrierEvent::BeaconWithdrawn { beacon }).await
            }
            // The next round of the loop reports the state.
            Heard::Working(working) => {
                self.announceable = working;
                Some(())
            }
        }
    }

    async fn off(&mut self, wanted: &Wanted) -> Option<()> {
        // Before the port is freed: who hears it does not dial in vain.
        self.discovery.end().await;
        self.at.clear();
        self.announced = wanted.announcement;
        self.stop_listening().await;
        // The state `Off` must be the last event: wait until every link has been reported down.
        while !self.shared.links.are_gone() {
            self.shared.links.gone().await;
        }
        self.report(CarrierState::Off, Vec::new()).await
    }

    async fn stop_listening(&mut self) {
        self.port_known_at.clear();
        if let Some(listening) = self.listening.take() {
            listening.stop().await;
        }
    }

    async fn report(&mut self, state: CarrierState, addresses: Vec<Address>) -> Option<()> {
        let links = &self.shared.links;
        self.reported.tell(links, state, addresses).await
    }

    async fn tell(&self, event: CarrierEvent) -> Option<()> {
        self.shared.links.tell(event).await
    }
}
