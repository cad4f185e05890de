//! Compares the product's couriers with exact results: means and laws for meetings drawn at random
//! ([`theory`](crate::theory)), and the earliest possible arrivals on a recorded trace ([`oracle`](crate::oracle)).
//!
//! Here meetings take no time and nothing is lost, so a deviation is a fault of the couriers, the policy or the random
//! draws, and not of a radio.

mod made_up;
mod on_trace;
mod random;

#[cfg(test)]
mod tests;

use hedgerow_node::courier::PolicySettings;
use hedgerow_node::courier::policies::{Direct, Epidemic, SprayAndWait, TwoHop};
use hedgerow_transport::bundle::MAX_LIFETIME_S;
use serde::Serialize;

pub use self::on_trace::OnTrace;
use self::on_trace::on_trace;
use self::random::at_random;
pub use self::random::{AtRandom, Network};
use crate::plan::SECOND_US;
use crate::result::text_table;
use crate::theory::Spreading;
use crate::trace::{Trace, TraceError, TraceSettings};

/// What to check.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The seeds; each case runs once for each.
    pub seeds: Vec<u64>,
    /// Messages of each case and seed, each in a world of its own.
    pub messages: usize,
    /// The worlds of meetings drawn at random.
    pub networks: Vec<Network>,
    /// The trace to compare with its oracle, if given.
    pub trace: Option<TraceSettings>,
    /// Messages on the trace, from random authors to random others at random times.
    pub trace_messages: usize,
}

impl Default for Options {
    /// The project's promise; the seeds were fixed before the first run.
    fn default() -> Self {
        Options {
            seeds: vec![1, 2, 3, 4, 5],
            messages: 10_000,
            networks: vec![
                Network {
                    devices: 50,
                    sprayed: 8,
                },
                Network {
                    devices: 100,
                    sprayed: 8,
                },
                Network {
                    devices: 1000,
                    sprayed: 16,
                },
            ],
            trace: None,
            trace_messages: 1000,
        }
    }
}

impl Options {
    /// Finds options that cannot run.
    ///
    /// # Errors
    ///
    /// One sentence for the person who chose them.
    pub fn check(&self) -> Result<(), String> {
        if self.messages < 2 {
            return Err("a mean and its error need at least 2 messages".to_owned());
        }
        if self
            .networks
            .iter()
            .any(|network| network.devices < 2 || network.sprayed == 0)
        {
            return Err("a network needs at least 2 devices and 1 copy".to_owned());
        }
        self.trace.as_ref().map_or(Ok(()), TraceSettings::check)
    }

    /// Number of rows of the first part.
    #[must_use]
    pub fn rows(&self) -> usize {
        let seeds = self.seeds.len();
        let of_a_case = seeds + usize::from(seeds > 1);
        self.networks.len() * policies(1).len() * of_a_case
    }
}

/// The results, failures included.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// A row for each case and seed, and after the seeds of a case one for all of them together.
    pub at_random: Vec<AtRandom>,
    /// A row for each policy on the trace; none without a trace.
    pub on_trace: Vec<OnTrace>,
}

/// Copies in spray-and-wait on the trace.
const SPRAYED_ON_TRACE: u32 = 8;

/// Runs all checks of options that were [checked](Options::check). Calls `done` with each row of the first part when
/// it is ready.
///
/// # Errors
///
/// The trace cannot be read, or is longer than a bundle's longest lifetime.
pub fn run(options: &Options, mut done: impl FnMut(&AtRandom)) -> Result<Validation, TraceError> {
    // Read first, so that an unreadable trace fails before the long part.
    let trace = options.trace.as_ref().map(within_a_lifetime).transpose()?;
    let mut rows = Vec::new();
    let cases = options.networks.iter().flat_map(|&network| {
        policies(network.sprayed).map(move |(spreading, policy)| (network, spreading, policy))
    });
    for (case, (network, spreading, policy)) in (0..).zip(cases) {
        let mut all = Vec::with_capacity(options.seeds.len() * options.messages);
        for &seed in &options.seeds {
            let outcomes = at_random(&policy, network, options.messages, seed, case);
            rows.push(AtRandom::new(spreading, network, Some(seed), &outcomes));
            rows.last().into_iter().for_each(&mut done);
            all.extend(outcomes);
        }
        if options.seeds.len() > 1 {
            rows.push(AtRandom::new(spreading, network, None, &all));
            rows.last().into_iter().for_each(&mut done);
        }
    }
    let seed = options.seeds.first().copied().unwrap_or_default();
    let on_trace = match trace {
        Some(trace) => on_trace(
            &trace,
            &policies(SPRAYED_ON_TRACE),
            options.trace_messages,
            seed,
        ),
        None => Vec::new(),
    };
    Ok(Validation {
        at_random: rows,
        on_trace,
    })
}

/// Reads a trace in which no bundle expires before the end.
fn within_a_lifetime(settings: &TraceSettings) -> Result<Trace, TraceError> {
    let trace = settings.contacts()?;
    let end_us = trace.changes.last().map_or(0, |change| change.at_us);
    if end_us >= u64::from(MAX_LIFETIME_S) * SECOND_US {
        let why = format!("it is longer than a bundle may be carried, {MAX_LIFETIME_S} s");
        return Err(TraceError::Content {
            path: settings.path.clone(),
            why,
        });
    }
    Ok(trace)
}

/// The policies with known laws, in the forms of theory and courier.
fn policies(sprayed: u32) -> [(Spreading, PolicySettings); 5] {
    let spray = |binary| {
        PolicySettings::SprayAndWait(SprayAndWait {
            copies: sprayed,
            binary,
        })
    };
    [
        (Spreading::Direct, PolicySettings::Direct(Direct {})),
        (Spreading::TwoHop, PolicySettings::TwoHop(TwoHop {})),
        (Spreading::Epidemic, PolicySettings::Epidemic(Epidemic {})),
        (Spreading::SourceSpray(sprayed), spray(false)),
        (Spreading::BinarySpray(sprayed), spray(true)),
    ]
}

/// A row of either part, in JSON.
#[derive(Serialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
enum Line<'a> {
    AtRandom(&'a AtRandom),
    OnTrace(&'a OnTrace),
}

impl Validation {
    /// Whether every row agrees.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.at_random.iter().all(|row| row.holds) && self.on_trace.iter().all(|row| row.holds)
    }

    /// One JSON object a line.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let rows = self.at_random.iter().map(Line::AtRandom);
        rows.chain(self.on_trace.iter().map(Line::OnTrace))
            .map(|line| serde_json::to_string(&line).expect("numbers and names become JSON") + "\n")
            .collect()
    }

    /// Tables for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut random = text_table(
            [
                "policy",
                "devices",
                "seed",
                "messages",
                "delay s",
                "± s",
                "exact s",
                "off by ±",
                "copies",
                "exact",
                "p",
                "",
            ],
            1..11,
        );
        for row in &self.at_random {
            random.add_row([
                row.policy.clone(),
                row.devices.to_string(),
                row.seed.map_or("all".to_owned(), |seed| seed.to_string()),
                row.messages.to_string(),
                format!("{:.2}", row.delay_s),
                format!("{:.2}", row.delay_error_s),
                format!("{:.2}", row.exact_delay_s),
                format!("{:+.2}", row.deviation),
                format!("{:.2}", row.copies),
                format!("{:.2}", row.exact_copies),
                format!("{:.3}", row.copies_p),
                verdict(row.holds),
            ]);
        }
        let seeds: Vec<&AtRandom> = self
            .at_random
            .iter()
            .filter(|row| row.seed.is_some())
            .collect();
        let off = seeds.iter().filter(|row| !row.holds).count();
        let mut text = format!(
            "Meetings drawn at random\n{random}\n{off} of {} rows of one seed do not hold; chance alone \
             makes {:.1} of them fail.\n",
            seeds.len(),
            seeds.iter().map(|row| row.by_chance()).sum::<f64>(),
        );
        if self.on_trace.is_empty() {
            text.push_str("\nOn a trace: skipped, no trace was given.\n");
            return text;
        }
        let mut trace = text_table(
            [
                "policy",
                "messages",
                "delivered",
                "oracle",
                "earlier",
                "different",
                "",
            ],
            1..6,
        );
        for row in &self.on_trace {
            trace.add_row([
                row.policy.clone(),
                row.messages.to_string(),
                row.delivered.to_string(),
                row.oracle_delivered.to_string(),
                row.earlier.to_string(),
                row.different.to_string(),
                verdict(row.holds),
            ]);
        }
        text.push_str(&format!("\nOn the trace, against its oracle\n{trace}\n"));
        text
    }
}

fn verdict(holds: bool) -> String {
    if holds { "holds" } else { "FAILS" }.to_owned()
}
