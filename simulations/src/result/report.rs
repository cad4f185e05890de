//! One page, complete in itself, of one result or of several side by side.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::compare::{Comparison, compare, difference, shown};
use super::figure::unit;
use super::text::{interval, seeds};
use super::{Error, FIGURES, Identity, Summary, plots};

const STYLE: &str = include_str!("report.css");

/// A page with drawings, figures, scenario and identity of these results, each with the name it goes by.
///
/// # Errors
/// A bug: drawing failed.
pub fn report(results: &[(&str, &Summary)]) -> Result<String, Error> {
    let names: Vec<&str> = results.iter().map(|(name, _)| *name).collect();
    let title = names.join(", ");
    let plots = plots(results)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - hedgerow-sim" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                @for (name, summary) in results {
                    p { strong { (name) } ": " (summary.identity.name) ", " (seeds(&summary.identity.seeds)) }
                }
                main {
                    section {
                        h2 { "Figures" }
                        @match results {
                            [(_, summary)] => (figures(summary)),
                            _ => (compared(&compare(results))),
                        }
                    }
                    section {
                        h2 { "Drawings" }
                        @for plot in &plots {
                            figure role="img" aria-label=(plot.title) { (PreEscaped(&plot.svg)) }
                        }
                    }
                    @for (name, summary) in results {
                        section {
                            h2 { "What " (name) " is of" }
                            (identity(&summary.identity))
                            (by_seed(summary))
                            details {
                                summary { "Scenario" }
                                pre { (summary.identity.scenario) }
                            }
                        }
                    }
                    section {
                        h2 { "What the figures mean" }
                        dl {
                            @for figure in FIGURES {
                                dt { code { (figure.name) } }
                                dd { (figure.meaning) }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn figures(summary: &Summary) -> Markup {
    html! {
        table {
            thead { tr { th { "figure" } th { "mean" } th { "95 % interval over seeds" } } }
            tbody {
                @for name in summary.names() {
                    @let estimate = &summary.over_seeds[name];
                    tr {
                        th scope="row" { (name) }
                        td { (unit(name).show(estimate.mean)) }
                        td { (interval(name, estimate)) }
                    }
                }
            }
        }
    }
}

fn compared(comparison: &Comparison) -> Markup {
    html! {
        @if comparison.scenario.is_empty() {
            p { "The scenarios do not differ." }
        } @else {
            div.wide {
                table {
                    thead { tr { th { "scenario" } @for name in &comparison.names { th { (name) } } } }
                    tbody {
                        @for (key, values) in &comparison.scenario {
                            tr {
                                th scope="row" { (key) }
                                @for value in values { td { (value.as_deref().unwrap_or("-")) } }
                            }
                        }
                    }
                }
            }
        }
        div.wide {
            table {
                thead {
                    tr {
                        th { "figure" }
                        @for (place, name) in comparison.names.iter().enumerate() {
                            th { (name) }
                            @if place > 0 { th { "difference" } th {} }
                        }
                    }
                }
                tbody {
                    @for name in comparison.names_in_order() {
                        tr {
                            th scope="row" { (name) }
                            @for (place, compared) in comparison.figures[name].iter().enumerate() {
                                td { (shown(name, compared)) }
                                @if place > 0 {
                                    td { (difference(name, compared)) }
                                    td.verdict { (compared.verdict()) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn identity(identity: &Identity) -> Markup {
    let rows = [
        ("scenario", &identity.name),
        ("its BLAKE3", &identity.scenario_hash),
        ("hedgerow-sim", &identity.version),
        ("commit", &identity.commit),
        ("BLAKE3 of Cargo.lock", &identity.lock_hash),
    ];
    html! {
        div.wide {
            table {
                tbody {
                    @for (name, value) in rows {
                        tr { th scope="row" { (name) } td.said { code { (value) } } }
                    }
                    tr { th scope="row" { "seeds" } td.said { (seeds(&identity.seeds)) } }
                }
            }
        }
    }
}

fn by_seed(summary: &Summary) -> Markup {
    html! {
        details {
            summary { "Figures of each seed" }
            div.wide {
                table {
                    thead { tr { th { "figure" } @for seed in summary.by_seed.keys() { th { (seed) } } } }
                    tbody {
                        @for name in summary.names() {
                            tr {
                                th scope="row" { (name) }
                                @for figures in summary.by_seed.values() {
                                    td { (figures.get(name).map_or_else(|| "-".to_owned(), |value| unit(name).show(*value))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
