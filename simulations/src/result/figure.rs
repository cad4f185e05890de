//! The figures of a run: what they are called, what they mean, and how a person reads them.

/// A figure that every run has, where it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its key in `summary.json`.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What it means.
    pub meaning: &'static str,
}

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// How many times, without a limit.
    Ratio,
    /// A share: from 0 to 1.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Joules.
    Joules,
}

const fn figure(name: &'static str, unit: Unit, meaning: &'static str) -> Figure {
    Figure {
        name,
        unit,
        meaning,
    }
}

/// All figures, in the order in which they are shown.
pub const FIGURES: &[Figure] = &[
    figure("devices", Unit::Count, "devices in the world"),
    figure("duration_s", Unit::Seconds, "how long the world lasts"),
    figure("messages", Unit::Count, "messages written"),
    figure("delivered", Unit::Count, "messages delivered"),
    figure(
        "delivery_ratio",
        Unit::Share,
        "messages delivered, of those written",
    ),
    figure(
        "delay_mean_s",
        Unit::Seconds,
        "delay of delivered messages, mean",
    ),
    figure(
        "delay_median_s",
        Unit::Seconds,
        "delay of delivered messages, median",
    ),
    figure(
        "delay_p95_s",
        Unit::Seconds,
        "delay that 95 % of delivered messages keep",
    ),
    figure(
        "hops_mean",
        Unit::Ratio,
        "links that a delivered message crossed, mean",
    ),
    figure("bundles", Unit::Count, "bundles sealed"),
    figure(
        "copies_mean",
        Unit::Ratio,
        "copies of a bundle that ever were, its sender's included, mean",
    ),
    figure(
        "overhead_ratio",
        Unit::Ratio,
        "(transfers done - delivered) / delivered, where bundles are carried",
    ),
    figure(
        "transfers_started",
        Unit::Count,
        "transfers of bundles begun",
    ),
    figure(
        "transfers_done",
        Unit::Count,
        "transfers that arrived whole",
    ),
    figure("transfers_aborted", Unit::Count, "transfers cut short"),
    figure(
        "drops_full",
        Unit::Count,
        "bundles dropped for want of room",
    ),
    figure(
        "drops_expired",
        Unit::Count,
        "bundles dropped at the end of their lifetime",
    ),
    figure(
        "drops_released",
        Unit::Count,
        "bundles dropped because they had arrived",
    ),
    figure(
        "contacts",
        Unit::Count,
        "times that a pair was within reach",
    ),
    figure(
        "contact_time_mean_s",
        Unit::Seconds,
        "how long a pair was within reach, mean",
    ),
    figure(
        "inter_contact_time_mean_s",
        Unit::Seconds,
        "how long a pair was apart between two contacts, mean",
    ),
    figure("sessions", Unit::Count, "sessions"),
    figure(
        "session_time_mean_s",
        Unit::Seconds,
        "how long a session lasted, mean",
    ),
    figure("sent_bytes", Unit::Bytes, "bytes sent in sessions"),
    figure(
        "ghost_bytes",
        Unit::Bytes,
        "of them, bodies of messages that were ghosts",
    ),
    figure(
        "control_bytes",
        Unit::Bytes,
        "of them, all else: real bytes",
    ),
    figure(
        "buffer_bytes",
        Unit::Bytes,
        "bundles that a device carries, mean over devices and samples",
    ),
    figure("energy_j", Unit::Joules, "energy that all devices used"),
    figure(
        "energy_device_j",
        Unit::Joules,
        "energy that a device used, mean",
    ),
];

/// The unit of a figure by its name; for figures of a scenario's own, by how the name ends.
pub(crate) fn unit(name: &str) -> Unit {
    let known = FIGURES.iter().find(|figure| figure.name == name);
    known.map_or_else(
        || match name {
            _ if name.ends_with("_s") => Unit::Seconds,
            _ if name.ends_with("_bytes") => Unit::Bytes,
            _ if name.ends_with("_j") => Unit::Joules,
            _ if name.contains("_share") || name.ends_with("delivery_ratio") => Unit::Share,
            _ => Unit::Ratio,
        },
        |figure| figure.unit,
    )
}

/// The names of figures in the order in which they are shown: those of every run, then a scenario's own.
pub(super) fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let place = |name: &str| FIGURES.iter().position(|figure| figure.name == name);
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| (place(name).unwrap_or(FIGURES.len()), *name));
    names.dedup();
    names
}

impl Unit {
    /// A value as a person reads it, with its unit.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count | Self::Ratio | Self::Share => number(value),
            Self::Seconds => scaled(value, &SECONDS),
            Self::Bytes => scaled(value, &BYTES),
            Self::Joules => scaled(value, &JOULES),
        }
    }
}

const SECONDS: [(f64, &str); 5] = [
    (1e-3, "ms"),
    (1.0, "s"),
    (60.0, "min"),
    (3600.0, "h"),
    (86_400.0, "d"),
];
const BYTES: [(f64, &str); 4] = [(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")];
const JOULES: [(f64, &str); 4] = [(1e-3, "mJ"), (1.0, "J"), (1e3, "kJ"), (1e6, "MJ")];

/// In the largest unit of which there is at least one; time goes on in a smaller unit up to two.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    if value == 0.0 {
        let plain = units.iter().find(|unit| unit.0 == 1.0).unwrap_or(&units[0]);
        return format!("0 {}", plain.1);
    }
    let fits = |unit: &&(f64, &str)| value.abs() >= unit.0;
    let unit = units.iter().rev().find(fits).unwrap_or(&units[0]);
    format!("{} {}", number(value / unit.0), unit.1)
}

/// Four digits that count; of a thousand and more, whole with thin spaces between thousands.
pub(super) fn number(value: f64) -> String {
    // No minus before nothing.
    let value = value + 0.0;
    if value.abs() < 999.95 {
        let decimals = match value.abs() {
            size if size >= 99.995 => 1,
            size if size >= 9.9995 => 2,
            size if size >= 0.1 || size == 0.0 => 3,
            _ => return small(value),
        };
        return trimmed(format!("{value:.decimals$}"));
    }
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

fn small(value: f64) -> String {
    if value.abs() >= 0.0001 {
        trimmed(format!("{value:.5}"))
    } else {
        format!("{value:.2e}")
    }
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_a_person_reads_them() {
        let shown = [
            (Unit::Count, 0.0, "0"),
            (Unit::Count, 12.0, "12"),
            (Unit::Count, 1_234_567.0, "1\u{202f}234\u{202f}567"),
            (Unit::Ratio, 0.816_27, "0.816"),
            (Unit::Ratio, -3.5, "-3.5"),
            (Unit::Ratio, 0.001_25, "0.00125"),
            (Unit::Ratio, 999.99, "1\u{202f}000"),
            (Unit::Seconds, 0.0, "0 s"),
            (Unit::Seconds, 0.012, "12 ms"),
            (Unit::Seconds, 59.0, "59 s"),
            (Unit::Seconds, 90.0, "1.5 min"),
            (Unit::Seconds, 43_200.0, "12 h"),
            (Unit::Bytes, 1_500.0, "1.5 kB"),
            (Unit::Joules, 0.5, "500 mJ"),
        ];
        for (unit, value, text) in shown {
            assert_eq!(unit.show(value), text, "{value} {unit:?}");
        }
    }

    #[test]
    fn a_scenarios_own_figures_come_after_those_of_every_run() {
        let names = ["tracker_linking", "delivered", "blackhole_lost", "messages"];
        let order = in_order(names.into_iter());
        assert_eq!(
            order,
            ["messages", "delivered", "blackhole_lost", "tracker_linking"]
        );
        assert_eq!(unit("flooder_taken_bytes"), Unit::Bytes);
        assert_eq!(unit("tracker_linking"), Unit::Ratio);
        assert_eq!(unit("honest_delivery_ratio"), Unit::Share);
        assert_eq!(unit("flooder_storage_share_worst"), Unit::Share);
        assert_eq!(unit("overhead_ratio"), Unit::Ratio);
    }
}
