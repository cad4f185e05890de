//! Movement and contacts alone, without any engine.

use anyhow::Result;

use super::measure::cost;
use super::{Line, Options, Row};
use crate::mobility::{self, Settings, crowd, helsinki};
use crate::plan::SECOND_US;

/// What The ONE takes for its default scenario with the cheapest of its routers, in processor seconds.
const THE_ONE_CPU_S: f64 = 21.0;
const HELSINKI_S: u64 = 43_200;
const CROWD: u32 = 100_000;
const CROWD_S: u64 = 3_600;

/// The map of The ONE, and a hundred thousand people.
pub fn rows(options: &Options) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let name = "Helsinki, 126 devices, 12 h: movement and contacts";
    match &options.one_data {
        None => lines.push(Line::skipped(name, "give --one-data DIR")),
        Some(data) => {
            let (contacts, cpu_s) = contacts(&helsinki(data), HELSINKI_S)?;
            let row = Row::at_most(name, cpu_s, "CPU s", THE_ONE_CPU_S / 100.0);
            lines.push(Line::Row(row.beside(THE_ONE_CPU_S)));
            lines.push(Line::Row(Row::told("… contacts", contacts as f64, "")));
        }
    }
    let name = format!("random waypoint, {CROWD} devices, 1 h: movement and contacts");
    let (contacts, cpu_s) = contacts(&crowd(CROWD), CROWD_S)?;
    lines.push(Line::Row(Row::at_most(name, cpu_s, "CPU s", 60.0)));
    lines.push(Line::Row(Row::told("… contacts", contacts as f64, "")));
    Ok(lines)
}

/// How many contacts there are, and what it costs to find them.
fn contacts(settings: &Settings, duration_s: u64) -> Result<(usize, f64)> {
    let (found, cost) = cost(|| -> Result<usize> {
        let mut world = mobility::world(settings, 1)?;
        let mut changes = Vec::new();
        let mut contacts = 0;
        for until_s in (60..=duration_s).step_by(60) {
            changes.clear();
            world.advance(until_s * SECOND_US, &mut changes);
            contacts += changes.iter().filter(|change| change.up).count();
        }
        Ok(contacts)
    });
    Ok((found?, cost.cpu_s))
}
