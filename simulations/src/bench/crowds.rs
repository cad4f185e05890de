//! Thousands of engines.

use anyhow::Result;
use toml::Value;

use super::measure::{Ran, forget_most_memory, load, most_memory};
use super::{Line, Options, Row};

const GIBIBYTE: f64 = 1024.0 * 1024.0 * 1024.0;

/// A tenth of the people take some three seconds, too few to measure once.
const TENTH_SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// The protest as it ships, and two hundred of its people with real cryptography.
pub fn protest(options: &Options) -> Result<Vec<Line>> {
    let path = options.scenarios.join("protest.toml");
    let ran = Ran::new(&load(&path, None, &[])?, Some(&[1]))?;
    let name = |what: &str| format!("protest, 2,000 devices, 6 h: {what}");
    let mut rows = vec![
        Row::at_most(name("time"), ran.cost.wall_s, "s", 60.0),
        Row::told(name("processor time"), ran.cost.cpu_s, "CPU s"),
        Row::at_least(name("sessions"), ran.mean("sessions")?, "", 60_000.0),
        Row::at_least(name("messages"), ran.mean("messages")?, "", 20_000.0),
    ];
    let fewer = [
        ("cryptography", Value::from("real")),
        ("movement.mobility.populations.0.count", Value::from(200)),
        ("workload.0.pace.poisson.per-hour", Value::from(400)),
    ];
    let real = Ran::new(&load(&path, None, &fewer)?, Some(&[1]))?;
    let name = |what: &str| format!("protest, 200 devices, real cryptography: {what}");
    rows.push(Row::told(name("time"), real.cost.wall_s, "s"));
    rows.push(Row::told(name("processor time"), real.cost.cpu_s, "CPU s"));
    rows.push(Row::told(name("sessions"), real.mean("sessions")?, ""));
    Ok(rows.into_iter().map(Line::Row).collect())
}

/// The protest with groups as it ships, and the same texts from each author to those in the group who are contacts.
pub fn groups(options: &Options) -> Result<Vec<Line>> {
    let path = options.scenarios.join("protest-groups.toml");
    let ran = Ran::new(&load(&path, None, &[])?, Some(&[1]))?;
    let name = |what: &str| format!("protest, 100 groups of 20, 6 h: {what}");
    let mut rows = vec![
        Row::at_most(name("time"), ran.cost.wall_s, "s", 90.0),
        Row::told(name("processor time"), ran.cost.cpu_s, "CPU s"),
        Row::told(name("sessions"), ran.mean("sessions")?, ""),
    ];
    let told = [
        ("texts", "group_messages", ""),
        ("delivery by member", "group_delivery_ratio", ""),
        ("median delay", "group_delay_median_s", "s"),
        ("brought by another member", "group_by_member", ""),
        ("data sent per delivery", "group_bytes_per_delivery", "B"),
    ];
    for (what, figure, unit) in told {
        rows.push(Row::told(name(what), ran.mean(figure)?, unit));
    }
    let pairwise = [("group-chats.0.pairwise", Value::from(true))];
    let pairwise = Ran::new(&load(&path, None, &pairwise)?, Some(&[1]))?;
    let name = |what: &str| format!("the same texts pairwise: {what}");
    rows.push(Row::told(name("time"), pairwise.cost.wall_s, "s"));
    for (what, figure, unit) in told
        .into_iter()
        .filter(|(_, figure, _)| !figure.ends_with("by_member"))
    {
        rows.push(Row::told(name(what), pairwise.mean(figure)?, unit));
    }
    Ok(rows.into_iter().map(Line::Row).collect())
}

/// Ten thousand at random waypoint; beside them a thousand, each of whom knows a tenth as many, and meets as many.
pub fn waypoint(options: &Options) -> Result<Vec<Line>> {
    let path = options.scenarios.join("bench").join("waypoint-10000.toml");
    let tenth = [
        ("movement.mobility.populations.0.count", Value::from(1000)),
        ("movement.mobility.area.width-m", Value::from(253)),
        ("movement.mobility.area.height-m", Value::from(189.7)),
        ("acquaintance.random.mean", Value::from(10)),
        ("workload.0.pace.poisson.per-hour", Value::from(10_200)),
    ];
    let small = Ran::new(&load(&path, None, &tenth)?, Some(&TENTH_SEEDS))?;
    let remembered = forget_most_memory();
    let large = Ran::new(&load(&path, None, &[])?, None)?;
    let name = |what: &str| format!("random waypoint, 10,000 devices, 1 h: {what}");
    let mut lines = vec![
        Line::Row(Row::at_most(name("time"), large.cost.wall_s, "s", 120.0)),
        Line::Row(Row::told(name("processor time"), large.cost.cpu_s, "CPU s")),
        Line::Row(Row::at_least(
            name("meetings"),
            large.mean("sessions")?,
            "",
            200_000.0,
        )),
        Line::Row(Row::at_least(
            name("messages"),
            large.mean("messages")?,
            "",
            100_000.0,
        )),
    ];
    lines.push(match remembered {
        true => Line::Row(Row::at_most(
            name("memory"),
            most_memory()? / GIBIBYTE,
            "GiB",
            4.0,
        )),
        false => Line::skipped(name("memory"), "this system does not tell"),
    });
    let (small, large) = (of_a_meeting(&small)?, of_a_meeting(&large)?);
    let what = format!("CPU ms a meeting {large:.3}, beside 1,000 who know a tenth as many");
    lines.push(Line::Row(
        Row::told(name(&what), large / small, "x").beside(small),
    ));
    Ok(lines)
}

/// How the cost of a meeting grows with the number of people, where each of them lives as before.
pub fn growth(options: &Options) -> Result<Vec<Line>> {
    let path = options.scenarios.join("bench").join("grounds-10000.toml");
    let all = load(&path, None, &[])?;
    let mobility = &toml::Table::try_from(&all.scenario)?["movement"]["mobility"];
    let first = Vec::from_iter(mobility["populations"].get(0).cloned());
    let one_ground = [
        ("movement.mobility.populations", Value::from(first)),
        ("workload.0.pace.poisson.per-hour", Value::from(10_200)),
    ];
    let small = Ran::new(&load(&path, None, &one_ground)?, Some(&TENTH_SEEDS))?;
    let large = Ran::new(&all, None)?;
    let (small, large) = (of_a_meeting(&small)?, of_a_meeting(&large)?);
    let name = format!("CPU ms a meeting {large:.3}, from 1,000 devices to 10,000");
    let row = Row::at_most(name, large / small, "x", 1.2).beside(small);
    Ok(vec![Line::Row(row)])
}

/// Milliseconds of processor time.
fn of_a_meeting(ran: &Ran) -> Result<f64> {
    Ok(1e3 * ran.cost.cpu_s / ran.sum("sessions")?)
}
