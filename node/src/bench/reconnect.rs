//! A contact reconnects with no new messages but many shared spaces.

use std::path::Path;

use anyhow::{Result, ensure};

use super::RUNS;
use super::catch_up::{SPACES, traffic};
use super::pair::{Pair, open, refused, switch, until};
use super::peer::Peer;
use super::row::Row;
use crate::api::Api;
use crate::engine::synthetic;
use crate::runtime::OnAir;

/// The rows: round trips after the handshake, bytes in each direction, and the handshake on its own.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let pair = Pair::meet(place).await?;
    pair.with_stores(|store| synthetic::share(store, SPACES))?;
    let peer = Peer::start(&[&pair.a])?;
    let b = open(&pair.b, OnAir::Loopback).await?;
    let (mut round_trips, mut bytes, mut handshake) = (0, 0, 0);
    // The first connection exchanges what was shared while both were closed.
    for run in 0..=RUNS {
        until(async || connected(&b, &pair, true).await).await?;
        switch(&b, false).await?;
        until(async || connected(&b, &pair, false).await).await?;
        let before = traffic(&b).await?;
        switch(&b, true).await?;
        until(async || connected(&b, &pair, true).await).await?;
        // Anything else due would follow at once.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let after = traffic(&b).await?;
        ensure!(
            after.sessions == before.sessions + 1,
            "more than one session was made"
        );
        if run > 0 {
            let shaken = after.handshake_bytes - before.handshake_bytes;
            let shaken_sent = after.handshake_sent_bytes - before.handshake_sent_bytes;
            let sent = after.sent_bytes - before.sent_bytes - shaken_sent;
            let received = after.received_bytes - before.received_bytes - (shaken - shaken_sent);
            bytes = bytes.max(sent).max(received);
            handshake = handshake.max(shaken);
            round_trips = round_trips.max(after.round_trips - before.round_trips);
        }
    }
    b.stop().await.map_err(refused)?;
    peer.stop()?;
    ensure!(pair.agree()?, "the two stores differ after the run");
    Ok(vec![
        Row::at_most(
            format!("reconnect with {SPACES} spaces: round trips after the handshake"),
            round_trips as f64,
            "RTT",
            1.0,
        ),
        Row::at_most(
            format!("reconnect with {SPACES} spaces: bytes each way"),
            bytes as f64,
            "B",
            200.0,
        ),
        Row::at_most(
            format!("reconnect with {SPACES} spaces: handshake"),
            handshake as f64,
            "B",
            1_400.0,
        ),
    ])
}

async fn connected(node: &impl Api, pair: &Pair, wanted: bool) -> Result<bool> {
    let contact = node.contact(pair.a_of_b.clone()).await.map_err(refused)?;
    Ok(contact.reachable.is_some() == wanted)
}
