//! How long moving devices and finding contacts take, on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hedgerow_simulations::contacts::{Disc, Reach, count, within};
use hedgerow_simulations::mobility::{Area, Settings, crowd, helsinki, world};
use hedgerow_simulations::plan::SECOND_US;

/// One quadratic.
fn crossing(criterion: &mut Criterion) {
    let mut tracks = crowd(2).tracks(1).expect("good settings");
    tracks
        .iter_mut()
        .for_each(|track| track.extend(600 * SECOND_US));
    let [a, b] = [&tracks[0], &tracks[1]].map(|track| track.between(0, SECOND_US)[0]);
    criterion.bench_function("crossing", |bench| bench.iter(|| within(&a, &b, 1000.0)));
}

/// Ten minutes of devices at one density, and of a crowd in which everybody has about ten neighbours.
fn crowds(criterion: &mut Criterion) {
    const SECONDS: u64 = 600;
    let dense = Settings {
        area: Area {
            width_m: 250.0,
            height_m: 250.0,
        },
        reach: vec![Reach::Disc(Disc { range_m: 10.0 })],
        ..crowd(2000)
    };
    let mut group = criterion.benchmark_group("ten minutes");
    group.sample_size(10);
    let crowds = [
        ("1,000 sparse", crowd(1000)),
        ("10,000 sparse", crowd(10_000)),
        ("2,000 dense", dense),
    ];
    for (name, settings) in crowds {
        group.throughput(Throughput::Elements(settings.devices() as u64 * SECONDS));
        group.bench_function(name, |bench| {
            bench.iter(|| count(&mut *world(&settings, 1).expect("good settings"), SECONDS));
        });
    }
    group.finish();
}

/// Twelve hours of the default scenario of The ONE, whose data folder the environment names.
fn the_one(criterion: &mut Criterion) {
    let Some(data) = std::env::var_os("HEDGEROW_ONE_DATA") else {
        eprintln!("helsinki: skipped, HEDGEROW_ONE_DATA does not name The ONE's data folder");
        return;
    };
    let settings = helsinki(data.as_ref());
    let mut group = criterion.benchmark_group("helsinki");
    group.sample_size(10);
    group.bench_function("12 hours", |bench| {
        bench.iter(|| count(&mut *world(&settings, 1).expect("the map"), 43_200));
    });
    group.finish();
}

criterion_group!(benches, crossing, crowds, the_one);
criterion_main!(benches);
