//! Opening a long conversation, and scrolling anywhere in it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hedgerow_node::api::ConversationId;
use hedgerow_node::bench::row::{Row, median};
use hedgerow_node::runtime::OnAir;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use slint::LogicalPosition;
use slint::platform::{Key, PointerEventButton, WindowEvent};

use super::screen::{HEIGHT, Turn, WIDTH};
use super::shown::{Shown, THREAD};
use super::{Bench, frames, long, ms};
use crate::model::{Action, ThreadAction};

/// How often it is opened again, and how often each way of scrolling is tried.
const OPENINGS: usize = 20;
const JUMPS: usize = 100;
const PAGES: usize = 200;
const NOTCHES: usize = 600;
/// A page of the view, and a notch of the wheel, are less than so many messages.
const PAGE_MESSAGES: usize = 30;
pub const NOTCH_MESSAGES: usize = 3;

/// The frame budget of all scrolling.
pub const REACH_MS: f64 = 12.0;

/// After a jump: longer than anything that comes of it.
pub const CALM: Duration = Duration::from_millis(60);

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let messages = bench.messages;
    let pair = long::conversation(bench.place, messages);
    let pair = bench.runtime.block_on(pair)?;
    measure(bench, &pair.a, &pair.chat_of_a, "a conversation")
}

/// The same of a group.
pub fn of_group(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let group = long::group(bench.place, bench.messages);
    let (pair, group) = bench.runtime.block_on(group)?;
    measure(bench, &pair.a, &group, "a group")
}

fn measure(
    bench: &Bench<'_>,
    directory: &Path,
    conversation: &ConversationId,
    what: &str,
) -> Result<Vec<Row>> {
    let messages = bench.messages;
    let mut shown = Shown::start(directory, OnAir::No, |_| ())?;
    shown.enter()?;
    let first = opening(&shown.open(conversation)?)?;
    let mut again = Vec::with_capacity(OPENINGS);
    for _ in 0..bench.at_most(OPENINGS) {
        shown.calm(CALM)?;
        shown.input(|window, _| window.act(Action::Back));
        ensure!(shown.rows() == 0, "the conversation is closed");
        again.push(opening(&shown.open(conversation)?)?);
    }
    shown.calm(CALM)?;
    let name = format!("open {what} of {messages}: first frame with content");
    let mut rows = vec![
        Row::at_most(name.clone(), ms(median(again)), "ms", 60.0),
        Row::at_most(
            format!("{name}, the first since the start"),
            ms(first),
            "ms",
            60.0,
        ),
    ];
    let turns = jumps(&mut shown, bench.at_most(JUMPS))?;
    rows.push(frames(
        format!("scroll {what}: jumps on the bar"),
        &turns,
        REACH_MS,
    ));
    let turns = pages(&mut shown, PAGES.min(messages / PAGE_MESSAGES))?;
    rows.push(frames(
        format!("scroll {what}: page up and down"),
        &turns,
        REACH_MS,
    ));
    let notches = NOTCHES.min(messages / NOTCH_MESSAGES);
    let turns = wheel(&mut shown, ThreadAction::JumpToNewest, notches)?;
    rows.push(frames(format!("scroll {what}: wheel"), &turns, REACH_MS));
    shown.stop()?;
    Ok(rows)
}

/// From the click to the end of the frame.
pub fn opening(turns: &[Turn]) -> Result<Duration> {
    let click = turns.first().context("there was a click")?;
    let drawn = turns.iter().rev().find(|turn| turn.drew);
    let drawn = drawn.context("it was drawn")?;
    Ok(drawn.ended - (click.ended - click.wall))
}

/// To any place of the bar: the frames until everything there is drawn.
pub fn jumps(shown: &mut Shown, count: usize) -> Result<Vec<Turn>> {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut turns = Vec::new();
    for _ in 0..count {
        let before = shown.screen.looks(&THREAD);
        let y = 100 + rng.next_u32() % (HEIGHT - 260);
        let position = LogicalPosition::new(WIDTH as f32 - 5.0, y as f32);
        let button = PointerEventButton::Left;
        turns.push(shown.event(WindowEvent::PointerMoved { position }));
        turns.push(shown.event(WindowEvent::PointerPressed { position, button }));
        turns.push(shown.event(WindowEvent::PointerReleased { position, button }));
        shown.turns_until(&mut turns, "another part is drawn", |shown| {
            shown.screen.looks(&THREAD) != before
        })?;
        turns.append(&mut shown.calm(CALM)?);
        ensure!(shown.screen.ink(&THREAD) > 1_000, "nothing is there");
    }
    Ok(turns)
}

/// By the keyboard, up and down again.
pub fn pages(shown: &mut Shown, count: usize) -> Result<Vec<Turn>> {
    scroll(shown, ThreadAction::JumpToNewest, count, |shown, up| {
        shown.key(if up { Key::PageUp } else { Key::PageDown })
    })
}

/// By the wheel: away from an end of the conversation, and back.
pub fn wheel(shown: &mut Shown, end: ThreadAction, count: usize) -> Result<Vec<Turn>> {
    let position = LogicalPosition::new(800.0, 400.0);
    scroll(shown, end, count, |shown, up| {
        shown.event(WindowEvent::PointerScrolled {
            position,
            delta_x: 0.0,
            delta_y: if up { 60.0 } else { -60.0 },
        })
    })
}

/// From an end of the conversation so many steps away, then as many back.
fn scroll(
    shown: &mut Shown,
    end: ThreadAction,
    steps: usize,
    mut step: impl FnMut(&mut Shown, bool) -> Turn,
) -> Result<Vec<Turn>> {
    let is_newest = matches!(end, ThreadAction::JumpToNewest);
    shown.input(|window, _| window.act(end));
    shown.calm(CALM)?;
    // From the draft into the messages.
    shown.key(Key::Backtab);
    let (mut turns, mut moved) = (Vec::new(), 0);
    for number in 0..2 * steps {
        let before = shown.screen.looks(&THREAD);
        turns.push(step(shown, (number < steps) == is_newest));
        turns.append(&mut shown.calm(super::screen::FRAME)?);
        moved += usize::from(shown.screen.looks(&THREAD) != before);
    }
    // A hand that is quicker than the store stops at the end of what is loaded, for a moment.
    ensure!(
        moved * 10 >= steps * 2 * 9,
        "of {} steps {moved} scrolled",
        2 * steps
    );
    ensure!(shown.screen.ink(&THREAD) > 1_000, "nothing is there");
    Ok(turns)
}
