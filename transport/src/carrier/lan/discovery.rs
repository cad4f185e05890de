//! Announcing ourselves and hearing others by DNS-SD (`docs/PROTOCOL.md` section 11).
//!
//! Each announcement has a responder of its own, which ends with it: so nothing that the network
//! made it remember outlives an epoch, and names are withdrawn when they are redrawn. Others are
//! looked for only in a window after each announcement. Whoever comes later looks itself, and a
//! standing search would ask again for every name in the neighbourhood all the time. With nothing
//! to announce and nobody to look for there is no responder: all that is said near would wake it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use data_encoding::HEXLOWER;
use mdns_sd::{
    DaemonStatus, IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent,
    ServiceInfo,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tokio::time::{Instant, sleep_until, timeout};

use crate::carrier::{Address, MAX_ADDRESSES};

/// The service type.
pub const SERVICE: &str = "_hedgerow._tcp.local.";

/// Instances announced at one time; those that no beacon takes are random.
pub const SLOTS: usize = 4;

/// How long others are looked for after an announcement.
pub const WINDOW: Duration = Duration::from_secs(30);

/// Words of the responder heard in one window, and beacons reported; after either no more is heard
/// until the next announcement.
const MAX_WORDS: usize = 8_192;
const MAX_REPORTS: usize = 1_024;

/// Records that the responder may remember. One that was made to remember more is ended.
const MAX_RECORDS: i64 = 8_192;

/// How long a responder may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// How often they are counted.
const COUNT: Duration = Duration::from_secs(30);

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody announces this beacon.
    Beacon { beacon: [u8; 8], at: Vec<Address> },
    /// Somebody says that this beacon, which was heard, is announced no longer.
    Withdrawn { beacon: [u8; 8] },
    /// Whether announcements leave this machine, as far as it can tell.
    Working(bool),
}

/// Announcements of this carrier.
pub struct Discovery {
    port: u16,
    loopback: bool,
    rng: ChaCha20Rng,
    /// What we announce and announced before, which is not news.
    own: [BTreeSet<[u8; 8]>; 2],
    current: Option<Current>,
    /// The responder that was ended last says here that it has said goodbye.
    leaving: Option<Receiver<DaemonStatus>>,
}

/// One announcement and its window.
struct Current {
    responder: ServiceDaemon,
    window: Option<Window>,
    count_at: Instant,
    /// Nothing of ours: it ends with the window.
    quiet: bool,
}

struct Window {
    words: Receiver<ServiceEvent>,
    ends_at: Instant,
    heard: usize,
    /// Ours come back to us if multicast works at all. `None`: there is nothing of ours to hear.
    heard_own: Option<bool>,
    reported: BTreeMap<[u8; 8], Vec<Address>>,
    reports: usize,
}

impl Discovery {
    /// Announces nothing yet. On loopback alone it stays there, otherwise it leaves loopback out.
    pub fn new(seed: [u8; 32], port: u16, loopback: bool) -> Self {
        let rng = ChaCha20Rng::from_seed(seed);
        Self {
            port,
            loopback,
            rng,
            own: Default::default(),
            current: None,
            leaving: None,
        }
    }

    /// Withdraws what was announced, announces exactly these beacons under fresh names, and looks
    /// for others if asked to: that makes everybody near answer, and each answer wakes everybody. With neither
    /// nothing is left that the network could wake. False if the system does not let us.
    pub fn announce(
        &mut self,
        beacons: &[[u8; 8]],
        look: bool,
        addresses: &[IpAddr],
        port: u16,
    ) -> bool {
        self.stop();
        if beacons.is_empty() && !look {
            return true;
        }
        let mut names: BTreeSet<[u8; 8]> = beacons.iter().take(SLOTS).copied().collect();
        while !beacons.is_empty() && names.len() < SLOTS {
            names.insert(self.rng.next_u64().to_be_bytes());
        }
        self.own.swap(0, 1);
        self.own[0].clone_from(&names);
        let host = HEXLOWER.encode(&self.rng.next_u64().to_be_bytes());
        match self.start(&names, look, &host, addresses, port) {
            Ok(current) => {
                self.current = Some(current);
                true
            }
            Err(_) => false,
        }
    }

    fn start(
        &self,
        names: &BTreeSet<[u8; 8]>,
        look: bool,
        host: &str,
        addresses: &[IpAddr],
        port: u16,
    ) -> mdns_sd::Result<Current> {
        let responder = ServiceDaemon::new_with_port(self.port)?;
        // A change of interfaces brings a new announcement; nothing needs to be asked again and again.
        responder.set_ip_check_interval(0)?;
        let loopback = vec![IfKind::LoopbackV4, IfKind::LoopbackV6];
        if self.loopback {
            responder.disable_interface(IfKind::All)?;
            responder.enable_interface(loopback)?;
        } else {
            responder.disable_interface(loopback)?;
        }
        for name in names {
            let name = HEXLOWER.encode(name);
            let host = format!("{host}.local.");
            let mut service = ServiceInfo::new(SERVICE, &name, &host, addresses, port, None)?;
            // The names are random: probing for somebody who has them already would only take time,
            // and let a replayer of our beacon make us give it up.
            service.set_requires_probe(false);
            responder.register(service)?;
        }
        let now = now();
        let window = match look {
            false => None,
            true => Some(Window {
                words: responder.browse(SERVICE)?,
                ends_at: now + WINDOW,
                heard: 0,
                heard_own: (!names.is_empty()).then_some(false),
                reported: BTreeMap::new(),
                reports: 0,
            }),
        };
        Ok(Current {
            responder,
            window,
            count_at: now + COUNT,
            quiet: names.is_empty(),
        })
    }

    /// Withdraws what was announced, and hears nothing more.
    pub fn stop(&mut self) {
        if let Some(current) = self.current.take() {
            // It says goodbye for each name on its way out. If it cannot be told, it is gone already.
            self.leaving = current.responder.shutdown().ok();
        }
    }

    /// As [`stop`](Self::stop), and waits until the goodbyes have left, for a moment at most.
    pub async fn end(&mut self) {
        self.stop();
        if let Some(leaving) = self.leaving.take() {
            // One that hangs is left behind.
            let _ = timeout(GOODBYE, leaving.recv_async()).await;
        }
    }

    /// The next thing heard; waits for ever if nothing is announced. May be dropped and called
    /// again without loss.
    pub async fn next(&mut self) -> Heard {
        loop {
            let Some(current) = &mut self.current else {
                return pending().await;
            };
            let Some(window) = &mut current.window else {
                sleep_until(current.count_at).await;
                match self.count().await {
                    true => continue,
                    false => return Heard::Working(false),
                }
            };
            let closes = tokio::select! {
                word = window.words.recv_async() => {
                    window.heard += 1;
                    let heard = match &word {
                        Ok(ServiceEvent::ServiceResolved(service)) => {
                            window.resolved(service, &self.own, self.loopback)
                        }
                        Ok(ServiceEvent::ServiceRemoved(_, name)) => window.removed(name),
                        _ => None,
                    };
                    if let Some(heard) = heard {
                        return heard;
                    }
                    // It ends a listener that is too slow, as in a flood.
                    word.is_err() || window.heard > MAX_WORDS || window.reports >= MAX_REPORTS
                }
                () = sleep_until(window.ends_at) => true,
                () = sleep_until(current.count_at) => match self.count().await {
                    true => false,
                    false => return Heard::Working(false),
                }
            };
            if closes && let Some(heard) = self.close_window() {
                return heard;
            }
        }
    }

    /// Looks for nobody any more. Says whether announcements work, if that could be told.
    fn close_window(&mut self) -> Option<Heard> {
        let current = self.current.as_mut()?;
        let _ = current.responder.stop_browse(SERVICE);
        let window = current.window.take()?;
        if current.quiet {
            self.stop();
        }
        window.heard_own.map(Heard::Working)
    }

    /// Ends a responder that was made to remember too much; says whether it stays.
    async fn count(&mut self) -> bool {
        let Some(current) = &mut self.current else {
            return false;
        };
        current.count_at = now() + COUNT;
        let records = match current.responder.get_metrics() {
            Ok(metrics) => metrics.recv_async().await.map_or(0, |metrics| {
                let cached = metrics
                    .iter()
                    .filter(|(name, _)| name.starts_with("cached-"));
                cached.map(|(_, count)| *count).sum()
            }),
            Err(_) => 0,
        };
        if records > MAX_RECORDS {
            self.stop();
        }
        self.current.is_some()
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Window {
    /// What is new in an instance.
    fn resolved(
        &mut self,
        service: &ResolvedService,
        own: &[BTreeSet<[u8; 8]>; 2],
        loopback: bool,
    ) -> Option<Heard> {
        let beacon = beacon(&service.fullname)?;
        if own.iter().any(|own| own.contains(&beacon)) {
            let before = self.heard_own.replace(true);
            return (before != Some(true)).then_some(Heard::Working(true));
        }
        let mut at: Vec<Address> = service
            .addresses
            .iter()
            .filter_map(|ip| socket(ip, service.port, loopback))
            .map(|socket| Address(socket.to_string()))
            .collect();
        at.sort_unstable();
        at.truncate(MAX_ADDRESSES);
        if at.is_empty() || self.reported.get(&beacon) == Some(&at) {
            return None;
        }
        self.reports += 1;
        self.reported.insert(beacon, at.clone());
        Some(Heard::Beacon { beacon, at })
    }

    /// What an instance that is gone means. If it comes back it is news.
    fn removed(&mut self, fullname: &str) -> Option<Heard> {
        let beacon = beacon(fullname)?;
        self.reported.remove(&beacon)?;
        Some(Heard::Withdrawn { beacon })
    }
}

/// The beacon that an instance is named after, if it is one of ours at all.
fn beacon(fullname: &str) -> Option<[u8; 8]> {
    let name = fullname.strip_suffix(SERVICE)?.strip_suffix('.')?;
    HEXLOWER.decode(name.as_bytes()).ok()?.try_into().ok()
}

/// Where an announcement may send us: never to this machine itself, unless nothing else is meant.
fn socket(ip: &ScopedIp, port: u16, loopback: bool) -> Option<SocketAddr> {
    let address = ip.to_ip_addr();
    let useless = address.is_unspecified() || address.is_multicast() || port == 0;
    if useless || address.is_loopback() != loopback {
        return None;
    }
    Some(match ip {
        ScopedIp::V6(v6) if v6.addr().is_unicast_link_local() => {
            SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()
        }
        _ => SocketAddr::new(address, port),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a carrier runs on a real machine and keeps its own timers"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn only_sixteen_hex_digits_are_a_beacon() {
        assert_eq!(
            beacon("0123456789abcdef._hedgerow._tcp.local."),
            Some([1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
        );
        for name in [
            "0123456789ABCDEF._hedgerow._tcp.local.",
            "0123456789abcde._hedgerow._tcp.local.",
            "0123456789abcdef00._hedgerow._tcp.local.",
            "0123456789abcdef (2)._hedgerow._tcp.local.",
            "0123456789abcdef._other._tcp.local.",
            "._hedgerow._tcp.local.",
            "",
        ] {
            assert_eq!(beacon(name), None, "{name}");
        }
    }

    /// Its own for each test, so that nobody else is heard.
    fn discovery(port: u16) -> Discovery {
        Discovery::new([port as u8; 32], port, true)
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_looks_listens_no_longer_than_it_looks_and_claims_nothing() {
        let mut discovery = discovery(5401);
        assert!(discovery.announce(&[], true, &[Ipv4Addr::LOCALHOST.into()], 7));
        // The clock jumps to the next timer when nothing else is to be done.
        let heard = timeout(WINDOW * 9 / 10, discovery.next()).await;
        assert!(heard.is_err() && discovery.current.is_some(), "{heard:?}");
        for _ in 0..3 {
            // It may be counting, which the clock does not wait for.
            let heard = timeout(WINDOW, discovery.next()).await;
            assert!(heard.is_err(), "{heard:?}");
        }
        assert!(discovery.current.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_announces_and_does_not_look_stands_and_claims_nothing() {
        let mut discovery = discovery(5402);
        assert!(discovery.announce(&[[1; 8]], false, &[Ipv4Addr::LOCALHOST.into()], 7));
        let heard = timeout(WINDOW * 9 / 10, discovery.next()).await;
        assert!(heard.is_err() && discovery.current.is_some(), "{heard:?}");
        discovery.announce(&[], false, &[], 7);
        assert!(discovery.current.is_none());
    }

    #[test]
    fn announcements_do_not_send_us_to_ourselves() {
        let socket = |ip: &str, loopback| {
            let ip: IpAddr = ip.parse().expect("an address");
            socket(&ip.into(), 7, loopback).map(|socket| socket.to_string())
        };
        assert_eq!(socket("127.0.0.1", false), None);
        assert_eq!(socket("::1", false), None);
        assert_eq!(socket("0.0.0.0", false), None);
        assert_eq!(socket("224.0.0.251", false), None);
        assert_eq!(socket("192.0.2.1", false), Some("192.0.2.1:7".into()));
        assert_eq!(socket("127.0.0.1", true), Some("127.0.0.1:7".into()));
        assert_eq!(socket("192.0.2.1", true), None);
    }
}
