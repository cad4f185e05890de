//! The tables of a page. Figures go by plain labels; where the pointer rests, the key in `summary.json` is told.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::result::compare::{Compared, Comparison, plain_difference};
use crate::result::figure::{group, in_order, label, meaning, tooltip, unit};
use crate::result::text::seeds;
use crate::result::{Estimate, Identity, Summary};

/// The figures that a reader asks for first.
pub(super) const KEY: [&str; 9] = [
    "delivery_ratio",
    "delay_median_s",
    "delay_p95_s",
    "group_delivery_ratio",
    "group_delay_median_s",
    "group_by_member",
    "overhead_ratio",
    "sent_bytes",
    "energy_device_j",
];

/// The key figures of one result.
pub(super) fn cards(result: &Summary) -> Markup {
    let known = KEY
        .iter()
        .filter_map(|name| Some((*name, result.over_seeds.get(*name)?)));
    html! {
        dl.cards {
            @for (name, estimate) in known {
                div {
                    dt title=(tooltip(name)) { (label(name)) }
                    dd {
                        (unit(name).plain(estimate.mean))
                        @if let Some(interval) = interval(name, estimate) {
                            small.interval { (interval) }
                        }
                    }
                }
            }
        }
    }
}

/// All figures of one result.
pub(super) fn figures(result: &Summary) -> Markup {
    let several = result.by_seed.len() > 1;
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        th scope="col" { @if several { "Mean" } @else { "Value" } }
                        @if several { th scope="col" { "95 % interval" } }
                    }
                }
                @for (heading, names) in grouped(&result.names()) {
                    tbody {
                        (heading_row(heading, if several { 3 } else { 2 }))
                        @for name in names {
                            @let estimate = &result.over_seeds[name];
                            tr {
                                (name_cell(name))
                                td { (unit(name).plain(estimate.mean)) }
                                @if several {
                                    td.interval {
                                        (interval(name, estimate).unwrap_or_default())
                                        @if estimate.seeds < result.by_seed.len() {
                                            " (of " (estimate.seeds) " seeds)"
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What was asked differently.
pub(super) fn scenarios(comparison: &Comparison) -> Markup {
    html! {
        @if comparison.scenario.is_empty() {
            p { "The scenarios do not differ." }
        } @else {
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "Scenario" }
                            @for name in &comparison.names { th scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for (key, values) in &comparison.scenario {
                            tr {
                                th scope="row" { code { (key) } }
                                @for value in values { td { (value.as_deref().unwrap_or("-")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// These figures of several results, with differences from the first.
pub(super) fn compared(comparison: &Comparison, names: &[&str]) -> Markup {
    let names: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| comparison.figures.contains_key(*name))
        .collect();
    let rows = comparison.figures.values().flatten();
    let judged = rows.clone().any(|compared| compared.overlaps.is_some());
    let columns = comparison.names.len() + (comparison.names.len() - 1) * (1 + usize::from(judged));
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        @for (place, name) in comparison.names.iter().enumerate() {
                            th scope="col" { (name) }
                            @if place > 0 {
                                th scope="col" { "Difference" }
                                @if judged { th scope="col" { "Intervals" } }
                            }
                        }
                    }
                }
                @for (heading, names) in grouped(&names) {
                    tbody {
                        (heading_row(heading, columns + 1))
                        @for name in names {
                            tr {
                                (name_cell(name))
                                @for (place, compared) in comparison.figures[name].iter().enumerate() {
                                    (value_cell(name, compared))
                                    @if place > 0 {
                                        td { (plain_difference(name, compared)) }
                                        @if judged { td.verdict { (compared.verdict().trim_start_matches("intervals ")) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The figures of each seed of a result.
pub(super) fn by_seed(result: &Summary) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        @for seed in result.by_seed.keys() { th scope="col" { "Seed " (seed) } }
                    }
                }
                @for (heading, names) in grouped(&result.names()) {
                    tbody {
                        (heading_row(heading, result.by_seed.len() + 1))
                        @for name in names {
                            tr {
                                (name_cell(name))
                                @for figures in result.by_seed.values() {
                                    td {
                                        @match figures.get(name) {
                                            Some(value) => (unit(name).plain(*value)),
                                            None => "-",
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What these results' figures mean, and what programs call them.
pub(super) fn meanings(results: &[(&str, &Summary)]) -> Markup {
    let known: BTreeSet<&str> = results
        .iter()
        .flat_map(|(_, result)| result.names())
        .collect();
    html! {
        div.wide {
            table.words {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        th scope="col" { "In summary.json" }
                        th scope="col" { "Meaning" }
                    }
                }
                tbody {
                    @for name in in_order(known.into_iter()) {
                        tr {
                            th scope="row" { (label(name)) }
                            td { code { (name) } }
                            td { (meaning(name)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a result is of: enough to make it again.
pub(super) fn identity(identity: &Identity) -> Markup {
    let rows = [
        ("Scenario", &identity.name),
        ("Its BLAKE3", &identity.scenario_hash),
        ("hedgerow-sim", &identity.version),
        ("Commit", &identity.commit),
        ("BLAKE3 of Cargo.lock", &identity.lock_hash),
    ];
    html! {
        div.wide {
            table.words {
                tbody {
                    @for (name, value) in rows {
                        tr { th scope="row" { (name) } td { code { (value) } } }
                    }
                    tr { th scope="row" { "Seeds" } td { (seeds(&identity.seeds)) } }
                }
            }
        }
    }
}

fn name_cell(name: &str) -> Markup {
    html! { th scope="row" { abbr title=(tooltip(name)) { (label(name)) } } }
}

fn value_cell(name: &str, compared: &Compared) -> Markup {
    html! {
        td {
            @match &compared.estimate {
                Some(estimate) => {
                    (unit(name).plain(estimate.mean))
                    @if let Some(interval) = interval(name, estimate) {
                        small.interval { (interval) }
                    }
                }
                None => "-",
            }
        }
    }
}

fn heading_row(heading: &str, columns: usize) -> Markup {
    html! { tr.group { th scope="rowgroup" colspan=(columns) { (heading) } } }
}

/// Figures in their order, under their headings.
fn grouped<'a>(names: &[&'a str]) -> Vec<(&'static str, Vec<&'a str>)> {
    let mut groups: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for name in names {
        let heading = group(name).heading();
        match groups.last_mut() {
            Some((last, names)) if *last == heading => names.push(name),
            _ => groups.push((heading, vec![name])),
        }
    }
    groups
}

/// The interval of a figure; `None` where it is not known or the same in all seeds.
fn interval(name: &str, estimate: &Estimate) -> Option<String> {
    let (low, high) = (estimate.low?, estimate.high?);
    (low < high).then(|| unit(name).range(low, high))
}
