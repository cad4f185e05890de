//! The other side of a bench: nodes in a process of their own that report arriving messages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use futures_util::StreamExt;

use super::child::{Child, say};
use super::pair::{open, refused};
use crate::api::{Api, Event};
use crate::runtime::OnAir;

const READY: &str = "ready";

/// Arguments of the hidden command `bench-peer`.
#[derive(Debug, clap::Args)]
pub struct PeerArguments {
    /// The directories to open
    dirs: Vec<PathBuf>,
}

/// Runs nodes on loopback until stdin closes. Prints `ready`, then for each message that becomes readable the time in
/// nanoseconds since 1970.
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
                if let Event::Message {
                    author: Some(_), ..
                } = event
                {
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

/// The wall clock, which all processes of a machine share.
pub(super) fn now_ns() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

/// The process that [`serve`] runs in.
pub struct Peer(Child);

impl Peer {
    /// Starts it, and waits until its nodes are open.
    ///
    /// # Errors
    /// It did not start.
    pub fn start(dirs: &[impl AsRef<Path>]) -> Result<Peer> {
        let dirs = dirs.iter().map(|dir| dir.as_ref().as_os_str());
        let mut child = Child::start(std::iter::once(OsStr::new("bench-peer")).chain(dirs))?;
        ensure!(child.line()? == READY, "the other process did not start");
        Ok(Peer(child))
    }

    /// When the next message became readable there.
    pub(super) fn arrival(&mut self) -> Result<u128> {
        Ok(self.0.line()?.parse()?)
    }

    /// Stops it cleanly.
    ///
    /// # Errors
    /// It failed.
    pub fn stop(self) -> Result<()> {
        self.0.stop()
    }
}

/// The time between two values of [`now_ns`].
pub(super) fn between(start_ns: u128, end_ns: u128) -> Duration {
    Duration::from_nanos(end_ns.saturating_sub(start_ns) as u64)
}
