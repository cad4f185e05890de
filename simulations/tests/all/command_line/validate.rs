use super::{hedgerow_sim, square};

#[test]
fn validate_prints_a_row_for_each_case_and_says_whether_all_hold() {
    let directory = square();
    let path = directory.path();
    std::fs::write(path.join("trace"), "20 1 2\n40 1 2\n60 2 3\n").expect("there is room");
    let arguments = [
        "validate",
        "--seeds",
        "1",
        "--messages",
        "50",
        "--trace",
        "trace",
    ];
    let output = hedgerow_sim(path, &[arguments.as_slice(), &["--json"]].concat());
    let lines = String::from_utf8(output.stdout).expect("it prints text");
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    // Five policies in three networks, and on the trace.
    assert_eq!(rows.len(), 20);
    let hold = rows.iter().all(|row| row["holds"] == true);
    assert_eq!(output.status.code(), Some(i32::from(!hold)));
}
