use super::{assert_same, fails, files, square, works};

#[test]
fn a_run_prints_a_summary_and_says_where_it_is_kept() {
    let directory = square();
    let printed = works(directory.path(), &["run", "square.toml"]);
    assert!(printed.contains("delivery ratio") || printed.contains("delivery_ratio"));
    assert!(printed.contains("kept in results/square"));
    assert!(
        directory
            .path()
            .join("results/square/summary.json")
            .exists()
    );
    let said = fails(directory.path(), &["run", "square.toml"]);
    assert!(said.contains("exists already"), "{said}");
}

#[test]
fn what_is_set_is_run_and_stands_in_the_result() {
    let directory = square();
    let set = ["--set", "duration-s=60", "--set", "radios.0.name=wifi"];
    works(
        directory.path(),
        &[["run", "square.toml", "-q"].as_slice(), &set].concat(),
    );
    let path = directory.path().join("results/square/scenario.toml");
    let scenario = std::fs::read_to_string(path).expect("it is there");
    assert!(scenario.contains("duration-s = 60") && scenario.contains("\"wifi\""));
    let said = fails(
        directory.path(),
        &["run", "square.toml", "--set", "duration-s.x=1"],
    );
    assert!(said.contains("`duration-s.x`"), "{said}");
}

#[test]
fn every_step_is_printed_on_request() {
    let directory = square();
    let short = ["run", "square.toml", "-q", "--set", "duration-s=60"];
    let printed = works(directory.path(), &[short.as_slice(), &["--trace"]].concat());
    assert!(printed.lines().count() > 20, "{printed}");
}

#[test]
fn a_run_with_checkpoints_that_is_broken_off_goes_on_to_the_same_files() {
    let directory = square();
    let path = directory.path();
    let run = ["run", "square.toml", "-q", "--seeds", "1,2"];
    let with = |more: &[&str]| works(path, &[run.as_slice(), more].concat());
    with(&["-o", "whole"]);
    with(&["-o", "kept", "--checkpoints", "checkpoints"]);
    assert_same(&path.join("whole"), &path.join("kept"));
    // As a run leaves them that is killed after the second checkpoint of the first seed.
    for gone in ["seed-1/00003", "seed-1/00004", "seed-2"] {
        std::fs::remove_dir_all(path.join("checkpoints").join(gone)).expect("it was there");
    }
    with(&["-o", "on", "--checkpoints", "checkpoints", "--resume"]);
    assert_same(&path.join("whole"), &path.join("on"));
    // And all of them are there again.
    with(&["-o", "again", "--checkpoints", "checkpoints", "--resume"]);
    assert_same(&path.join("whole"), &path.join("again"));
    assert!(files(&path.join("checkpoints")).contains_key("seed-2/00004/world"));
}

#[test]
fn checkpoints_of_something_else_are_refused() {
    let directory = square();
    let path = directory.path();
    let with = |more: &str| -> Vec<String> {
        let all = format!("run square.toml -q --set duration-s=250 {more}");
        all.split_whitespace().map(str::to_owned).collect()
    };
    works(path, &with("--checkpoints kept"));
    let said = fails(path, &with("-o on --checkpoints kept"));
    assert!(said.contains("--resume"), "{said}");
    let said = fails(
        path,
        &with("-o on --checkpoints kept --resume --set window-s=6"),
    );
    assert!(said.contains("of another scenario"), "{said}");
    let text = super::text().replace("checkpoint-every-s = 120", "");
    std::fs::write(path.join("square.toml"), text).expect("there is room");
    let said = fails(path, &with("-o on --checkpoints other"));
    assert!(said.contains("checkpoint-every-s"), "{said}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_a_run_and_says_what_is_kept() {
    use std::process::{Command, Stdio};

    let directory = square();
    let path = directory.path();
    // Far longer than anybody waits.
    let arguments = [
        "run",
        "square.toml",
        "--set",
        "duration-s=10000000",
        "--checkpoints",
        "kept",
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_hedgerow-sim"))
        .args(arguments)
        .current_dir(path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    let first = path.join("kept/seed-1/00001");
    while !first.exists() && child.try_wait().expect("it is ours").is_none() {
        std::thread::yield_now();
    }
    let number = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(
        number.expect("a process has a number"),
        rustix::process::Signal::INT,
    )
    .expect("it is ours");
    let output = child.wait_with_output().expect("it is ours");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(!path.join("results/square").exists());
}
