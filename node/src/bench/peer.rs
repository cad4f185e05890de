//! The other side of a bench: nodes in a process of their own that report arriving messages, and load files when asked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::child::{Child, say};
use super::pair::{open, refused};
use crate::api::{Api, ConversationId, Event, FileState, MessageId};
use crate::host::Local;
use crate::runtime::OnAir;

const READY: &str = "ready";

/// What the line of a file that is here begins with.
const HERE: &str = "here ";

/// Arguments of the hidden command `bench-peer`.
#[derive(Debug, clap::Args)]
pub struct PeerArguments {
    /// The directories to open
    dirs: Vec<PathBuf>,
}

/// Runs nodes on loopback until stdin closes. Prints `ready`, then for each message that becomes readable the time in
/// nanoseconds since 1970. For each line of stdin, which names a conversation of the first node and a message there, the
/// node frees the file of the message if it is here and loads it; when it is durable, prints `here` and the time.
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
    let (line, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for read in std::io::stdin().lines().map_while(Result::ok) {
            if line.blocking_send(read).is_err() {
                break;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        let node = nodes.first().context("a node to ask")?;
        let (conversation, message) = line.split_once(' ').context("two words")?;
        let conversation = ConversationId(conversation.to_owned());
        load(node, conversation, MessageId(message.to_owned())).await?;
    }
    for node in nodes {
        node.stop().await.map_err(refused)?;
    }
    Ok(())
}

async fn load(node: &Local, conversation: ConversationId, message: MessageId) -> Result<()> {
    let mut events = node.events().await.map_err(refused)?;
    let names = (conversation, message);
    if state(node, &names).await? == FileState::Here {
        let (conversation, message) = names.clone();
        let freed = node.free_file(conversation, message).await;
        freed.map_err(refused)?;
    }
    let (conversation, message) = names.clone();
    let wanted = node.want_file(conversation, message, true).await;
    wanted.map_err(refused)?;
    loop {
        if let Event::FileProgress { .. } | Event::Message { .. } =
            events.next().await.context("the node stopped")?
        {
            continue;
        }
        let now_ns = now_ns();
        if state(node, &names).await? == FileState::Here {
            say(&format!("{HERE}{now_ns}"));
            return Ok(());
        }
    }
}

async fn state(
    node: &Local,
    (conversation, message): &(ConversationId, MessageId),
) -> Result<FileState> {
    let message = node.message(conversation.clone(), message.clone()).await;
    let file = message.map_err(refused)?.file;
    Ok(file.context("a file")?.state)
}

/// The wall clock, which all processes of a machine share.
pub(super) fn now_ns() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

/// What a [`Peer`] reports, with the time of it by [`now_ns`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Report {
    /// A message became readable.
    Message(u128),
    /// A file that was asked for is durable.
    File(u128),
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
        match self.report()? {
            Report::Message(at_ns) => Ok(at_ns),
            Report::File(_) => bail!("a file came before a message"),
        }
    }

    /// What it reports next.
    pub(super) fn report(&mut self) -> Result<Report> {
        let line = self.0.line()?;
        Ok(match line.strip_prefix(HERE) {
            Some(at_ns) => Report::File(at_ns.parse()?),
            None => Report::Message(line.parse()?),
        })
    }

    /// Has its first node load the file of a message, which it reports then.
    pub(super) fn load(
        &mut self,
        conversation: &ConversationId,
        message: &MessageId,
    ) -> Result<()> {
        self.0.tell(&format!("{} {}", conversation.0, message.0))
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
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
