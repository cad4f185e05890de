use super::{fails, hedgerow_sim, square, works};

/// As SocioPatterns writes it; the second line is doubled.
const ROWS: &str = "20 1 2\n20 1 2\n40 1 2\n60 2 3\n";

/// As The ONE reads it: from 0 to 40 s, and from 40 to 60 s.
const EVENTS: &str = "\
0.000000 CONN 0 1 up
40.000000 CONN 0 1 down
40.000000 CONN 1 2 up
60.000000 CONN 1 2 down
";

#[test]
fn a_trace_becomes_events_of_the_one_and_what_was_repaired_is_counted() {
    let directory = square();
    let path = directory.path();
    std::fs::write(path.join("trace"), ROWS).expect("there is room");
    let output = hedgerow_sim(path, &["convert", "trace"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), EVENTS);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("3 devices, 2 contacts"), "{said}");
    assert!(said.contains("1 duplicate lines, ignored"), "{said}");
}

#[test]
fn a_trace_becomes_a_plan_and_a_plan_events() {
    let directory = square();
    let path = directory.path();
    std::fs::write(path.join("trace"), ROWS).expect("there is room");
    works(
        path,
        &["convert", "trace", "--format", "plan", "-o", "plan"],
    );
    assert_eq!(works(path, &["export", "plan"]), EVENTS);
}

#[test]
fn a_line_that_is_wrong_is_named() {
    let directory = square();
    let path = directory.path();
    std::fs::write(path.join("trace"), "20 1 2\n40 1\n").expect("there is room");
    let said = fails(path, &["convert", "trace", "--from", "socio-patterns"]);
    assert!(said.contains("trace:2"), "{said}");
}

#[test]
fn the_contacts_of_a_result_can_be_exported_and_read_again() {
    let directory = square();
    let path = directory.path();
    works(path, &["run", "square.toml", "-q", "--seeds", "7"]);
    let events = works(path, &["export", "results/square", "--format", "one"]);
    assert!(events.lines().count() > 10);
    std::fs::write(path.join("events"), &events).expect("there is room");
    assert_eq!(works(path, &["convert", "events"]), events);
    let said = fails(path, &["export", "results/square", "--seed", "8"]);
    assert!(said.contains("[7]"), "{said}");
}
