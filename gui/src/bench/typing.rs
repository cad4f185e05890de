//! Typing letters in a long draft: at its beginning, and at its end.

use std::time::Duration;

use anyhow::{Result, ensure};
use hedgerow_node::api::{Api, Draft};
use hedgerow_node::bench::pair::{open, refused};
use hedgerow_node::bench::row::Row;
use hedgerow_node::runtime::OnAir;
use slint::platform::{Key, WindowEvent};

use super::open::REACH_MS;
use super::screen::Turn;
use super::shown::{DRAFT, Shown};
use super::{Bench, frames, long, prose};

/// Bytes of the draft, which are about as many letters.
const DRAFT_BYTES: usize = 10_000;
/// Letters typed at each end.
const LETTERS: usize = 100;
const CALM: Duration = Duration::from_millis(100);
/// Between two letters: a quick hand.
const PAUSE: Duration = Duration::from_millis(30);

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let pair = bench.runtime.block_on(async {
        let pair = long::conversation(bench.place, bench.messages).await?;
        let a = open(&pair.a, OnAir::No).await?;
        a.set_draft(
            pair.chat_of_a.clone(),
            Draft::text(prose::draft(DRAFT_BYTES)),
        )
        .await
        .map_err(refused)?;
        a.stop().await.map_err(refused)?;
        anyhow::Ok(pair)
    })?;
    let mut shown = Shown::start(&pair.a, OnAir::No, |_| ())?;
    shown.enter()?;
    shown.open(&pair.chat_of_a)?;
    shown.calm(CALM)?;
    let mut rows = Vec::new();
    for (where_, key) in [("beginning", Key::Home), ("end", Key::End)] {
        let control = || slint::SharedString::from(Key::Control);
        shown.event(WindowEvent::KeyPressed { text: control() });
        shown.key(key);
        shown.event(WindowEvent::KeyReleased { text: control() });
        shown.calm(CALM)?;
        let name = format!("a letter at the {where_} of a draft of {DRAFT_BYTES}");
        rows.push(frames(
            name,
            &letters(&mut shown, bench.at_most(LETTERS))?,
            REACH_MS,
        ));
    }
    shown.stop()?;
    Ok(rows)
}

fn letters(shown: &mut Shown, count: usize) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    let length = |shown: &Shown| {
        let app = shown.window.app();
        app.pages
            .thread
            .open
            .as_ref()
            .map_or(0, |thread| thread.draft.len())
    };
    let before = length(shown);
    for letter in "a hedge is a fence that grows ".chars().cycle().take(count) {
        let looked = shown.screen.looks(&DRAFT);
        turns.push(shown.key(letter));
        ensure!(shown.screen.looks(&DRAFT) != looked, "nothing was typed");
        turns.append(&mut shown.calm(PAUSE)?);
    }
    ensure!(length(shown) == before + count, "all is in the draft");
    Ok(turns)
}
