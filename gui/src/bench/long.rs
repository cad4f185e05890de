//! A long conversation, in directories.

use std::path::Path;

use anyhow::{Context, Result};
use hedgerow_node::api::{Api, ConversationId, MemberLevel, PageFrom, Private};
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

/// As [`conversation`], in a group of the two.
pub async fn group(place: &Path, messages: usize) -> Result<(Pair, ConversationId)> {
    let pair = Pair::meet(place).await?;
    let group = founded(&pair).await?;
    fill(&pair.a, &group, texts(messages / 2, 1)).await?;
    fill(&pair.b, &group, texts(messages / 2, 2)).await?;
    settled(&pair, [&group; 2], messages / 2 * 2).await?;
    Ok((pair, group))
}

/// A makes a group and invites B, who comes in.
async fn founded(pair: &Pair) -> Result<ConversationId> {
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await?,
        open(&pair.b, OnAir::Loopback).await?,
    );
    let group = a.new_group(Private("Riverside".into())).await;
    let group = group.map_err(refused)?.id;
    let invited = a.invite_to_group(group.clone(), pair.b_of_a.clone()).await;
    let invited = invited.map_err(refused)?;
    until(async || {
        Ok(b.message(pair.chat_of_b.clone(), invited.clone())
            .await
            .is_ok())
    })
    .await?;
    let joined = b.join_group(pair.chat_of_b.clone(), invited).await;
    joined.map_err(refused)?;
    until(async || {
        let members = b.members(group.clone()).await.map_err(refused)?;
        Ok(members.len() == 2 && members.iter().all(|one| one.level != MemberLevel::None))
    })
    .await?;
    a.stop().await.map_err(refused)?;
    b.stop().await.map_err(refused)?;
    Ok(group)
}

/// What each of two has written.
async fn written(place: &Path, [a, b]: [Vec<String>; 2]) -> Result<Pair> {
    let messages = a.len() + b.len();
    let pair = Pair::meet(place).await?;
    fill(&pair.a, &pair.chat_of_a, a).await?;
    fill(&pair.b, &pair.chat_of_b, b).await?;
    settled(&pair, [&pair.chat_of_a, &pair.chat_of_b], messages).await?;
    Ok(pair)
}

/// Opens both nodes, and waits until each has so many messages in its conversation and none is left to deliver. Then A marks them as read.
async fn settled(pair: &Pair, [of_a, of_b]: [&ConversationId; 2], messages: usize) -> Result<()> {
    let (a, b) = (
        open(&pair.a, OnAir::Loopback).await?,
        open(&pair.b, OnAir::Loopback).await?,
    );
    until(async || {
        let ours = a.conversation(of_a.clone()).await.map_err(refused)?;
        let theirs = b.conversation(of_b.clone()).await.map_err(refused)?;
        let there = ours.messages.min(theirs.messages) >= messages as u64;
        Ok(there && ours.queued + theirs.queued == 0)
    })
    .await?;
    let newest = a.page(of_a.clone(), PageFrom::Newest, 1).await;
    let newest = newest.map_err(refused)?.messages.pop();
    let newest = newest.context("there are messages")?.id;
    a.mark_read(of_a.clone(), newest).await.map_err(refused)?;
    a.stop().await.map_err(refused)?;
    b.stop().await.map_err(refused)
}
