use std::path::Path;

use super::works;

#[test]
fn what_cannot_be_measured_is_skipped_and_never_holds() {
    let printed = works(
        Path::new("."),
        &["bench", "oracle", "the-one", "sfhh", "--json", "--check"],
    );
    assert_eq!(printed.lines().count(), 3);
    for line in printed.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(
            line["skipped"].is_string() && line["holds"].is_null(),
            "{line}"
        );
    }
}
