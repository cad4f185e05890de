//! Runs tests in a process of their own: for tests of process-wide state, or with their own environment.

use std::process::Command;

const ALONE: &str = "HEDGEROW_TEST_ALONE";

/// Whether this process runs only this test. If not, runs it in another process, which must pass.
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

/// Runs a test of this program in a process of its own, with these environment variables. Panics unless it
/// passes.
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
