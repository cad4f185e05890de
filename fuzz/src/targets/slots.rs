//! The files of a data directory that are read before anything is unlocked: `slots` and `lock`.

use std::fs;
use std::sync::LazyLock;

use crate::split_choice;
use hedgerow_node::directory::{Contents, Directory};

static DIRECTORY: LazyLock<(Directory, tempfile::TempDir)> = LazyLock::new(|| {
    let path = tempfile::tempdir().expect("a temporary directory");
    let directory = Directory::own(path.path()).expect("nobody else has it");
    (directory, path)
});

/// One input.
pub fn run(input: &[u8]) {
    let (directory, path) = &*DIRECTORY;
    let Some((how, input)) = split_choice(input, 3) else {
        return;
    };
    if how == 0 {
        fs::write(path.path().join("lock"), input).unwrap();
        let _ = Directory::owner(path.path());
        return;
    }
    let mut slots = input.to_vec();
    if how == 2 {
        // The check at the end is no secret: it holds for anything.
        slots.push(0x50);
        let before = input.len();
        let check = blake3::hash(&slots[..before]);
        slots.extend_from_slice(&check.as_bytes()[..16]);
    }
    fs::write(path.path().join("slots"), &slots).unwrap();
    // One with a passphrase would only measure how long a hash takes.
    if let Ok(Contents::Identity { protected: false }) = directory.contents() {
        assert!(directory.unlock(None).is_err(), "a data key was guessed");
    }
}
