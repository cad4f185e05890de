//! Contacts as a trace tells them, gathered into a contact plan: devices numbered, what can be mended
//! mended and counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::{name_order, time_us};
use super::{Trace, TraceSettings};
use crate::plan::{Change, DeviceNumber};

/// What a reader mended or left out, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Repairs {
    /// Lines earlier than the one before them, put in order.
    pub unsorted: u64,
    /// Lines that say again what another has said.
    pub doubled: u64,
    /// Contacts that end without having begun, left out.
    pub down_without_up: u64,
    /// Contacts of one pair that overlapped, made one.
    pub overlapping: u64,
    /// Contacts of a device with itself, left out.
    pub with_oneself: u64,
    /// Contacts that had not ended with the trace, ended with its last moment.
    pub left_open: u64,
    /// Contacts shorter than the shortest there is, made that long.
    pub lengthened: u64,
    /// Lines of other kinds than contacts, left out.
    pub other_lines: u64,
    /// Scans that heard nobody, or nobody of the study, left out.
    pub outside: u64,
    /// Sightings fainter than asked for, left out.
    pub faint: u64,
    /// Contacts over before the world begins, left out because the scenario says so.
    pub before_start: u64,
}

impl Repairs {
    /// What there was of it, in words.
    #[must_use]
    pub fn told(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.unsorted, "lines out of order, put in order"),
            (
                self.doubled,
                "lines that say again what another has said, left out",
            ),
            (
                self.down_without_up,
                "ends of contacts that had not begun, left out",
            ),
            (
                self.overlapping,
                "contacts of one pair that overlapped, made one",
            ),
            (
                self.with_oneself,
                "contacts of a device with itself, left out",
            ),
            (
                self.left_open,
                "contacts that never end, ended with the trace",
            ),
            (self.lengthened, "contacts too short to be any, lengthened"),
            (
                self.other_lines,
                "lines of other kinds than contacts, left out",
            ),
            (
                self.outside,
                "scans that heard nobody of the study, left out",
            ),
            (self.faint, "sightings too faint, left out"),
            (
                self.before_start,
                "contacts over before the world begins, left out",
            ),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}

/// Whether a contact that begins in the moment in which another of the same pair ends is the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touching {
    /// Rows are windows of time or sightings: yes.
    Joined,
    /// Rows are events: a link came down and up again.
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
    /// The number, for now, of the device with this name.
    pub(super) fn device(&mut self, name: &str) -> DeviceNumber {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.numbers.len() as DeviceNumber;
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Two devices were within reach of one another; `start_us` is not after `end_us`.
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

    /// The contact plan. `start_us`: the moment at which the world begins where the settings do not say;
    /// the first contact's if `None`.
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

    /// As [`finish`](Self::finish), where the contacts already have the devices' final numbers.
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

    /// Names in their final order, by value where they are numbers, and for each number given out so far
    /// the final one.
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

    /// Makes one of the contacts of a pair that overlap, and of those that touch if asked.
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

/// Contacts as changes, in order, counted from this moment.
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
