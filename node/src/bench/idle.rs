//! What a daemon costs that has nothing to do, with fifty contacts connected.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::pair::{PASSPHRASE, create, introduce, refused, settle, until};
use super::peer::Peer;
use super::row::Row;
use super::start::Daemon;
use crate::api::Api;

const CONTACTS: usize = 50;
/// Before it counts as idle: all have been announced, have met, and rest.
const CALM: Duration = Duration::from_secs(120);

/// The rows.
pub(super) async fn rows(place: &Path, minutes: u64) -> Result<Vec<Row>> {
    let hub_dir = place.join("hub");
    let hub = create(&hub_dir, "hub").await?;
    let mut dirs = Vec::new();
    for number in 0..CONTACTS {
        let dir = place.join(format!("contact-{number}"));
        let contact = create(&dir, &format!("contact {number}")).await?;
        let (theirs, ours) = introduce(&hub, &contact).await?;
        settle(&hub, &theirs, &contact, &ours).await?;
        contact.stop().await.map_err(refused)?;
        dirs.push(dir);
    }
    hub.stop().await.map_err(refused)?;

    let passphrase = place.join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE)?;
    let daemon = Daemon::start(&hub_dir, &passphrase).await?;
    let crowd = Peer::start(&dirs.iter().map(|dir| dir.as_path()).collect::<Vec<_>>())?;
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
    crowd.stop()?;
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

/// What a process has used so far.
struct Spent {
    cpu_s: f64,
    wakes: u64,
}

impl Spent {
    fn of(pid: u32) -> Result<Spent> {
        let mut spent = Spent {
            cpu_s: 0.0,
            wakes: 0,
        };
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?.path();
            let status = std::fs::read_to_string(task.join("status"))?;
            for line in status.lines() {
                if let Some(count) = line.strip_prefix("voluntary_ctxt_switches:") {
                    spent.wakes += count.trim().parse::<u64>()?;
                }
            }
            // Nanoseconds on a processor, nanoseconds waiting for one, turns.
            let turns = std::fs::read_to_string(task.join("schedstat"))?;
            let on_cpu: u64 = turns
                .split_whitespace()
                .next()
                .context("schedstat")?
                .parse()?;
            spent.cpu_s += on_cpu as f64 / 1e9;
        }
        Ok(spent)
    }
}
