//! What a window costs in which nothing happens, with fifty contacts connected and a conversation open,
//! the cursor in its draft.

use std::time::Duration;

use anyhow::{Context, Result};
use hedgerow_node::api::Api;
use hedgerow_node::bench::crowd::Crowd;
use hedgerow_node::bench::pair::{refused, until};
use hedgerow_node::bench::peer::Peer;
use hedgerow_node::bench::process::Spent;
use hedgerow_node::bench::row::Row;
use hedgerow_node::host::finding;

use super::Bench;
use super::child::Window;

const CONTACTS: usize = 50;
/// Before it counts as idle: all have been announced, have met, and rest.
const CALM: Duration = Duration::from_secs(120);

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let crowd = bench.runtime.block_on(Crowd::meet(bench.place, CONTACTS))?;
    let mut window = Window::start(&crowd.hub, true)?;
    let peers = Peer::start(&crowd.contacts)?;
    bench.runtime.block_on(async {
        let api = finding::client(&crowd.hub).map_err(refused)?;
        let api = api.context("the window serves")?;
        until(async || {
            let contacts = api.contacts().await.map_err(refused)?;
            Ok(contacts.iter().all(|contact| contact.reachable.is_some()))
        })
        .await
    })?;
    std::thread::sleep(CALM);
    let span = Duration::from_secs(bench.idle_minutes * 60);
    let frames = window.frames()?;
    let before = Spent::of(window.child.id())?;
    std::thread::sleep(span);
    let after = Spent::of(window.child.id())?;
    let frames = window.frames()? - frames;
    window.stop()?;
    peers.stop()?;
    let percent = (after.cpu_s - before.cpu_s) / span.as_secs_f64() * 100.0;
    let name = format!("idle with {CONTACTS} contacts");
    Ok(vec![
        Row::at_most(
            format!("{name}: frames drawn"),
            frames as f64,
            "frames",
            0.0,
        ),
        Row::at_most(format!("{name}: processor"), percent, "%", 0.1),
    ])
}
