//! One page, complete in itself, of one result or of several side by side: what ran, key figures, plots, and
//! tables folded beneath.

mod summary;
mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plot::{Plot, untitled};
use super::{Error, Summary, compare};

const STYLE: &str = include_str!("page.css");

/// A page with key figures, plots, tables, scenario and identity of these results, each with the name it goes
/// by. It shows intervals only where a result has several seeds.
///
/// # Errors
/// A bug: drawing failed.
pub fn report(results: &[(&str, &Summary)]) -> Result<String, Error> {
    let title = match results {
        [(_, only)] => only.identity.name.clone(),
        _ => {
            let names: Vec<&str> = results.iter().map(|(name, _)| *name).collect();
            names.join(", ")
        }
    };
    let plots = untitled(results)?;
    let comparison = compare(results);
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
                header {
                    h1 { (title) }
                    (summary::opening(results))
                }
                main {
                    @match results {
                        [(_, only)] => {
                            section #key {
                                h2 { "Key figures" }
                                (tables::cards(only))
                                p.note { (summary::certainty(results)) }
                            }
                            (drawings(&plots, has_intervals(results)))
                            (summary::scenario(only))
                        }
                        _ => {
                            section #asked {
                                h2 { "What differs" }
                                (tables::scenarios(&comparison))
                            }
                            (drawings(&plots, has_intervals(results)))
                            section #key {
                                h2 { "Key figures" }
                                p.note { (summary::certainty(results)) }
                                (tables::compared(&comparison, &tables::KEY))
                            }
                        }
                    }
                    section #tables {
                        h2 { "Tables" }
                        details {
                            summary { "All figures" }
                            @match results {
                                [(_, only)] => (tables::figures(only)),
                                _ => (tables::compared(&comparison, &comparison.names_in_order())),
                            }
                        }
                        @for (name, result) in results {
                            @if result.by_seed.len() > 1 {
                                details {
                                    summary { "Figures of each seed" (of(results, name)) }
                                    (tables::by_seed(result))
                                }
                            }
                        }
                        details {
                            summary { "What the figures mean" }
                            (tables::meanings(results))
                        }
                        @for (name, result) in results {
                            details {
                                summary { "How to reproduce it" (of(results, name)) }
                                (tables::identity(&result.identity))
                                pre { (result.identity.scenario) }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

/// Whether any of these results has intervals to show.
fn has_intervals(results: &[(&str, &Summary)]) -> bool {
    results.iter().any(|(_, result)| result.by_seed.len() > 1)
}

/// Which result is meant, where there are several.
fn of(results: &[(&str, &Summary)], name: &str) -> String {
    match results.len() {
        1 => String::new(),
        _ => format!(": {name}"),
    }
}

fn drawings(plots: &[Plot], bands: bool) -> Markup {
    html! {
        section #plots {
            h2 {
                "Plots"
                @if bands { small.note { "Lines are means over seeds, bands their 95 % intervals." } }
            }
            div.plots {
                @for (place, plot) in plots.iter().enumerate() {
                    figure {
                        figcaption {
                            strong { (place + 1) ". " (plot.title) "." }
                            " " (plot.caption)
                        }
                        div role="img" aria-label=(plot.title) { (PreEscaped(&plot.svg)) }
                    }
                }
            }
        }
    }
}
