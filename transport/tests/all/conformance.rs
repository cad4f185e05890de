//! Every carrier of this crate passes the conformance suite.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::support::relay;
use hedgerow_transport::carrier::conformance::{Party, World, two_way};
use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::memory::{self, MemoryNetwork, Node};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, Ending, EventSink, LinkIds,
    Profile,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    two_way(&Air::new(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lan() {
    two_way(&Loopback(LinkIds::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relay_over_tcp() {
    two_way(&Relayed::new("/ip4/127.0.0.1/tcp/0", false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relay_over_quic() {
    two_way(&Relayed::new("/ip4/127.0.0.1/udp/0/quic-v1", false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relay_with_direct_paths() {
    two_way(&Relayed::new("/ip4/127.0.0.1/tcp/0", true).await).await;
}

/// A relay on this machine, and carriers that only it connects.
struct Relayed {
    relay: relay::Server,
    direct: bool,
    ids: LinkIds,
}

impl Relayed {
    async fn new(at: &str, direct: bool) -> Self {
        Self {
            relay: relay::Server::start(at).await,
            direct,
            ids: LinkIds::default(),
        }
    }
}

impl World for Relayed {
    async fn party(&self) -> Party {
        let (sink, events) = mpsc::channel(16);
        let carrier = relay::carrier(&self.ids, self.direct, sink);
        let name = relay::name(&self.ids);
        assert!(
            carrier
                .execute(relay::set_relays(&[&self.relay.address], &[name]))
                .is_none()
        );
        Party {
            carrier: Box::new(carrier),
            events,
            at: None,
        }
    }

    /// A middleman that passes on this many bytes and no more.
    async fn cutting(&self, to: &Address, after: usize) -> Address {
        let Party {
            carrier,
            mut events,
            ..
        } = self.party().await;
        let address = loop {
            if let Some(CarrierEvent::Addresses(at)) = events.recv().await {
                break at[0].clone();
            }
        };
        let to = to.clone();
        tokio::spawn(async move {
            let (mut near, mut far, mut left) = (None, None, after);
            let (mut kept, mut gone) = (bytes::BytesMut::new(), 0);
            while let Some(event) = events.recv().await {
                match event {
                    CarrierEvent::Up {
                        link, dial: None, ..
                    } => {
                        near = Some(link);
                        let _ = carrier.execute(CarrierCommand::Recognised { link });
                        let dial = DialId(0);
                        let _ = carrier.execute(CarrierCommand::Dial {
                            dial,
                            to: to.clone(),
                        });
                    }
                    CarrierEvent::Up { link, .. } => far = Some(link),
                    CarrierEvent::Bytes { bytes, .. } => kept.extend_from_slice(&bytes),
                    CarrierEvent::Down { .. } => gone += 1,
                    _ => {}
                }
                if gone == 2 {
                    return;
                }
                if let (Some(near), Some(link)) = (near, far) {
                    let bytes = kept.split_to(left.min(kept.len())).freeze();
                    left -= bytes.len();
                    let _ = carrier.execute(CarrierCommand::Send { link, bytes });
                    if left == 0 {
                        for link in [near, link] {
                            let ending = Ending::Now;
                            let _ = carrier.execute(CarrierCommand::End { link, ending });
                        }
                    }
                }
            }
        });
        address
    }

    fn nowhere(&self) -> Address {
        relay::name(&LinkIds::default())
            .name()
            .at(&self.relay.address)
    }
}

/// The local network on loopback.
struct Loopback(LinkIds);

impl World for Loopback {
    async fn party(&self) -> Party {
        let (sink, events) = mpsc::channel(16);
        // The seed also decides the names.
        let id = self.0.next_id().0;
        let seed = *blake3::hash(&id.to_be_bytes()).as_bytes();
        let config = LanConfig {
            discovery_port: 5397,
            ..LanConfig::loopback(seed, self.0.clone())
        };
        let carrier = Lan::start(config, sink);
        Party {
            carrier: Box::new(carrier),
            events,
            at: None,
        }
    }

    async fn cutting(&self, to: &Address, after: usize) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = Address(listener.local_addr().expect("bound").to_string());
        let to = to.0.clone();
        tokio::spawn(async move {
            let (near, _) = listener.accept().await.expect("the dialler");
            let mut far = TcpStream::connect(to).await.expect("the other side");
            tokio::io::copy(&mut near.take(after as u64), &mut far)
                .await
                .expect("up to the cut");
            far.shutdown().await.expect("a FIN behind all that passed");
        });
        address
    }

    fn nowhere(&self) -> Address {
        Address("127.0.0.1:1".into())
    }
}

/// A memory network behind the trait: its clock jumps to the next event.
#[derive(Clone)]
struct Air(Arc<Shared>);

struct Shared {
    network: Mutex<MemoryNetwork>,
    /// Events that each node has not received yet.
    waiting: Mutex<Vec<VecDeque<CarrierEvent>>>,
    changed: Notify,
}

/// Events of one node that may wait before the node stops reading.
const WAITING: usize = 16;

impl Air {
    fn new(seed: u64) -> Self {
        Self(Arc::new(Shared {
            network: Mutex::new(MemoryNetwork::new(seed)),
            waiting: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Runs everything that can happen.
    fn run(&self) {
        let mut network = self.0.network.lock().expect("not poisoned");
        let mut waiting = self.0.waiting.lock().expect("not poisoned");
        let mut happened = false;
        while let Some(at) = network.next_event_at() {
            happened = true;
            while let Some((node, event)) = network.poll(at) {
                waiting[node].push_back(event);
                if waiting[node].len() == WAITING {
                    network.read(node, false);
                }
            }
        }
        if happened {
            self.0.changed.notify_waiters();
        }
    }

    async fn deliver(self, node: Node, sink: mpsc::Sender<CarrierEvent>) {
        loop {
            let changed = self.0.changed.notified();
            let event = self.0.waiting.lock().expect("not poisoned")[node].pop_front();
            let Some(event) = event else {
                self.0
                    .network
                    .lock()
                    .expect("not poisoned")
                    .read(node, true);
                self.run();
                if self.0.waiting.lock().expect("not poisoned")[node].is_empty() {
                    changed.await;
                }
                continue;
            };
            if !sink.hand(event).await {
                return;
            }
        }
    }
}

/// One node of the network.
struct Aerial(Air, Node);

impl DuplexCarrier for Aerial {
    fn profile(&self) -> Profile {
        memory::PROFILE
    }

    fn execute(&self, command: CarrierCommand) -> Option<CarrierEvent> {
        let Self(air, node) = self;
        {
            let mut network = air.0.network.lock().expect("not poisoned");
            let now = network.next_event_at().unwrap_or(0);
            network.command(*node, command, now);
        }
        air.run();
        None
    }
}

impl World for Air {
    async fn party(&self) -> Party {
        let (sink, events) = mpsc::channel(16);
        let node = {
            self.0
                .waiting
                .lock()
                .expect("not poisoned")
                .push(VecDeque::new());
            self.0.network.lock().expect("not poisoned").join()
        };
        tokio::spawn(self.clone().deliver(node, sink));
        Party {
            carrier: Box::new(Aerial(self.clone(), node)),
            events,
            at: None,
        }
    }

    async fn cutting(&self, to: &Address, after: usize) -> Address {
        self.0
            .network
            .lock()
            .expect("not poisoned")
            .cut_next_after(after);
        to.clone()
    }

    fn nowhere(&self) -> Address {
        Address("memory:999".into())
    }
}
