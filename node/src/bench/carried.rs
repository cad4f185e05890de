//! What is carried by hand: messages written to a file by A and taken in by B, beside a catch-up of as many over the
//! network; and a large file beside a durable copy.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use tempfile::TempDir;

use super::catch_up::{USUAL, online};
use super::pair::{Pair, arrivals, fill, open, refused, texts};
use super::row::{Row, median};
use super::{RUNS, files, floor};
use crate::api::Api as _;
use crate::carry::{self, Fault};
use crate::host::Local;
use crate::runtime::OnAir;

/// The bytes of the large file.
const LARGE: u64 = 1 << 30;

pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let met = TempDir::with_prefix_in("met-", place)?;
    let pair_that_met = Pair::meet(met.path()).await?;
    let (mut by_hand, mut over_network) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let here = TempDir::with_prefix_in("pair-", place)?;
        let pair = pair_that_met.copy(&here.path().join("by-hand"))?;
        fill(&pair.a, &pair.chat_of_a, texts(USUAL, run as u64)).await?;
        let other = pair.copy(&here.path().join("by-network"))?;
        let (took, messages) = carried(&pair, &here.path().join("parcel")).await?;
        ensure!(messages == USUAL as u64, "{messages} messages came");
        by_hand.push(took);
        let count = USUAL as u64;
        let (took, _) = online(&other, async |_, events| arrivals(events, count).await).await?;
        over_network.push(took);
    }
    let mut rows = vec![Row::ratio(
        format!("{USUAL} messages by hand, of their catch-up over the network"),
        median(by_hand),
        median(over_network),
        3.0,
    )];
    rows.push(large(place, &pair_that_met).await?);
    Ok(rows)
}

/// How long export and import take together, and the messages that came.
async fn carried(pair: &Pair, parcel: &Path) -> Result<(Duration, u64)> {
    let a = open(&pair.a, OnAir::No).await?;
    let b = open(&pair.b, OnAir::No).await?;
    let start = Instant::now();
    let exported = carry::export(&a, &pair.b_of_a, parcel, None, &|_, _| ()).await;
    exported.map_err(failed)?;
    let imported = carry::import(&b, parcel, |_, _| ()).await.map_err(failed)?;
    let took = start.elapsed();
    stop(&a).await?;
    stop(&b).await?;
    Ok((took, imported.messages))
}

/// A file of 1 GiB, exported and imported, each beside a durable copy of it.
async fn large(place: &Path, met: &Pair) -> Result<Row> {
    let here = TempDir::with_prefix_in("pair-", place)?;
    let pair = met.copy(here.path())?;
    let clear = here.path().join("clear");
    files::write(&clear, LARGE)?;
    let a = open(&pair.a, OnAir::No).await?;
    files::attach(&a, &pair.chat_of_a, &clear).await?;
    stop(&a).await?;
    let copy = here.path().join("copy");
    let base = floor::durable_copy(&clear, &copy)? + floor::durable_copy(&clear, &copy)?;
    let (took, _) = carried(&pair, &here.path().join("parcel")).await?;
    let name = "1 GiB by hand, written and taken in, of two durable copies";
    Ok(Row::of_base(name, took, base))
}

async fn stop(node: &Local) -> Result<()> {
    node.stop().await.map_err(refused)
}

fn failed(fault: Fault) -> anyhow::Error {
    match fault {
        Fault::Refused(refusal) => refused(refusal),
        Fault::File(path, error) => anyhow!("{}: {error}", path.display()),
        Fault::NoRoom { path, .. } => anyhow!("{}: no room", path.display()),
    }
}
