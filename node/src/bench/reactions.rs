//! Reactions that come in one sync onto messages of a long conversation, beside as many new messages.

use std::path::Path;

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
/// Reactions of one sync, each onto another message.
const REACTIONS: usize = 2_000;
/// Calls at once that put them there.
const AT_ONCE: usize = 512;

/// The row.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let met = TempDir::with_prefix_in("met-", place)?;
    let pair = Pair::meet(met.path()).await?;
    fill(&pair.a, &pair.chat_of_a, texts(MESSAGES, 0)).await?;
    online(&pair, async |_, events| {
        arrivals(events, MESSAGES as u64).await
    })
    .await?;
    let (mut reactions, mut messages) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let here = TempDir::with_prefix_in("reactions-", place)?;
        let reacting = pair.copy(here.path())?;
        let last = react(&reacting).await?;
        let came = online(&reacting, async |b, events| {
            while !has_reaction(b, &reacting, &last).await? {
                events.next().await.context("the node stopped")?;
            }
            Ok(())
        });
        reactions.push(came.await?.0);
        ensure!(reacting.agree()?, "the two stores differ after the run");

        let here = TempDir::with_prefix_in("messages-", place)?;
        let writing = pair.copy(here.path())?;
        let new = texts(REACTIONS, run as u64 + 1);
        fill(&writing.a, &writing.chat_of_a, new).await?;
        let came = online(&writing, async |_, events| {
            arrivals(events, REACTIONS as u64).await
        });
        messages.push(came.await?.0);
    }
    Ok(vec![Row::ratio(
        format!("{REACTIONS} reactions onto {MESSAGES} messages, beside as many messages"),
        median(reactions),
        median(messages),
        3.0,
    )])
}

/// A, offline, reacts to messages all over the conversation; the one that it reacts to last.
async fn react(pair: &Pair) -> Result<MessageId> {
    let a = open(&pair.a, OnAir::No).await?;
    let chat = &pair.chat_of_a;
    let mut targets = Vec::with_capacity(REACTIONS);
    let pages = REACTIONS / MAX_PAGE as usize;
    for page in 0..pages {
        let from = PageFrom::Position((page * (MESSAGES / pages)) as u64);
        let page = a
            .page(chat.clone(), from, MAX_PAGE)
            .await
            .map_err(refused)?;
        targets.extend(page.messages.into_iter().map(|message| message.id));
    }
    ensure!(targets.len() == REACTIONS, "a page for every reaction");
    let last = targets.pop().context("a reaction")?;
    let put = async |id: MessageId| a.react(chat.clone(), id, Private("👍".into())).await;
    stream::iter(targets)
        .map(put)
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
        .map_err(refused)?;
    put(last.clone()).await.map_err(refused)?;
    a.stop().await.map_err(refused)?;
    Ok(last)
}

async fn has_reaction(b: &Local, pair: &Pair, message: &MessageId) -> Result<bool> {
    let message = b.message(pair.chat_of_b.clone(), message.clone());
    Ok(!message.await.map_err(refused)?.reactions.is_empty())
}
