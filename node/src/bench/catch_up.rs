//! Catch-up: B comes online while A holds messages for it. Measured from the moment B's carrier is up until B has all
//! messages, durable and readable.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tempfile::TempDir;

#[cfg(feature = "simulation")]
use rand_chacha::ChaCha20Rng;
#[cfg(feature = "simulation")]
use rand_core::SeedableRng;

#[cfg(feature = "simulation")]
use super::pair::with_store;
use super::pair::{Pair, arrivals, fill, open, refused, switch, texts, wait_for};
use super::peer::Peer;
use super::row::{Row, median};
use super::{RUNS, floor};
use crate::api::{Api, CarrierCondition, Event, Events, Traffic};
#[cfg(feature = "simulation")]
use crate::engine::introduction::{Assembled, card};
#[cfg(feature = "simulation")]
use crate::engine::synthetic;
use crate::host::Local;
use crate::runtime::OnAir;

/// Messages of the usual row.
pub(super) const USUAL: usize = 10_000;
/// Messages of the long row.
const LONG: usize = 100_000;
/// Synthetic spaces of the wide row.
#[cfg(feature = "simulation")]
pub(super) const SPACES: u32 = 100;

/// Members of the group of the group's row.
#[cfg(feature = "simulation")]
const MEMBERS: usize = 50;

/// One catch-up, with the baseline beside it.
struct Measured {
    ours: Duration,
    floor: Duration,
    wire_bytes: u64,
    handshake_bytes: u64,
    text_bytes: u64,
}

/// The usual row, and the bytes it takes.
pub(super) async fn rows(place: &Path, count: usize) -> Result<Vec<Row>> {
    let runs = measure(place, count, write).await?;
    Ok(summary(&format!("catch-up of {count}"), &runs, 2.0, 1.08))
}

/// The long row, and its cost of a message compared with the usual row.
pub(super) async fn scaling(place: &Path) -> Result<Vec<Row>> {
    let long = measure(place, LONG, write).await?;
    let usual = measure(place, USUAL, write).await?;
    let mut rows = summary(&format!("catch-up of {LONG}"), &long, 2.0, 1.08);
    let of = |runs: &[Measured]| median(runs.iter().map(|run| run.ours).collect());
    rows.push(Row::ratio(
        "a message of 100,000 against one of 10,000 (ms for 10,000)",
        of(&long) / (LONG / USUAL) as u32,
        of(&usual),
        1.15,
    ));
    Ok(rows)
}

/// The usual number of messages, spread over many spaces.
#[cfg(feature = "simulation")]
pub(super) async fn spaces(place: &Path) -> Result<Vec<Row>> {
    let runs = measure(place, USUAL, spread).await?;
    Ok(summary(
        &format!("catch-up of {USUAL} over {SPACES} spaces"),
        &runs,
        3.0,
        1.25,
    ))
}

/// The usual number of messages in a group, by all its members in turn, each an answer to the one before it.
#[cfg(feature = "simulation")]
pub(super) async fn group(place: &Path) -> Result<Vec<Row>> {
    let runs = measure(place, USUAL, by_all).await?;
    Ok(summary(
        &format!("catch-up of {USUAL} by {MEMBERS} members of a group"),
        &runs,
        3.0,
        1.30,
    ))
}

fn summary(name: &str, runs: &[Measured], reach: f64, bytes_reach: f64) -> Vec<Row> {
    let of = |what: fn(&Measured) -> Duration| median(runs.iter().map(what).collect());
    let wire = runs
        .iter()
        .map(|run| run.wire_bytes as f64 / run.text_bytes as f64);
    let handshake = runs
        .iter()
        .map(|run| run.handshake_bytes)
        .max()
        .unwrap_or_default();
    vec![
        Row::ratio(name, of(|run| run.ours), of(|run| run.floor), reach),
        Row::at_most(
            format!("{name}: wire bytes for each byte, both ways"),
            wire.fold(0.0, f64::max),
            "B/B",
            bytes_reach,
        ),
        // Reported separately: two first flights and two second flights at their longest.
        Row::at_most(format!("{name}: handshake"), handshake as f64, "B", 1_400.0),
    ]
}

/// A writes all of them to B.
async fn write(pair: &Pair, texts: Vec<String>) -> Result<()> {
    fill(&pair.a, &pair.chat_of_a, texts).await
}

/// A has written them into many spaces that it shares with B.
#[cfg(feature = "simulation")]
async fn spread(pair: &Pair, texts: Vec<String>) -> Result<()> {
    pair.with_stores(|store| synthetic::share(store, SPACES))?;
    with_store(&pair.a, |store| synthetic::write(store, &texts, 0))
}

/// A holds them in a group of which B is a member, too.
#[cfg(feature = "simulation")]
async fn by_all(pair: &Pair, texts: Vec<String>) -> Result<()> {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let group = Assembled::drawn("Riverside", MEMBERS, &mut rng)?;
    let now = crate::harness::EPOCH_MS;
    let a = with_store(&pair.a, |store| card(store, &[], now, &mut rng))?;
    let b = with_store(&pair.b, |store| card(store, &[], now, &mut rng))?;
    with_store(&pair.b, |store| group.join(store, 1, [(0, &a)], now))?;
    with_store(&pair.a, |store| {
        group.join(store, 0, [(1, &b)], now)?;
        group.write(store, &texts, now, &mut rng)
    })
}

async fn measure(
    place: &Path,
    count: usize,
    prepare: impl AsyncFn(&Pair, Vec<String>) -> Result<()>,
) -> Result<Vec<Measured>> {
    let met = TempDir::with_prefix_in("met-", place)?;
    let pair = Pair::meet(met.path()).await?;
    let mut runs = Vec::with_capacity(RUNS);
    for run in 0..RUNS {
        let here = TempDir::with_prefix_in("pair-", place)?;
        let pair = pair.copy(here.path())?;
        let texts = texts(count, run as u64);
        let raw: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
        prepare(&pair, texts).await?;
        runs.push(once(&pair, here.path(), &raw).await?);
        ensure!(pair.agree()?, "the two stores differ after the run");
    }
    Ok(runs)
}

/// B comes online for these texts, which A holds.
async fn once(pair: &Pair, place: &Path, raw: &[Vec<u8>]) -> Result<Measured> {
    let text_bytes = raw.iter().map(|text| text.len() as u64).sum();
    let count = raw.len() as u64;
    let (ours, [before, after]) =
        online(pair, async |_, events| arrivals(events, count).await).await?;
    let handshake_bytes = after.handshake_bytes - before.handshake_bytes;
    let wire_bytes = after.sent_bytes + after.received_bytes
        - before.sent_bytes
        - before.received_bytes
        - handshake_bytes;
    let floor = floor::catch_up(place, raw)?;
    Ok(Measured {
        ours,
        floor,
        wire_bytes,
        handshake_bytes,
        text_bytes,
    })
}

/// How long it takes from the moment B's carrier is up, beside A in another process, until `done`; B's traffic
/// before and after.
pub(super) async fn online(
    pair: &Pair,
    done: impl AsyncFnOnce(&Local, &mut Events) -> Result<()>,
) -> Result<(Duration, [Traffic; 2])> {
    let b = open(&pair.b, OnAir::Loopback).await?;
    switch(&b, false).await?;
    let a = Peer::start(&[&pair.a])?;
    let mut events = b.events().await.map_err(refused)?;
    let before = traffic(&b).await?;
    switch(&b, true).await?;
    wait_for(&mut events, |event| {
        matches!(
            event,
            Event::Carrier {
                state: CarrierCondition::On,
                ..
            }
        )
        .then_some(())
    })
    .await?;
    let start = Instant::now();
    done(&b, &mut events).await?;
    let elapsed = start.elapsed();
    let after = traffic(&b).await?;
    b.stop().await.map_err(refused)?;
    a.stop()?;
    Ok((elapsed, [before, after]))
}

/// The traffic of a node so far.
pub(super) async fn traffic(node: &impl Api) -> Result<Traffic> {
    let status = node.status().await.map_err(refused)?;
    Ok(status.open.map(|open| open.traffic).unwrap_or_default())
}
