//! A crash leaves nothing of the memory on disk, and no program of the same user reads it.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

/// A user without rights, on most systems.
const NOBODY: u32 = 65_534;

/// A running program that waits for its stdin to close.
struct Running(Child);

impl Running {
    fn start() -> Running {
        Running::as_user(None).expect("we may run it")
    }

    /// `None`: this user may not read the program.
    fn as_user(user: Option<u32>) -> Option<Running> {
        // From a shell that would let it dump.
        let program = env!("CARGO_BIN_EXE_hedgerow");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", "ulimit -c unlimited; exec \"$0\" bench-peer", program])
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(user) = user {
            shell.uid(user).gid(user).current_dir("/");
        }
        let child = shell.spawn().expect("a shell");
        let mut running = Running(child);
        let mut line = String::new();
        let out = running.0.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        if line.is_empty() && user.is_some() {
            return None;
        }
        assert_eq!(line.trim(), "ready");
        Some(running)
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
fn a_crash_of_the_command_line_leaves_no_core_dump() {
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

/// The owner of a file of `/proc`.
fn owner(path: &str) -> u32 {
    std::fs::metadata(path).expect("a file of /proc").uid()
}

/// The kernel gives the files of a process that forbids tracing to root.
#[test]
fn no_program_of_the_same_user_reads_the_memory_of_the_command_line() {
    let us = owner("/proc/self/mem");
    // The files of root are root's either way.
    let (user, running) = match us {
        0 => (NOBODY, Running::as_user(Some(NOBODY))),
        us => (us, Running::as_user(None)),
    };
    let Some(running) = running else {
        eprintln!("skipped: user {NOBODY} may not read the program");
        return;
    };
    let status = std::fs::read_to_string(running.proc("status")).expect("its status");
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uid = uids.and_then(|uids| uids.split_whitespace().next());
    assert_eq!(uid, Some(user.to_string().as_str()));
    assert_eq!(owner(&running.proc("mem")), 0);
}
