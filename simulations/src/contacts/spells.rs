//! Turns times within reach into changes, chunk by chunk.

use super::within;
use crate::mobility::Segment;
use crate::plan::Change;

/// Two things are within reach of one another for a part of a chunk.
struct Spell {
    pair: (u32, u32),
    start_us: u64,
    end_us: u64,
}

/// Collects the spells of one chunk after another; remembers which pairs are within reach between chunks.
#[derive(Default)]
pub(super) struct Spells {
    found: Vec<Spell>,
    /// Pairs within reach at the end of the last chunk, in order.
    up: Vec<(u32, u32)>,
}

impl Spells {
    /// Adds the times of a chunk at which two things on known ways are within a range of one another. `longest_m` is
    /// an upper bound for that range, which is computed only if they come so near.
    pub(super) fn add(
        &mut self,
        pair: (u32, u32),
        [a, b]: [&[Segment]; 2],
        (from_us, until_us): (u64, u64),
        longest_m: f64,
        range_m: impl Fn() -> f64,
    ) {
        let mut known_m = None;
        let (mut i, mut j) = (0, 0);
        let before = self.found.len();
        while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
            let mut times = within(one, other, known_m.unwrap_or(longest_m));
            if times.is_some() && known_m.is_none() {
                let own_m = range_m();
                known_m = Some(own_m);
                if own_m != longest_m {
                    times = within(one, other, own_m);
                }
            }
            if let Some((enter_us, leave_us)) = times {
                let (start_us, end_us) = (enter_us.max(from_us), leave_us.min(until_us));
                match self.found[before..].last_mut() {
                    _ if start_us >= end_us => {}
                    Some(last) if last.end_us == start_us => last.end_us = end_us,
                    _ => self.found.push(Spell {
                        pair,
                        start_us,
                        end_us,
                    }),
                }
            }
            if one.end_us <= other.end_us {
                i += 1;
            } else {
                j += 1;
            }
        }
    }

    /// Ends a chunk: turns its spells into changes from the state before it. Returns the number of spells.
    pub(super) fn changes(
        &mut self,
        (from_us, until_us): (u64, u64),
        radio: u8,
        changes: &mut Vec<Change>,
    ) -> u64 {
        self.found
            .sort_unstable_by_key(|spell| (spell.pair, spell.start_us));
        let was_up = std::mem::take(&mut self.up);
        let mut before = was_up.into_iter().peekable();
        let change = |at_us, up, (a, b)| Change {
            at_us,
            up,
            a,
            b,
            radio,
        };
        for spell in &self.found {
            while let Some(parted) = before.next_if(|&pair| pair < spell.pair) {
                changes.push(change(from_us, false, parted));
            }
            let was_up = before.next_if_eq(&spell.pair).is_some();
            let went_on = was_up && spell.start_us == from_us;
            if was_up && !went_on {
                changes.push(change(from_us, false, spell.pair));
            }
            if !went_on {
                changes.push(change(spell.start_us, true, spell.pair));
            }
            if spell.end_us < until_us {
                changes.push(change(spell.end_us, false, spell.pair));
            } else {
                self.up.push(spell.pair);
            }
        }
        changes.extend(before.map(|parted| change(from_us, false, parted)));
        let count = self.found.len() as u64;
        self.found.clear();
        count
    }
}
