//! A long conversation, in directories.

use std::path::Path;

use anyhow::{Context, Result};
use hedgerow_node::api::{Api, PageFrom};
use hedgerow_node::bench::pair::{Pair, fill, open, refused, until};
use hedgerow_node::runtime::OnAir;

use super::prose::{plain, texts};

/// Two who have written half of `messages` each, in turn as it is sorted, all delivered and read.
pub async fn conversation(place: &Path, messages: usize) -> Result<Pair> {
    written(place, [1, 2].map(|seed| texts(messages / 2, seed))).await
}

/// The same, of so many messages without emoji and then as many more, of which a third have some.
pub async fn plain_then_emoji(place: &Path, messages: usize) -> Result<Pair> {
    let both = [1, 2].map(|seed| {
        let mut all = plain(messages / 2, seed);
        all.extend(texts(messages / 2, seed));
        all
    });
    written(place, both).await
}

/// What each of two has written.
async fn written(place: &Path, [a, b]: [Vec<String>; 2]) -> Result<Pair> {
    let messages = a.len() + b.len();
    let pair = Pair::meet(place).await?;
    fill(&pair.a, &pair.chat_of_a, a).await?;
    fill(&pair.b, &pair.chat_of_b, b).await?;
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await?,
        open(&pair.b, OnAir::Loopback).await?,
    );
    until(async || {
        let ours = a
            .conversation(pair.chat_of_a.clone())
            .await
            .map_err(refused)?;
        let theirs = b
            .conversation(pair.chat_of_b.clone())
            .await
            .map_err(refused)?;
        let there = ours.messages.min(theirs.messages) >= messages as u64;
        Ok(there && ours.queued + theirs.queued == 0)
    })
    .await?;
    let newest = a.page(pair.chat_of_a.clone(), PageFrom::Newest, 1).await;
    let newest = newest.map_err(refused)?.messages.pop();
    let newest = newest.context("there are messages")?.id;
    a.mark_read(pair.chat_of_a.clone(), newest)
        .await
        .map_err(refused)?;
    a.stop().await.map_err(refused)?;
    b.stop().await.map_err(refused)?;
    Ok(pair)
}
