//! Tests in a process of their own: of what a whole process has, or with an environment of their own.

use std::process::Command;

const ALONE: &str = "HEDGEROW_TEST_ALONE";

/// Whether this process runs this test and no other. If not, another process does so, and passes.
pub fn is_alone(test: &str) -> bool {
    let alone = runs(test);
    if !alone {
        run(test, &[]);
    }
    alone
}

/// Whether this process was started by [`run`] for this test.
pub fn runs(test: &str) -> bool {
    std::env::var_os(ALONE).is_some_and(|alone| alone == test)
}

/// Runs a test of this program in a process of its own, with these variables in its environment. Panics unless
/// it passes.
pub fn run(test: &str, environment: &[(&str, &str)]) {
    let run = Command::new(std::env::current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, test)
        .envs(environment.iter().copied())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout);
    print!("{said}");
    eprint!("{}", String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "see above");
    assert!(said.contains(" 1 passed"), "no test is called {test}");
}
