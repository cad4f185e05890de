//! Every scenario that ships can be run, shortened, and gives the same files on one thread and on two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::threads;
use hedgerow_simulations::run::{self, Options, Watch};
use hedgerow_simulations::scenario::{self, Loaded};
use hedgerow_simulations::world::{Progress, Step};

/// A scenario and what is changed to shorten it: fewer people on less room, who write more.
const SHORT: [(&str, &[(&str, &str)]); 12] = [
    (
        "two-friends",
        &[
            ("duration-s", "1800"),
            ("movement.mobility.area.width-m", "60"),
            ("movement.mobility.area.height-m", "60"),
        ],
    ),
    (
        "newsroom",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "10"),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
    (
        "newsroom-groups",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "10"),
            ("group-chats.0.count", "3"),
            ("group-chats.0.people", "5"),
            ("group-chats.0.per-hour", "300"),
        ],
    ),
    (
        "protest-groups",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "60"),
            ("movement.mobility.area.width-m", "160"),
            ("movement.mobility.area.height-m", "120"),
            ("group-chats.0.count", "3"),
            ("group-chats.0.per-hour", "300"),
        ],
    ),
    (
        "outage-groups",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "24"),
            (
                "movement.mobility.populations.0.mobility.clusters.points",
                "[[600, 700], [1500, 1600]]",
            ),
            (
                "movement.mobility.populations.0.mobility.clusters.radius-m",
                "60",
            ),
            ("group-chats.0.count", "2"),
            ("group-chats.0.per-hour", "300"),
        ],
    ),
    (
        "protest",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "60"),
            ("movement.mobility.area.width-m", "160"),
            ("movement.mobility.area.height-m", "120"),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
    (
        "protest-attacked",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "60"),
            ("movement.mobility.area.width-m", "160"),
            ("movement.mobility.area.height-m", "120"),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
    (
        "class-trip",
        &[
            ("duration-s", "900"),
            ("movement.mobility.area.width-m", "150"),
            ("movement.mobility.area.height-m", "140"),
            (
                "movement.mobility.populations.0.mobility.clusters.points",
                "[[30, 30], [120, 110]]",
            ),
            (
                "movement.mobility.populations.0.mobility.clusters.radius-m",
                "25",
            ),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
    (
        "photo-walk",
        &[
            ("duration-s", "600"),
            ("movement.mobility.area.width-m", "150"),
            ("movement.mobility.area.height-m", "140"),
            (
                "movement.mobility.populations.0.mobility.clusters.points",
                "[[30, 30], [120, 110]]",
            ),
            (
                "movement.mobility.populations.0.mobility.clusters.radius-m",
                "25",
            ),
            ("workload.0.pace.poisson.per-hour", "800"),
            (
                "workload.0.files.sizes",
                "[{ shortest = 1_000, longest = 1_500_000 }]",
            ),
        ],
    ),
    (
        "city-day",
        &[
            ("duration-s", "1000"),
            ("movement.mobility.area.width-m", "300"),
            ("movement.mobility.area.height-m", "200"),
            ("movement.mobility.populations.0.count", "20"),
            (
                "movement.mobility.populations.0.mobility.working-day.leave-home-s",
                "200",
            ),
            (
                "movement.mobility.populations.0.mobility.working-day.leave-home-deviation-s",
                "100",
            ),
            (
                "movement.mobility.populations.0.mobility.working-day.offices",
                "2",
            ),
            ("workload.0.from-s", "0"),
            ("workload.0.pace.poisson.per-hour", "500"),
        ],
    ),
    (
        "village-bus",
        &[
            ("duration-s", "600"),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
    (
        "outage",
        &[
            ("duration-s", "300"),
            ("movement.mobility.populations.0.count", "24"),
            (
                "movement.mobility.populations.0.mobility.clusters.points",
                "[[600, 700], [1500, 1600]]",
            ),
            (
                "movement.mobility.populations.0.mobility.clusters.radius-m",
                "60",
            ),
            ("workload.0.pace.poisson.per-hour", "1000"),
        ],
    ),
];

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn short(name: &str, changes: &[(&str, &str)]) -> Loaded {
    let path = scenarios().join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).expect("it ships");
    let mut table: toml::Table = text.parse().expect("it is well-formed");
    for (key, value) in changes {
        let value: toml::Value = value.parse().expect("a value of TOML");
        scenario::set(&mut table, key, value).expect("the key is there");
    }
    scenario::load_text(&path, table.to_string(), None).expect("it can be run")
}

/// Which threads have worked.
#[derive(Default)]
struct Threads(Vec<u64>);

impl Watch for Threads {
    fn progress(&mut self, _: u64, _: Progress) -> bool {
        true
    }
    fn steps(&mut self, _: u64, _: &[Step]) {}
    fn threads(&mut self, _: u64, groups: &[u64]) {
        self.0 = groups.to_vec();
    }
}

/// Runs a scenario on so many threads. Its files, and how many groups each thread has run.
fn files(loaded: &Loaded, threads: usize) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<u64>) {
    let place = tempfile::tempdir().expect("there is room");
    let result = place.path().join("result");
    let mut worked = Threads::default();
    let run = || run::run(loaded, &[1], &result, &Options::default(), &mut worked);
    threads::on(threads, run).expect("it can be run");
    let mut files = BTreeMap::new();
    let mut directories = vec![result.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("it is a directory") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("it can be read");
                let name = path.strip_prefix(&result).expect("it is in there");
                files.insert(name.to_owned(), bytes);
            }
        }
    }
    (files, worked.0)
}

fn repeats(name: &str) {
    let (_, changes) = SHORT
        .iter()
        .find(|(short, _)| *short == name)
        .expect("it has a short variant");
    let loaded = short(name, changes);
    let (one, _) = files(&loaded, 1);
    let (two, groups) = files(&loaded, 2);
    let set: Vec<String> = changes
        .iter()
        .map(|(key, value)| format!("--set '{key}={value}'"))
        .collect();
    let command = format!(
        "hedgerow-sim run simulations/scenarios/{name}.toml --seeds 1 {} --threads",
        set.join(" ")
    );
    assert!(
        one.keys().eq(two.keys()),
        "{command} 1 and 2: the same files"
    );
    for (path, bytes) in &one {
        assert!(
            two[path] == *bytes,
            "{} differs: {command} 1 and 2",
            path.display()
        );
    }
    // A world of two devices is one group, or two that are seldom busy at once.
    assert!(
        name == "two-friends" || groups.len() == 2 && groups.iter().all(|groups| *groups > 0),
        "both threads have worked: {groups:?}; {command} 2"
    );
    let summary: serde_json::Value =
        serde_json::from_slice(&one[Path::new("summary.json")]).expect("it is JSON");
    let what = match name.ends_with("-groups") {
        true => "group_deliveries",
        false => "delivered",
    };
    let delivered = summary["by_seed"]["1"][what].as_f64();
    assert!(
        delivered.is_some_and(|delivered| delivered > 0.0),
        "something arrives: {command} 1"
    );
}

#[test]
fn every_scenario_that_ships_has_a_short_variant() {
    let mut there: Vec<String> = std::fs::read_dir(scenarios())
        .expect("they ship")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    there.sort();
    let mut short = SHORT.map(|(name, _)| name.to_owned());
    short.sort();
    assert_eq!(there, short);
}

#[test]
fn two_friends_repeat_byte_for_byte() {
    repeats("two-friends");
}

#[test]
fn the_attacked_protest_repeats_byte_for_byte() {
    repeats("protest-attacked");
}

#[test]
fn the_class_trip_repeats_byte_for_byte() {
    repeats("class-trip");
}

#[test]
fn the_photo_walk_repeats_byte_for_byte() {
    repeats("photo-walk");
}

#[test]
fn the_newsroom_repeats_byte_for_byte() {
    repeats("newsroom");
}

#[test]
fn the_protest_repeats_byte_for_byte() {
    repeats("protest");
}

#[test]
fn the_city_repeats_byte_for_byte() {
    repeats("city-day");
}

#[test]
fn the_villages_repeat_byte_for_byte() {
    repeats("village-bus");
}

#[test]
fn the_outage_repeats_byte_for_byte() {
    repeats("outage");
}

#[test]
fn the_newsroom_with_groups_repeats_byte_for_byte() {
    repeats("newsroom-groups");
}

#[test]
fn the_protest_with_groups_repeats_byte_for_byte() {
    repeats("protest-groups");
}

#[test]
fn the_outage_with_groups_repeats_byte_for_byte() {
    repeats("outage-groups");
}
