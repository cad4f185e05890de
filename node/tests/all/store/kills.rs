//! A real process that writes to a real disk is killed at any moment.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use hedgerow_node::directory::{Directory, Protection};
use hedgerow_sync::store::Store;

/// Rows that each transaction sets to its number.
const ROWS: u32 = 8;
/// Names the directory to the writing process.
const WRITER: &str = "HEDGEROW_TEST_WRITER";

#[test]
fn a_process_killed_while_it_writes_has_lost_nothing_acknowledged() {
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let directory = Directory::own(temporary.path()).unwrap();
    directory.create(Protection::Open).unwrap().close();
    drop(directory);
    let mut last = 0;
    for round in 0..10 {
        let acknowledged = killed_after(temporary.path(), 1 + round * 7);
        assert!(acknowledged > last);
        let directory = Directory::own(temporary.path()).unwrap();
        let store = directory.unlock(None).unwrap();
        let found = store
            .read(|reader| {
                let first = reader.get(&0_u32.to_be_bytes())?;
                for row in 1..ROWS {
                    assert_eq!(reader.get(&row.to_be_bytes())?, first, "half a transaction");
                }
                Ok(u32::from_be_bytes(first.unwrap().try_into().unwrap()))
            })
            .unwrap();
        assert!(found >= acknowledged, "{found} of {acknowledged}");
        last = found;
    }
}

/// Kills a writing process once it has acknowledged `count` transactions; the last it acknowledged.
fn killed_after(directory: &Path, count: usize) -> u32 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "store::kills::writer",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(WRITER, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut acknowledged = lines.by_ref().filter_map(|line| line.unwrap().parse().ok());
    let enough = acknowledged.nth(count - 1).expect("it writes");
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What it still managed to say counts too.
    acknowledged.last().unwrap_or(enough)
}

#[test]
#[ignore = "the process that the test above kills"]
fn writer() {
    let Some(path) = std::env::var_os(WRITER) else {
        return;
    };
    let directory = Directory::own(Path::new(&path)).unwrap();
    let mut store = directory.unlock(None).unwrap();
    let mut number = store
        .read(|reader| reader.get(&0_u32.to_be_bytes()))
        .unwrap()
        .map_or(0, |value| u32::from_be_bytes(value.try_into().unwrap()));
    println!();
    loop {
        number += 1;
        store
            .write(|txn| {
                for row in 0..ROWS {
                    txn.put(&row.to_be_bytes(), &number.to_be_bytes())?;
                }
                Ok(())
            })
            .unwrap();
        println!("{number}");
        std::io::stdout().flush().unwrap();
    }
}
