//! A result for a person at a terminal.

use comfy_table::{CellAlignment, LineStyle, Row, Table, TableStyle};

use super::figure::unit;
use super::{Estimate, Identity, Summary};

/// A line under the headings, and nothing else drawn.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

impl Summary {
    /// The figures over seeds, as a table.
    #[must_use]
    pub fn text(&self) -> String {
        let seeds = self.by_seed.len();
        let mut table = table(["figure", "mean", "95 % interval over seeds"], 1..3);
        for name in self.names() {
            let estimate = &self.over_seeds[name];
            let mut told = interval(name, estimate);
            if estimate.seeds < seeds {
                told = format!("{told} (of {} seeds)", estimate.seeds);
            }
            table.add_row([name, &unit(name).show(estimate.mean), told.trim()]);
        }
        format!("{}\n\n{table}\n", heading(&self.identity))
    }
}

/// What a result is of, in a line.
pub(super) fn heading(identity: &Identity) -> String {
    let hash = &identity.scenario_hash;
    format!(
        "{}, scenario {}, {}; hedgerow-sim {}, commit {}",
        identity.name,
        hash.get(..12).unwrap_or(hash),
        seeds(&identity.seeds),
        identity.version,
        commit(&identity.commit),
    )
}

/// Seeds in a row as `1 to 10`.
pub(super) fn seeds(seeds: &[u64]) -> String {
    let list = |seeds: &[u64]| {
        seeds
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match seeds {
        [seed] => format!("seed {seed}"),
        [first, .., last]
            if seeds.len() > 2 && seeds.is_sorted() && last - first == seeds.len() as u64 - 1 =>
        {
            format!("seeds {first} to {last}")
        }
        _ => format!("seeds {}", list(seeds)),
    }
}

fn commit(commit: &str) -> String {
    let (hash, changes) = commit.split_at(commit.find('+').unwrap_or(commit.len()));
    format!("{}{changes}", hash.get(..12).unwrap_or(hash))
}

/// The interval of a figure as a person reads it; nothing where it is not known or the
/// same in all seeds.
pub(super) fn interval(name: &str, estimate: &Estimate) -> String {
    let show = |value| unit(name).show(value);
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) if low < high => format!("{} to {}", show(low), show(high)),
        _ => String::new(),
    }
}

/// A table with these headings; the columns `numbers` are set to the right.
pub(crate) fn table<T: Into<Row>>(headings: T, numbers: impl IntoIterator<Item = usize>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(headings);
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
