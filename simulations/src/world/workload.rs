//! Who writes to whom, when, and how much.

use std::collections::BTreeSet;

use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attachments::Attachments;
use super::happening::{File, Later, Message, Stick};
use super::micros;
use crate::plan::DeviceNumber;
use crate::rng::{self, Purpose};

/// Messages that are written in the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Workload {
    /// Texts, as people write them, or loads of any size whose content is not moved.
    pub what: Choice,
    /// Time between one message and the next, in the whole world.
    pub pace: Pace,
    /// Their length.
    pub length: Length,
    /// The first is not before this, in seconds.
    #[serde(default)]
    pub from_s: f64,
    /// The last is before this, in seconds; without it they go on to the end.
    #[serde(default)]
    pub until_s: Option<f64>,
    /// Only devices from this number on write and are written to.
    #[serde(default)]
    pub first_device: DeviceNumber,
    /// Only devices below this number; without it all.
    #[serde(default)]
    pub end_device: Option<DeviceNumber>,
    /// Whether files go with texts; without it none does.
    #[serde(default)]
    pub files: Option<Attachments>,
    /// Whether authors carry what has not arrived to its readers by hand; without it nobody does.
    #[serde(default)]
    pub by_hand: Option<ByHand>,
    /// Whether readers put an emoji on the texts that they get, which goes back to the author; without it nobody does.
    #[serde(default)]
    pub reactions: Option<Afterwards>,
    /// Whether authors edit texts that have arrived; without it nobody does.
    #[serde(default)]
    pub edits: Option<Afterwards>,
    /// Whether readers answer the texts that they get, by a text of the same length; without it nobody does. Nobody
    /// answers an answer.
    #[serde(default)]
    pub replies: Option<Afterwards>,
    /// Whether authors delete texts that have arrived, for all; without it nobody does.
    #[serde(default)]
    pub deletions: Option<Afterwards>,
    /// Whether readers read the texts that they get, and everybody tells what was read; without it nobody reads.
    #[serde(default)]
    pub receipts: Option<Afterwards>,
    /// After how many seconds texts disappear, from a minute to a year: at the author's after they have arrived, at
    /// the reader's after they were read. Without it they stay.
    #[serde(default)]
    pub timer_s: Option<u64>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Texts in conversations.
    Texts,
    /// A load each: one bundle whose content is a ghost.
    Loads,
}

/// Time between messages.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Pace {
    /// Independent of one another, so many in an hour.
    #[serde(rename_all = "kebab-case")]
    Poisson {
        /// In the whole world.
        per_hour: f64,
    },
    /// Uniformly between two times.
    #[serde(rename_all = "kebab-case")]
    Every {
        /// The shortest, in seconds.
        shortest_s: f64,
        /// The longest, in seconds.
        longest_s: f64,
    },
}

/// Lengths, drawn uniformly between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Length {
    /// The shortest, in bytes.
    pub shortest: u64,
    /// The longest, in bytes.
    pub longest: u64,
}

/// What people do with texts that have arrived: they react to them, edit, answer, read or delete them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Afterwards {
    /// The share of texts, of those that have arrived, with which it is done.
    pub share: f64,
    /// Shortest and longest time from the arrival of a text until it is done in seconds, drawn evenly. The shortest
    /// must not be below `window-s`. Who is switched off at that time does not do it.
    pub delay_s: [f64; 2],
}

/// Parcels that people carry by hand: everything that waits for one reader, files left out, written on a stick.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ByHand {
    /// The share of texts whose authors think of it. Where nothing waits for the reader by then, nothing is written.
    pub share: f64,
    /// Shortest and longest time from the writing of a text until all that waits for its reader is on the stick, in
    /// seconds, drawn evenly. Who is switched off at that time does not do it.
    pub after_s: [f64; 2],
    /// Shortest and longest time until the reader has the stick, in seconds, drawn evenly. The shortest must not be
    /// below `window-s`. Who is switched off then takes it in later.
    pub way_s: [f64; 2],
}

/// The longest text that the product takes.
pub(super) const MAX_TEXT: u64 = 64 * 1024;

/// The timers that the product takes, in seconds.
const TIMERS: std::ops::RangeInclusive<u64> = 60..=31_536_000;

impl Workload {
    /// Whether it is written as loads.
    pub(crate) fn is_loads(&self) -> bool {
        self.what == Choice::Loads
    }

    /// Whether users react to what it writes.
    pub(crate) fn has_reactions(&self) -> bool {
        self.reactions.is_some()
    }

    /// Whether users edit what it writes.
    pub(crate) fn has_edits(&self) -> bool {
        self.edits.is_some()
    }

    /// Whether users delete what it writes.
    pub(crate) fn has_deletions(&self) -> bool {
        self.deletions.is_some()
    }

    /// Whether what it writes disappears.
    pub(crate) fn has_timers(&self) -> bool {
        self.timer_s.is_some()
    }

    /// Whether users tell that they have read what it writes.
    pub(crate) fn has_receipts(&self) -> bool {
        self.receipts.is_some()
    }

    /// Whether people carry what it writes by hand.
    pub(crate) fn has_parcels(&self) -> bool {
        self.by_hand.is_some()
    }

    /// Whether files go with what it writes.
    pub(crate) fn has_files(&self) -> bool {
        self.files.is_some()
    }

    /// Checks what the types cannot, in a world with windows of this length.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self, window_s: f64) -> Result<(), String> {
        let gap = match self.pace {
            Pace::Poisson { per_hour } => per_hour > 0.0,
            Pace::Every {
                shortest_s,
                longest_s,
            } => longest_s > 0.0 && (0.0..=longest_s).contains(&shortest_s),
        };
        if !gap {
            return Err("workload: the pace must let time pass".to_owned());
        }
        if self.length.shortest > self.length.longest || self.length.longest == 0 {
            return Err("workload: lengths go from the shortest to the longest".to_owned());
        }
        if self.what == Choice::Texts && self.length.longest > MAX_TEXT {
            return Err(format!(
                "workload: texts have at most {MAX_TEXT} bytes; choose loads"
            ));
        }
        for (what, afterwards) in [
            ("reactions", self.reactions),
            ("edits", self.edits),
            ("replies", self.replies),
            ("deletions", self.deletions),
            ("receipts", self.receipts),
        ] {
            if let Some(afterwards) = afterwards {
                afterwards.check(what, self.what, window_s)?;
            }
        }
        if let Some(files) = &self.files {
            files.check(self.what, window_s)?;
        }
        if let Some(by_hand) = self.by_hand {
            by_hand.check(self.what, window_s)?;
        }
        if self.timer_s.is_some() && self.is_loads() {
            return Err("workload: loads do not disappear; choose texts".to_owned());
        }
        if self
            .timer_s
            .is_some_and(|timer_s| !TIMERS.contains(&timer_s))
        {
            return Err("workload: texts disappear after a minute to a year".to_owned());
        }
        Ok(())
    }
}

impl Afterwards {
    /// How long after the arrival of the next text it is done, if it is. Both are drawn for every text, so that a larger
    /// share adds to what is done and changes nothing of it.
    pub(super) fn draw_us(self, rng: &mut ChaCha20Rng) -> Option<u64> {
        let [shortest_s, longest_s] = self.delay_s;
        let is_done = rng::unit(rng) < self.share;
        let delay_s = rng::between(rng, shortest_s, longest_s);
        is_done.then(|| micros(delay_s))
    }

    pub(super) fn check(self, what: &str, of: Choice, window_s: f64) -> Result<(), String> {
        let [shortest_s, longest_s] = self.delay_s;
        if of == Choice::Loads {
            return Err(format!(
                "workload: there are no {what} to loads, which are no messages of a conversation; \
                 choose texts"
            ));
        }
        if !(0.0..=1.0).contains(&self.share) {
            return Err(format!("workload: the share of {what} must be from 0 to 1"));
        }
        if !(longest_s.is_finite() && (0.0..=longest_s).contains(&shortest_s)) {
            return Err(format!(
                "workload: the delay of {what} goes from the shortest to the longest"
            ));
        }
        // Who has received what is known as a window ends.
        if shortest_s < window_s {
            return Err(format!(
                "workload: the delay of {what} must not be below window-s, {window_s}"
            ));
        }
        Ok(())
    }
}

impl ByHand {
    /// When the next text's author writes a stick, and when its reader has it, both from the writing of the text on.
    /// All is drawn for every text, so that a larger share adds to the parcels and changes none.
    fn draw(self, rng: &mut ChaCha20Rng) -> Option<Stick> {
        let is_done = rng::unit(rng) < self.share;
        let [after_us, way_us] = [self.after_s, self.way_s]
            .map(|[shortest_s, longest_s]| micros(rng::between(rng, shortest_s, longest_s)));
        is_done.then_some(Stick { after_us, way_us })
    }

    fn check(self, of: Choice, window_s: f64) -> Result<(), String> {
        if of == Choice::Loads {
            return Err("workload: loads are not carried by hand; choose texts".to_owned());
        }
        if !(0.0..=1.0).contains(&self.share) {
            return Err(
                "workload: the share of what is carried by hand must be from 0 to 1".to_owned(),
            );
        }
        for [shortest_s, longest_s] in [self.after_s, self.way_s] {
            if !(longest_s.is_finite() && (0.0..=longest_s).contains(&shortest_s)) {
                return Err(
                    "workload: times of what is carried by hand go from the shortest to the longest"
                        .to_owned(),
                );
            }
        }
        // Who is in reach of whom is known for a window.
        if self.way_s[0] < window_s {
            return Err(format!(
                "workload: the way by hand must not be shorter than window-s, {window_s}"
            ));
        }
        Ok(())
    }
}

/// One workload, going on.
struct Source {
    workload: Workload,
    rng: ChaCha20Rng,
    /// What reactions, edits, replies, deletions and receipts are drawn from.
    later: [ChaCha20Rng; 5],
    files: ChaCha20Rng,
    sticks: ChaCha20Rng,
    /// Devices with somebody to write to.
    writers: Vec<DeviceNumber>,
    next_us: u64,
}

/// All workloads, going on.
pub(super) struct Writing {
    sources: Vec<Source>,
    readers: Vec<Vec<DeviceNumber>>,
    written: u64,
}

impl Writing {
    pub fn new(
        workloads: &[Workload],
        acquainted: &[BTreeSet<DeviceNumber>],
        seed: u64,
    ) -> Writing {
        let sources = workloads.iter().enumerate().map(|(index, workload)| {
            let end = workload.end_device.unwrap_or(DeviceNumber::MAX);
            let part = workload.first_device..end;
            let mut source = Source {
                workload: workload.clone(),
                rng: rng::stream(seed, Purpose::Workload, index as u64),
                later: [
                    Purpose::Reactions,
                    Purpose::Edits,
                    Purpose::Replies,
                    Purpose::Deletions,
                    Purpose::Receipts,
                ]
                .map(|purpose| rng::stream(seed, purpose, index as u64)),
                files: rng::stream(seed, Purpose::Files, index as u64),
                sticks: rng::stream(seed, Purpose::Sticks, index as u64),
                writers: (0..acquainted.len() as DeviceNumber)
                    .filter(|device| {
                        let acquainted = &acquainted[*device as usize];
                        part.contains(device) && acquainted.iter().any(|other| part.contains(other))
                    })
                    .collect(),
                next_us: micros(workload.from_s),
            };
            source.next_us += source.gap_us();
            source
        });
        Writing {
            sources: sources.collect(),
            readers: acquainted
                .iter()
                .map(|readers| readers.iter().copied().collect())
                .collect(),
            written: 0,
        }
    }

    /// What is written before `until_us` and was not given yet: when, by whom, what.
    pub fn until(&mut self, until_us: u64) -> Vec<(u64, DeviceNumber, Message)> {
        let mut messages = Vec::new();
        for source in &mut self.sources {
            let last_us = source.workload.until_s.map_or(u64::MAX, micros);
            while source.next_us < until_us.min(last_us) && !source.writers.is_empty() {
                let at_us = source.next_us;
                source.next_us += source.gap_us();
                let writer = source.writers[rng::index(&mut source.rng, source.writers.len())];
                let end = source.workload.end_device.unwrap_or(DeviceNumber::MAX);
                let part = source.workload.first_device..end;
                let readers: Vec<DeviceNumber> = self.readers[writer as usize]
                    .iter()
                    .copied()
                    .filter(|reader| part.contains(reader))
                    .collect();
                let to = readers[rng::index(&mut source.rng, readers.len())];
                let Length { shortest, longest } = source.workload.length;
                let span = (longest - shortest + 1) as usize;
                let bytes = shortest + rng::index(&mut source.rng, span) as u64;
                let files = source.workload.files.as_ref();
                let file = files.and_then(|files| files.draw(&mut source.files));
                let by_hand = source.workload.by_hand;
                let stick = by_hand.and_then(|by_hand| by_hand.draw(&mut source.sticks));
                let has_words = file.as_ref().is_none_or(|file| file.has_caption);
                let message = Message {
                    number: 0,
                    to,
                    bytes: if has_words { bytes } else { 0 },
                    file: file.as_ref().map(|file| File {
                        bytes: file.bytes,
                        voice_ms: file.voice_ms,
                    }),
                    load: source.workload.what == Choice::Loads,
                    reply_to: None,
                    timer_s: source.workload.timer_s,
                    stick,
                    later: Later {
                        ask_us: file.as_ref().and_then(|file| file.ask_us),
                        cancel_us: file.and_then(|file| file.cancel_us),
                        ..source.later(bytes)
                    },
                };
                messages.push((at_us, writer, message));
            }
        }
        messages.sort_by_key(|(at_us, ..)| *at_us);
        for (.., message) in &mut messages {
            message.number = self.written;
            self.written += 1;
        }
        messages
    }
}

impl Source {
    fn gap_us(&mut self) -> u64 {
        micros(match self.workload.pace {
            Pace::Poisson { per_hour } => rng::exponential(&mut self.rng, 3_600.0 / per_hour),
            Pace::Every {
                shortest_s,
                longest_s,
            } => rng::between(&mut self.rng, shortest_s, longest_s),
        })
        .max(1)
    }

    /// What is done with the next message, and how long after its arrival.
    fn later(&mut self, bytes: u64) -> Later {
        let Workload {
            reactions,
            edits,
            replies,
            deletions,
            receipts,
            ..
        } = self.workload;
        let [reacting, editing, replying, deleting, reading] = &mut self.later;
        Later {
            reaction_us: reactions.and_then(|reactions| reactions.draw_us(reacting)),
            edit_us: edits.and_then(|edits| edits.draw_us(editing)),
            reply_us: replies.and_then(|replies| replies.draw_us(replying)),
            deletion_us: deletions.and_then(|deletions| deletions.draw_us(deleting)),
            read_us: receipts.and_then(|receipts| receipts.draw_us(reading)),
            ask_us: None,
            cancel_us: None,
            bytes,
        }
    }
}
