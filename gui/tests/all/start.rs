//! What the program says when it cannot begin.

use std::process::{Command, Output};

fn hedgerow_gui(change: impl FnOnce(&mut Command)) -> Output {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hedgerow-gui"));
    command
        .env("HEDGEROW_DIR", place.path().join("data"))
        .env("HOME", place.path())
        .env("XDG_RUNTIME_DIR", place.path());
    for display in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(display);
    }
    change(&mut command);
    command.output().expect("it runs")
}

fn one_line(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn without_a_display_one_line_points_to_the_terminal() {
    let output = hedgerow_gui(|_| {});
    assert_eq!(output.status.code(), Some(1));
    let said = one_line(&output);
    assert!(
        said.contains("no display") && said.contains("`hedgerow`"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_display_that_does_not_answer_is_none() {
    let output = hedgerow_gui(|command| {
        command
            .env("DISPLAY", ":4242")
            .env("WAYLAND_DISPLAY", "gone");
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(one_line(&output).contains("no display"));
}
