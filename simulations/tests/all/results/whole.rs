//! A result is whole or it is not there, and the same records make the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hedgerow_simulations::plan::SECOND_US;
use hedgerow_simulations::record::{Contact, Delivery, Record, Sample};
use hedgerow_simulations::result::{Error, Output, Summary, read, run_directory};

use super::run;

/// Every file below a directory.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap();
                found.insert(name.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_same_records_make_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| {
        let path = directory.path().join(name);
        run::result(&path, run::SCENARIO, 0).unwrap();
        files(&path)
    });
    assert!(first.contains_key("seed-2/deliveries.parquet"));
    assert!(first.contains_key("summary.json"));
    assert_eq!(first, second);
}

#[test]
fn what_was_written_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::result(&path, run::SCENARIO, 0).unwrap();
    let run_path = run_directory(&path, 1);
    let mut found = Vec::new();
    read(&run_path, |row: Delivery| found.push(Record::Delivery(row))).unwrap();
    read(&run_path, |row: Sample| found.push(Record::Sample(row))).unwrap();
    let mut expected = run::records(0);
    expected.retain(|record| matches!(record, Record::Delivery(_) | Record::Sample(_)));
    expected.sort_by_key(|record| matches!(record, Record::Sample(_)));
    assert_eq!(found, expected);
}

#[test]
fn more_rows_than_are_held_are_written_in_their_order() {
    const ROWS: i64 = 150_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let output = Output::create(&path, run::identity("", &[1])).unwrap();
    let mut writer = output.run(run::world(1)).unwrap();
    let contact = |at: i64| Contact {
        start_us: at,
        end_us: at + 1,
        a: 0,
        b: 1,
        radio: 0,
    };
    run::write(
        &mut writer,
        (0..ROWS).map(|at| Record::Contact(contact(at))).collect(),
    );
    let finished = writer.finish().unwrap();
    output.finish(vec![finished]).unwrap();
    let mut next = 0;
    read(&run_directory(&path, 1), |row: Contact| {
        assert_eq!(row, contact(next));
        next += 1;
    })
    .unwrap();
    assert_eq!(next, ROWS);
}

#[test]
fn a_run_that_is_cut_leaves_no_result() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let output = Output::create(&path, run::identity(run::SCENARIO, &[1])).unwrap();
    let mut writer = output.run(run::world(1)).unwrap();
    run::write(&mut writer, run::records(0));
    assert!(!path.exists());
    drop(writer);
    drop(output);
    assert_eq!(files(directory.path()), BTreeMap::new());
    assert!(matches!(Summary::read(&path), Err(Error::NotWhole(..))));
}

#[test]
fn a_table_that_is_cut_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::result(&path, run::SCENARIO, 0).unwrap();
    let table = run_directory(&path, 1).join("contacts.parquet");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    let error = read(&run_directory(&path, 1), |_: Contact| {}).unwrap_err();
    assert!(error.to_string().contains("contacts.parquet"), "{error}");
}

#[test]
fn a_result_is_not_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::result(&path, run::SCENARIO, 0).unwrap();
    let before = files(&path);
    let again = run::result(&path, run::SCENARIO, 50);
    assert!(matches!(again, Err(Error::Exists(_))));
    assert_eq!(files(&path), before);
}

#[test]
fn of_two_who_want_one_name_the_second_to_finish_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    let late = Output::create(&path, run::identity("", &[])).unwrap();
    run::result(&path, run::SCENARIO, 0).unwrap();
    assert!(matches!(late.finish(Vec::new()), Err(Error::Exists(_))));
}

#[test]
fn a_run_in_two_parts_is_the_same_as_in_one() {
    let directory = tempfile::tempdir().unwrap();
    let records = run::records(0);
    let (before, after) = records.split_at(12);
    let identity = || run::identity(run::SCENARIO, &[1]);

    let early = Output::create(&directory.path().join("early"), identity()).unwrap();
    let mut writer = early.run(run::world(1)).unwrap();
    run::write(&mut writer, before.to_vec());
    let early_run = writer.finish().unwrap();
    early.finish(vec![early_run]).unwrap();

    let [resumed, whole] = ["resumed", "whole"].map(|name| {
        let path = directory.path().join(name);
        let output = Output::create(&path, identity()).unwrap();
        let mut writer = output.run(run::world(1)).unwrap();
        if name == "resumed" {
            let early = run_directory(&directory.path().join("early"), 1);
            writer.take_over(&early).unwrap();
            run::write(&mut writer, after.to_vec());
        } else {
            run::write(&mut writer, records.clone());
        }
        let run = writer.finish().unwrap();
        output.finish(vec![run]).unwrap();
        files(&path)
    });
    assert_eq!(resumed, whole);
}

#[test]
fn a_result_says_what_it_is_a_result_of() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("result");
    run::result(&path, run::SCENARIO, 0).unwrap();
    let scenario = fs::read_to_string(path.join("scenario.toml")).unwrap();
    assert_eq!(scenario, run::SCENARIO);
    let identity = Summary::read(&path).unwrap().identity;
    assert_eq!(identity, run::identity(run::SCENARIO, &[1, 2]));
    assert_eq!(identity.scenario_hash.len(), 64);
    assert_eq!(identity.lock_hash.len(), 64);
    assert!(!identity.commit.is_empty());
    let table = fs::read(run_directory(&path, 1).join("contacts.parquet")).unwrap();
    let said = String::from_utf8_lossy(&table);
    assert!(said.contains(&identity.scenario_hash));
    assert!(said.contains(&identity.commit));
    assert_eq!(run::world(1).duration_us, 1000 * SECOND_US);
}
