//! The conformance suite for [`Store`]: plain functions for the tests of each backend, each called with a fresh
//! store. They panic where the store does not conform.

use std::ops::{Bound, ControlFlow};

use crate::store::{Direction, KeyRange, Reader, StorageError, StorageFault, Store};

/// Runs all tests, each with a fresh store from `make`.
pub fn all<S: Store>(mut make: impl FnMut() -> S) {
    values_come_back(&mut make());
    a_failed_job_leaves_no_change(&mut make());
    a_job_sees_its_own_writes(&mut make());
    scans_keep_to_their_bounds_both_ways(&mut make());
    scans_stop_when_told(&mut make());
    a_reader_sees_only_what_is_committed(&mut make());
    a_job_without_changes_changes_nothing(&mut make());
    large_values_come_back(&mut make());
    many_keys_stay_in_order(&mut make());
    keys_are_compared_as_bytes(&mut make());
}

/// Put, overwrite, remove; an empty value is a value.
pub fn values_come_back(store: &mut impl Store) {
    put(
        store,
        &[(b"\x10a", b"1"), (b"\x10b", b""), (b"\x10c", b"3")],
    );
    put(store, &[(b"\x10a", b"other")]);
    store.write(|txn| txn.remove(b"\x10c")).expect(WORKS);
    store.write(|txn| txn.remove(b"\x10never")).expect(WORKS);
    assert_eq!(get(store, b"\x10a").as_deref(), Some(&b"other"[..]));
    assert_eq!(get(store, b"\x10b").as_deref(), Some(&b""[..]));
    assert_eq!(get(store, b"\x10c"), None);
    let answer = store.write(|txn| {
        txn.put(b"\x10d", b"4")?;
        Ok(42)
    });
    assert_eq!(answer.expect(WORKS), 42);
}

/// None of its puts and removes remains.
pub fn a_failed_job_leaves_no_change(store: &mut impl Store) {
    put(store, &[(b"\x10a", b"1"), (b"\x10b", b"2")]);
    let before = everything(store);
    let failed: Result<(), _> = store.write(|txn| {
        txn.put(b"\x10a", b"changed")?;
        txn.put(b"\x10a", b"again")?;
        txn.put(b"\x10new", b"3")?;
        txn.remove(b"\x10b")?;
        txn.remove(b"\x10new")?;
        txn.put(b"\x10newer", b"4")?;
        Err(StorageError {
            reason: "the job failed".into(),
            kind: StorageFault::Io,
        })
    });
    let error = failed.expect_err("the job's error comes back");
    assert_eq!(error.kind, StorageFault::Io);
    assert_eq!(everything(store), before);
    put(store, &[(b"\x10c", b"it still writes")]);
    assert_eq!(everything(store).len(), 3);
}

/// By key and in scans.
pub fn a_job_sees_its_own_writes(store: &mut impl Store) {
    put(store, &[(b"\x10a", b"1"), (b"\x10c", b"3")]);
    store
        .write(|txn| {
            txn.put(b"\x10b", b"2")?;
            txn.put(b"\x10c", b"33")?;
            txn.remove(b"\x10a")?;
            assert_eq!(txn.get(b"\x10b")?.as_deref(), Some(&b"2"[..]));
            assert_eq!(txn.get(b"\x10c")?.as_deref(), Some(&b"33"[..]));
            assert_eq!(txn.get(b"\x10a")?, None);
            let mut seen = Vec::new();
            txn.scan(EVERYTHING, Direction::Backward, &mut |key, value| {
                seen.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })?;
            let expected: [(&[u8], &[u8]); 2] = [(b"\x10c", b"33"), (b"\x10b", b"2")];
            assert_eq!(
                seen,
                expected.map(|(key, value)| (key.to_vec(), value.to_vec()))
            );
            Ok(())
        })
        .expect(WORKS);
}

/// Included, excluded and open bounds; empty and reversed ranges hold nothing.
pub fn scans_keep_to_their_bounds_both_ways(store: &mut impl Store) {
    let keys: Vec<[u8; 2]> = (0..6).map(|number| [0x10, number]).collect();
    for key in &keys {
        put(store, &[(key, key)]);
    }
    let bounds = |number: usize| {
        let key = keys[number].as_slice();
        [Bound::Included(key), Bound::Excluded(key), Bound::Unbounded]
    };
    for low in 0..keys.len() {
        for high in 0..keys.len() {
            for low_bound in bounds(low) {
                for high_bound in bounds(high) {
                    let range = (low_bound, high_bound);
                    let within = |key: &[u8]| {
                        let above = match low_bound {
                            Bound::Included(low) => key >= low,
                            Bound::Excluded(low) => key > low,
                            Bound::Unbounded => true,
                        };
                        let below = match high_bound {
                            Bound::Included(high) => key <= high,
                            Bound::Excluded(high) => key < high,
                            Bound::Unbounded => true,
                        };
                        above && below
                    };
                    let mut expected: Vec<Vec<u8>> = keys
                        .iter()
                        .map(|key| key.to_vec())
                        .filter(|key| within(key))
                        .collect();
                    assert_eq!(keys_of(store, range, Direction::Forward), expected);
                    expected.reverse();
                    assert_eq!(keys_of(store, range, Direction::Backward), expected);
                }
            }
        }
    }
}

/// No visit follows one that breaks.
pub fn scans_stop_when_told(store: &mut impl Store) {
    put(
        store,
        &[(b"\x10a", b"1"), (b"\x10b", b"2"), (b"\x10c", b"3")],
    );
    for (direction, first) in [
        (Direction::Forward, b"\x10a"),
        (Direction::Backward, b"\x10c"),
    ] {
        let mut seen = Vec::new();
        let scanned = store.read(|reader| {
            reader.scan(EVERYTHING, direction, &mut |key, _| {
                seen.push(key.to_vec());
                ControlFlow::Break(())
            })
        });
        scanned.expect(WORKS);
        assert_eq!(seen, [first.to_vec()]);
    }
}

/// A reader keeps its snapshot; the next reader sees what was committed since. Nested reads see the same.
pub fn a_reader_sees_only_what_is_committed(store: &mut impl Store) {
    put(store, &[(b"\x10a", b"1")]);
    store
        .read(|reader| {
            let mut inner = None;
            reader.with(b"\x10a", &mut |_| inner = Some(reader.get(b"\x10a")))?;
            let inner = inner.expect("the key is there")?;
            assert_eq!(inner.as_deref(), Some(&b"1"[..]));
            Ok(())
        })
        .expect(WORKS);
    put(store, &[(b"\x10a", b"2")]);
    assert_eq!(get(store, b"\x10a").as_deref(), Some(&b"2"[..]));
}

/// And the store stays usable.
pub fn a_job_without_changes_changes_nothing(store: &mut impl Store) {
    put(store, &[(b"\x10a", b"1")]);
    let before = everything(store);
    for _ in 0..10 {
        let seen = store.write(|txn| txn.get(b"\x10a"));
        assert_eq!(seen.expect(WORKS).as_deref(), Some(&b"1"[..]));
    }
    assert_eq!(everything(store), before);
}

/// 128 KiB and around the sizes of pages.
pub fn large_values_come_back(store: &mut impl Store) {
    let sizes = [1usize, 3_950, 4_095, 4_096, 4_097, 65_536, 131_072];
    let value = |size: usize| -> Vec<u8> { (0..size).map(|at| (at * 31 % 251) as u8).collect() };
    for size in sizes {
        let key = [&[0x10][..], &size.to_be_bytes()].concat();
        put(store, &[(&key, &value(size))]);
    }
    for size in sizes {
        let key = [&[0x10][..], &size.to_be_bytes()].concat();
        assert_eq!(get(store, &key), Some(value(size)));
    }
}

/// 5,000 keys put in a scattered order, half of them removed again.
pub fn many_keys_stay_in_order(store: &mut impl Store) {
    let key = |number: u32| [&[0x10][..], &number.to_be_bytes()].concat();
    store
        .write(|txn| {
            for number in 0..5_000u32 {
                let scattered = number * 2_657 % 5_000;
                txn.put(&key(scattered), &scattered.to_le_bytes())?;
            }
            Ok(())
        })
        .expect(WORKS);
    store
        .write(|txn| {
            for number in (0..5_000).step_by(2) {
                txn.remove(&key(number))?;
            }
            Ok(())
        })
        .expect(WORKS);
    let odd: Vec<Vec<u8>> = (0..5_000)
        .filter(|number| number % 2 == 1)
        .map(key)
        .collect();
    assert_eq!(keys_of(store, EVERYTHING, Direction::Forward), odd);
}

/// Shorter first among equals, 0xff last.
pub fn keys_are_compared_as_bytes(store: &mut impl Store) {
    let sorted: [&[u8]; 6] = [
        b"\x10",
        b"\x10\x00",
        b"\x10\x00\xff",
        b"\x10\x01",
        b"\x10\xff",
        b"\xff",
    ];
    for key in sorted.iter().rev() {
        put(store, &[(key, b"x")]);
    }
    let expected: Vec<Vec<u8>> = sorted.iter().map(|key| key.to_vec()).collect();
    assert_eq!(keys_of(store, EVERYTHING, Direction::Forward), expected);
}

const EVERYTHING: KeyRange<'static> = (Bound::Unbounded, Bound::Unbounded);
const WORKS: &str = "nothing is wrong with this store";

fn put(store: &mut impl Store, rows: &[(&[u8], &[u8])]) {
    store
        .write(|txn| {
            for (key, value) in rows {
                txn.put(key, value)?;
            }
            Ok(())
        })
        .expect(WORKS);
}

fn get(store: &impl Store, key: &[u8]) -> Option<Vec<u8>> {
    store.read(|reader| reader.get(key)).expect(WORKS)
}

fn keys_of(store: &impl Store, range: KeyRange<'_>, direction: Direction) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let scan = |reader: &dyn Reader| {
        reader.scan(range, direction, &mut |key, _| {
            keys.push(key.to_vec());
            ControlFlow::Continue(())
        })
    };
    store.read(scan).expect(WORKS);
    keys
}

fn everything(store: &impl Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let scan = |reader: &dyn Reader| {
        reader.scan(EVERYTHING, Direction::Forward, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })
    };
    store.read(scan).expect(WORKS);
    rows
}
