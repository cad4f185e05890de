//! Contacts as a step-based simulator sees them.

use std::collections::BTreeMap;

use crate::plan::{Change, DeviceNumber, Meetings};

/// An exact plan, sampled at multiples of a step: a contact that begins and ends between two steps disappears, and
/// every other change happens at the next step.
pub struct Stepped {
    exact: Box<dyn Meetings>,
    step_us: u64,
    /// The last changes of the exact plan; kept only to reuse its memory.
    between: Vec<Change>,
}

impl Stepped {
    /// Samples a plan every `step_us`, which must not be 0.
    #[must_use]
    pub fn new(exact: Box<dyn Meetings>, step_us: u64) -> Self {
        Self {
            exact,
            step_us,
            between: Vec::new(),
        }
    }
}

impl Meetings for Stepped {
    fn devices(&self) -> usize {
        self.exact.devices()
    }

    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>) {
        let Some(before_us) = until_us.checked_sub(1) else {
            return;
        };
        let last_look_us = before_us - before_us % self.step_us;
        self.between.clear();
        self.exact.advance(last_look_us + 1, &mut self.between);
        let mut seen = BTreeMap::new();
        for Change {
            at_us,
            up,
            a,
            b,
            radio,
        } in self.between.drain(..)
        {
            let look_us = at_us.div_ceil(self.step_us) * self.step_us;
            let of_pair = seen.entry((look_us, a, b, radio));
            of_pair
                .and_modify(|(_, last)| *last = up)
                .or_insert((up, up));
        }
        let start = changes.len();
        for ((at_us, a, b, radio), (first, last)) in seen {
            // A pair that changes twice is unchanged.
            if first == last {
                changes.push(Change {
                    at_us,
                    up: last,
                    a,
                    b,
                    radio,
                });
            }
        }
        changes[start..].sort_unstable();
    }

    fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]> {
        self.exact.position(device, at_us)
    }
}
