//! Measures what the LAN carrier adds to a TCP connection over loopback: a small message there and back, and a
//! bulk transfer, each beside the plain socket.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hedgerow_transport::carrier::lan::{Lan, LanConfig};
use hedgerow_transport::carrier::{
    Address, CarrierCommand, CarrierEvent, DialId, DuplexCarrier, LinkId, LinkIds,
};
use tokio::sync::mpsc;

const SMALL: usize = 300;
const BULK: usize = 16 << 20;
/// Size of the records that a session makes.
const RECORD: usize = 65_519;

struct Party {
    carrier: Lan<mpsc::Sender<CarrierEvent>>,
    events: mpsc::Receiver<CarrierEvent>,
}

impl Party {
    fn new(ids: &LinkIds) -> Self {
        let (sink, events) = mpsc::channel(64);
        Self {
            carrier: Lan::start(LanConfig::loopback([1; 32], ids.clone()), sink),
            events,
        }
    }

    fn next(&mut self) -> CarrierEvent {
        self.events.blocking_recv().expect("the carrier lives")
    }

    fn up(&mut self) -> LinkId {
        loop {
            if let CarrierEvent::Up { link, .. } = self.next() {
                let _ = self.carrier.execute(CarrierCommand::Recognised { link });
                return link;
            }
        }
    }

    /// Waits for this many bytes.
    fn handle(&mut self, mut bytes: usize) {
        while bytes > 0 {
            if let CarrierEvent::Bytes { bytes: heard, .. } = self.next() {
                bytes -= heard.len();
            }
        }
    }
}

fn pair(ids: &LinkIds) -> ((Party, LinkId), (Party, LinkId)) {
    let (mut one, mut other) = (Party::new(ids), Party::new(ids));
    let to: Address = loop {
        if let CarrierEvent::Addresses(at) = other.next() {
            break at[0].clone();
        }
    };
    let _ = one.carrier.execute(CarrierCommand::Dial {
        dial: DialId(1),
        to,
    });
    let (near, far) = (one.up(), other.up());
    ((one, near), (other, far))
}

fn plain() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let one = TcpStream::connect(listener.local_addr().expect("bound")).expect("it answers");
    let (other, _) = listener.accept().expect("it dials");
    one.set_nodelay(true).expect("an option");
    other.set_nodelay(true).expect("an option");
    (one, other)
}

fn there_and_back(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let ids = LinkIds::default();
    let mut group = criterion.benchmark_group("300 bytes there and back");

    let ((mut one, near), (mut other, far)) = pair(&ids);
    std::thread::spawn(move || {
        while let Some(event) = other.events.blocking_recv() {
            if let CarrierEvent::Bytes { bytes, .. } = event {
                let _ = other
                    .carrier
                    .execute(CarrierCommand::Send { link: far, bytes });
            }
        }
    });
    group.bench_function("carrier", |bencher| {
        bencher.iter(|| {
            let bytes = Bytes::from(vec![7; SMALL]);
            let _ = black_box(
                one.carrier
                    .execute(CarrierCommand::Send { link: near, bytes }),
            );
            one.handle(SMALL);
        });
    });

    let (mut one, mut other) = plain();
    std::thread::spawn(move || {
        let mut bytes = [0; SMALL];
        while other.read_exact(&mut bytes).is_ok() && other.write_all(&bytes).is_ok() {}
    });
    group.bench_function("plain socket", |bencher| {
        let mut bytes = [7; SMALL];
        bencher.iter(|| {
            one.write_all(&bytes).expect("it is taken");
            one.read_exact(&mut bytes).expect("it answers");
        });
    });
}

fn bulk(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let ids = LinkIds::default();
    let mut group = criterion.benchmark_group("16 MiB one way");
    group
        .throughput(Throughput::Bytes(BULK as u64))
        .sample_size(10);

    let ((mut one, near), (mut other, _)) = pair(&ids);
    let record = Bytes::from(vec![7; RECORD]);
    let (heard, all) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        loop {
            other.handle(BULK.div_ceil(RECORD) * RECORD);
            if heard.send(()).is_err() {
                return;
            }
        }
    });
    group.bench_function("carrier", |bencher| {
        bencher.iter(|| {
            let mut unwritten = 0;
            for _ in 0..BULK.div_ceil(RECORD) {
                unwritten += RECORD;
                let send = CarrierCommand::Send {
                    link: near,
                    bytes: record.clone(),
                };
                let mut event = one.carrier.execute(send);
                while unwritten > 1 << 20 || event.is_some() {
                    if let Some(CarrierEvent::Written { bytes, .. }) = event.take() {
                        unwritten -= bytes;
                    } else {
                        event = Some(one.next());
                    }
                }
            }
            // Count what is still unwritten now; otherwise the next round would report it.
            while unwritten > 0 {
                if let CarrierEvent::Written { bytes, .. } = one.next() {
                    unwritten -= bytes;
                }
            }
            all.recv().expect("the other side lives");
        });
    });

    let (mut one, mut other) = plain();
    let (heard, all) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        let mut left = BULK;
        while let Ok(length @ 1..) = other.read(&mut bytes) {
            left -= length;
            if left == 0 {
                left = BULK;
                let _ = heard.send(());
            }
        }
    });
    group.bench_function("plain socket", |bencher| {
        let bytes = vec![7; 64 * 1024];
        bencher.iter(|| {
            for _ in 0..BULK / bytes.len() {
                one.write_all(&bytes).expect("it is taken");
            }
            all.recv().expect("the other side lives");
        });
    });
}

criterion_group!(benches, there_and_back, bulk);
criterion_main!(benches);
