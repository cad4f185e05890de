//! A crash leaves nothing of the memory on disk.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

/// A running program that waits for its stdin to close.
struct Running(Child);

impl Running {
    fn start() -> Running {
        // From a shell that would let it dump.
        let program = env!("CARGO_BIN_EXE_hedgerow-gui");
        let child = Command::new("/bin/sh")
            .args(["-c", "ulimit -c unlimited; exec \"$0\" bench-peer", program])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut running = Running(child);
        let mut line = String::new();
        let out = running.0.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), "ready");
        running
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_crash_of_the_window_leaves_no_core_dump() {
    let mut running = Running::start();
    let limits = std::fs::read_to_string(running.proc("limits")).expect("its limits");
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .expect("a limit");
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core, ["0", "0", "bytes"]);
    // No kind of memory is in what a crash handler is given.
    let filter = std::fs::read_to_string(running.proc("coredump_filter")).expect("its filter");
    assert_eq!(filter.trim(), "00000000");
    // Waiting would close it, and end the program in good order.
    let _stdin = running.0.stdin.take();
    let id = running.0.id().to_string();
    let crash = Command::new("/bin/sh")
        .args(["-c", "kill -ABRT $0", &id])
        .status();
    assert!(crash.expect("a shell").success());
    let end = running.0.wait().expect("it ends");
    assert!(end.signal().is_some() && !end.core_dumped(), "{end}");
}
