//! What emoji cost: the same wheel over messages of which a third have emoji, and over others.

use anyhow::Result;
use hedgerow_node::bench::row::Row;
use hedgerow_node::runtime::OnAir;

use super::open::{REACH_MS, wheel};
use super::shown::Shown;
use super::{Bench, frames, long, percentile};
use crate::model::ThreadAction;

/// Messages with emoji, and as many without.
const MESSAGES: usize = 2_000;

/// How often the wheel is turned each way: less than there are messages of either sort.
const NOTCHES: usize = 400;

/// The most that frames with emoji may take, of those without.
const REACH: f64 = 1.5;

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let messages = bench.at_most(MESSAGES);
    let place = bench.place;
    let pair = bench
        .runtime
        .block_on(long::plain_then_emoji(place, messages))?;
    let mut shown = Shown::start(&pair.a, OnAir::No, |_| ())?;
    shown.enter()?;
    shown.open(&pair.chat_of_a)?;
    let notches = NOTCHES.min(messages / super::open::NOTCH_MESSAGES);
    let with = wheel(&mut shown, ThreadAction::JumpToNewest, notches)?;
    let without = wheel(&mut shown, ThreadAction::ScrollTo(0.0), notches)?;
    shown.stop()?;
    let processor = |turns: &[super::Turn]| {
        let drawn = turns.iter().filter(|turn| turn.drew);
        percentile(drawn.map(|turn| turn.processor), 95)
    };
    let (dear, cheap) = (processor(&with), processor(&without));
    Ok(vec![
        frames(
            "scroll: wheel, emoji in a third of the messages",
            &with,
            REACH_MS,
        ),
        frames("scroll: wheel, no emoji", &without, REACH_MS),
        Row::ratio(
            "frames with emoji, of those without: processor",
            dear,
            cheap,
            REACH,
        ),
    ])
}
