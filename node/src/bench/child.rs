//! A child process with which one speaks in lines.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// This program once more, with other arguments. Dropping it kills it.
pub struct Child {
    process: std::process::Child,
    asks: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

impl Child {
    /// Starts it, and waits for nothing.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Child> {
        Child::with_stderr(Stdio::inherit(), arguments)
    }

    /// As [`start`](Self::start), for one whose talk on stderr is for people.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start_hushed(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Child> {
        Child::with_stderr(Stdio::null(), arguments)
    }

    fn with_stderr(
        stderr: Stdio,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Child> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stderr(stderr)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let asks = process.stdin.take();
        let says = BufReader::new(process.stdout.take().context("it was piped")?);
        Ok(Child {
            process,
            asks,
            says,
        })
    }

    /// The number that the system knows it by.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line that it says; an empty one if it says nothing more.
    ///
    /// # Errors
    /// It could not be listened to.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// What it says to a line.
    ///
    /// # Errors
    /// It has ended.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        let asks = self.asks.as_mut().context("it runs")?;
        writeln!(asks, "{line}")?;
        asks.flush()?;
        self.line()
    }

    /// Closes its stdin, by which it is to end, and waits for that.
    ///
    /// # Errors
    /// It had failed.
    pub fn stop(mut self) -> Result<()> {
        drop(self.asks.take());
        ensure!(self.process.wait()?.success(), "the other process failed");
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says a line to the process that has started this one.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // If nobody listens any more, stdin is closed too, and this process ends.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
