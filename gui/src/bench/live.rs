//! A message, from its event (it is committed then) to the end of the frame that shows it.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hedgerow_node::api::{Api, Event, NewMessage};
use hedgerow_node::bench::pair::{PATIENCE, open, refused};
use hedgerow_node::bench::row::Row;
use hedgerow_node::runtime::OnAir;
use slint::platform::{Key, WindowEvent};

use super::screen::FRAME;
use super::shown::{Shown, THREAD};
use super::{Bench, long, ms, percentile, prose};
use crate::model::{RowKind, Update};

const ROUNDS: usize = 60;
/// Silence before each.
const PAUSE: Duration = Duration::from_millis(100);

/// The rows: theirs, and ours.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let pair = bench
        .runtime
        .block_on(long::conversation(bench.place, bench.messages))?;
    let peer = bench.runtime.block_on(open(&pair.b, OnAir::Loopback))?;
    let (commit, committed) = channel();
    let mut shown = Shown::start(&pair.a, OnAir::Loopback, move |update| {
        if let Update::Event(Event::Message { id, .. }) = update {
            // Nobody listens any more at the end.
            let _ = commit.send((Instant::now(), id.clone()));
        }
    })?;
    shown.enter()?;
    shown.open(&pair.chat_of_a)?;
    shown.until("the other is near", |app| {
        let thread = app.pages.thread.open.as_ref();
        thread.is_some_and(|thread| thread.face.reachable.is_some())
    })?;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for text in prose::texts(bench.at_most(ROUNDS), 3) {
        for mine in [false, true] {
            shown.calm(PAUSE)?;
            let before = shown.screen.looks(&THREAD);
            let mut turns = Vec::new();
            if mine {
                for letter in "on my way".chars() {
                    shown.key(letter);
                }
                let text = Key::Return.into();
                turns.push(shown.event(WindowEvent::KeyPressed { text }));
            } else {
                let to = pair.chat_of_b.clone();
                bench
                    .runtime
                    .block_on(peer.send(to, NewMessage::text(text.clone())))
                    .map_err(refused)?;
            }
            let mut event = None;
            shown.turns_until(&mut turns, "the message is drawn", |shown| {
                event = committed.try_iter().last().or(event.take());
                let app = shown.window.app();
                let last = app
                    .pages
                    .thread
                    .open
                    .as_ref()
                    .and_then(|thread| thread.rows.back());
                last.is_some_and(|last| match (&last.kind, &event) {
                    (RowKind::Message(last), Some((_, id))) => last.id == *id && last.mine == mine,
                    _ => false,
                })
            })?;
            let (at, _) = event.context("it was committed")?;
            let text = Key::Return.into();
            shown.event(WindowEvent::KeyReleased { text });
            let drawn = turns.last().context("it was drawn")?;
            ensure!(drawn.drew, "the frame was drawn");
            ensure!(shown.screen.looks(&THREAD) != before, "and shows it");
            ensure!(at.elapsed() < PATIENCE, "it is this message");
            let times = if mine { &mut ours } else { &mut theirs };
            times.push(drawn.ended.saturating_duration_since(at));
        }
    }
    shown.stop()?;
    bench.runtime.block_on(peer.stop()).map_err(refused)?;
    let row = |whose: &str, times: Vec<Duration>| {
        let value = percentile(times.into_iter(), 95);
        let name = format!("a message of {whose}, committed to drawn");
        Row::at_most(name, ms(value), "ms", ms(FRAME))
    };
    Ok(vec![row("theirs", theirs), row("ours", ours)])
}
