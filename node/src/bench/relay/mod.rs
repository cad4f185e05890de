//! The cost of relays beside plain libp2p on the same path: throughput, the time to talk with a returning contact, and
//! the resources of the relay's machine.
//!
//! | what | where |
//! | --- | --- |
//! | relays in processes of their own | `server` |
//! | bytes over the carrier | `carrier` |
//! | the same, and clients of a relay, with plain libp2p | `raw` |
//! | a contact who returns over a slow path | `back` |

mod back;
mod carrier;
mod raw;
mod server;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::RUNS;
use super::process::{Spent, resident_mib};
use super::row::{Row, median};
pub use server::serve;
use server::{Relay, Transport};

/// Bytes of each transfer.
const BULK: usize = 64 << 20;

/// At least 60 % as fast.
const SLOWER: f64 = 1.0 / 0.6;

/// Clients with places at one relay.
const CLIENTS: usize = 1_000;

/// The rows.
pub(super) async fn rows(place: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for over in [Transport::Tcp, Transport::Quic] {
        rows.extend(throughput(place, over).await?);
        rows.push(processor(place, over).await?);
        rows.push(memory(place, over).await?);
    }
    rows.extend(back::rows(place).await?);
    Ok(rows)
}

/// The carrier against plain libp2p, through a relay and directly. The carrier makes its direct path from a circuit;
/// libp2p dials it.
async fn throughput(place: &Path, over: Transport) -> Result<Vec<Row>> {
    let relay = Relay::ours(place)?;
    let at = relay.place(over);
    let mut rows = Vec::new();
    for direct in [true, false] {
        let (mut ours, mut base) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let raw = raw::pair(at, over, direct).await?;
            base.push(raw.transfer(BULK).await?);
            let pair = carrier::pair(at, direct).await?;
            ours.push(pair.transfer(BULK).await?);
        }
        let path = match direct {
            true => "direct",
            false => "through a relay",
        };
        rows.push(Row::ratio(
            format!("64 MiB over {over}, {path}, against raw libp2p"),
            median(ours),
            median(base),
            SLOWER,
        ));
    }
    Ok(rows)
}

/// Processor time for a byte of a circuit at our relay, against a libp2p relay without counters and limits.
async fn processor(place: &Path, over: Transport) -> Result<Row> {
    let (ours, base) = (Relay::ours(place)?, Relay::raw()?);
    let (mut our_costs, mut base_costs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        for (relay, costs) in [(&ours, &mut our_costs), (&base, &mut base_costs)] {
            let pair = raw::pair(relay.place(over), over, false).await?;
            let before = Spent::of(relay.id())?;
            pair.transfer(BULK).await?;
            let after = Spent::of(relay.id())?;
            costs.push(Duration::from_secs_f64(after.cpu_s - before.cpu_s));
        }
    }
    Ok(Row::ratio(
        format!("a relay's processor for 64 MiB over {over}, against a raw relay"),
        median(our_costs),
        median(base_costs),
        2.0,
    ))
}

/// Memory of a relay with the promised number of clients.
async fn memory(place: &Path, over: Transport) -> Result<Row> {
    crate::relay::allow_connections();
    let relay = Relay::ours(place)?;
    let empty = resident_mib(relay.id())?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = raw::Client::new()?;
        client.reserve(relay.place(over)).await?;
        clients.push(client.live());
    }
    let full = resident_mib(relay.id())?;
    let name = format!("a relay with {CLIENTS} clients over {over} (empty: {empty:.1} MiB)");
    Ok(Row::at_most(name, full, "MiB", 128.0))
}
