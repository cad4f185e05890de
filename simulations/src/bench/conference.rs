//! The default courier where people really met, beside what any policy could do there.

use anyhow::{Context as _, Result};
use toml::Value;

use super::measure::{Ran, load};
use super::{Line, Options, Row};
use crate::oracle::{self, Question};
use crate::record::{Delivery, Message};
use crate::result::{read, run_directory};
use crate::trace::{Trace, TraceSettings};

/// Each writes other messages, at other times.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Of messages written on the trace, how many arrive within the lifetime of a bundle.
pub fn rows(options: &Options) -> Result<Vec<Line>> {
    let Some(trace) = &options.sfhh else {
        let name = "default courier on SFHH";
        return Ok(vec![Line::skipped(name, "give --sfhh FILE")]);
    };
    let path = options.scenarios.join("bench").join("sfhh.toml");
    let absolute = std::path::absolute(trace)?;
    let file = Value::from(absolute.to_string_lossy().into_owned());
    let loaded = load(&path, None, &[("movement.trace.path", file)])?;
    let courier = loaded.scenario.courier.as_ref();
    let lifetime_s = courier.context("the scenario has couriers")?.lifetime_s;
    let lifetime_us = u64::from(lifetime_s) * crate::plan::SECOND_US;
    let ran = Ran::new(&loaded, Some(&SEEDS))?;
    let contacts = TraceSettings::at(trace).contacts()?;

    let name = |what: &str| format!("default courier on SFHH, 6 h: {what}");
    let mut rows = Vec::new();
    for seed in SEEDS {
        let (delivered, possible) = arrivals(&ran, seed, &contacts, lifetime_us)?;
        let what = format!("deliveries, seed {seed}");
        let share = delivered as f64 / possible as f64;
        rows.push(Row::at_least(name(&what), share, "x", 0.5).beside(possible as f64));
    }
    rows.extend([
        Row::told(name("messages"), ran.mean("messages")?, ""),
        Row::told(name("overhead"), ran.mean("overhead_ratio")?, ""),
        Row::told(name("processor time"), ran.cost.cpu_s, "CPU s"),
    ]);
    Ok(rows.into_iter().map(Line::Row).collect())
}

/// How many messages of a run arrived within so long, and how many could have.
fn arrivals(ran: &Ran, seed: u64, contacts: &Trace, lifetime_us: u64) -> Result<(usize, usize)> {
    let run = run_directory(&ran.result(), seed);
    let mut questions = Vec::new();
    read(&run, |message: Message| {
        questions.push(Question {
            from: message.from as u32,
            to: message.to as u32,
            at_us: message.at_us as u64,
        });
    })?;
    let mut delivered = 0;
    read(&run, |delivery: Delivery| {
        delivered += usize::from(delivery.delay_us as u64 <= lifetime_us);
    })?;
    let best = oracle::flooding(contacts.devices, &contacts.changes, &questions);
    let possible = best.iter().zip(&questions).filter(|(arrival, question)| {
        arrival.is_some_and(|at_us| at_us - question.at_us <= lifetime_us)
    });
    Ok((delivered, possible.count()))
}
