//! The index together with what waits finds what a scan of everything finds, and keeps no word of what left.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use bytes::Bytes;
use hedgerow_sync::body;
use hedgerow_sync::entry::{AnnotationKind, Body, What};
use hedgerow_sync::id::{DeviceId, EntryId, Incarnation, LogId, SpaceId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::metered::{Meter, Metered};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::space::{self, SpaceKind};
use hedgerow_sync::store::{Reader, StorageError, Store};
use proptest::prelude::*;

use super::indexing::index_looking_at;
use super::marks::Mark;
use super::places::Progress;
use super::query::Query;
use super::volume::{self, MERGED, Volume};
use super::{Scope, Spot, find, forget, forget_space, index, texts, waiting, words};
use crate::tables::{self, Table};

const SPACES: [SpaceId; 3] = [SpaceId([1; 16]), SpaceId([2; 16]), SpaceId([3; 16])];
const NOW_MS: i64 = 1_000_000;

/// What happens to an archive.
#[derive(Debug, Clone)]
enum Step {
    /// Writes words into a log of a space, at this time.
    Write(usize, u8, i64, Vec<&'static str>),
    /// Edits one of the messages, in a log.
    Edit(usize, u8, i64, Vec<&'static str>),
    /// Indexes what waits.
    Index,
    /// Deletes one of the messages.
    Delete(usize),
    /// Removes a space, which begins anew.
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    const WORDS: [&str; 9] = [
        "hall",
        "HALLS",
        "Hälle",
        "noon",
        "東京",
        "京都",
        "กา",
        "opens",
        "https://hall.example/",
    ];
    let words = || prop::collection::vec(prop::sample::select(&WORDS[..]), 0..5);
    let step = prop_oneof![
        12 => (0..3usize, 0..3u8, 0..1_200_000i64, words())
            .prop_map(|(space, log, time, words)| Step::Write(space, log, time, words)),
        4 => (any::<usize>(), 0..3u8, 0..1_200_000i64, words())
            .prop_map(|(which, log, time, words)| Step::Edit(which, log, time, words)),
        6 => Just(Step::Index),
        4 => any::<usize>().prop_map(Step::Delete),
        1 => (0..3usize).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..80)
}

/// Messages, and when each was written.
#[derive(Default)]
struct Archive {
    store: MemoryStore,
    times: BTreeMap<(SpaceId, EntryId), i64>,
    /// The logs that a slice of indexing looks at.
    logs: usize,
}

impl Archive {
    fn new() -> Archive {
        let mut archive = Archive {
            logs: 1_000,
            ..Archive::default()
        };
        for space in SPACES {
            archive.begin(space);
        }
        archive
    }

    fn write<T>(
        &mut self,
        job: impl FnOnce(&mut dyn hedgerow_sync::store::Txn) -> Result<T, StorageError>,
    ) -> T {
        self.store.write(job).expect("memory does not fail")
    }

    fn begin(&mut self, space: SpaceId) {
        self.write(|txn| space::create(txn, space, SpaceKind::Direct));
    }

    fn say(&mut self, space: SpaceId, log: u8, time_ms: i64, text: &str) {
        let entry = self.append(space, log, time_ms, What::TEXT, text);
        let time_ms = entry.wall_ms.min(NOW_MS);
        self.times.insert((space, entry.id), time_ms);
    }

    fn append(&mut self, space: SpaceId, log: u8, time_ms: i64, what: What, text: &str) -> Placed {
        let log = LogId {
            device: DeviceId([log; 16]),
            incarnation: Incarnation(7),
        };
        let body = Body::Bytes(Bytes::copy_from_slice(text.as_bytes()));
        self.write(|txn| {
            let appended = space::append(txn, space, log, time_ms, what, body);
            let id = appended.expect("it fits").id;
            Ok(page::entry(txn, space, id)?.expect("it is there"))
        })
    }

    fn message(&self, which: usize) -> Option<(SpaceId, EntryId)> {
        let count = self.times.len().max(1);
        self.times.keys().nth(which % count).copied()
    }

    fn index(&mut self) -> u64 {
        let logs = self.logs;
        self.write(|txn| index_looking_at(txn, SPACES, NOW_MS, logs))
    }

    fn index_all(&mut self) {
        while self.index() > 0 {}
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Write(space, log, time_ms, words) => {
                self.say(SPACES[*space], *log, *time_ms, &words.join(" "));
            }
            Step::Index => self.index_all(),
            Step::Edit(which, log, time_ms, words) => {
                let Some((space, target)) = self.message(*which) else {
                    return;
                };
                let kind = AnnotationKind::EDIT;
                let what = What::Annotation { kind, target };
                self.append(space, *log, *time_ms, what, &words.join(" "));
            }
            Step::Delete(which) => {
                let Some((space, message)) = self.message(*which) else {
                    return;
                };
                self.times.remove(&(space, message));
                self.write(|txn| {
                    forget(txn, space, message)?;
                    for version in texts::versions(txn, space, message)? {
                        body::remove(txn, space, version.id)?;
                    }
                    Ok(())
                });
            }
            Step::Remove(space) => {
                let space = SPACES[*space];
                self.times.retain(|(of, _), _| *of != space);
                self.write(|txn| {
                    forget_space(txn, space)?;
                    space::remove(txn, space)
                });
                self.begin(space);
            }
        }
    }

    /// What a scan of everything finds.
    fn scan(&self, query: &Query) -> Vec<Spot> {
        let spots = self.times.iter().map(|((space, entry), time_ms)| Spot {
            time_ms: *time_ms,
            space: *space,
            entry: *entry,
        });
        let has = |spot: &Spot| self.store.read(|reader| has(reader, query, *spot));
        let fits = |spot: &Spot| has(spot).expect("memory does not fail");
        let mut spots: Vec<Spot> = spots.filter(fits).collect();
        spots.sort_by(|one, other| other.cmp(one));
        spots
    }

    /// What search finds, in pages of this many.
    fn find(&self, query: &Query, limit: usize) -> Vec<Spot> {
        let spaces: BTreeSet<SpaceId> = SPACES.into();
        let mut scope = Scope {
            spaces: &spaces,
            counts: &|_, _| true,
            times_ms: i64::MIN..=i64::MAX,
            after: None,
            now_ms: NOW_MS,
        };
        let mut hits = Vec::new();
        loop {
            let found = self.store.read(|reader| {
                find(reader, query, &scope, limit, &mut |spot: Spot| {
                    Ok::<_, StorageError>(has(reader, query, spot)?.then_some(spot))
                })
            });
            let found = found.expect("memory does not fail");
            assert!(!found.is_partial && found.hits.len() <= limit);
            hits.extend(found.hits);
            match found.next {
                Some(next) => scope.after = Some(next),
                None => return hits,
            }
        }
    }

    /// Every word in the index.
    fn words(&self) -> BTreeSet<Vec<u8>> {
        let mut all = BTreeSet::new();
        let read = |reader: &dyn Reader| {
            tables::visit(reader, &Table::SearchWords.key(&[]), &mut |_, block| {
                volume::each_word(block, &mut |word, _| {
                    all.insert(word.to_vec());
                    Some(ControlFlow::Continue(()))
                })
                .expect("a sound block");
            })
        };
        self.store.read(read).expect("memory does not fail");
        all
    }

    fn is_as_a_scan(&self) {
        for query in [
            "hal",
            "halle",
            "noon hall",
            "東京",
            "京",
            "กา",
            "opens noon x",
            "o",
        ]
        .map(Query::parse)
        .into_iter()
        .chain(["", "noon"].map(|words| Query::marked(Mark::Link, words)))
        {
            let query = query.expect("a query");
            let all = self.scan(&query);
            assert_eq!(self.find(&query, 3), all);
            assert_eq!(self.find(&query, 50), all);
        }
        let mut living = BTreeSet::new();
        for (space, message) in self.times.keys() {
            let versions = self
                .store
                .read(|reader| texts::versions(reader, *space, *message));
            for version in versions.expect("memory does not fail") {
                let said = texts::said(&version).expect("a text");
                words::terms(&said.words, |term| {
                    living.insert(term.as_bytes().to_vec());
                });
                let marks = said.marks.iter();
                living.extend(marks.map(|mark| mark.term().as_bytes().to_vec()));
            }
        }
        assert!(self.words().is_subset(&living), "a word stays");
    }
}

/// Whether a message has the query in its present text.
fn has(reader: &dyn Reader, query: &Query, spot: Spot) -> Result<bool, StorageError> {
    let edits = texts::edits(reader, spot.space, [spot.entry])?;
    let last = edits.into_values().flatten().last();
    let present = page::entry(reader, spot.space, last.unwrap_or(spot.entry))?;
    let said = present.as_ref().and_then(texts::said);
    Ok(said.is_some_and(|said| query.is_marked(&said.marks) && query.has(&said.words)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn index_and_tail_equal_a_scan_of_everything(steps in steps(), logs in 1..4usize) {
        let mut archive = Archive::new();
        archive.logs = logs;
        for step in &steps {
            archive.take(step);
        }
        archive.is_as_a_scan();
        archive.index_all();
        archive.is_as_a_scan();
    }
}

#[test]
fn small_volumes_become_a_large_one_and_nothing_is_lost() {
    let mut archive = Archive::new();
    for round in 0..3 * MERGED as i64 {
        for number in 0..20 {
            let text = format!("opens {round} {number} hall");
            archive.say(
                SPACES[number % 3],
                number as u8 % 2,
                round * 100 + number as i64,
                &text,
            );
        }
        archive.index_all();
    }
    archive.index();
    let volumes = archive
        .store
        .read(Volume::all)
        .expect("memory does not fail");
    assert_eq!(volumes.len(), 3);
    assert!(
        volumes
            .iter()
            .all(|volume| volume.is_large && volume.count == 20 * MERGED as u64)
    );
    archive.is_as_a_scan();
}

#[test]
fn a_slice_is_bounded_in_messages_and_in_bytes() {
    let mut archive = Archive::new();
    for number in 0..900 {
        archive.say(SPACES[0], 1, number, "noon");
    }
    assert_eq!(archive.index(), 900 - super::SLICE);
    assert_eq!(archive.index(), 0);
    for number in 0..10 {
        archive.say(SPACES[1], 1, number, &"hall ".repeat(13_000));
    }
    assert_eq!(archive.index(), 5, "256 KiB are five of these");
    let left = archive.store.read(|reader| waiting(reader, SPACES[1]));
    assert_eq!(left.expect("memory does not fail"), 5);
    archive.is_as_a_scan();
}

#[test]
fn a_clock_that_is_ahead_keeps_nobody_first_in_search() {
    let mut archive = Archive::new();
    archive.say(SPACES[0], 1, NOW_MS + 1_000_000_000, "noon");
    archive.index();
    let query = Query::parse("noon").expect("a query");
    assert_eq!(
        archive.find(&query, 1)[0].time_ms,
        NOW_MS,
        "not above what comes later"
    );
}

/// A space of many logs of one entry each, all indexed but the last.
fn many_logs(logs: u64) -> Archive {
    let mut archive = Archive::new();
    archive.write(|txn| {
        for number in 0..logs {
            let log = LogId {
                device: DeviceId([1; 16]),
                incarnation: Incarnation(number),
            };
            let body = Body::Bytes(Bytes::from_static(b"a word"));
            space::append(txn, SPACES[0], log, 1, What::TEXT, body).expect("it fits");
            if number == logs - 2 {
                while index(txn, SPACES, NOW_MS)? > 0 {}
            }
        }
        Ok(())
    });
    archive
}

/// The most work of a slice until everything is indexed, and the number of slices.
fn most_work(archive: &mut Archive) -> (u64, u32) {
    let (mut most, mut slices) = (0, 0);
    loop {
        let meter = Meter::new();
        let left = archive.write(|txn| index(&mut Metered::new(txn, &meter), SPACES, NOW_MS));
        most = most.max(meter.spent());
        slices += 1;
        if left == 0 {
            return (most, slices);
        }
    }
}

#[test]
fn a_slice_of_indexing_looks_at_a_bounded_number_of_logs() {
    let (few, _) = most_work(&mut many_logs(1_100));
    let (many, slices) = most_work(&mut many_logs(5_000));
    assert!(many <= few + few / 10, "{many} and {few}");
    assert!(slices <= 6, "{slices}");
}

#[test]
fn a_store_that_counts_entries_which_are_not_there_is_indexed_once() {
    let mut archive = Archive::new();
    for number in 0..3 {
        archive.say(SPACES[0], number, 1, "a word");
    }
    archive.index_all();
    // As if one less had been indexed.
    archive.write(|txn| {
        let mut progress = Progress::load(txn, SPACES[0])?;
        progress.count -= 1;
        progress.save(txn, SPACES[0])
    });
    let left = archive.store.read(|reader| waiting(reader, SPACES[0]));
    assert_eq!(left.expect("memory does not fail"), 1);
    archive.index_all();
    archive.is_as_a_scan();
}
