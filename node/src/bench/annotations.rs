//! Annotations that come in one sync onto messages of a long conversation, beside as many new messages.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

use super::RUNS;
use super::catch_up::online;
use super::pair::{Pair, arrivals, fill, open, refused, texts};
use super::row::{Row, median};
use crate::api::{Api, MAX_PAGE, MessageId, PageFrom, Private};
use crate::host::Local;
use crate::runtime::OnAir;

/// Messages that both have.
const MESSAGES: usize = 100_000;
/// Annotations of one sync, each onto another message.
const ANNOTATIONS: usize = 2_000;
/// Calls at once that put them there.
const AT_ONCE: usize = 512;

/// What A does with its messages.
#[derive(Clone, Copy)]
enum Kinds {
    /// It reacts to each.
    Reactions,
    /// It edits the first, deletes the second for all, reacts to the third, and so on.
    All,
}

/// The rows.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let met = TempDir::with_prefix_in("met-", place)?;
    let pair = Pair::meet(met.path()).await?;
    fill(&pair.a, &pair.chat_of_a, texts(MESSAGES, 0)).await?;
    online(&pair, async |_, events| {
        arrivals(events, MESSAGES as u64).await
    })
    .await?;
    let (mut reactions, mut all, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        reactions.push(sync(&pair, place, Kinds::Reactions).await?);
        all.push(sync(&pair, place, Kinds::All).await?);

        let here = TempDir::with_prefix_in("messages-", place)?;
        let writing = pair.copy(here.path())?;
        let new = texts(ANNOTATIONS, run as u64 + 1);
        fill(&writing.a, &writing.chat_of_a, new).await?;
        let came = online(&writing, async |_, events| {
            arrivals(events, ANNOTATIONS as u64).await
        });
        messages.push(came.await?.0);
    }
    let messages = median(messages);
    let row = |what, took, limit| {
        let name =
            format!("{ANNOTATIONS} {what} onto {MESSAGES} messages, beside as many messages");
        Row::ratio(name, median(took), messages, limit)
    };
    Ok(vec![
        row("reactions", reactions, 3.0),
        row("edits, deletions and reactions", all, 4.0),
    ])
}

/// How long B takes from its carrier on until it has what A did while apart.
async fn sync(pair: &Pair, place: &Path, kinds: Kinds) -> Result<Duration> {
    let here = TempDir::with_prefix_in("annotations-", place)?;
    let pair = pair.copy(here.path())?;
    let last = annotate(&pair, kinds).await?;
    let came = online(&pair, async |b, events| {
        while !has_reaction(b, &pair, &last).await? {
            events.next().await.context("the node stopped")?;
        }
        Ok(())
    });
    let took = came.await?.0;
    ensure!(pair.agree()?, "the two stores differ after the run");
    Ok(took)
}

/// A, offline, annotates messages all over the conversation. Gives the one to which it reacts last.
async fn annotate(pair: &Pair, kinds: Kinds) -> Result<MessageId> {
    let a = open(&pair.a, OnAir::No).await?;
    let chat = &pair.chat_of_a;
    let mut targets = Vec::with_capacity(ANNOTATIONS);
    let pages = ANNOTATIONS / MAX_PAGE as usize;
    for page in 0..pages {
        // The first messages of all are those of the meeting, B's among them.
        let first = page * (MESSAGES / pages) + MAX_PAGE as usize;
        let from = PageFrom::Position(first as u64);
        let page = a
            .page(chat.clone(), from, MAX_PAGE)
            .await
            .map_err(refused)?;
        targets.extend(page.messages.into_iter().map(|message| message.id));
    }
    ensure!(targets.len() == ANNOTATIONS, "a page for every annotation");
    let last = targets.pop().context("an annotation")?;
    let react = async |id: MessageId| a.react(chat.clone(), id, Private("👍".into())).await;
    let put = async |(number, id): (usize, MessageId)| match (kinds, number % 3) {
        (Kinds::All, 0) => {
            a.edit(chat.clone(), id, Private(format!("edited {number}")))
                .await
        }
        (Kinds::All, 1) => a.delete(chat.clone(), id, true).await.map(drop),
        _ => react(id).await,
    };
    stream::iter(targets.into_iter().enumerate())
        .map(put)
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
        .map_err(refused)?;
    react(last.clone()).await.map_err(refused)?;
    a.stop().await.map_err(refused)?;
    Ok(last)
}

async fn has_reaction(b: &Local, pair: &Pair, message: &MessageId) -> Result<bool> {
    let message = b.message(pair.chat_of_b.clone(), message.clone());
    Ok(!message.await.map_err(refused)?.reactions.is_empty())
}
