//! From the start of the process to the first usable screen: the store is unlocked, and the list of
//! conversations is drawn with what stands in it.

use anyhow::Result;
use hedgerow_node::bench::process::resident_mib;
use hedgerow_node::bench::row::{Row, median};

use super::child::Window;
use super::{Bench, long, ms};

const RUNS: usize = 9;

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let messages = bench.messages;
    let pair = bench
        .runtime
        .block_on(long::conversation(bench.place, messages))?;
    let (mut times, mut resident) = (Vec::new(), 0.0_f64);
    for _ in 0..bench.at_most(RUNS) {
        let window = Window::start(&pair.a, false)?;
        times.push(window.took);
        resident = resident.max(resident_mib(window.child.id())?);
        window.stop()?;
    }
    Ok(vec![
        Row::at_most(
            format!("start with {messages} to the first usable screen"),
            ms(median(times)),
            "ms",
            50.0,
        ),
        Row::at_most("resident then", resident, "MiB", 60.0),
    ])
}
