//! Searches in a store whose index a bad disk or another program has damaged, by any words. What reads the index gives
//! what is left, or says that the store is damaged.

use std::ops::{Bound, ControlFlow};
use std::sync::LazyLock;

use crate::pieces;
use hedgerow_node::api::Search;
use hedgerow_node::engine::searching;
use hedgerow_node::harness::{EPOCH_MS, World};
use hedgerow_node::search;
use hedgerow_node::tables::Table;
use hedgerow_sync::id::{EntryId, Seq, SpaceId};
use hedgerow_sync::memory::MemoryStore;
use hedgerow_sync::space;
use hedgerow_sync::store::{Direction, Reader, StorageError, Store, Txn};

/// The store of somebody whose messages are indexed, but for the last.
static INDEXED: LazyLock<MemoryStore> = LazyLock::new(|| {
    let mut world = World::with(1, &["Ada", "Grace"]);
    world.meet(0, 1);
    for text in ["the hall opens at noon", "Hälle, 東京都に", "don’t"] {
        world.send(0, 1, text);
        world.send(1, 0, text);
    }
    world.delivered(0, 1);
    let mut store = world.nodes[0].storage.store.clone();
    index(&mut store).expect("memory does not fail");
    world.nodes[0].storage.store = store;
    world.send(0, 1, "noon");
    world.nodes[0].storage.store.clone()
});

/// One input: words to look for, then damages. Each names a row of the index and a place in it, and what stands there.
pub fn run(input: &[u8]) {
    let mut pieces = pieces(input);
    let words = String::from_utf8_lossy(pieces.next().unwrap_or_default());
    let mut store = INDEXED.clone();
    let found = |store: &MemoryStore, words: &str| {
        let search = Search::of(words);
        let found = store.read(|reader| Ok(searching::search(reader, &search, EPOCH_MS)));
        found.expect("memory does not fail")
    };
    if let Ok(found) = found(&store, &words) {
        for hit in found.messages {
            let text = hit.message.text.expect("a hit has a text");
            assert!(
                hit.ranges
                    .iter()
                    .all(|range| text.0.get(range.start..range.end).is_some())
            );
        }
    }
    let keys = keys(&store);
    for piece in pieces {
        let &[which, at, cut, ref bytes @ ..] = piece else {
            continue;
        };
        let key = &keys[usize::from(which) % keys.len()];
        let change = |txn: &mut dyn Txn| {
            let mut value = txn.get(key)?.unwrap_or_default();
            let at = usize::from(at).min(value.len());
            let end = (at + bytes.len()).min(value.len());
            value.splice(at..end, bytes.iter().copied());
            if cut % 2 == 1 {
                value.truncate(at + bytes.len());
            }
            txn.put(key, &value)
        };
        store.write(change).expect("memory does not fail");
    }
    for words in [&words, "h", "noon", "東京"] {
        let _ = found(&store, words);
    }
    let _ = index(&mut store);
    for (space, entry) in entries(&store) {
        let _ = store.write(|txn| search::forget(txn, space, entry));
        let _ = store.write(|txn| search::remember(txn, space, entry));
    }
}

fn index(store: &mut MemoryStore) -> Result<u64, StorageError> {
    let spaces = store.read(space::list)?.into_iter().map(|(space, _)| space);
    store.write(|txn| search::index(txn, spaces, EPOCH_MS))
}

/// The keys of the index.
fn keys(store: &MemoryStore) -> Vec<Vec<u8>> {
    let (low, high) = ([Table::SearchWords as u8], [Table::SearchLogs as u8 + 1]);
    let range = (Bound::Included(&low[..]), Bound::Excluded(&high[..]));
    let mut keys = Vec::new();
    let list = |reader: &dyn Reader| {
        reader.scan(range, Direction::Forward, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })
    };
    store.read(list).expect("memory does not fail");
    keys
}

fn entries(store: &MemoryStore) -> Vec<(SpaceId, EntryId)> {
    let list = |reader: &dyn Reader| {
        let mut entries = Vec::new();
        for (space, _) in space::list(reader)? {
            for (log, head) in space::frontier(reader, space)? {
                let seqs = (1..=head.0).map(Seq);
                entries.extend(seqs.map(|seq| (space, EntryId { log, seq })));
            }
        }
        Ok(entries)
    };
    store.read(list).expect("memory does not fail")
}
