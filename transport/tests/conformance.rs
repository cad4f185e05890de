//! Every carrier of this crate keeps the promises of all carriers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use hedgerow_transport::carrier::conformance::{Party, World, one_way, two_way};
use hedgerow_transport::carrier::file::ParcelFile;
use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::memory::{self, MemoryNetwork, Node};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, EventSink, LinkIds, Profile, TwoWay,
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

#[test]
fn file() {
    let directory = tempfile::tempdir().expect("a directory");
    let count = std::cell::Cell::new(0);
    one_way(|| {
        count.set(count.get() + 1);
        let path = directory.path().join(format!("{}.parcels", count.get()));
        (ParcelFile::new(&path), ParcelFile::new(path))
    });
}

/// The local network, on this machine alone.
struct Loopback(LinkIds);

impl World for Loopback {
    async fn party(&self) -> Party {
        let (sink, events) = mpsc::channel(16);
        // The seed decides names too.
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

/// A memory network behind the trait: its clock jumps to whatever comes next.
#[derive(Clone)]
struct Air(Arc<Shared>);

struct Shared {
    network: Mutex<MemoryNetwork>,
    /// What each node has not been handed yet.
    waiting: Mutex<Vec<VecDeque<CarrierEvent>>>,
    changed: Notify,
}

/// Events of one node that may wait before it stops reading.
const WAITING: usize = 16;

impl Air {
    fn new(seed: u64) -> Self {
        Self(Arc::new(Shared {
            network: Mutex::new(MemoryNetwork::new(seed)),
            waiting: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Lets everything happen that can.
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

/// One node of it.
struct Aerial(Air, Node);

impl TwoWay for Aerial {
    fn profile(&self) -> Profile {
        memory::PROFILE
    }

    fn obey(&self, command: CarrierCommand) -> Option<CarrierEvent> {
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
