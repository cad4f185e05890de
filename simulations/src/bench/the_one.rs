//! The default scenario of The ONE 1.6.0, with the engine in the loop, beside The ONE's own figures over
//! ten seeds: `MovementModel.rngSeed` 1 to 10 and as many message prefixes, all else unchanged.

use anyhow::Result;

use super::measure::{Ran, load};
use super::{Line, Options, Row};

/// Seeds of The ONE.
const SEEDS: f64 = 10.0;
/// The furthest that two means may be apart, in combined standard errors.
const MOST_ERRORS: f64 = 3.0;
/// Contacts in twelve hours, the same for every router.
const CONTACTS: f64 = 31_362.0;

/// What The ONE counts as dropped.
const DROPS: [&str; 2] = ["drops_full", "drops_expired"];

/// What is compared: as the summary calls it, but for the drops of both kinds together.
const FIGURES: [&str; 8] = [
    "transfers_started",
    "transfers_aborted",
    "drops",
    "delivery_ratio",
    "delay_mean_s",
    "delay_median_s",
    "overhead_ratio",
    "hops_mean",
];

/// One router of The ONE.
struct Router {
    name: &'static str,
    file: &'static str,
    cpu_s: f64,
    /// Mean and standard deviation of each of [`FIGURES`].
    figures: [(f64, f64); FIGURES.len()],
}

#[rustfmt::skip]
const ROUTERS: [Router; 4] = [
    Router { name: "epidemic", file: "epidemic.toml", cpu_s: 29.5, figures: [
        (61_049.0, 870.0), (27_524.0, 351.0), (33_448.0, 884.0), (0.2511, 0.0094),
        (4486.0, 124.0), (3322.0, 185.0), (90.1, 2.7), (4.63, 0.14),
    ] },
    Router { name: "spray-and-wait", file: "spray-and-wait.toml", cpu_s: 24.8, figures: [
        (20_766.0, 354.0), (13_102.0, 351.0), (7621.0, 52.0), (0.4538, 0.0218),
        (2995.0, 106.0), (2395.0, 68.0), (10.5, 0.5), (2.14, 0.03),
    ] },
    Router { name: "PRoPHET", file: "prophet.toml", cpu_s: 26.5, figures: [
        (54_219.0, 1081.0), (26_019.0, 374.0), (28_182.0, 916.0), (0.2732, 0.0128),
        (4565.0, 228.0), (3599.0, 237.0), (69.5, 3.2), (3.40, 0.13),
    ] },
    Router { name: "direct", file: "direct.toml", cpu_s: 21.0, figures: [
        (1242.0, 39.0), (770.0, 37.0), (918.0, 8.0), (0.3215, 0.0128),
        (6706.0, 157.0), (5877.0, 222.0), (0.0, 0.0), (1.0, 0.0),
    ] },
];

/// Each figure of each router, and what it costs.
pub fn rows(options: &Options) -> Result<Vec<Line>> {
    let Some(data) = &options.one_data else {
        let name = "The ONE's default scenario";
        return Ok(vec![Line::skipped(name, "give --one-data DIR")]);
    };
    let mut lines = Vec::new();
    for router in &ROUTERS {
        let path = options.scenarios.join("the-one").join(router.file);
        if !path.exists() {
            let missing = format!("there is no {}", path.display());
            lines.push(Line::skipped(format!("The ONE, {}", router.name), missing));
            continue;
        }
        let ran = Ran::new(&load(&path, Some(data), &[])?, None)?;
        lines.extend(router.rows(&ran)?.into_iter().map(Line::Row));
    }
    Ok(lines)
}

impl Router {
    fn rows(&self, ran: &Ran) -> Result<Vec<Row>> {
        let name = |what: &str| format!("The ONE, {}: {what}", self.name);
        let mut rows = Vec::new();
        for (figure, (mean, deviation)) in FIGURES.into_iter().zip(self.figures) {
            let ours = match figure {
                "drops" => ran.total(&DROPS)?,
                _ => ran.estimate(figure)?,
            };
            let error = f64::hypot(
                ours.standard_error.unwrap_or(f64::NAN),
                deviation / SEEDS.sqrt(),
            );
            // Figures that cannot vary are to be the same.
            let apart = match ours.mean == mean {
                true => 0.0,
                false => (ours.mean - mean).abs() / error,
            };
            let what = format!("{figure} {:.4}", ours.mean);
            rows.push(Row::at_most(name(&what), apart, "errors", MOST_ERRORS).beside(mean));
        }
        let contacts = ran.mean("contacts")?;
        let off = 100.0 * (contacts / CONTACTS - 1.0).abs();
        let what = format!("contacts {contacts:.0}");
        rows.push(Row::at_most(name(&what), off, "% off", 2.0).beside(CONTACTS));
        let seeds = ran.summary.by_seed.len().max(1) as f64;
        let share = ran.cost.cpu_s / seeds / self.cpu_s;
        let what = format!("CPU s a run {:.3}", ran.cost.cpu_s / seeds);
        rows.push(Row::at_most(name(&what), share, "x", 1.0 / 20.0).beside(self.cpu_s));
        Ok(rows)
    }
}
