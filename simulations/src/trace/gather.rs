//! Gathers a trace's contacts into a contact plan: numbers the devices, repairs what it can, and counts the repairs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::{name_order, time_us};
use super::{Trace, TraceSettings};
use crate::plan::{Change, DeviceNumber};

/// The repairs of a reader, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Repairs {
    /// Lines earlier than the one before them; sorted.
    pub unsorted: u64,
    /// Lines that repeat another one; ignored.
    pub doubled: u64,
    /// Ends of contacts without a start; ignored.
    pub down_without_up: u64,
    /// Overlapping contacts of one pair; merged.
    pub overlapping: u64,
    /// Contacts of a device with itself; ignored.
    pub with_oneself: u64,
    /// Contacts without an end; ended with the trace.
    pub left_open: u64,
    /// Contacts below the shortest length; lengthened.
    pub lengthened: u64,
    /// Lines that are no contacts; ignored.
    pub other_lines: u64,
    /// Scans that heard nobody, or nobody of the study; ignored.
    pub outside: u64,
    /// Sightings that are too faint; ignored.
    pub faint: u64,
    /// Contacts that ended before the world begins, at the scenario's request; ignored.
    pub before_start: u64,
}

impl Repairs {
    /// The repairs that happened, in words.
    #[must_use]
    pub fn told(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.unsorted, "lines out of order, sorted"),
            (self.doubled, "duplicate lines, ignored"),
            (
                self.down_without_up,
                "ends of contacts without a start, ignored",
            ),
            (self.overlapping, "overlapping contacts of one pair, merged"),
            (
                self.with_oneself,
                "contacts of a device with itself, ignored",
            ),
            (
                self.left_open,
                "contacts without an end, ended with the trace",
            ),
            (
                self.lengthened,
                "contacts below the shortest length, lengthened",
            ),
            (self.other_lines, "lines that are no contacts, ignored"),
            (
                self.outside,
                "scans that heard nobody of the study, ignored",
            ),
            (self.faint, "sightings too faint, ignored"),
            (
                self.before_start,
                "contacts that ended before the world begins, ignored",
            ),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}

/// Whether two contacts of a pair are one if the second begins when the first ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touching {
    /// Rows are time windows or sightings: they are one.
    Joined,
    /// Rows are events: a link went down and came up again.
    Apart,
}

/// One contact, in the trace's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    a: DeviceNumber,
    b: DeviceNumber,
    radio: u8,
    start_us: i64,
    end_us: i64,
}

/// The contacts read so far.
#[derive(Default)]
pub(super) struct Gathering {
    numbers: BTreeMap<String, DeviceNumber>,
    spans: Vec<Span>,
    pub(super) repaired: Repairs,
}

impl Gathering {
    /// The preliminary number of the device with this name.
    pub(super) fn device(&mut self, name: &str) -> DeviceNumber {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.numbers.len() as DeviceNumber;
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Adds a contact of two devices; `start_us` must not be after `end_us`.
    pub(super) fn contact(
        &mut self,
        [a, b]: [DeviceNumber; 2],
        radio: u8,
        start_us: i64,
        end_us: i64,
    ) {
        if a == b {
            self.repaired.with_oneself += 1;
            return;
        }
        self.spans.push(Span {
            a,
            b,
            radio,
            start_us,
            end_us,
        });
    }

    /// The contact plan. `start_us` is the start of the world if the settings give none; `None` means the first
    /// contact.
    pub(super) fn finish(
        mut self,
        settings: &TraceSettings,
        start_us: Option<i64>,
        touching: Touching,
    ) -> Trace {
        let (names, numbers) = self.numbered();
        for span in &mut self.spans {
            span.a = numbers[span.a as usize];
            span.b = numbers[span.b as usize];
        }
        self.finish_numbered(settings, names, start_us, touching)
    }

    /// As [`finish`](Self::finish), for contacts that already have the final device numbers.
    pub(super) fn finish_numbered(
        mut self,
        settings: &TraceSettings,
        names: Vec<String>,
        start_us: Option<i64>,
        touching: Touching,
    ) -> Trace {
        let start_us = settings
            .start_s
            .and_then(time_us)
            .or(start_us)
            .or_else(|| self.spans.iter().map(|span| span.start_us).min())
            .unwrap_or(0);
        for span in &mut self.spans {
            if span.end_us <= span.start_us {
                self.repaired.lengthened += 1;
                span.end_us = span.start_us + 1;
            }
            (span.a, span.b) = (span.a.min(span.b), span.a.max(span.b));
        }
        let before = self.spans.len();
        self.spans.retain(|span| span.end_us > start_us);
        self.repaired.before_start += (before - self.spans.len()) as u64;
        self.spans.sort_unstable();
        self.join(touching);
        Trace {
            devices: names.len(),
            changes: changes(&self.spans, start_us),
            names,
            repaired: self.repaired,
        }
    }

    /// Names in their final order, by value if they are numbers; and the final number for each preliminary one.
    fn numbered(&mut self) -> (Vec<String>, Vec<DeviceNumber>) {
        let mut named: Vec<(String, DeviceNumber)> =
            std::mem::take(&mut self.numbers).into_iter().collect();
        named.sort_by_cached_key(|(name, _)| name_order(name));
        let mut numbers = vec![0; named.len()];
        for (number, (_, given)) in named.iter().enumerate() {
            numbers[*given as usize] = number as DeviceNumber;
        }
        (named.into_iter().map(|(name, _)| name).collect(), numbers)
    }

    /// Merges the overlapping contacts of a pair, and also touching ones if they count as one.
    fn join(&mut self, touching: Touching) {
        let mut joined: Vec<Span> = Vec::with_capacity(self.spans.len());
        let mut previous: Option<Span> = None;
        for span in self.spans.drain(..) {
            let doubled = previous == Some(span);
            previous = Some(span);
            let Some(last) = joined.last_mut().filter(|last| {
                (last.a, last.b, last.radio) == (span.a, span.b, span.radio)
                    && (span.start_us < last.end_us
                        || span.start_us == last.end_us && touching == Touching::Joined)
            }) else {
                joined.push(span);
                continue;
            };
            if doubled {
                self.repaired.doubled += 1;
            } else if span.start_us < last.end_us {
                self.repaired.overlapping += 1;
            }
            last.end_us = last.end_us.max(span.end_us);
        }
        self.spans = joined;
    }
}

/// The contacts as changes, sorted, in time since `start_us`.
fn changes(spans: &[Span], start_us: i64) -> Vec<Change> {
    let since_start = |at_us: i64| at_us.saturating_sub(start_us).max(0) as u64;
    let mut changes: Vec<Change> = spans
        .iter()
        .flat_map(
            |&Span {
                 a,
                 b,
                 radio,
                 start_us,
                 end_us,
             }| {
                [(start_us, true), (end_us, false)].map(|(at_us, up)| Change {
                    at_us: since_start(at_us),
                    up,
                    a,
                    b,
                    radio,
                })
            },
        )
        .collect();
    changes.sort_unstable();
    changes
}
