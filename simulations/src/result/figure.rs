//! The figures of a run: what they are called, what they mean, and how a person reads them.

/// A figure that every run has, where it can be told; those of what users do with messages only where they do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its key in `summary.json`.
    pub name: &'static str,
    /// What a page calls it.
    pub label: &'static str,
    /// Under which heading a page shows it.
    pub group: Group,
    /// What it is counted in.
    pub unit: Unit,
    /// What it means.
    pub meaning: &'static str,
}

/// What a figure tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The size of the world.
    World,
    /// What was written and delivered, and when.
    Messages,
    /// Files of messages, and what they cost other messages.
    Files,
    /// What was written in groups, and how it came to their members.
    Groups,
    /// Bundles and their copies.
    Couriers,
    /// Who met whom.
    Contacts,
    /// Bytes, buffers and energy.
    Cost,
    /// Figures of a scenario's own.
    Own,
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

const fn figure(
    name: &'static str,
    label: &'static str,
    group: Group,
    unit: Unit,
    meaning: &'static str,
) -> Figure {
    Figure {
        name,
        label,
        group,
        unit,
        meaning,
    }
}

/// All figures, in the order in which they are shown.
pub const FIGURES: &[Figure] = &[
    figure(
        "devices",
        "Devices",
        Group::World,
        Unit::Count,
        "devices in the world",
    ),
    figure(
        "duration_s",
        "Simulated time",
        Group::World,
        Unit::Seconds,
        "how long the world lasts",
    ),
    figure(
        "messages",
        "Messages written",
        Group::Messages,
        Unit::Count,
        "messages written",
    ),
    figure(
        "delivered",
        "Messages delivered",
        Group::Messages,
        Unit::Count,
        "messages delivered",
    ),
    figure(
        "delivery_ratio",
        "Delivery ratio",
        Group::Messages,
        Unit::Share,
        "messages delivered, of those written",
    ),
    figure(
        "delay_mean_s",
        "Mean delay",
        Group::Messages,
        Unit::Seconds,
        "delay of delivered messages, mean",
    ),
    figure(
        "delay_median_s",
        "Median delay",
        Group::Messages,
        Unit::Seconds,
        "delay of delivered messages, median",
    ),
    figure(
        "delay_p95_s",
        "95th percentile of delay",
        Group::Messages,
        Unit::Seconds,
        "delay that 95 % of delivered messages keep",
    ),
    figure(
        "hops_mean",
        "Hops per message",
        Group::Messages,
        Unit::Ratio,
        "links that a delivered message crossed, mean",
    ),
    figure(
        "parcels",
        "Parcels carried by hand",
        Group::Messages,
        Unit::Count,
        "times that all that waited for one reader was written on a stick",
    ),
    figure(
        "parcel_bytes",
        "Data in parcels",
        Group::Messages,
        Unit::Bytes,
        "the length of the bundles on all sticks",
    ),
    figure(
        "delivered_by_hand",
        "Messages delivered by hand",
        Group::Messages,
        Unit::Count,
        "delivered messages that came on a stick",
    ),
    figure(
        "reactions",
        "Reactions made",
        Group::Messages,
        Unit::Count,
        "emoji that readers put on messages",
    ),
    figure(
        "reactions_delivered",
        "Reactions delivered",
        Group::Messages,
        Unit::Count,
        "reactions that reached the author of the message",
    ),
    figure(
        "reaction_delivery_ratio",
        "Delivery ratio of reactions",
        Group::Messages,
        Unit::Share,
        "reactions that reached the author, of those made",
    ),
    figure(
        "reaction_delay_mean_s",
        "Mean delay of reactions",
        Group::Messages,
        Unit::Seconds,
        "time from a reaction until it reached the author, mean",
    ),
    figure(
        "reaction_delay_median_s",
        "Median delay of reactions",
        Group::Messages,
        Unit::Seconds,
        "time from a reaction until it reached the author, median",
    ),
    figure(
        "reaction_delay_p95_s",
        "95th percentile of the delay of reactions",
        Group::Messages,
        Unit::Seconds,
        "delay that 95 % of delivered reactions keep",
    ),
    figure(
        "edits",
        "Edits made",
        Group::Messages,
        Unit::Count,
        "texts that authors edited after they had arrived",
    ),
    figure(
        "edits_delivered",
        "Edits delivered",
        Group::Messages,
        Unit::Count,
        "edits that reached the reader of the message",
    ),
    figure(
        "edit_delivery_ratio",
        "Delivery ratio of edits",
        Group::Messages,
        Unit::Share,
        "edits that reached the reader, of those made",
    ),
    figure(
        "edit_delay_mean_s",
        "Mean delay of edits",
        Group::Messages,
        Unit::Seconds,
        "time from an edit until it reached the reader, mean",
    ),
    figure(
        "edit_delay_median_s",
        "Median delay of edits",
        Group::Messages,
        Unit::Seconds,
        "time from an edit until it reached the reader, median",
    ),
    figure(
        "edit_delay_p95_s",
        "95th percentile of the delay of edits",
        Group::Messages,
        Unit::Seconds,
        "delay that 95 % of delivered edits keep",
    ),
    figure(
        "deletions",
        "Deletions made",
        Group::Messages,
        Unit::Count,
        "texts that authors deleted for all after they had arrived",
    ),
    figure(
        "deletions_delivered",
        "Deletions delivered",
        Group::Messages,
        Unit::Count,
        "deletions that reached the reader of the message",
    ),
    figure(
        "deletion_delivery_ratio",
        "Delivery ratio of deletions",
        Group::Messages,
        Unit::Share,
        "deletions that reached the reader, of those made",
    ),
    figure(
        "deletion_delay_mean_s",
        "Mean delay of deletions",
        Group::Messages,
        Unit::Seconds,
        "time from a deletion until it reached the reader, mean",
    ),
    figure(
        "deletion_delay_median_s",
        "Median delay of deletions",
        Group::Messages,
        Unit::Seconds,
        "time from a deletion until it reached the reader, median",
    ),
    figure(
        "deletion_delay_p95_s",
        "95th percentile of the delay of deletions",
        Group::Messages,
        Unit::Seconds,
        "delay that 95 % of delivered deletions keep",
    ),
    figure(
        "receipts",
        "Read receipts made",
        Group::Messages,
        Unit::Count,
        "texts that their readers read and told so",
    ),
    figure(
        "receipts_delivered",
        "Read receipts delivered",
        Group::Messages,
        Unit::Count,
        "receipts that reached the author of the message",
    ),
    figure(
        "receipt_delivery_ratio",
        "Delivery ratio of read receipts",
        Group::Messages,
        Unit::Share,
        "receipts that reached the author, of those made",
    ),
    figure(
        "receipt_delay_mean_s",
        "Mean delay of read receipts",
        Group::Messages,
        Unit::Seconds,
        "time from the reading of a text until its author knew, mean",
    ),
    figure(
        "receipt_delay_median_s",
        "Median delay of read receipts",
        Group::Messages,
        Unit::Seconds,
        "time from the reading of a text until its author knew, median",
    ),
    figure(
        "receipt_delay_p95_s",
        "95th percentile of the delay of read receipts",
        Group::Messages,
        Unit::Seconds,
        "delay that 95 % of delivered receipts keep",
    ),
    figure(
        "files",
        "Files sent",
        Group::Files,
        Unit::Count,
        "files that went with messages",
    ),
    figure(
        "files_asked",
        "Files asked for",
        Group::Files,
        Unit::Count,
        "files that readers asked for, as nothing of them had come",
    ),
    figure(
        "files_cancelled",
        "Files taken back",
        Group::Files,
        Unit::Count,
        "files that their authors took back before they had come whole",
    ),
    figure(
        "files_delivered",
        "Files delivered",
        Group::Files,
        Unit::Count,
        "files that were whole, proven and durable at their readers",
    ),
    figure(
        "file_delivery_ratio",
        "Delivery ratio of files",
        Group::Files,
        Unit::Share,
        "files that were whole at their readers, of those sent",
    ),
    figure(
        "file_delay_mean_s",
        "Mean delay of files",
        Group::Files,
        Unit::Seconds,
        "time from the message of a file until all of it was durable at the reader, mean",
    ),
    figure(
        "file_delay_median_s",
        "Median delay of files",
        Group::Files,
        Unit::Seconds,
        "time from the message of a file until all of it was durable at the reader, median",
    ),
    figure(
        "file_delay_p95_s",
        "95th percentile of the delay of files",
        Group::Files,
        Unit::Seconds,
        "delay that 95 % of delivered files keep",
    ),
    figure(
        "file_breaks",
        "Files broken off",
        Group::Files,
        Unit::Count,
        "times that a session ended while a file was on its way",
    ),
    figure(
        "file_resumptions",
        "Files resumed",
        Group::Files,
        Unit::Count,
        "times that a file went on after that",
    ),
    figure(
        "file_bytes",
        "Data in files",
        Group::Files,
        Unit::Bytes,
        "the length of all files that were sent",
    ),
    figure(
        "file_kept_bytes",
        "Data of files delivered",
        Group::Files,
        Unit::Bytes,
        "sealed bytes of files that were proven and durable at their readers, parts of files included",
    ),
    figure(
        "file_sent_bytes",
        "Data of files sent",
        Group::Files,
        Unit::Bytes,
        "sealed bytes of files that were handed to sessions, those that went again included",
    ),
    figure(
        "file_overhead_ratio",
        "Overhead of files",
        Group::Files,
        Unit::Ratio,
        "(sealed bytes handed to sessions - those durable at readers) / those durable at readers",
    ),
    figure(
        "voice_notes",
        "Voice notes sent",
        Group::Files,
        Unit::Count,
        "files that are voice notes",
    ),
    figure(
        "voice_notes_delivered",
        "Voice notes delivered",
        Group::Files,
        Unit::Count,
        "voice notes that were whole, proven and durable at their readers",
    ),
    figure(
        "voice_note_delay_mean_s",
        "Mean delay of voice notes",
        Group::Files,
        Unit::Seconds,
        "time from the message of a voice note until all of it was durable at the reader, mean",
    ),
    figure(
        "voice_note_delay_median_s",
        "Median delay of voice notes",
        Group::Files,
        Unit::Seconds,
        "time from the message of a voice note until all of it was durable at the reader, median",
    ),
    figure(
        "voice_note_delay_p95_s",
        "95th percentile of the delay of voice notes",
        Group::Files,
        Unit::Seconds,
        "delay that 95 % of delivered voice notes keep",
    ),
    figure(
        "beside_file_delivered",
        "Messages delivered beside files",
        Group::Files,
        Unit::Count,
        "delivered messages that were written while a file was on its way from their author to their reader",
    ),
    figure(
        "beside_file_delay_mean_s",
        "Mean delay beside files",
        Group::Files,
        Unit::Seconds,
        "delay of messages written while a file was on its way to their reader, mean",
    ),
    figure(
        "beside_file_delay_median_s",
        "Median delay beside files",
        Group::Files,
        Unit::Seconds,
        "delay of messages written while a file was on its way to their reader, median",
    ),
    figure(
        "beside_file_delay_p95_s",
        "95th percentile of delay beside files",
        Group::Files,
        Unit::Seconds,
        "delay that 95 % of delivered messages keep that were written while a file was on its way to their reader",
    ),
    figure(
        "group_messages",
        "Texts written in groups",
        Group::Groups,
        Unit::Count,
        "texts that people wrote in groups",
    ),
    figure(
        "group_deliveries_wanted",
        "Deliveries to members wanted",
        Group::Groups,
        Unit::Count,
        "for each text in a group, those in the group beside its author",
    ),
    figure(
        "group_deliveries",
        "Deliveries to members",
        Group::Groups,
        Unit::Count,
        "times that a text in a group came to a member",
    ),
    figure(
        "group_delivery_ratio",
        "Delivery by member",
        Group::Groups,
        Unit::Share,
        "deliveries to members, of those wanted",
    ),
    figure(
        "group_delay_mean_s",
        "Mean delay in groups",
        Group::Groups,
        Unit::Seconds,
        "time from the writing of a text until it came to a member, mean",
    ),
    figure(
        "group_delay_median_s",
        "Median delay in groups",
        Group::Groups,
        Unit::Seconds,
        "time from the writing of a text until it came to a member, median",
    ),
    figure(
        "group_delay_p90_s",
        "90th percentile of delay in groups",
        Group::Groups,
        Unit::Seconds,
        "delay that 90 % of deliveries to members keep",
    ),
    figure(
        "group_delay_p95_s",
        "95th percentile of delay in groups",
        Group::Groups,
        Unit::Seconds,
        "delay that 95 % of deliveries to members keep",
    ),
    figure(
        "group_hops_mean",
        "Hops to a member",
        Group::Groups,
        Unit::Ratio,
        "links that a text crossed from its author to a member, mean",
    ),
    figure(
        "group_by_author",
        "Brought by the author",
        Group::Groups,
        Unit::Share,
        "deliveries to members over a last link from the author of the text",
    ),
    figure(
        "group_by_member",
        "Brought by another member",
        Group::Groups,
        Unit::Share,
        "deliveries to members over a last link from somebody else in the group",
    ),
    figure(
        "group_by_others",
        "Brought by others",
        Group::Groups,
        Unit::Share,
        "deliveries to members by hand, or over a last link from somebody outside of the group",
    ),
    figure(
        "group_bytes_per_delivery",
        "Data sent per delivery to a member",
        Group::Groups,
        Unit::Bytes,
        "bytes sent in sessions, whatever for, for each delivery to a member",
    ),
    figure(
        "bundles",
        "Bundles created",
        Group::Couriers,
        Unit::Count,
        "bundles sealed",
    ),
    figure(
        "copies_mean",
        "Copies per bundle",
        Group::Couriers,
        Unit::Ratio,
        "copies of a bundle that ever were, its sender's included, mean",
    ),
    figure(
        "overhead_ratio",
        "Overhead ratio",
        Group::Couriers,
        Unit::Ratio,
        "(transfers done - delivered) / delivered, where bundles are carried",
    ),
    figure(
        "transfers_started",
        "Transfers started",
        Group::Couriers,
        Unit::Count,
        "transfers of bundles begun",
    ),
    figure(
        "transfers_done",
        "Transfers completed",
        Group::Couriers,
        Unit::Count,
        "transfers that arrived whole",
    ),
    figure(
        "transfers_aborted",
        "Transfers aborted",
        Group::Couriers,
        Unit::Count,
        "transfers cut short",
    ),
    figure(
        "drops_full",
        "Drops, buffer full",
        Group::Couriers,
        Unit::Count,
        "bundles dropped for want of room",
    ),
    figure(
        "drops_expired",
        "Drops, expired",
        Group::Couriers,
        Unit::Count,
        "bundles dropped at the end of their lifetime",
    ),
    figure(
        "drops_released",
        "Drops, already delivered",
        Group::Couriers,
        Unit::Count,
        "bundles dropped because they had arrived",
    ),
    figure(
        "contacts",
        "Contacts",
        Group::Contacts,
        Unit::Count,
        "times that a pair was within reach",
    ),
    figure(
        "contact_time_mean_s",
        "Mean contact time",
        Group::Contacts,
        Unit::Seconds,
        "how long a pair was within reach, mean",
    ),
    figure(
        "inter_contact_time_mean_s",
        "Mean inter-contact time",
        Group::Contacts,
        Unit::Seconds,
        "how long a pair was apart between two contacts, mean",
    ),
    figure(
        "sessions",
        "Sessions",
        Group::Contacts,
        Unit::Count,
        "authenticated sessions between two devices",
    ),
    figure(
        "session_time_mean_s",
        "Mean session time",
        Group::Contacts,
        Unit::Seconds,
        "how long a session lasted, mean",
    ),
    figure(
        "sent_bytes",
        "Data sent",
        Group::Cost,
        Unit::Bytes,
        "bytes sent in sessions",
    ),
    figure(
        "ghost_bytes",
        "Data sent, ghost bodies",
        Group::Cost,
        Unit::Bytes,
        "of them, bodies of messages that were ghosts",
    ),
    figure(
        "control_bytes",
        "Data sent, all else",
        Group::Cost,
        Unit::Bytes,
        "of them, all else: real bytes",
    ),
    figure(
        "buffer_bytes",
        "Buffer per device",
        Group::Cost,
        Unit::Bytes,
        "bundles that a device carries, mean over devices and samples",
    ),
    figure(
        "energy_j",
        "Energy of all devices",
        Group::Cost,
        Unit::Joules,
        "energy that all devices used",
    ),
    figure(
        "energy_device_j",
        "Energy per device",
        Group::Cost,
        Unit::Joules,
        "energy that a device used, mean",
    ),
];

fn find(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// The unit of a figure by its name; for figures of a scenario's own, by how the name ends.
pub(crate) fn unit(name: &str) -> Unit {
    find(name).map_or_else(
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

/// What a page calls a figure; one of a scenario's own by its key, without underscores and unit.
pub(super) fn label(name: &str) -> String {
    if let Some(figure) = find(name) {
        return figure.label.to_owned();
    }
    let bare = ["_s", "_bytes", "_j"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    let words = bare.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// What a figure means, if every run has it.
pub(super) fn meaning(name: &str) -> &'static str {
    find(name).map_or("", |figure| figure.meaning)
}

/// What a page shows where the pointer rests: the key in `summary.json`, and what it means.
pub(super) fn tooltip(name: &str) -> String {
    match meaning(name) {
        "" => name.to_owned(),
        meaning => format!("{name}: {meaning}"),
    }
}

/// Under which heading a page shows a figure.
pub(super) fn group(name: &str) -> Group {
    find(name).map_or(Group::Own, |figure| figure.group)
}

impl Group {
    /// The heading.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::World => "World",
            Self::Messages => "Messages",
            Self::Files => "Files",
            Self::Groups => "Groups",
            Self::Couriers => "Couriers",
            Self::Contacts => "Contacts and sessions",
            Self::Cost => "Data and energy",
            Self::Own => "Figures of this scenario",
        }
    }
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
            Self::Seconds => scaled(value, &SECONDS, number),
            Self::Bytes => scaled(value, &BYTES, number),
            Self::Joules => scaled(value, &JOULES, number),
        }
    }

    /// A value as a page shows it: shares in percent, what is measured to three digits that count.
    #[must_use]
    pub fn plain(self, value: f64) -> String {
        match self {
            Self::Count => number(value),
            Self::Ratio => brief(value),
            Self::Share => format!("{} %", brief(value * 100.0)),
            Self::Seconds => scaled(value, &SECONDS, brief),
            Self::Bytes => scaled(value, &BYTES, brief),
            Self::Joules => scaled(value, &JOULES, brief),
        }
    }

    /// From one value to another as a page shows it, with the unit once where both have the same.
    #[must_use]
    pub fn range(self, low: f64, high: f64) -> String {
        let (low, high) = match (self.plain(low), self.plain(high)) {
            (low_brief, high_brief) if low_brief == high_brief => (self.show(low), self.show(high)),
            different => different,
        };
        match (low.split_once(' '), high.split_once(' ')) {
            (Some((low, one)), Some((_, other))) if one == other => format!("{low} to {high}"),
            _ => format!("{low} to {high}"),
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
fn scaled(value: f64, units: &[(f64, &str)], digits: fn(f64) -> String) -> String {
    if value == 0.0 {
        let plain = units.iter().find(|unit| unit.0 == 1.0).unwrap_or(&units[0]);
        return format!("0 {}", plain.1);
    }
    let fits = |unit: &&(f64, &str)| value.abs() >= unit.0;
    let unit = units.iter().rev().find(fits).unwrap_or(&units[0]);
    format!("{} {}", digits(value / unit.0), unit.1)
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

/// Three digits that count.
pub(super) fn brief(value: f64) -> String {
    let step = match value.abs() {
        size if size >= 100.0 => 1.0,
        size if size >= 10.0 => 10.0,
        size if size >= 0.1 => 100.0,
        _ => return number(value),
    };
    number((value * step).round() / step)
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
    fn a_page_shows_shares_in_percent_and_a_unit_once() {
        assert_eq!(Unit::Share.plain(0.816_27), "81.6 %");
        assert_eq!(Unit::Share.plain(1.0), "100 %");
        assert_eq!(Unit::Bytes.plain(1_234_567.0), "1.23 MB");
        assert_eq!(Unit::Count.plain(1_234.0), "1\u{202f}234");
        assert_eq!(Unit::Seconds.plain(90.0), "1.5 min");
        assert_eq!(Unit::Share.range(0.2, 0.95), "20 to 95 %");
        assert_eq!(Unit::Seconds.range(90.0, 120.0), "1.5 to 2 min");
        assert_eq!(Unit::Seconds.range(30.0, 120.0), "30 s to 2 min");
        assert_eq!(Unit::Joules.range(221.8, 222.1), "221.8 to 222.1 J");
        assert_eq!(Unit::Count.range(3.0, 5.0), "3 to 5");
    }

    #[test]
    fn a_figure_has_a_label_that_is_no_key() {
        for figure in FIGURES {
            assert!(!figure.label.contains('_'), "{}", figure.name);
        }
        assert_eq!(label("delay_median_s"), "Median delay");
        assert_eq!(label("flooder_taken_bytes"), "Flooder taken");
        assert_eq!(
            tooltip("contacts"),
            "contacts: times that a pair was within reach"
        );
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
