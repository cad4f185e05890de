//! Couriers against what is known exactly, as `hedgerow-sim validate` checks them.

use anyhow::{Result, anyhow};

use super::{Line, Options, Row};
use crate::theory::Spreading;
use crate::trace::TraceSettings;
use crate::validate::{self, AtRandom};

/// The furthest that a mean may be from its exact value, in standard errors.
const MOST_ERRORS: f64 = 3.0;
/// The least probability with which epidemic copies are as their law says.
const LEAST_P: f64 = 0.01;

/// Means over the messages of all five seeds.
pub fn theory() -> Result<Vec<Line>> {
    let validation = validate::run(&validate::Options::default(), |_| {})?;
    let all = validation.at_random.iter().filter(|row| row.seed.is_none());
    let name =
        |row: &AtRandom, what: &str| format!("{}, {} devices: {what}", row.policy, row.devices);
    let mut lines = Vec::new();
    for row in all {
        let off = Row::at_most(
            name(row, "mean delay"),
            row.deviation.abs(),
            "errors",
            MOST_ERRORS,
        );
        lines.push(Line::Row(off.beside(row.exact_delay_s)));
        if row.policy == Spreading::Epidemic.to_string() {
            let name = name(row, "copies uniform");
            lines.push(Line::Row(Row::at_least(name, row.copies_p, "p", LEAST_P)));
        }
    }
    Ok(lines)
}

/// Messages on the trace that a courier brings earlier than is possible, or epidemic and direct later.
pub fn oracle(options: &Options) -> Result<Vec<Line>> {
    let Some(path) = &options.sfhh else {
        return Ok(vec![Line::skipped(
            "couriers on a trace",
            "give --sfhh FILE",
        )]);
    };
    let validation = validate::run(
        &validate::Options {
            trace: Some(TraceSettings::at(path)),
            networks: Vec::new(),
            ..validate::Options::default()
        },
        |_| {},
    )?;
    if validation.on_trace.is_empty() {
        return Err(anyhow!("{}: nobody meets in it", path.display()));
    }
    let mut lines = Vec::new();
    for row in &validation.on_trace {
        let name = format!("{} on the trace: earlier than possible", row.policy);
        let earlier = Row::at_most(name, row.earlier as f64, "messages", 0.0);
        lines.push(Line::Row(earlier.beside(row.oracle_delivered as f64)));
        let name = format!("{} on the trace: otherwise than the oracle", row.policy);
        let different = row.different as f64;
        let exact = [Spreading::Epidemic, Spreading::Direct].map(|policy| policy.to_string());
        lines.push(Line::Row(match exact.contains(&row.policy) {
            true => Row::at_most(name, different, "messages", 0.0),
            false => Row::told(name, different, "messages"),
        }));
    }
    Ok(lines)
}
