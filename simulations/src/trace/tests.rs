//! Each format is read, repaired and refused as promised, and a written plan reads back equal.

use parquet::data_type::Int64Type;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::{Format, Repairs, Trace, TraceError, TraceSettings, one, plan_file};
use crate::plan::{Change, DeviceNumber, Meetings};

fn settings(format: Format) -> TraceSettings {
    TraceSettings {
        format: Some(format),
        ..TraceSettings::at("trace.txt")
    }
}

fn read(format: Format, text: &str) -> Trace {
    settings(format)
        .contacts_in(text.as_bytes())
        .expect("a good trace")
}

fn refused(format: Format, text: &str) -> String {
    settings(format)
        .contacts_in(text.as_bytes())
        .expect_err("a bad trace")
        .to_string()
}

/// Contacts as (names, start, end) in seconds, in order of their start.
fn contacts(trace: &Trace) -> Vec<(String, String, f64, f64)> {
    let name = |number: i32| trace.names[number as usize].clone();
    let seconds = |at_us: i64| at_us as f64 / 1e6;
    plan_file::contacts(&trace.changes, u64::MAX)
        .into_iter()
        .map(|contact| {
            let ends = (seconds(contact.start_us), seconds(contact.end_us));
            (name(contact.a), name(contact.b), ends.0, ends.1)
        })
        .collect()
}

fn contact(a: &str, b: &str, start: f64, end: f64) -> (String, String, f64, f64) {
    (a.to_owned(), b.to_owned(), start, end)
}

#[test]
fn connection_events_of_the_one_become_contacts() {
    let trace = read(
        Format::OneConnections,
        "# a comment\n0.5 CONN p2 c10 up\n1 C M1 2 10 500\n7.25 CONN 10 2 down bt\n\
         7.25 CONN 2 10 down\n8 CONN 2 3 UP\n9 CONN 3 2 Down\n9 DE M1 2\n",
    );
    assert_eq!(trace.names, ["2", "3", "10"]);
    assert_eq!(
        contacts(&trace),
        [contact("2", "10", 0.5, 7.25), contact("2", "3", 8.0, 9.0)]
    );
    let repaired = Repairs {
        other_lines: 2,
        down_without_up: 1,
        ..Repairs::default()
    };
    assert_eq!(trace.repaired, repaired);
}

#[test]
fn connection_events_are_mended_and_each_repair_is_counted() {
    let trace = read(
        Format::OneConnections,
        "5 CONN 1 2 down\n10 CONN 1 2 up\n11 CONN 2 1 up\n20 CONN 1 2 down\n\
         15 CONN 3 4 up\n16 CONN 3 4 down\n17 CONN 5 5 up\n18 CONN 5 5 down\n\
         30 CONN 1 3 up\n40 CONN 1 4 up\n40 CONN 1 4 down\n",
    );
    assert_eq!(
        contacts(&trace),
        [
            contact("1", "2", 10.0, 20.0),
            contact("3", "4", 15.0, 16.0),
            contact("1", "3", 30.0, 40.0),
            contact("1", "4", 40.0, 40.000_001),
        ]
    );
    let repaired = Repairs {
        unsorted: 1,
        doubled: 1,
        down_without_up: 1,
        with_oneself: 1,
        left_open: 1,
        lengthened: 1,
        ..Repairs::default()
    };
    assert_eq!(trace.repaired, repaired);
}

#[test]
fn two_interfaces_of_a_pair_make_one_contact() {
    let trace = read(
        Format::OneConnections,
        "0 CONN 1 2 up bt\n5 CONN 1 2 up wifi\n6 CONN 1 2 down bt\n9 CONN 1 2 down wifi\n",
    );
    assert_eq!(contacts(&trace), [contact("1", "2", 0.0, 9.0)]);
    assert_eq!(
        trace.repaired,
        Repairs {
            overlapping: 1,
            ..Repairs::default()
        }
    );
}

#[test]
fn a_link_that_drops_and_comes_back_in_one_moment_stays_two_contacts() {
    let trace = read(
        Format::OneConnections,
        "1 CONN 1 2 up\n2 CONN 1 2 down\n2 CONN 1 2 up\n3 CONN 1 2 down\n",
    );
    assert_eq!(
        contacts(&trace),
        [contact("1", "2", 1.0, 2.0), contact("1", "2", 2.0, 3.0)]
    );
    assert_eq!(trace.repaired, Repairs::default());
}

#[test]
fn windows_of_socio_patterns_are_joined() {
    let trace = read(
        Format::SocioPatterns,
        "120 7 9 3B 3B\n140 7 9 3B 3B\n140 9 7 3B 3B\n180 7 9 3B 3B\n160 8 7 MP 3B\n",
    );
    assert_eq!(
        contacts(&trace),
        [
            contact("7", "9", 0.0, 40.0),
            contact("7", "8", 40.0, 60.0),
            contact("7", "9", 60.0, 80.0)
        ]
    );
    assert_eq!(
        trace.repaired,
        Repairs {
            unsorted: 1,
            doubled: 1,
            ..Repairs::default()
        }
    );
}

#[test]
fn a_sighting_that_ends_as_it_begins_lasts_a_second() {
    let trace = read(
        Format::ContactList,
        "21 3 100 100 1 0\n3 21 100.5 130 2 5\n4 3 130 140 1 0\n3 4 140 150 1 0\n",
    );
    assert_eq!(
        contacts(&trace),
        [contact("3", "21", 0.0, 30.0), contact("3", "4", 30.0, 50.0)]
    );
    assert_eq!(
        trace.repaired,
        Repairs {
            lengthened: 1,
            overlapping: 1,
            ..Repairs::default()
        }
    );
}

#[test]
fn scans_that_are_empty_foreign_or_faint_are_left_out() {
    let text = "# timestamp,user_a,user_b,rssi\n0,5,-1,0\n0,5,6,-60\n0,6,5,-61\n300,5,6,-95\n\
                300,7,-2,-50\n600,5,6,-70\n";
    let mut settings = settings(Format::Proximity);
    settings.least_strength_dbm = Some(-80.0);
    let trace = settings.contacts_in(text.as_bytes()).expect("a good trace");
    assert_eq!(
        contacts(&trace),
        [
            contact("5", "6", 0.0, 300.0),
            contact("5", "6", 600.0, 900.0)
        ]
    );
    let repaired = Repairs {
        outside: 2,
        faint: 1,
        doubled: 1,
        ..Repairs::default()
    };
    assert_eq!(trace.repaired, repaired);
    assert_eq!(
        trace.names,
        ["5", "6"],
        "who was only heard by nobody is no device"
    );

    let all = read(Format::Proximity, text);
    assert_eq!(contacts(&all), [contact("5", "6", 0.0, 900.0)]);
}

#[test]
fn the_world_may_begin_within_the_trace() {
    let text = "1 2 100 200\n1 3 150 400\n1 2 300 350\n";
    let mut settings = settings(Format::ContactList);
    settings.start_s = Some(250.0);
    let trace = settings.contacts_in(text.as_bytes()).expect("a good trace");
    assert_eq!(
        contacts(&trace),
        [
            contact("1", "3", 0.0, 150.0),
            contact("1", "2", 50.0, 100.0)
        ]
    );
    assert_eq!(
        trace.repaired,
        Repairs {
            before_start: 1,
            ..Repairs::default()
        }
    );
}

#[test]
fn a_bad_line_is_named_with_what_was_expected() {
    assert_eq!(
        refused(
            Format::OneConnections,
            "0 CONN 1 2 up\n\n1 CONN 1 2 sideways\n"
        ),
        "trace.txt:3: expected `time CONN a b up|down`: a time in seconds, two hosts, what happened, \
         found \"1 CONN 1 2 sideways\""
    );
    let cases = [
        (Format::OneConnections, "0 CONN 1 two up", "a host's number"),
        (Format::OneConnections, "0 JOIN 1 2 up", "CONN"),
        (Format::OneConnections, "soon CONN 1 2 up", "a time"),
        (Format::SocioPatterns, "20 1", "t i j"),
        (
            Format::SocioPatterns,
            "1353304100000 1 2",
            "a time in seconds",
        ),
        (Format::ContactList, "1 2 300", "a b start end"),
        (Format::ContactList, "1 2 300 200", "not before the start"),
        (Format::Proximity, "0,1,2", "timestamp,user_a,user_b,rssi"),
        (
            Format::Proximity,
            "0,1,b,-60",
            "timestamp,user_a,user_b,rssi",
        ),
    ];
    for (format, text, expected) in cases {
        let error = refused(format, text);
        assert!(
            error.starts_with("trace.txt:1: ") && error.contains(expected),
            "{error}"
        );
    }
    let not_text = settings(Format::SocioPatterns).contacts_in(b"20 1 2\n20 \xff 2\n");
    assert!(
        matches!(not_text, Err(TraceError::Line { line: 2, .. })),
        "{not_text:?}"
    );
}

#[test]
fn a_format_is_recognised_by_its_content() {
    let cases = [
        ("# ids\n12 CONN 1 2 up\n", Some(Format::OneConnections)),
        ("12 C M1 1 2 5000\n", Some(Format::OneConnections)),
        ("0 100 0 50 0 50\n0 1 3 4\n", Some(Format::OneMovement)),
        (
            "0 100 0 50 0 50 0 0\n0 1 3 4 0\n",
            Some(Format::OneMovement),
        ),
        ("20 1467 1591\n", Some(Format::SocioPatterns)),
        ("20 1467 1591 3B MP\n", Some(Format::SocioPatterns)),
        ("1\t2\t300\t300\t1\t0\n", Some(Format::ContactList)),
        (
            "# timestamp,user_a,user_b,rssi\n0,1,2,-60\n",
            Some(Format::Proximity),
        ),
        (
            "timestamp,user_a,user_b,rssi\n0,1,2,-60\n",
            Some(Format::Proximity),
        ),
        ("", None),
        ("hello there\n", None),
    ];
    for (text, format) in cases {
        assert_eq!(
            super::recognise::format(text.as_bytes()),
            format,
            "{text:?}"
        );
    }
    let mut plan = Vec::new();
    plan_file::write(&mut plan, &[], &[], 0).expect("written to memory");
    assert_eq!(super::recognise::format(&plan), Some(Format::Plan));
    let unknown = TraceSettings::at("what").contacts_in(b"hello there");
    assert!(
        unknown
            .expect_err("no format")
            .to_string()
            .contains("name it with `format`")
    );
}

#[test]
fn an_option_of_another_format_is_refused() {
    let mut settings = settings(Format::SocioPatterns);
    settings.least_strength_dbm = Some(-80.0);
    assert!(
        settings
            .check()
            .expect_err("contradiction")
            .contains("least-strength-dbm")
    );
    settings.format = None;
    assert_eq!(
        settings.check(),
        Ok(()),
        "the file may yet turn out to be of that format"
    );
    let error = settings.contacts_in(b"20 1 2\n").expect_err("it did not");
    assert!(
        error
            .to_string()
            .contains("means nothing in the format socio-patterns"),
        "{error}"
    );
}

#[test]
fn places_are_read_counted_from_the_least_and_played_straight() {
    let text = "100 300 1000 1100 2000 2050\n100 9 1000 2000\n200 9 1010 2020\n100 10 1050 2050\n\
                150 10 1050 2040\n200 9 1020 2020\n";
    let mut settings = settings(Format::OneMovement);
    let movement = super::movement::read(&settings, text.as_bytes()).expect("a good trace");
    assert_eq!(movement.names, ["9", "10"]);
    assert_eq!(movement.size_m, [100.0, 50.0]);
    assert_eq!(
        (movement.end_us, movement.unsorted, movement.doubled),
        (200_000_000, 1, 1)
    );
    assert_eq!(movement.position(0, 50_000_000), Some([10.0, 10.0]));
    assert_eq!(movement.position(0, 900_000_000), Some([20.0, 20.0]));
    assert_eq!(movement.position(1, 25_000_000), Some([50.0, 45.0]));
    assert_eq!(movement.position(2, 0), None);

    settings.start_s = Some(150.0);
    let later = super::movement::read(&settings, text.as_bytes()).expect("a good trace");
    assert_eq!(later.position(0, 0), Some([10.0, 10.0]));
    assert_eq!(later.position(0, 50_000_000), Some([20.0, 20.0]));

    for bad in ["", "1 2 3\n", "0 10 0 5 0 5\n1 2 3\n", "10 0 0 5 0 5\n"] {
        assert!(
            super::movement::read(&settings, bad.as_bytes()).is_err(),
            "{bad:?}"
        );
    }
}

#[test]
fn a_plan_is_read_with_the_columns_that_other_tools_write() {
    // Optional 64-bit integers in any order without metadata, as pandas and polars write them.
    let schema = "message schema { optional int64 b; optional int64 a; optional int64 start_us; \
                  optional int64 end_us; }";
    let schema = parse_message_type(schema).expect("a schema");
    let write = |rows: [[Option<i64>; 2]; 4]| {
        let mut bytes = Vec::new();
        let mut file =
            SerializedFileWriter::new(&mut bytes, schema.clone().into(), Default::default())
                .expect("a file in memory");
        let mut group = file.next_row_group().expect("a group");
        for values in rows {
            let mut column = group.next_column().expect("written").expect("four columns");
            let levels = values.map(|value| i16::from(value.is_some()));
            let values: Vec<i64> = values.into_iter().flatten().collect();
            let typed = column.typed::<Int64Type>();
            typed
                .write_batch(&values, Some(&levels), None)
                .expect("written");
            column.close().expect("written");
        }
        group.close().expect("written");
        file.close().expect("written");
        bytes
    };
    let some = |values: [i64; 2]| values.map(Some);
    let good = write([
        some([1, 4]),
        some([4, 2]),
        some([7_000_000, 0]),
        some([9_000_000, 1_000_000]),
    ]);
    let trace = TraceSettings::at("plan")
        .contacts_in(&good)
        .expect("a plan");
    assert_eq!(trace.devices, 5, "numbers up to the highest");
    assert_eq!(
        contacts(&trace),
        [contact("2", "4", 0.0, 1.0), contact("1", "4", 7.0, 9.0)]
    );

    let cases = [
        (
            write([[Some(1), None], some([4, 2]), some([0, 0]), some([1, 1])]),
            "row 2: `b`",
        ),
        (
            write([some([1, -4]), some([4, 2]), some([0, 0]), some([1, 1])]),
            "row 2: `b` is -4",
        ),
        (
            write([some([1, 4]), some([4, 2]), some([9, 0]), some([1, 1])]),
            "row 1: it ends before",
        ),
    ];
    for (bytes, expected) in cases {
        let error = TraceSettings::at("plan")
            .contacts_in(&bytes)
            .expect_err("no plan")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_replay_gives_each_change_once() {
    let trace = read(Format::ContactList, "1 2 0 10\n2 3 5 20\n");
    let mut replay = super::Replay::from(trace.clone());
    assert_eq!(replay.devices(), 3);
    let mut changes = Vec::new();
    replay.advance(5_000_000, &mut changes);
    assert_eq!(changes.len(), 1, "what happens at that moment comes later");
    replay.advance(5_000_001, &mut changes);
    replay.advance(u64::MAX, &mut changes);
    assert_eq!(changes, trace.changes);
}

/// A contact plan in which contacts of a pair do not overlap.
fn plan() -> impl Strategy<Value = Vec<Change>> {
    let contact = (
        0_u32..8,
        1_u32..8,
        0_u8..2,
        0_u64..10_000_000,
        1_u64..3_000_000,
    );
    proptest::collection::vec(contact, 0..40).prop_map(|contacts| {
        let mut changes: Vec<Change> = Vec::new();
        let mut taken: Vec<(DeviceNumber, DeviceNumber, u8, u64, u64)> = Vec::new();
        for (a, further, radio, start_us, length_us) in contacts {
            let (b, end_us) = (a + further, start_us + length_us);
            if taken
                .iter()
                .any(|&(other_a, other_b, other_radio, from_us, until_us)| {
                    (a, b, radio) == (other_a, other_b, other_radio)
                        && start_us <= until_us
                        && from_us <= end_us
                })
            {
                continue;
            }
            taken.push((a, b, radio, start_us, end_us));
            changes.push(Change {
                at_us: start_us,
                up: true,
                a,
                b,
                radio,
            });
            changes.push(Change {
                at_us: end_us,
                up: false,
                a,
                b,
                radio,
            });
        }
        changes.sort_unstable();
        changes
    })
}

proptest! {
    #[test]
    fn a_plan_written_is_the_plan_read(changes in plan(), idle in 0_usize..3) {
        let names: Vec<String> = (0..15 + idle).map(|number| format!("device {number}")).collect();
        let mut file = Vec::new();
        plan_file::write(&mut file, &names, &changes, u64::MAX / 4).expect("written to memory");
        let trace = TraceSettings::at("plan").contacts_in(&file).expect("our own plan");
        let read = Trace { devices: names.len(), changes, names, repaired: Repairs::default() };
        prop_assert_eq!(trace, read);
    }

    #[test]
    fn events_written_for_the_one_are_the_contacts_read(changes in plan()) {
        let changes: Vec<Change> =
            changes.into_iter().filter(|change| change.radio == 0).collect();
        let trace = read(Format::OneConnections, &one::write(&changes));
        prop_assert_eq!(trace.repaired, Repairs::default());
        let mut read = trace.changes;
        for change in &mut read {
            change.a = trace.names[change.a as usize].parse().expect("our number");
            change.b = trace.names[change.b as usize].parse().expect("our number");
        }
        read.sort_unstable();
        prop_assert_eq!(read, changes);
    }

    #[test]
    fn reach_over_several_radios_is_one_connection_for_the_one(changes in plan()) {
        let trace = read(Format::OneConnections, &one::write(&changes));
        prop_assert_eq!(trace.repaired, Repairs::default());
    }

    #[test]
    fn no_file_makes_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in FORMATS {
            let _ = settings(format).contacts_in(&bytes);
        }
        let _ = super::movement::read(&settings(Format::OneMovement), &bytes);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "([-0-9.e]{1,12}|CONN|up|down|[ ,\n]){0,80}") {
        for format in FORMATS {
            let _ = settings(format).contacts_in(text.as_bytes());
        }
        let _ = TraceSettings::at("trace.txt").contacts_in(text.as_bytes());
        let _ = super::movement::read(&settings(Format::OneMovement), text.as_bytes());
    }

    #[test]
    fn a_damaged_plan_is_refused_or_read(at in 0_usize..2000, flip in 1_u8..) {
        let changes = [(0, true), (9, false)].map(|(at_us, up)| Change { at_us, up, a: 0, b: 1, radio: 0 });
        let mut file = Vec::new();
        let names = ["0", "1"].map(str::to_owned);
        plan_file::write(&mut file, &names, &changes, 9).expect("written to memory");
        let at = at % file.len();
        let _ = TraceSettings::at("plan").contacts_in(&file[..at]);
        file[at] ^= flip;
        let _ = settings(Format::Plan).contacts_in(&file);
    }
}

const FORMATS: [Format; 5] = [
    Format::OneConnections,
    Format::SocioPatterns,
    Format::ContactList,
    Format::Proximity,
    Format::Plan,
];
