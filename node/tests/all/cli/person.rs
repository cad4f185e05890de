//! A person with a data directory and a terminal, whose node is a process.

use std::path::PathBuf;
use std::process::{Child, Command, Output};

use tempfile::TempDir;

use super::{hedgerow, text};

/// A process that does not outlive the test.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn terminate(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A person with a data directory and a terminal.
pub struct Person {
    pub directory: TempDir,
    log: PathBuf,
}

pub const TYPED: &str = "four quiet hedges";

impl Person {
    pub fn new(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("typed"), TYPED).unwrap();
        let log = directory.path().join("log");
        let person = Self { directory, log };
        person.ok(&["init", "--name", name]);
        person
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = hedgerow(&self.directory.path().join("data"));
        let typed = self.directory.path().join("typed");
        command.arg("--passphrase-file").arg(typed).args(words);
        command
    }

    pub fn ask(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert!(
            output.status.success(),
            "{words:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    pub fn json(&self, words: &[&str]) -> serde_json::Value {
        let shown = self.ok(&[&["--json"], words].concat());
        serde_json::from_str(shown.lines().last().unwrap_or("null")).unwrap()
    }

    /// Runs the node, logging everything there is to log.
    pub fn run(&self) -> Running {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = self.command(&["run", "--foreground", "--loopback", "--log", "trace"]);
        let running = Running::start(command.stderr(log));
        // Before that, a command would open the directory itself.
        self.until(|person| person.ask(&["api"]).status.success());
        self.until(|person| {
            let status = person.ask(&["--json", "status"]);
            let status: serde_json::Value =
                serde_json::from_slice(&status.stdout).unwrap_or_default();
            status["open"].is_object()
        });
        running
    }

    pub fn until(&self, done: impl Fn(&Self) -> bool) {
        let start = std::time::Instant::now();
        while !done(self) {
            assert!(start.elapsed().as_secs() < 60, "it never happened");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}
