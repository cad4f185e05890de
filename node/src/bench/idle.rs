//! The cost of an idle daemon with fifty connected contacts.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::crowd::Crowd;
use super::pair::{PASSPHRASE, refused, until};
use super::peer::Peer;
use super::process::Spent;
use super::row::Row;
use super::start::Daemon;
use crate::api::Api;

const CONTACTS: usize = 50;
/// Time before it counts as idle: all contacts have been announced, have connected, and rest.
const CALM: Duration = Duration::from_secs(120);

/// The rows.
pub(super) async fn rows(place: &Path, minutes: u64) -> Result<Vec<Row>> {
    let crowd = Crowd::meet(place, CONTACTS).await?;
    let passphrase = place.join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE)?;
    let daemon = Daemon::start(&crowd.hub, &passphrase).await?;
    let peers = Peer::start(&crowd.contacts)?;
    until(async || {
        let contacts = daemon.api.contacts().await.map_err(refused)?;
        Ok(contacts.iter().all(|contact| contact.reachable.is_some()))
    })
    .await?;
    tokio::time::sleep(CALM).await;
    let before = Spent::of(daemon.child.id())?;
    let span = Duration::from_secs(minutes * 60);
    tokio::time::sleep(span).await;
    let after = Spent::of(daemon.child.id())?;
    daemon.stop().await?;
    peers.stop()?;
    let percent = (after.cpu_s - before.cpu_s) / span.as_secs_f64() * 100.0;
    let wakes = (after.wakes - before.wakes) as f64 / minutes as f64;
    Ok(vec![
        Row::at_most(
            format!("idle with {CONTACTS} contacts: processor"),
            percent,
            "%",
            0.1,
        ),
        Row::at_most(
            format!("idle with {CONTACTS} contacts: wake-ups a minute"),
            wakes,
            "/min",
            60.0,
        ),
    ])
}
