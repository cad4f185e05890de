//! Which of the loaded rows are near the view: only these are made and laid out. All others cost nothing, however many
//! are loaded.

use std::ops::Range;

/// Further rows are made when less than this is left beyond the view, in heights of the view: a page of the keyboard
/// never comes to an end of what is laid out.
const LEAST: f32 = 1.5;

/// Rows go when all of them is further away than this.
const MOST: f32 = 2.0;

/// So many rows are made in a frame: each costs time there.
const AT_ONCE: usize = 3;

/// When less than this is left, the view may come to the end of what is laid out with the next page: all that are missing
/// are made in one frame.
const URGENT: f32 = 0.5;

/// The most that are made then: they may be higher than those that are known.
const AT_MOST: usize = 25;

/// No row is lower than this, in pixels.
const LOWEST: f32 = 36.0;

/// A lower view has as much beyond it as one of this height: it may have shrunk, and not yet gone to its place again.
const SMALLEST: f32 = 500.0;

/// Rounding moves nothing in or out of view.
const ROUNDING: f32 = 1.0;

/// Where a row stands on the column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub y: f32,
    pub height: f32,
    /// Not all of it is shown.
    pub folds: bool,
}

impl Spot {
    pub fn end(self) -> f32 {
        self.y + self.height
    }
}

/// What of the column is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub top: f32,
    pub height: f32,
}

impl View {
    fn end(self) -> f32 {
        self.top + self.height
    }

    /// The end of this row is in view, and at least half of it.
    pub fn has(self, spot: Spot) -> bool {
        spot.y >= self.top - spot.height * 0.5 && spot.end() <= self.end() + ROUNDING
    }

    /// All of this row is in view, or of one that is higher than the view the end.
    pub fn has_whole(self, spot: Spot) -> bool {
        let begins = spot.y >= self.top - ROUNDING;
        let is_end = spot.height > self.height && spot.end() > self.top;
        spot.end() <= self.end() + ROUNDING && (begins || is_end)
    }

    /// How far down a row has been seen without a gap, if that was so far until now.
    pub fn sees(self, spot: Spot, seen_to: f32) -> f32 {
        let from = self.top - spot.y;
        match from <= seen_to {
            true => seen_to.max(from + self.height + ROUNDING),
            false => seen_to,
        }
    }

    /// A part of this row has not been seen, if it was seen so far down.
    pub fn hides(self, spot: Spot, seen_to: f32) -> bool {
        let is_tall = spot.height > self.height + ROUNDING;
        spot.folds || (is_tall && seen_to < spot.height)
    }

    /// How much is laid out above the view.
    pub fn above(self, first: Spot) -> f32 {
        self.top - first.y
    }

    /// How much is laid out below it.
    pub fn below(self, last: Spot) -> f32 {
        last.end() - self.end()
    }

    /// So many rows fill the view, however low they are.
    pub fn rows(self) -> usize {
        (self.height / LOWEST).ceil().max(1.0) as usize + 1
    }
}

/// Which of `count` loaded rows to make, when those of `near` are made and stand where `spot` says. The row `held` stays.
pub fn wanted(
    near: &Range<usize>,
    count: usize,
    view: View,
    held: Option<usize>,
    spot: impl Fn(usize) -> Option<Spot>,
) -> Range<usize> {
    let (start, end) = (near.start, near.end);
    let ends = (spot(start), end.checked_sub(1).and_then(&spot));
    let (Some(first), Some(last)) = ends else {
        // They are made, and not yet laid out.
        return near.clone();
    };
    let mean = ((last.end() - first.y) / near.len() as f32).max(LOWEST);
    let height = view.height.max(SMALLEST);
    let (least, most) = (height * LEAST, height * MOST);
    let missing = |left: f32| {
        let rows = ((least - left) / mean).ceil();
        let bound = match left < height * URGENT {
            true => AT_MOST,
            false => AT_ONCE,
        };
        (rows.max(1.0) as usize).min(bound)
    };
    let is_held = |row: usize| held == Some(row);
    let from = match view.above(first) {
        left if left < least => start.saturating_sub(missing(left)),
        left if left > most => {
            let stays = |row: usize| {
                is_held(row) || spot(row).is_none_or(|spot| spot.end() >= view.top - most)
            };
            near.clone().find(|row| stays(*row)).unwrap_or(start)
        }
        _ => start,
    };
    let to = match view.below(last) {
        left if left < least => (end + missing(left)).min(count),
        left if left > most => {
            let stays = |row: usize| {
                is_held(row) || spot(row).is_none_or(|spot| spot.y <= view.end() + most)
            };
            let last = near.clone().rev().find(|row| stays(*row));
            last.map_or(end, |last| last + 1)
        }
        _ => end,
    };
    from..to
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 50 pixels, of which the first that is near stands at the top of the column.
    fn spot(near: &Range<usize>) -> impl Fn(usize) -> Option<Spot> + '_ {
        |row| {
            near.contains(&row).then(|| Spot {
                y: (row - near.start) as f32 * 50.0,
                height: 50.0,
                folds: false,
            })
        }
    }

    fn view(top: f32) -> View {
        View { top, height: 500.0 }
    }

    #[test]
    fn rows_come_before_a_page_could_reach_the_end_of_what_is_laid_out() {
        let near = 100..135;
        let few = wanted(&near, 135, view(700.0), None, spot(&near));
        assert_eq!(few, 99..135, "so that 1.5 views are above");
        let some = wanted(&near, 135, view(400.0), None, spot(&near));
        assert_eq!(some, 97..135, "some in this frame, and others in the next");
    }

    #[test]
    fn all_that_are_missing_come_at_once_before_the_view_could_reach_the_end() {
        let near = 100..135;
        let wanted = wanted(&near, 135, view(200.0), None, spot(&near));
        assert_eq!(wanted, 89..135);
    }

    #[test]
    fn no_more_rows_come_than_there_are() {
        let near = 2..30;
        let wanted = wanted(&near, 31, view(300.0), None, spot(&near));
        assert_eq!(wanted, 0..31);
    }

    #[test]
    fn rows_far_from_the_view_go() {
        let near = 0..100;
        let wanted = wanted(&near, 100, view(2_000.0), None, spot(&near));
        assert_eq!(wanted, 19..71);
    }

    #[test]
    fn a_row_that_has_the_keyboard_stays_wherever_it_is() {
        let near = 0..100;
        let wanted = wanted(&near, 100, view(2_000.0), Some(5), spot(&near));
        assert_eq!(wanted, 5..71);
    }

    #[test]
    fn a_view_that_shrinks_drops_nothing_that_it_showed() {
        let near = 0..20;
        let low = View {
            top: 500.0,
            height: 100.0,
        };
        assert_eq!(wanted(&near, 20, low, None, spot(&near)), near);
    }

    #[test]
    fn nothing_comes_or_goes_before_all_is_laid_out_and_while_all_is_well() {
        let near = 0..20;
        let nowhere = wanted(&near, 100, view(0.0), None, |_| None);
        assert_eq!(nowhere, near);
        let near = 10..60;
        let well = wanted(&near, 100, view(1_000.0), None, spot(&near));
        assert_eq!(well, near);
    }

    #[test]
    fn a_row_higher_than_the_view_is_seen_in_parts_without_a_gap() {
        let tall = Spot {
            y: 0.0,
            height: 1_200.0,
            folds: false,
        };
        let seen = view(0.0).sees(tall, 0.0);
        assert!(view(0.0).hides(tall, seen));
        assert_eq!(view(600.0).sees(tall, seen), seen, "a gap");
        let seen = view(700.0).sees(tall, view(400.0).sees(tall, seen));
        assert!(!view(700.0).hides(tall, seen));
    }
}
