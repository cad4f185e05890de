//! The other side of a bench: nodes in a process of their own that say when something arrives.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;

use super::pair::{open, refused};
use crate::api::{Api, Event};
use crate::runtime::OnAir;

const READY: &str = "ready";

/// What the hidden command `bench-peer` is told.
#[derive(Debug, clap::Args)]
pub struct PeerArguments {
    /// The directories to open
    dirs: Vec<PathBuf>,
}

/// Runs nodes on loopback until stdin closes. Says `ready`, then for each message that has become
/// readable the time, in nanoseconds since 1970.
///
/// # Errors
/// A node could not be opened.
pub async fn serve(arguments: &PeerArguments) -> Result<()> {
    let mut nodes = Vec::new();
    for dir in &arguments.dirs {
        let node = open(dir, OnAir::Loopback).await?;
        let mut events = node.events().await.map_err(refused)?;
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if let Event::Message { mine: false, .. } = event {
                    say(&now_ns().to_string());
                }
            }
        });
        nodes.push(node);
    }
    say(READY);
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    for node in nodes {
        node.stop().await.map_err(refused)?;
    }
    Ok(())
}

/// The wall clock, which two processes of one machine share.
pub(super) fn now_ns() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

/// The process that [`serve`] runs in.
pub struct Peer {
    child: Child,
    ends_it: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it, and waits until its nodes are open.
    ///
    /// # Errors
    /// It did not start.
    pub fn start(dirs: &[impl AsRef<Path>]) -> Result<Peer> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bench-peer")
            .args(dirs.iter().map(AsRef::as_ref))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ends_it = child.stdin.take();
        let says = BufReader::new(child.stdout.take().context("it was piped")?);
        let mut peer = Peer {
            child,
            ends_it,
            says,
        };
        ensure!(peer.line()? == READY, "the other process did not start");
        Ok(peer)
    }

    /// When the next message became readable there.
    pub(super) fn arrival(&mut self) -> Result<u128> {
        Ok(self.line()?.parse()?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Stops it cleanly.
    ///
    /// # Errors
    /// It had failed.
    pub fn stop(mut self) -> Result<()> {
        drop(self.ends_it.take());
        ensure!(self.child.wait()?.success(), "the other process failed");
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // If nobody listens any more, stdin is closed too, and this process ends.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Between two times of [`now_ns`].
pub(super) fn between(start_ns: u128, end_ns: u128) -> Duration {
    Duration::from_nanos(end_ns.saturating_sub(start_ns) as u64)
}
