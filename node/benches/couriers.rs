//! What a meeting of two couriers costs, without engines: at once, and said, encoded and heard.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hedgerow_node::courier::exchange::{Act, Arrival, Whose};
use hedgerow_node::courier::meet::Side;
use hedgerow_node::courier::policies::Epidemic;
use hedgerow_node::courier::{
    Courier, Envelope, Hint, Peer, PolicySettings, Release, Said, Settings, Tag, meet,
};
use hedgerow_sync::id::DeviceId;
use hedgerow_transport::carrier::LinkId;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const LINK: LinkId = LinkId(1);

fn peer(number: u8) -> Peer {
    Peer {
        device: DeviceId([number; 16]),
        hint: Hint([number; 8]),
    }
}

/// Two who hold `common` bundles each, and the first `more`.
fn pair(common: u8, more: u8) -> (Courier, Courier) {
    let settings = Settings {
        policy: PolicySettings::Epidemic(Epidemic::default()),
        ..Settings::default()
    };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut courier = |count: u8| {
        let mut courier = Courier::new(settings.clone());
        for number in 0..count {
            let tag = Tag([number; 32]);
            let envelope = Envelope {
                tag,
                size: 1_000,
                lifetime_s: 1_000,
                age_s: 0,
                release: Release([number; 16]).hash(),
                copies: 1,
                hint: None,
            };
            courier.add(envelope, 1_000, 0, &mut rng);
        }
        courier
    };
    (courier(common + more), courier(common))
}

/// Everything that two have to say to each other.
fn talk(mut one: Courier, mut two: Courier) -> (Courier, Courier) {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    one.met(LINK, peer(2), 0);
    two.met(LINK, peer(1), 0);
    loop {
        let acts = [one.take_acts(), two.take_acts()];
        if acts.iter().all(Vec::is_empty) {
            return (one, two);
        }
        for (from, acts) in acts.into_iter().enumerate() {
            let to = if from == 0 { &mut two } else { &mut one };
            for act in acts {
                match act {
                    Act::Say(_, said) => {
                        let said = Said::decode(said.kind(), &said.encode()).unwrap();
                        to.handle(LINK, said, 0, &mut rng, &mut |_| Whose::Others)
                            .unwrap();
                    }
                    Act::Send(_, tag) => {
                        to.arrived(LINK, &tag, Arrival::ToHold, 0, &mut rng);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn couriers(criterion: &mut Criterion) {
    for (common, more) in [(0, 0), (1, 0), (8, 0), (8, 1)] {
        criterion.bench_function(
            &format!("meet at once, {common} in common, {more} new"),
            |bench| {
                bench.iter_batched_ref(
                    || pair(common, more),
                    |(one, two)| {
                        let mut moved = Vec::new();
                        let mut never = |_: &Tag| Whose::Others;
                        let mut neither = |_: &Tag| Whose::Others;
                        meet(
                            &mut Side {
                                courier: one,
                                me: peer(1),
                                whose: &mut never,
                            },
                            &mut Side {
                                courier: two,
                                me: peer(2),
                                whose: &mut neither,
                            },
                            0,
                            &mut moved,
                        );
                        black_box(moved)
                    },
                    BatchSize::SmallInput,
                );
            },
        );
        criterion.bench_function(&format!("talk, {common} in common, {more} new"), |bench| {
            bench.iter_batched(
                || pair(common, more),
                |(one, two)| talk(one, two),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, couriers);
criterion_main!(benches);
