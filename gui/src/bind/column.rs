//! The rows of the open conversation: all that are loaded, and those of them near the view, which alone are made.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use hedgerow_node::api::MessageId;
use slint::{Model, VecModel};

use super::near::{Spot, View, wanted};
use super::{thread::drawn, words};
use crate::model::{Row, RowKind, Splice, Thread, splices};
use crate::ui::{ThreadRow, ThreadView};

/// A further page is loaded when less than this is left beyond the view, in pixels.
const RUNWAY: f32 = 1_000.0;

/// So many rows above the one that the view goes to.
const LEAD: usize = 5;

/// The rows.
#[derive(Default)]
pub struct Column {
    /// All that are loaded.
    pub rows: Vec<Row>,
    /// Which of them are near.
    near: Range<usize>,
    /// Those, as the interface has them.
    pub model: Rc<VecModel<ThreadRow>>,
    /// Where they stand, as far as they have been laid out.
    spots: BTreeMap<String, Spot>,
    /// The row that keeps its place in the view, whatever comes or goes above it.
    anchor: String,
    /// How far down those that are higher than the view have been seen without a gap.
    seen_to: BTreeMap<String, f32>,
    /// The loaded rows of which a part has not been seen.
    hidden: BTreeSet<String>,
    /// The last message that was wholly in view when that was told, and the rows hidden then.
    told: Option<(Option<MessageId>, BTreeSet<String>)>,
    /// The number of messages before what is loaded.
    first: u64,
    at_oldest: bool,
    at_newest: bool,
}

/// What a look at the view found.
#[derive(Default)]
pub struct Sight {
    /// The last message that is wholly in view, if that or anything about it is new.
    pub seen: Option<MessageId>,
    /// The messages of which a part has not been seen, if these are others than before.
    pub hidden: Option<BTreeSet<MessageId>>,
    /// What is loaded ends soon above, below.
    pub ends_above: bool,
    pub ends_below: bool,
}

impl Column {
    pub fn clear(&mut self) {
        let model = self.model.clone();
        model.set_vec(Vec::new());
        *self = Self {
            model,
            ..Self::default()
        };
    }

    /// Takes over what is loaded.
    pub fn take(&mut self, thread: &Thread) {
        self.first = thread.first;
        self.at_oldest = thread.at_oldest;
        self.at_newest = thread.at_newest;
        let changes = splices(
            self.rows.iter().map(|row| row.id.as_str()),
            thread.rows.iter().map(|row| row.id.as_str()),
        );
        for change in &changes {
            self.splice(change, &thread.rows);
        }
        for (at, row) in thread.rows.iter().enumerate() {
            if self.rows[at] != *row {
                self.rows[at] = row.clone();
                if self.near.contains(&at) {
                    self.model.set_row_data(at - self.near.start, drawn(row));
                }
            }
        }
    }

    fn splice(&mut self, change: &Splice, rows: &VecDeque<Row>) {
        let at = change.at;
        // One that comes below all others, while these stay.
        let is_live = change.removed == 0 && self.at_newest;
        // The last first: those which stay move less often.
        for row in (at..at + change.removed).rev() {
            self.remove(row);
        }
        for (offset, new) in change.added.clone().enumerate() {
            let row = rows[new].clone();
            let is_fresh = is_live && new + 1 == rows.len();
            self.insert(at + offset, row, is_fresh);
        }
    }

    fn remove(&mut self, at: usize) {
        if self.near.contains(&at) {
            self.model.remove(at - self.near.start);
            self.near.end -= 1;
        } else if at < self.near.start {
            self.near.start -= 1;
            self.near.end -= 1;
        }
        let gone = self.rows.remove(at);
        self.spots.remove(&gone.id);
        self.seen_to.remove(&gone.id);
        self.hidden.remove(&gone.id);
        self.told = None;
    }

    /// A new row beside the first or the last that is near is made when the view comes near. The newest of all is made at
    /// once: whoever is at the end sees it come.
    fn insert(&mut self, at: usize, row: Row, is_fresh: bool) {
        let Range { start, end } = self.near;
        let is_newest = at == end && end == self.rows.len() && self.at_newest;
        if !self.near.is_empty() && ((start < at && at < end) || is_newest) {
            let mut drawn = drawn(&row);
            drawn.fresh = is_fresh && !drawn.mine;
            self.model.insert(at - start, drawn);
            self.near.end += 1;
        } else if at <= start {
            self.near = start + 1..end + 1;
        }
        self.rows.insert(at, row);
    }

    /// Makes the rows at the end, if they are not yet.
    pub fn near_end(&mut self, view: View) {
        let end = self.rows.len();
        self.widen(end.saturating_sub(view.rows())..end);
    }

    /// Makes a row and those around it, if they are not yet. It keeps its place from now on.
    pub fn near_row(&mut self, id: &str, view: View) {
        if let Some(at) = self.rows.iter().position(|row| row.id == id) {
            let end = (at + view.rows()).min(self.rows.len());
            self.widen(at.saturating_sub(LEAD)..end);
        }
        id.clone_into(&mut self.anchor);
    }

    /// Makes the rows around the place of those that were near if all of these have gone.
    pub fn near_something(&mut self, view: View) {
        if self.near.is_empty() {
            let at = self.near.start;
            let end = (at + view.rows()).min(self.rows.len());
            self.widen(at.saturating_sub(view.rows())..end);
        }
    }

    /// Makes these rows as well as those that are near, or instead of them if there are others between.
    fn widen(&mut self, rows: Range<usize>) {
        let near = &self.near;
        if near.is_empty() || rows.end < near.start || near.end < rows.start {
            let made: Vec<_> = self.rows[rows.clone()].iter().map(drawn).collect();
            self.model.set_vec(made);
            self.spots.clear();
            self.told = None;
            self.near = rows;
        } else {
            let both = rows.start.min(near.start)..rows.end.max(near.end);
            self.change_to(both);
        }
    }

    /// Makes and drops rows at both ends of those that are near. Some stay.
    fn change_to(&mut self, rows: Range<usize>) {
        while self.near.end > rows.end {
            self.near.end -= 1;
            self.model.remove(self.near.end - self.near.start);
            self.spots.remove(&self.rows[self.near.end].id);
        }
        while self.near.start < rows.start {
            self.model.remove(0);
            self.spots.remove(&self.rows[self.near.start].id);
            self.near.start += 1;
        }
        while self.near.start > rows.start {
            self.near.start -= 1;
            self.model.insert(0, drawn(&self.rows[self.near.start]));
        }
        while self.near.end < rows.end {
            self.model.push(drawn(&self.rows[self.near.end]));
            self.near.end += 1;
        }
    }

    /// A row stands there. If it is the anchor, says how much further down that is than before.
    pub fn stands(&mut self, id: &str, spot: Spot) -> Option<f32> {
        let before = self.spots.insert(id.to_owned(), spot)?;
        let by = spot.y - before.y;
        (self.anchor == id && by != 0.0).then_some(by)
    }

    /// Looks at what is in view: the first row is the anchor now, and rows near it are made, others dropped. Unless the
    /// view is about to go to `target`, and except for the row `held`.
    pub fn look(&mut self, view: View, target: &str, held: &str) -> Sight {
        let mut first = None;
        let mut seen = None;
        for row in &self.rows[self.near.clone()] {
            let Some(spot) = self.spots.get(&row.id).copied() else {
                continue;
            };
            if first.is_none() && view.has(spot) {
                first = Some(row.id.clone());
            }
            if let RowKind::Message(message) = &row.kind
                && view.has_whole(spot)
            {
                seen = Some(message.id.clone());
            }
            let seen_to = self.seen_to.get(&row.id).copied().unwrap_or(0.0);
            let now = view.sees(spot, seen_to);
            if now > seen_to {
                self.seen_to.insert(row.id.clone(), now);
            }
            match view.hides(spot, now) {
                true => self.hidden.insert(row.id.clone()),
                false => self.hidden.remove(&row.id),
            };
        }
        if let Some(first) = first {
            self.anchor = first;
        }
        let mut sight = self.news(seen);
        let is_near = |id: &str| self.model.iter().any(|row| row.id == id);
        if target.is_empty() || !is_near(target) {
            self.follow(view, held);
        }
        let spot = |at: usize| self.spots.get(&self.rows.get(at)?.id).copied();
        if let Some(first) = spot(0).filter(|_| self.near.start == 0) {
            sight.ends_above = !self.at_oldest && view.above(first) < RUNWAY;
        }
        let end = self.rows.len();
        if let Some(last) = end.checked_sub(1).and_then(spot)
            && self.near.end == end
        {
            sight.ends_below = !self.at_newest && view.below(last) < RUNWAY;
        }
        sight
    }

    /// What of it was not told.
    fn news(&mut self, seen: Option<MessageId>) -> Sight {
        let before = self.told.replace((seen.clone(), self.hidden.clone()));
        let (seen_before, hidden_before) = match before {
            Some((seen, hidden)) => (seen, Some(hidden)),
            None => (None, None),
        };
        let hidden = (hidden_before.as_ref() != Some(&self.hidden)).then(|| {
            let hidden = self.hidden.iter().cloned();
            hidden.map(MessageId).collect()
        });
        Sight {
            seen: seen.filter(|seen| hidden.is_some() || seen_before.as_ref() != Some(seen)),
            hidden,
            ..Sight::default()
        }
    }

    /// Makes what the view has come near to, and drops what is far from it.
    fn follow(&mut self, view: View, held: &str) {
        let held = self.rows.iter().position(|row| row.id == held);
        let spot = |at: usize| self.spots.get(&self.rows.get(at)?.id).copied();
        let rows = wanted(&self.near, self.rows.len(), view, held, spot);
        self.change_to(rows);
    }

    /// Tells the interface how much there is beside what is near.
    pub fn tell(&self, view: &ThreadView<'_>) {
        let messages = |rows: Range<usize>| {
            let rows = self.rows[rows].iter();
            rows.filter(|row| matches!(row.kind, RowKind::Message(_)))
                .count() as u64
        };
        view.set_first(words::number(self.first + messages(0..self.near.start)));
        view.set_near(words::number(messages(self.near.clone())));
        view.set_at_oldest(self.at_oldest && self.near.start == 0);
        view.set_at_newest(self.at_newest && self.near.end == self.rows.len());
    }
}
