//! What a page says before it shows anything: what ran, what came of it, and how sure that is.

use maud::{Markup, html};

use super::has_intervals;
use crate::result::Summary;
use crate::result::figure::unit;
use crate::result::text::seeds;

/// A sentence on each result.
pub(super) fn opening(results: &[(&str, &Summary)]) -> Markup {
    html! {
        @match results {
            [(_, only)] => p.lead { (sentence(only)) },
            _ => {
                ul.lead {
                    @for (name, result) in results {
                        li { strong { (name) } ": " (sentence(result)) }
                    }
                }
            }
        }
    }
}

/// What a result is of and came to, in one sentence.
pub(super) fn sentence(result: &Summary) -> String {
    let figure = |name: &str| {
        let estimate = result.over_seeds.get(name)?;
        Some(unit(name).plain(estimate.mean))
    };
    let size = match (figure("devices"), figure("duration_s")) {
        (Some(devices), Some(duration)) => format!("{devices} devices for {duration}"),
        _ => result.identity.name.clone(),
    };
    let runs = seeds(&result.identity.seeds);
    let came = |begin: &str, written: &str, what: &str| match (
        figure(written),
        figure(&format!("{begin}delivery_ratio")),
        figure(&format!("{begin}delay_median_s")),
    ) {
        (Some(written), Some(share), Some(median)) => Some(format!(
            "{share} of {written} {what} were delivered, with a median delay of {median}"
        )),
        (Some(written), _, _) if written != "0" => {
            Some(format!("none of {written} {what} was delivered"))
        }
        _ => None,
    };
    let came = [
        came("", "messages", "messages"),
        came(
            "group_",
            "group_deliveries_wanted",
            "texts for members of groups",
        ),
    ];
    let came: Vec<String> = came.into_iter().flatten().collect();
    let came = match came.is_empty() {
        true => "no messages were written".to_owned(),
        false => came.join("; "),
    };
    let average = match result.by_seed.len() {
        0 | 1 => "",
        _ => " on average",
    };
    format!("{size} ({runs}): {came}{average}.")
}

/// How sure the figures are, in one place.
pub(super) fn certainty(results: &[(&str, &Summary)]) -> String {
    if !has_intervals(results) {
        return "Each value comes from one run; another seed gives another value.".to_owned();
    }
    "Values are means over seeds. The interval beneath a mean holds the true mean with 95 % confidence (Student's t; \
     for shares on the logit). A figure that is the same in all seeds has none."
        .to_owned()
}

/// What the scenario says it stands for.
pub(super) fn scenario(result: &Summary) -> Markup {
    html! {
        @if let Some(description) = description(result) {
            section #scenario {
                h2 { "Scenario" }
                p.about { (description) }
            }
        }
    }
}

fn description(result: &Summary) -> Option<String> {
    let table = result.identity.scenario.parse::<toml::Table>().ok()?;
    let text = table.get("description")?.as_str()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
