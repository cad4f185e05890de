//! One message between two online, idle nodes: from the send call until it is readable at the peer and durable on both
//! sides. And how long after the commit of a message a client of the local API has its event, over a WebSocket.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::floor;
use super::pair::{Pair, refused, texts, until};
use super::peer::{Peer, between, now_ns};
use super::row::{Row, median};
use crate::api::server::Server;
use crate::api::{Api, Event, MessageId, NewMessage};
use crate::host::finding;

/// Number of messages to measure.
const ROUNDS: usize = 200;
/// Pause before each message: an idle disk and an idle processor are slower than busy ones.
const PAUSE: Duration = Duration::from_millis(20);

/// The row.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    let mut peer = Peer::start(&[&pair.b])?;
    let a = pair.reach().await?;
    finding::serve(&a, Server::bind().await?).map_err(refused)?;
    let client = finding::client(&pair.a).map_err(refused)?;
    let client = client.context("the node has an API")?;
    let (mut committed, mut told) = (arrivals(&a).await?, arrivals(&client).await?);
    let mut events = Vec::with_capacity(ROUNDS);
    let mut times = Vec::with_capacity(ROUNDS);
    for text in texts(ROUNDS, 1) {
        tokio::time::sleep(PAUSE).await;
        let start = now_ns();
        let sent = a.send(pair.chat_of_a.clone(), NewMessage::text(text)).await;
        let sent = sent.map_err(refused)?;
        let (committed, told) = (at(&mut committed, &sent), at(&mut told, &sent));
        let (committed, told) = tokio::join!(committed, told);
        events.push(between(committed?, told?));
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
    Ok(vec![
        Row::ratio(
            "one message, of two fdatasyncs and a loopback round trip",
            median(times),
            base,
            2.75,
        ),
        Row::at_most(
            "event over the WebSocket after the commit",
            median(events).as_secs_f64() * 1e3,
            "ms",
            1.0,
        ),
    ])
}

/// When each message of ours was told, by the clock of all processes.
async fn arrivals(api: &impl Api) -> Result<mpsc::UnboundedReceiver<(MessageId, u128)>> {
    let mut events = api.events().await.map_err(refused)?;
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let Event::Message { id, .. } = event
                && tell.send((id, now_ns())).is_err()
            {
                return;
            }
        }
    });
    Ok(told)
}

/// When a message was told.
async fn at(told: &mut mpsc::UnboundedReceiver<(MessageId, u128)>, id: &MessageId) -> Result<u128> {
    loop {
        let (of, at_ns) = told.recv().await.context("the events have ended")?;
        if of == *id {
            return Ok(at_ns);
        }
    }
}
