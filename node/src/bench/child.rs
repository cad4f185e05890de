//! A child process that talks to this one in lines.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// This program started again with other arguments. Dropping it kills the process.
pub struct Child {
    process: std::process::Child,
    asks: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

impl Child {
    /// Starts it without waiting.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Child> {
        Child::with_stderr(Stdio::inherit(), arguments)
    }

    /// As [`start`](Self::start), but discards its stderr, which is for people.
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

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its stdout; empty at the end.
    ///
    /// # Errors
    /// Its stdout could not be read.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Sends a line.
    ///
    /// # Errors
    /// It has ended.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let asks = self.asks.as_mut().context("it runs")?;
        writeln!(asks, "{line}")?;
        Ok(asks.flush()?)
    }

    /// Sends a line and returns the answer.
    ///
    /// # Errors
    /// It has ended.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        self.tell(line)?;
        self.line()
    }

    /// Closes its stdin, which makes it end, and waits for it.
    ///
    /// # Errors
    /// It failed.
    pub fn stop(mut self) -> Result<()> {
        drop(self.asks.take());
        ensure!(self.process.wait()?.success(), "the other process failed");
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // After `stop` the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Prints a line for the process that started this one.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // If nobody reads any more, stdin is closed too and this process ends.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
