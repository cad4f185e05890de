//! Reads a long conversation through the in-process API.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::pair::{Pair, fill, open, refused, texts};
use super::row::{Row, median};
use crate::api::{Api, PageFrom};
use crate::runtime::OnAir;

/// Messages in the conversation.
const MESSAGES: usize = 100_000;
/// Reads of each kind.
const LOOKS: usize = 501;
const PAGE: u32 = 50;

/// The rows.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    fill(&pair.a, &pair.chat_of_a, texts(MESSAGES, 0)).await?;
    let a = open(&pair.a, OnAir::No).await?;
    let chat = &pair.chat_of_a;
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let (mut newest, mut any, mut one) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        newest.push(page(&a, chat, PageFrom::Newest).await?.0);
        let position = rng.next_u64() % (MESSAGES as u64 - u64::from(PAGE));
        let (elapsed, id) = page(&a, chat, PageFrom::Position(position)).await?;
        any.push(elapsed);
        let start = Instant::now();
        a.message(chat.clone(), id.clone()).await.map_err(refused)?;
        one.push(start.elapsed());
    }
    a.stop().await.map_err(refused)?;
    let ms = |times| median(times).as_secs_f64() * 1e3;
    Ok(vec![
        Row::at_most(
            format!("of {MESSAGES}, the newest {PAGE}"),
            ms(newest),
            "ms",
            0.2,
        ),
        Row::at_most(
            format!("of {MESSAGES}, any {PAGE} by position"),
            ms(any),
            "ms",
            0.5,
        ),
        Row::at_most(format!("of {MESSAGES}, one by id"), ms(one), "ms", 0.1),
    ])
}

async fn page(
    node: &impl Api,
    chat: &crate::api::ConversationId,
    from: PageFrom,
) -> Result<(Duration, crate::api::MessageId)> {
    let start = Instant::now();
    let page = node.page(chat.clone(), from, PAGE).await.map_err(refused)?;
    let elapsed = start.elapsed();
    ensure!(
        page.messages.len() == PAGE as usize,
        "a page has {PAGE} messages"
    );
    Ok((elapsed, page.messages[PAGE as usize / 2].id.clone()))
}
