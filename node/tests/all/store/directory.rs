//! The data directory: ownership, slots, passphrases, rewrites and wipes, cut at each step.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hedgerow_node::api::Passphrase;
use hedgerow_node::directory::{
    Contents, Directory, DirectoryError, Hashing, Owner, OwnerInfo, Protection, RESERVE_BYTES, Step,
};
use hedgerow_node::store::{RedbStore, erasure};
use hedgerow_sync::store::Store;
use tempfile::TempDir;

use super::crashes::content;

const FAST: Hashing = Hashing::hazmat_fast_for_tests();

fn typed(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn put(store: &mut RedbStore, key: &[u8]) {
    store.write(|txn| txn.put(key, b"value")).unwrap();
}

/// A directory with one row, locked.
fn filled() -> (TempDir, Directory) {
    let temporary = TempDir::new().unwrap();
    let directory = Directory::own(&temporary.path().join("data")).unwrap();
    let mut store = directory
        .create(Protection::Passphrase(&typed("right"), FAST))
        .unwrap();
    put(&mut store, b"first");
    store.close();
    directory.lock();
    (temporary, directory)
}

fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// What a crash at this moment would leave to the next process.
fn copied(directory: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for (name, bytes) in files(directory) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}

fn store_file(path: &Path) -> String {
    let mut stores = files(path)
        .into_keys()
        .filter(|name| name.starts_with("store-"));
    let store = stores.next().unwrap();
    assert_eq!(stores.next(), None, "one store file");
    store
}

#[test]
fn only_the_owner_may_read_it() {
    let (_temporary, directory) = filled();
    directory.write_token("secret").unwrap();
    assert_eq!(Directory::token(directory.path()).unwrap(), "secret");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory.path()), 0o700);
    for name in files(directory.path()).into_keys() {
        assert_eq!(mode(&directory.path().join(&name)), 0o600, "{name}");
    }
}

#[test]
fn one_process_owns_a_directory_and_says_where_its_api_is() {
    let (_temporary, directory) = filled();
    let path = directory.path().to_owned();
    assert_eq!(Directory::owner(&path).unwrap(), Some(Owner::Silent));
    let info = OwnerInfo {
        address: "127.0.0.1:4711".parse().unwrap(),
        pid: std::process::id(),
        version: "0.1.0".to_owned(),
    };
    directory.announce(&info).unwrap();
    let serving = Owner::Serving(info);
    assert_eq!(Directory::owner(&path).unwrap(), Some(serving.clone()));
    match Directory::own(&path).map(drop) {
        Err(DirectoryError::Owned(owner)) => assert_eq!(owner, serving),
        other => panic!("{other:?}"),
    }
    drop(directory);
    // The text stays, as after a crash, and is not believed.
    assert_eq!(Directory::owner(&path).unwrap(), None);
    let next = Directory::own(&path).unwrap();
    assert_eq!(Directory::owner(&path).unwrap(), Some(Owner::Silent));
    drop(next);
    assert_eq!(Directory::owner(&path.join("nowhere")).unwrap(), None);
}

#[test]
fn the_right_passphrase_opens_what_was_written() {
    let (_temporary, directory) = filled();
    assert_eq!(
        directory.contents().unwrap(),
        Contents::Identity { protected: true }
    );
    let store = directory.unlock(Some(&typed("right"))).unwrap();
    assert_eq!(content(&store).len(), 1);
    assert!(matches!(
        directory.create(Protection::Open).map(drop),
        Err(DirectoryError::Occupied)
    ));
}

/// Changes the directory as `damage` says and expects unlocking to fail so, and to leave all as it was.
fn fails(damage: impl FnOnce(&Path), passphrase: Option<&str>, expected: &str) {
    let (_temporary, directory) = filled();
    damage(directory.path());
    let before = files(directory.path());
    let passphrase = passphrase.map(typed);
    let error = directory.unlock(passphrase.as_ref()).map(drop).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(files(directory.path()) == before, "{expected}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_changed() {
    let nothing = |_: &Path| {};
    fails(nothing, Some("wrong"), "passphrase is wrong");
    fails(nothing, None, "passphrase is needed");
    fails(
        |path| {
            let mut slots = fs::read(path.join("slots")).unwrap();
            slots[60] ^= 1;
            fs::write(path.join("slots"), slots).unwrap();
        },
        Some("right"),
        "`slots` is damaged",
    );
    fails(
        |path| {
            // The version follows the header and the magic.
            let mut slots = fs::read(path.join("slots")).unwrap();
            slots[16] = 9;
            fs::write(path.join("slots"), slots).unwrap();
        },
        Some("right"),
        "has version 9: this Hedgerow is too old",
    );
    fails(
        |path| fs::remove_file(path.join("slots")).unwrap(),
        Some("right"),
        "`slots` is missing",
    );
    fails(
        |path| fs::remove_file(path.join(store_file(path))).unwrap(),
        Some("right"),
        "is missing, which holds the store",
    );
    fails(
        |path| {
            let store = path.join(store_file(path));
            let mut bytes = fs::read(&store).unwrap();
            bytes[..16_384].fill(1);
            fs::write(store, bytes).unwrap();
        },
        Some("right"),
        "damaged, or was changed by somebody else",
    );
    let (_temporary, directory) = filled();
    directory.wipe(&mut |_| ()).unwrap();
    let error = directory.unlock(None).map(drop).unwrap_err();
    assert!(error.to_string().contains("hedgerow init"), "{error}");
}

#[test]
fn a_changed_passphrase_replaces_the_old_one() {
    let (_temporary, directory) = filled();
    let new = typed("new");
    assert!(matches!(
        directory.change_protection(Some(&typed("wrong")), Protection::Open),
        Err(DirectoryError::WrongPassphrase)
    ));
    directory
        .change_protection(Some(&typed("right")), Protection::Passphrase(&new, FAST))
        .unwrap();
    assert!(matches!(
        directory.unlock(Some(&typed("right"))).map(drop),
        Err(DirectoryError::WrongPassphrase)
    ));
    let store = directory.unlock(Some(&new)).unwrap();
    assert_eq!(content(&store).len(), 1);
}

#[test]
fn a_passphrase_changed_while_unlocked_holds_after_a_rewrite() {
    let (_temporary, directory) = filled();
    let mut store = directory.unlock(Some(&typed("right"))).unwrap();
    let new = typed("new");
    directory
        .change_protection(Some(&typed("right")), Protection::Passphrase(&new, FAST))
        .unwrap();
    directory.rewrite(&mut store, &mut |_| ()).unwrap();
    store.close();
    directory.lock();
    assert!(directory.unlock(Some(&typed("right"))).is_err());
    assert_eq!(content(&directory.unlock(Some(&new)).unwrap()).len(), 1);
}

#[test]
fn a_mailbox_may_go_without_passphrase() {
    let temporary = TempDir::new().unwrap();
    let directory = Directory::own(temporary.path()).unwrap();
    assert_eq!(directory.contents().unwrap(), Contents::Nothing);
    directory.create(Protection::Open).unwrap().close();
    directory.lock();
    assert_eq!(
        directory.contents().unwrap(),
        Contents::Identity { protected: false }
    );
    directory.unlock(None).unwrap();
}

#[test]
fn a_rewrite_cut_at_any_step_loses_nothing() {
    let (_temporary, directory) = filled();
    let mut store = directory.unlock(Some(&typed("right"))).unwrap();
    for number in 0..1_000_u32 {
        store
            .write(|txn| {
                erasure::note(txn, 5)?;
                txn.put(&[&[0x10][..], &number.to_be_bytes()].concat(), &[7; 400])
            })
            .unwrap();
    }
    let expected = content(&store);
    assert_eq!(
        store.read(|reader| erasure::due(reader)).unwrap(),
        Some(5 + erasure::REWRITE_AFTER_MS)
    );
    let reader = store.reader();
    let before = store_file(directory.path());
    let mut images = Vec::new();
    directory
        .rewrite(&mut store, &mut |step| {
            images.push((step, copied(directory.path())));
        })
        .unwrap();

    let after = store_file(directory.path());
    assert_ne!(before, after);
    assert_eq!(reader.read(|reader| erasure::due(reader)).unwrap(), None);
    put(&mut store, b"later");
    assert!(
        reader
            .read(|reader| reader.get(b"later"))
            .unwrap()
            .is_some()
    );
    store.close();
    let store = directory.unlock(Some(&typed("right"))).unwrap();
    assert_eq!(content(&store).len(), expected.len());

    let steps: Vec<Step> = images.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        steps,
        [
            Step::PendingSlotsWritten,
            Step::StoreCopied,
            Step::SlotsReplaced,
            Step::OldStoreRemoved
        ]
    );
    let mut rows = expected.clone();
    rows.remove(&[0x02][..]);
    for (step, image) in images {
        let directory = Directory::own(image.path()).unwrap();
        let store = directory.unlock(Some(&typed("right"))).unwrap();
        let mut found = content(&store);
        found.remove(&[0x02][..]);
        assert!(found == rows, "{step:?}");
        store_file(image.path());
        assert!(!image.path().join("slots.new").exists(), "{step:?}");
    }
}

#[test]
fn a_rewritten_store_opens_with_no_older_key() {
    let (_temporary, directory) = filled();
    let old = copied(directory.path());
    let mut store = directory.unlock(Some(&typed("right"))).unwrap();
    directory.rewrite(&mut store, &mut |_| ()).unwrap();
    store.close();
    // The old slots, and the passphrase, with the new store's bytes.
    let new = fs::read(directory.path().join(store_file(directory.path()))).unwrap();
    fs::write(old.path().join(store_file(old.path())), new).unwrap();
    let error = Directory::own(old.path())
        .unwrap()
        .unlock(Some(&typed("right")))
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn a_wipe_works_locked_and_finishes_after_a_cut_anywhere() {
    let (_temporary, directory) = filled();
    directory.write_token("secret").unwrap();
    directory.keep_reserve().unwrap();
    fs::copy(
        directory.path().join("slots"),
        directory.path().join("slots.new"),
    )
    .unwrap();
    let mut images = vec![copied(directory.path())];
    directory
        .wipe(&mut |_| images.push(copied(directory.path())))
        .unwrap();
    assert_eq!(images.len(), 3);
    for image in images {
        let directory = Directory::own(image.path()).unwrap();
        directory.wipe(&mut |_| ()).unwrap();
        let left: Vec<String> = files(image.path()).into_keys().collect();
        assert_eq!(left, ["lock"]);
        assert_eq!(directory.contents().unwrap(), Contents::Nothing);
        directory.create(Protection::Open).unwrap();
    }
}

#[test]
fn a_creation_cut_short_can_be_done_again() {
    let (_temporary, directory) = filled();
    let path = directory.path();
    fs::rename(path.join("slots"), path.join("slots.new")).unwrap();
    let old = store_file(path);
    assert_eq!(directory.contents().unwrap(), Contents::Nothing);
    directory.create(Protection::Open).unwrap().close();
    assert_ne!(store_file(path), old);
}

#[test]
fn a_reserve_is_made_whole_and_a_cut_one_anew() {
    let (_temporary, directory) = filled();
    let reserve = directory.path().join("reserve");
    let lengths = || {
        let lengths = files(directory.path()).into_iter();
        let lengths = lengths.map(|(name, bytes)| (name, bytes.len() as u64));
        lengths.filter(|(name, _)| name.starts_with("reserve"))
    };
    let whole = [("reserve".to_owned(), RESERVE_BYTES)];
    directory.keep_reserve().unwrap();
    assert!(lengths().eq(whole.clone()));
    let bytes = fs::read(&reserve).unwrap();
    directory.keep_reserve().unwrap();
    assert_eq!(fs::read(&reserve).unwrap(), bytes, "it was there");

    // Killed while it was written, and cut by somebody else.
    fs::write(directory.path().join("reserve.new"), [1; 100]).unwrap();
    fs::write(&reserve, [1; 100]).unwrap();
    directory.keep_reserve().unwrap();
    assert!(lengths().eq(whole));

    fs::write(directory.path().join("reserve.new"), [1; 100]).unwrap();
    directory.give_up_reserve().unwrap();
    assert!(lengths().eq([]));
    directory.give_up_reserve().unwrap();
}
