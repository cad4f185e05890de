//! Disks that are full, read-only, broken or tampered with: a clear error, the data as they were.

use hedgerow_node::store::{BLOCK, RedbStore, STRIDE};
use hedgerow_sync::store::{StorageFault, Store};

use super::crashes::{Content, content, key};
use super::disk::{Disk, Fault, FaultKind, Op};

/// Where block 1 lies (`docs/PROTOCOL.md` section 14).
const FIRST: usize = 16_384;

fn filled(rows: u32) -> (Disk, Content) {
    let disk = Disk::default();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    put(&mut store, 0..rows).unwrap();
    let content = content(&store);
    (disk, content)
}

fn put(
    store: &mut RedbStore,
    rows: std::ops::Range<u32>,
) -> Result<(), hedgerow_sync::store::StorageError> {
    store.write(|txn| {
        for row in rows {
            txn.put(&row.to_be_bytes(), &[row as u8; 300])?;
        }
        Ok(())
    })
}

#[test]
fn a_job_that_changes_nothing_costs_no_write() {
    let (disk, _) = filled(10);
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    let before = disk.op_count();
    store.write(|txn| txn.get(b"nothing")).unwrap();
    store.write(|txn| txn.remove(b"nothing")).unwrap();
    assert_eq!(disk.op_count(), before);
    // The same values again: redb may make room and give it back, no more.
    put(&mut store, 0..10).unwrap();
    let ops = &disk.ops()[before..];
    assert!(!ops.iter().any(|op| matches!(op, Op::Write { .. })));
}

#[test]
fn a_failed_disk_is_named_and_what_was_committed_stays() {
    for (kind, expected) in [
        (FaultKind::Full, StorageFault::Full),
        (FaultKind::ReadOnly, StorageFault::ReadOnly),
        (FaultKind::Broken, StorageFault::Io),
    ] {
        // The fault strikes each call of a commit in turn, until one gets through.
        for after in 0.. {
            let (disk, before) = filled(50);
            let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
            disk.fail(Some(Fault { after, kind }));
            let outcome = put(&mut store, 50..60);
            let Err(error) = outcome else {
                assert!(after >= 3, "{kind:?}: a commit is at least three calls");
                break;
            };
            assert_eq!(error.kind, expected, "{error}");
            assert!(error.reason.contains("start again"), "{error}");
            // It refuses to go on, even once the disk is well again.
            disk.fail(None);
            assert_eq!(put(&mut store, 60..61).unwrap_err().kind, expected);
            drop(store);
            let found = content(&RedbStore::open(disk, &key()).unwrap());
            assert!(
                found == before || found.len() == 60,
                "{kind:?} at call {after}: {} rows",
                found.len()
            );
        }
    }
}

#[test]
fn a_disk_that_cannot_be_read_is_an_error_and_not_an_empty_store() {
    let (disk, before) = filled(50);
    disk.fail(Some(Fault {
        after: 0,
        kind: FaultKind::Unreadable,
    }));
    let error = RedbStore::open(disk.clone(), &key()).map(drop).unwrap_err();
    assert_eq!(error.kind, StorageFault::Io);
    disk.fail(None);
    assert_eq!(content(&RedbStore::open(disk, &key()).unwrap()), before);
}

#[test]
fn no_plain_byte_reaches_the_disk() {
    let disk = Disk::default();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    store
        .write(|txn| txn.put(b"the hedge is quiet", &[b'x'; 9_000]))
        .unwrap();
    store.close();
    let bytes = disk.bytes();
    for plain in [
        &b"the hedge is quiet"[..],
        &[b'x'; 16],
        b"redb",
        b"hedgerow",
    ] {
        assert!(!bytes.windows(plain.len()).any(|window| window == plain));
    }
}

#[test]
fn another_key_is_told_apart_from_a_store_and_changes_nothing() {
    let (disk, _) = filled(50);
    let bytes = disk.bytes();
    let other = hedgerow_node::directory::DataKey::filled(|bytes| bytes.fill(8));
    let error = RedbStore::open(disk.clone(), &other).map(drop).unwrap_err();
    assert_eq!(error.kind, StorageFault::Damaged);
    assert!(disk.bytes() == bytes);
}

/// Reads everything; the first error.
fn read_all(disk: &Disk) -> Result<usize, hedgerow_sync::store::StorageError> {
    let store = RedbStore::open(disk.clone(), &key())?;
    let mut rows = 0;
    store.read(|reader| {
        reader.scan(
            (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded),
            hedgerow_sync::store::Direction::Forward,
            &mut |_, _| {
                rows += 1;
                std::ops::ControlFlow::Continue(())
            },
        )
    })?;
    Ok(rows)
}

#[test]
fn a_changed_moved_or_zeroed_block_never_reads_as_data() {
    let (disk, before) = filled(500);
    let whole = disk.bytes();
    let blocks = (whole.len() - FIRST) / STRIDE;
    let mut noticed = 0;
    for block in 0..blocks {
        let at = FIRST + block * STRIDE;
        let other = FIRST + (block + 1) % blocks * STRIDE;
        for change in ["flipped", "zeroed", "moved"] {
            let disk = Disk::holding(whole.clone());
            disk.damage(|bytes| match change {
                "flipped" => bytes[at + 100] ^= 1,
                "zeroed" => bytes[at..at + STRIDE].fill(0),
                _ => bytes.copy_within(other..other + STRIDE, at),
            });
            match read_all(&disk) {
                // A block that no committed page uses.
                Ok(rows) => assert_eq!(rows, before.len()),
                Err(error) => {
                    assert_eq!(error.kind, StorageFault::Damaged, "{error}");
                    noticed += 1;
                }
            }
        }
    }
    assert!(noticed > 3 * 500 * 300 / BLOCK / 2, "{noticed}");
}

#[test]
fn one_damaged_copy_of_the_header_is_survived_by_the_other() {
    let (disk, before) = filled(50);
    let whole = disk.bytes();
    let mut newest = 0;
    for copy in [0, 8_192] {
        let disk = Disk::holding(whole.clone());
        disk.damage(|bytes| bytes[copy + 50] ^= 1);
        // Either it was the older copy, or the older one leads to a state committed before.
        newest += usize::from(content(&RedbStore::open(disk, &key()).unwrap()) == before);
    }
    assert!(newest >= 1);
    disk.damage(|bytes| {
        bytes[50] ^= 1;
        bytes[8_192 + 50] ^= 1;
    });
    let error = RedbStore::open(disk, &key()).map(drop).unwrap_err();
    assert_eq!(error.kind, StorageFault::Damaged);
}

#[test]
fn an_older_state_of_one_block_is_found_by_a_check_of_the_whole() {
    let (disk, _) = filled(500);
    let older = disk.bytes();
    let mut store = RedbStore::open(disk.clone(), &key()).unwrap();
    for round in 1..4_u8 {
        store
            .write(|txn| {
                for row in 0..500_u32 {
                    txn.put(&row.to_be_bytes(), &[round; 300])?;
                }
                Ok(())
            })
            .unwrap();
    }
    store.verify().unwrap();
    store.close();
    let whole = disk.bytes();
    let mut unnoticed = 0;
    for block in 0..(older.len() - FIRST) / STRIDE {
        let at = FIRST + block * STRIDE;
        let disk = Disk::holding(whole.clone());
        disk.damage(|bytes| bytes[at..at + STRIDE].copy_from_slice(&older[at..at + STRIDE]));
        let Ok(mut store) = RedbStore::open(disk.clone(), &key()) else {
            continue;
        };
        let rows = |disk: &Disk| RedbStore::open(disk.clone(), &key()).map(|store| content(&store));
        match store.verify() {
            // Then it lay where nothing looks: all is as it was.
            Ok(()) => {
                store.close();
                let found = rows(&disk).unwrap();
                assert!(
                    found.values().all(|value| value == &[3; 300]),
                    "block {block}"
                );
                unnoticed += 1;
            }
            Err(error) => assert_eq!(error.kind, StorageFault::Damaged, "{error}"),
        }
    }
    assert!(
        unnoticed < (older.len() - FIRST) / STRIDE,
        "none was noticed"
    );
}

#[test]
fn readers_see_whole_commits_while_the_store_writes() {
    let disk = Disk::default();
    let mut store = RedbStore::open(disk, &key()).unwrap();
    let reader = store.reader();
    let writing = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut last = 0;
            while writing.load(std::sync::atomic::Ordering::Acquire) {
                let seen = reader
                    .read(|reader| {
                        let first = reader.get(b"a")?;
                        assert_eq!(first, reader.get(b"b")?, "half a commit");
                        Ok(first)
                    })
                    .unwrap();
                let seen = seen.map_or(0, |value| u32::from_be_bytes(value.try_into().unwrap()));
                assert!(seen >= last, "a commit was taken back");
                last = seen;
            }
        });
        for number in 1..=200_u32 {
            store
                .write(|txn| {
                    txn.put(b"a", &number.to_be_bytes())?;
                    txn.put(b"b", &number.to_be_bytes())
                })
                .unwrap();
        }
        writing.store(false, std::sync::atomic::Ordering::Release);
        reading.join().unwrap();
    });
    store.close();
    let closed = reader.read(|reader| reader.get(b"a")).unwrap_err();
    assert!(closed.reason.contains("closed"), "{closed}");
}

#[test]
fn a_copy_without_room_fails_and_the_store_goes_on() {
    let (disk, before) = filled(500);
    let mut store = RedbStore::open(disk, &key()).unwrap();
    for after in [0, 3, 6] {
        let full = Disk::default();
        full.fail(Some(Fault {
            after,
            kind: FaultKind::Full,
        }));
        let error = store.copy_to(full, &key()).map(drop).unwrap_err();
        assert_eq!(error.kind, StorageFault::Full, "{error}");
    }
    assert!(content(&store) == before);
    put(&mut store, 500..501).unwrap();
}
