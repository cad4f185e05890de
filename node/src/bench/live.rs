//! One message between two online, idle nodes: from the send call until it is readable at the peer and durable on both
//! sides.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::floor;
use super::pair::{Pair, refused, texts, until};
use super::peer::{Peer, between, now_ns};
use super::row::{Row, median};
use crate::api::{Api, NewMessage};

/// Number of messages to measure.
const ROUNDS: usize = 200;
/// Pause before each message: an idle disk and an idle processor are slower than busy ones.
const PAUSE: Duration = Duration::from_millis(20);

/// The row.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    let mut peer = Peer::start(&[&pair.b])?;
    let a = pair.reach().await?;
    let mut times = Vec::with_capacity(ROUNDS);
    for text in texts(ROUNDS, 1) {
        tokio::time::sleep(PAUSE).await;
        let start = now_ns();
        a.send(pair.chat_of_a.clone(), NewMessage::text(text))
            .await
            .map_err(refused)?;
        times.push(between(start, peer.arrival()?));
    }
    until(async || {
        let chat = a.conversation(pair.chat_of_a.clone()).await;
        Ok(chat.map_err(refused)?.queued == 0)
    })
    .await?;
    a.stop().await.map_err(refused)?;
    peer.stop()?;
    ensure!(pair.agree()?, "the two stores differ after the run");
    let base = median(floor::fdatasync(place, PAUSE, ROUNDS)?) * 2
        + median(floor::round_trip(PAUSE, ROUNDS)?);
    Ok(vec![Row::ratio(
        "one message, of two fdatasyncs and a loopback round trip",
        median(times),
        base,
        2.75,
    )])
}
