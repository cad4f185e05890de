//! Directories of two identities that are contacts: created once, copied for each run. The errors here say that a node
//! or a disk refused something, in words for the user of the bench.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use hedgerow_sync::id::SpaceId;
use hedgerow_sync::space::{self, Digest};
use hedgerow_sync::store::{StorageError, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::api::{
    Api, Carrier, ContactId, ConversationId, Event, Events, NewInvitation, NewMessage, Passphrase,
};
use crate::directory::{Directory, Hashing};
use crate::host::{HostOptions, Local};
use crate::pictures::Decoder;
use crate::runtime::{NodeOptions, OnAir};
use crate::store::RedbStore;

/// How long to wait for something that should take milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Concurrent calls that fill a store.
const AT_ONCE: usize = 2_048;

/// The passphrase of all benches: it protects nothing.
pub const PASSPHRASE: &str = "bench";

/// Two directories, and the contact ids of their identities.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The directory of A.
    pub a: PathBuf,
    /// The directory of B.
    pub b: PathBuf,
    /// A's id for B.
    pub b_of_a: ContactId,
    /// B's id for A.
    pub a_of_b: ContactId,
    /// What A calls the chat with B.
    pub chat_of_a: ConversationId,
    /// What B calls it.
    pub chat_of_b: ConversationId,
}

impl Pair {
    /// Creates two identities below `place` that become contacts and exchange messages, so that no first-time traffic
    /// remains.
    pub async fn meet(place: &Path) -> Result<Pair> {
        let (a_dir, b_dir) = (place.join("a"), place.join("b"));
        let a = create(&a_dir, "A").await?;
        let b = create(&b_dir, "B").await?;
        let (b_of_a, a_of_b) = introduce(&a, &b).await?;
        settle(&a, &b_of_a, &b, &a_of_b).await?;
        let (chat_of_a, chat_of_b) = (chat(&a, &b_of_a).await?, chat(&b, &a_of_b).await?);
        a.stop().await.map_err(refused)?;
        b.stop().await.map_err(refused)?;
        Ok(Pair {
            a: a_dir,
            b: b_dir,
            b_of_a,
            a_of_b,
            chat_of_a,
            chat_of_b,
        })
    }

    /// Copies both directories to another place.
    pub fn copy(&self, to: &Path) -> Result<Pair> {
        let pair = Pair {
            a: to.join("a"),
            b: to.join("b"),
            ..self.clone()
        };
        copy_directory(&self.a, &pair.a)?;
        copy_directory(&self.b, &pair.b)?;
        Ok(pair)
    }

    /// Opens A, and waits until B is in its reach, whose node runs in another process.
    pub async fn reach(&self) -> Result<Local> {
        let a = open(&self.a, OnAir::Loopback).await?;
        until(async || {
            let contact = a.contact(self.b_of_a.clone()).await.map_err(refused)?;
            Ok(contact.reachable.is_some())
        })
        .await?;
        Ok(a)
    }

    /// Runs work on both stores; no node may have them open.
    pub fn with_stores(
        &self,
        mut job: impl FnMut(&mut RedbStore) -> Result<(), StorageError>,
    ) -> Result<()> {
        [&self.a, &self.b]
            .into_iter()
            .try_for_each(|dir| with_store(dir, &mut job))
    }

    /// Whether both stores, opened again, have the same digests of all shared spaces.
    pub fn agree(&self) -> Result<bool> {
        Ok(digests(&self.a)? == digests(&self.b)?)
    }
}

/// Opens the node of a directory.
pub async fn open(dir: &Path, on_air: OnAir) -> Result<Local> {
    let local = own(dir, on_air)?;
    local
        .unlock(Passphrase::new(PASSPHRASE.into()))
        .await
        .map_err(refused)?;
    Ok(local)
}

/// Creates an identity that uses loopback.
pub async fn create(dir: &Path, name: &str) -> Result<Local> {
    let local = own(dir, OnAir::Loopback)?;
    local
        .create(Passphrase::new(PASSPHRASE.into()), name.into())
        .await
        .map_err(refused)?;
    Ok(local)
}

fn own(dir: &Path, on_air: OnAir) -> Result<Local> {
    let options = HostOptions {
        pictures: Decoder::of_this_program(),
        node: NodeOptions {
            on_air,
            record_to: None,
        },
        hashing: Hashing::hazmat_fast_for_tests(),
    };
    Local::own(dir, options).map_err(refused)
}

/// Turns a node's refusal into an error for the user of the bench.
pub fn refused(refusal: crate::api::Refusal) -> anyhow::Error {
    anyhow!("the node refused: {refusal:?}")
}

/// Makes two running nodes contacts. Returns each one's id for the other, the first's first.
pub async fn introduce(a: &impl Api, b: &impl Api) -> Result<(ContactId, ContactId)> {
    let mut heard = a.events().await.map_err(refused)?;
    let mut told = b.events().await.map_err(refused)?;
    let wish = NewInvitation::for_one(3600, true);
    let invitation = a.invite(wish).await.map_err(refused)?;
    b.join(
        invitation
            .link
            .context("an open invitation has a link")?
            .into(),
    )
    .await
    .map_err(refused)?;
    let b_of_a = wait_for(&mut heard, |event| match event {
        Event::Met { contact, .. } => Some(contact),
        _ => None,
    })
    .await?;
    let a_of_b = wait_for(&mut told, |event| match event {
        Event::Joined { contact, .. } => Some(contact),
        _ => None,
    })
    .await?;
    Ok((b_of_a, a_of_b))
}

/// What a node calls its chat with a contact.
async fn chat(node: &impl Api, contact: &ContactId) -> Result<ConversationId> {
    let contact = node.contact(contact.clone()).await.map_err(refused)?;
    Ok(contact.conversation)
}

/// Waits until two nodes have exchanged everything due: until a text each way, queued after it, is delivered.
pub async fn settle(
    a: &impl Api,
    b_of_a: &ContactId,
    b: &impl Api,
    a_of_b: &ContactId,
) -> Result<()> {
    let (chat_of_a, chat_of_b) = (chat(a, b_of_a).await?, chat(b, a_of_b).await?);
    a.send(chat_of_a.clone(), NewMessage::text("ping"))
        .await
        .map_err(refused)?;
    b.send(chat_of_b.clone(), NewMessage::text("pong"))
        .await
        .map_err(refused)?;
    until(async || {
        let (ours, theirs) = (
            a.conversation(chat_of_a.clone()).await,
            b.conversation(chat_of_b.clone()).await,
        );
        let (ours, theirs) = (ours.map_err(refused)?, theirs.map_err(refused)?);
        Ok(ours.queued + theirs.queued == 0 && ours.messages == theirs.messages)
    })
    .await
}

/// Waits for an event.
pub async fn wait_for<T>(
    events: &mut Events,
    mut wanted: impl FnMut(Event) -> Option<T>,
) -> Result<T> {
    tokio::time::timeout(PATIENCE, async {
        while let Some(event) = events.next().await {
            if let Some(found) = wanted(event) {
                return Ok(found);
            }
        }
        Err(anyhow!("the node stopped"))
    })
    .await
    .context("waiting for an event")?
}

/// Polls until the condition holds.
pub async fn until(mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await? {
        ensure!(Instant::now() < deadline, "waited for {PATIENCE:?} in vain");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Waits until `count` messages have arrived since the subscription to `events`.
pub async fn arrivals(events: &mut Events, count: u64) -> Result<()> {
    let mut come = 0;
    wait_for(events, |event| {
        come += match event {
            Event::Message {
                author: Some(_), ..
            } => 1,
            Event::Messages { count, .. } => count,
            _ => 0,
        };
        (come >= count).then_some(())
    })
    .await
}

/// `count` texts of 200 random characters.
pub fn texts(count: usize, seed: u64) -> Vec<String> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let mut bytes = [0; 150];
            rng.fill_bytes(&mut bytes);
            data_encoding::BASE64.encode(&bytes)
        })
        .collect()
}

/// Writes texts through the product's send path of a node that is offline.
pub async fn fill(dir: &Path, to: &ConversationId, texts: Vec<String>) -> Result<()> {
    let local = open(dir, OnAir::No).await?;
    stream::iter(texts)
        .map(|text| local.send(to.clone(), NewMessage::text(text)))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await
        .map_err(refused)?;
    local.stop().await.map_err(refused)
}

/// Switches the local network of a node on or off.
pub async fn switch(node: &impl Api, on: bool) -> Result<()> {
    until(async || {
        let status = node.status().await.map_err(refused)?;
        Ok(status.open.is_some_and(|open| !open.carriers.is_empty()))
    })
    .await?;
    node.switch_carrier(Carrier::Lan, on).await.map_err(refused)
}

fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for file in std::fs::read_dir(from)? {
        let file = file?;
        let to = to.join(file.file_name());
        match file.file_type()?.is_dir() {
            true => copy_directory(&file.path(), &to)?,
            false => drop(std::fs::copy(file.path(), to)?),
        }
    }
    Ok(())
}

/// Runs work on the store of a directory; no node may have it open.
pub fn with_store<T>(
    dir: &Path,
    job: impl FnOnce(&mut RedbStore) -> Result<T, StorageError>,
) -> Result<T> {
    let directory = Directory::own(dir)?;
    let passphrase = Passphrase::new(PASSPHRASE.into());
    let mut store = directory.unlock(Some(&passphrase))?;
    let done = job(&mut store)?;
    store.close();
    Ok(done)
}

/// The state of each space.
fn digests(dir: &Path) -> Result<Vec<(SpaceId, Digest)>> {
    with_store(dir, |store| {
        store.write(|txn| {
            space::list(txn)?
                .into_iter()
                .map(|(id, _)| Ok((id, space::digest(txn, id)?)))
                .collect()
        })
    })
}
