//! Measures the cost of sessions: handshakes, recognition, and sealing and opening records.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hedgerow_transport::carrier::CarrierKind;
use hedgerow_transport::cryptography::Cryptography;
use hedgerow_transport::handshake::{
    Arriving, Counted, Dialling, Direction, Garbage, Party, Progress, Tagged,
};
use hedgerow_transport::keys::{BeaconKey, PairKeys, Root, StaticKey, TagKey};
use hedgerow_transport::search::{Search, Sought, Unrecognised};
use hedgerow_transport::session::{Lane, Session};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

struct Device {
    key: StaticKey,
    party: Party,
}

fn device(name: u8) -> Device {
    let key = StaticKey::random(&mut ChaCha20Rng::seed_from_u64(u64::from(name)));
    let party = Party {
        identity: [name; 32],
        device: [name; 16],
        key: key.public(),
    };
    Device { key, party }
}

fn recognise<'k, K>(
    flight: &[u8],
    candidates: impl IntoIterator<Item = (K, &'k TagKey, Direction)>,
) -> Result<(K, Tagged, Bytes), Garbage> {
    let mut input = Bytes::copy_from_slice(flight);
    let Progress::Done(head) = Arriving::new().receive(&mut input) else {
        return Err(Garbage);
    };
    let (who, tagged) = head.recognise(candidates)?;
    Ok((who, tagged, input))
}

/// A whole handshake, both sides.
fn handshake(
    alice: &Device,
    bob: &Device,
    keys: &PairKeys,
    rng: &mut ChaCha20Rng,
) -> (Session, Session) {
    let counted = Counted {
        incarnation: 1,
        counter: 1,
    };
    let (dialling, flight) = Dialling::new(
        &alice.key,
        &alice.party,
        &bob.party,
        &keys.tag,
        &keys.psk,
        counted,
        rng,
    )
    .expect("sound keys");
    let ((), tagged, mut rest) =
        recognise(&flight, [((), &keys.tag, Direction::Up)]).expect("it is ours");
    let Progress::Done(whole) = tagged.receive(&mut rest) else {
        unreachable!("the flight is whole")
    };
    let opened = whole
        .open(&bob.key, &bob.party, &alice.party, [&keys.psk], rng)
        .expect("the psk fits");
    let (flight, answerer) = opened.answer(rng).expect("sound keys");
    match dialling.receive(&mut flight.into()) {
        Ok(Progress::Done(dialler)) => (dialler, answerer),
        _ => unreachable!("the answer is whole and ours"),
    }
}

fn sessions() -> (Session, Session) {
    let keys = PairKeys::derive(Root::from_bytes([9; 32]));
    handshake(
        &device(1),
        &device(2),
        &keys,
        &mut ChaCha20Rng::seed_from_u64(1),
    )
}

fn handshakes(c: &mut Criterion) {
    let (alice, bob, keys) = (
        device(1),
        device(2),
        PairKeys::derive(Root::from_bytes([9; 32])),
    );
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    c.bench_function("handshake, both sides", |b| {
        b.iter(|| handshake(&alice, &bob, &keys, rng))
    });

    let others: Vec<TagKey> = (0..1_000_u32)
        .map(|n| TagKey::from_bytes(*blake3::hash(&n.to_be_bytes()).as_bytes()))
        .collect();
    let garbage = [7; 96];
    c.bench_function("a stranger among 1,000 contacts", |b| {
        b.iter(|| {
            recognise(
                black_box(&garbage),
                others.iter().map(|key| ((), key, Direction::Up)),
            )
            .is_err()
        });
    });

    let key = BeaconKey::from_bytes([1; 32]);
    let unrecognised = Unrecognised::from([(CarrierKind::Lan, (0..16).map(|n| [n; 8]).collect())]);
    c.bench_function("one step of the search over years", |b| {
        let sought: Vec<_> = (0..100)
            .map(|who| Sought {
                who,
                key: &key,
                offset_ms: 0,
            })
            .collect();
        let mut search = Search::default();
        b.iter(|| {
            let now = search.due_ms();
            black_box(search.step(
                now,
                1_800_000_000_000,
                Cryptography::Real,
                &sought,
                &unrecognised,
            ))
        });
    });
}

fn records(c: &mut Criterion) {
    for (name, length, count) in [("4,000 B", 4_000, 500), ("200 B", 200, 10_000)] {
        let content = Bytes::from(vec![5; length]);
        let mut group = c.benchmark_group(format!("2 MB of text in items of {name}"));
        group.throughput(Throughput::Bytes((length * count) as u64));
        group.bench_function("queue and seal", |b| {
            let mut dialler = sessions().0;
            let mut out = BytesMut::with_capacity(3 << 20);
            b.iter(|| {
                for _ in 0..count {
                    dialler
                        .push(Lane::Text, 19, content.clone())
                        .expect("a short item");
                }
                out.clear();
                dialler.seal(&mut out, usize::MAX);
            });
        });
        group.bench_function("open", |b| {
            let (mut dialler, mut answerer) = sessions();
            b.iter_batched(
                || {
                    for _ in 0..count {
                        dialler
                            .push(Lane::Text, 19, content.clone())
                            .expect("a short item");
                    }
                    let mut out = BytesMut::new();
                    dialler.seal(&mut out, usize::MAX);
                    out
                },
                |sealed| answerer.receive(&sealed).expect("sound records").len(),
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }

    let mut group = c.benchmark_group("one item of 200 B in a record of its own");
    group.throughput(Throughput::Bytes(200));
    let content = Bytes::from(vec![5; 200]);
    group.bench_function("seal and open", |b| {
        let (mut dialler, mut answerer) = sessions();
        let mut out = BytesMut::new();
        b.iter(|| {
            dialler
                .push(Lane::Text, 19, content.clone())
                .expect("a short item");
            out.clear();
            dialler.seal(&mut out, usize::MAX);
            answerer.receive(&out).expect("sound records").len()
        });
    });
    group.finish();
}

criterion_group!(benches, handshakes, records);
criterion_main!(benches);
