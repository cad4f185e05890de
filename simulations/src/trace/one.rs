//! Connection events of the simulator The ONE (`StandardEventsReader`, `ConnectivityONEReport`): `time CONN a b
//! up|down [interface]`. Hosts may have a prefix of letters, which The ONE ignores. Ignores message events between
//! them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;

use super::gather::{Gathering, Touching};
use super::text::{Line, lines};
use super::{Trace, TraceError, TraceSettings};
use crate::plan::{Change, DeviceNumber, SECOND_US};

const CONNECTION: &str = "CONN";

/// Other events that The ONE writes into the same files: created, sent, delivered, aborted, dropped, removed.
const OTHER_VERBS: [&str; 6] = ["C", "S", "DE", "A", "DR", "R"];

/// Whether this can be the second word of a line of The ONE.
pub(super) fn is_verb(word: &str) -> bool {
    word == CONNECTION || OTHER_VERBS.contains(&word)
}

/// A pair and the interface that connects it.
type Connection<'a> = (DeviceNumber, DeviceNumber, Option<&'a str>);

pub(super) fn read(settings: &TraceSettings, bytes: &[u8]) -> Result<Trace, TraceError> {
    let mut gathering = Gathering::default();
    let mut events: Vec<(i64, bool, Connection<'_>)> = Vec::new();
    let mut latest_us = i64::MIN;
    let mut end_us = i64::MIN;
    for line in lines(settings, bytes) {
        let line = line?;
        let at_us = line.time_us(0, EXPECTED)?;
        gathering.repaired.unsorted += u64::from(at_us < latest_us);
        latest_us = at_us;
        end_us = end_us.max(at_us);
        if line
            .fields
            .get(1)
            .is_some_and(|verb| OTHER_VERBS.contains(verb))
        {
            gathering.repaired.other_lines += 1;
            continue;
        }
        let (up, [a, b], interface) = connection(&line)?;
        let [a, b] = [gathering.device(a), gathering.device(b)];
        events.push((at_us, up, (a.min(b), a.max(b), interface)));
    }
    // Within one moment the order of the file counts.
    events.sort_by_key(|&(at_us, ..)| at_us);
    let mut open: BTreeMap<Connection<'_>, i64> = BTreeMap::new();
    for (at_us, up, connection) in events {
        let (a, b, _) = connection;
        if up {
            match open.entry(connection) {
                Entry::Vacant(vacant) => {
                    vacant.insert(at_us);
                }
                Entry::Occupied(_) => gathering.repaired.doubled += 1,
            }
        } else if let Some(start_us) = open.remove(&connection) {
            gathering.contact([a, b], settings.radio, start_us, at_us);
        } else {
            gathering.repaired.down_without_up += 1;
        }
    }
    for ((a, b, _), start_us) in open {
        gathering.repaired.left_open += 1;
        gathering.contact([a, b], settings.radio, start_us, end_us);
    }
    Ok(gathering.finish(settings, Some(0), Touching::Apart))
}

const EXPECTED: &str = "`time CONN a b up|down`: a time in seconds, two hosts, what happened";

/// Up or down, the hosts' numbers and the interface of a line.
fn connection<'a>(line: &Line<'a>) -> Result<(bool, [&'a str; 2], Option<&'a str>), TraceError> {
    let &[_, CONNECTION, a, b, direction, ref rest @ ..] = line.fields.as_slice() else {
        return Err(line.error(EXPECTED));
    };
    let host = |name: &'a str| {
        let number = name.trim_start_matches(|letter: char| letter.is_alphabetic());
        let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
        (!number.is_empty() && all_digits)
            .then_some(number)
            .ok_or_else(|| line.error("a host's number, with or without letters before it"))
    };
    let up = match direction.to_ascii_lowercase().as_str() {
        "up" => true,
        "down" => false,
        _ => return Err(line.error(EXPECTED)),
    };
    Ok((up, [host(a)?, host(b)?], rest.first().copied()))
}

/// A contact plan as connection events that The ONE reads (`ExternalEventsQueue`, with `Scenario.simulateConnections
/// = false`), with our device numbers as hosts.
///
/// The ONE has one connection for a pair, so contacts over several radios become one, from the first that comes to
/// the last that goes. Contacts at the end of the plan stay open.
#[must_use]
pub fn write(changes: &[Change]) -> String {
    let mut radios: BTreeMap<(DeviceNumber, DeviceNumber), u32> = BTreeMap::new();
    let mut text = String::new();
    for change in changes {
        let count = radios.entry((change.a, change.b)).or_default();
        let before = *count;
        *count = if change.up {
            before + 1
        } else {
            before.saturating_sub(1)
        };
        if (before == 0) == (*count == 0) {
            continue;
        }
        let Change { at_us, a, b, .. } = change;
        let (seconds, rest) = (at_us / SECOND_US, at_us % SECOND_US);
        let direction = if change.up { "up" } else { "down" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{seconds}.{rest:06} CONN {a} {b} {direction}");
    }
    text
}
