//! Many messages that arrive while their conversation is open, from another process over the local
//! network, beside the same without a window.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use hedgerow_node::api::{Api, Carrier, CarrierCondition, Event};
use hedgerow_node::bench::pair::{PATIENCE, Pair, fill, open, refused, switch};
use hedgerow_node::bench::peer::Peer;
use hedgerow_node::bench::row::{Row, median};
use hedgerow_node::host::Local;
use hedgerow_node::runtime::OnAir;

use super::screen::Turn;
use super::shown::{Shown, THREAD};
use super::{Bench, ms, prose};
use crate::model::{NetworkAction, Update};

/// Messages that arrive.
const ARRIVALS: usize = 10_000;
const RUNS: usize = 5;
/// Shorter than half a second, after which the cursor blinks.
const CALM: Duration = Duration::from_millis(300);

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let (ours, plain) = bench.runtime.block_on(async {
        let (ours, plain) = (bench.place.join("window"), bench.place.join("plain"));
        anyhow::Ok((Pair::meet(&ours).await?, Pair::meet(&plain).await?))
    })?;
    let node = bench.runtime.block_on(async {
        let node = open(&plain.a, OnAir::Loopback).await?;
        switch(&node, false).await?;
        anyhow::Ok(node)
    })?;
    let (tell, told) = channel();
    let mut shown = Shown::start(&ours.a, OnAir::Loopback, move |update| {
        if let Update::Event(event) = update {
            // Nobody listens any more at the end.
            let _ = tell.send((Instant::now(), event.clone()));
        }
    })?;
    shown.enter()?;
    shown.open(&ours.chat_of_a)?;
    shown.input(|window, _| window.act(NetworkAction::SwitchCarrier(Carrier::Lan, false)));
    shown.calm(CALM)?;

    let count = bench.at_most(ARRIVALS);
    let (mut with, mut without, mut slowest) = (Vec::new(), Vec::new(), None::<Turn>);
    for run in 0..RUNS {
        let texts = prose::texts(count, run as u64);
        without.push(without_window(bench, &plain, &node, texts.clone())?);
        bench
            .runtime
            .block_on(fill(&ours.b, &ours.chat_of_b, texts))?;
        let (took, turns) = with_window(&ours, &mut shown, &told, count)?;
        with.push(took);
        let candidates = slowest.into_iter().chain(turns);
        slowest = candidates.max_by_key(|turn| turn.wall);
    }
    shown.stop()?;
    bench.runtime.block_on(node.stop()).map_err(refused)?;
    let slowest = slowest.context("there were frames")?;
    let name = format!("{count} arrive in the open conversation");
    Ok(vec![
        Row::at_most(
            format!("{name}: slowest frame"),
            ms(slowest.wall),
            "ms",
            50.0,
        )
        .beside(ms(slowest.processor)),
        Row::ratio(
            format!("{name}: catch-up, of the same without a window"),
            median(with),
            median(without),
            1.3,
        ),
    ])
}

/// From when the carrier is on until all are durable and readable.
struct Arrivals {
    wanted: u64,
    come: u64,
    on: Option<Instant>,
    all: Option<Instant>,
}

impl Arrivals {
    fn of(wanted: usize) -> Self {
        Self {
            wanted: wanted as u64,
            come: 0,
            on: None,
            all: None,
        }
    }

    fn handle(&mut self, at: Instant, event: &Event) {
        self.come += match event {
            Event::Message {
                author: Some(_), ..
            } => 1,
            Event::Messages { count, .. } => *count,
            _ => 0,
        };
        if let Event::Carrier {
            state: CarrierCondition::On,
            ..
        } = event
        {
            self.on.get_or_insert(at);
        }
        if self.come >= self.wanted {
            self.all.get_or_insert(at);
        }
    }

    fn took(&self) -> Option<Duration> {
        Some(self.all?.saturating_duration_since(self.on?))
    }
}

fn without_window(
    bench: &Bench<'_>,
    pair: &Pair,
    node: &Local,
    texts: Vec<String>,
) -> Result<Duration> {
    let mut arrivals = Arrivals::of(texts.len());
    bench.runtime.block_on(async {
        fill(&pair.b, &pair.chat_of_b, texts).await?;
        let peer = Peer::start(&[&pair.b])?;
        let mut events = node.events().await.map_err(refused)?;
        node.switch_carrier(Carrier::Lan, true)
            .await
            .map_err(refused)?;
        let took = loop {
            let event = tokio::time::timeout(PATIENCE, events.next()).await?;
            arrivals.handle(Instant::now(), &event.context("the node stopped")?);
            if let Some(took) = arrivals.took() {
                break took;
            }
        };
        tokio::time::sleep(CALM).await;
        switch(node, false).await?;
        peer.stop()?;
        Ok(took)
    })
}

fn with_window(
    pair: &Pair,
    shown: &mut Shown,
    told: &Receiver<(Instant, Event)>,
    count: usize,
) -> Result<(Duration, Vec<Turn>)> {
    let peer = Peer::start(&[&pair.b])?;
    let mut arrivals = Arrivals::of(count);
    // What has happened until now is of the run before.
    for _ in told.try_iter() {}
    let total = |shown: &Shown| {
        let app = shown.window.app();
        app.pages
            .thread
            .open
            .as_ref()
            .map_or(0, |thread| thread.total)
    };
    let (before, looked) = (total(shown), shown.screen.looks(&THREAD));
    let mut turns = vec![shown.input(|window, _| {
        window.act(NetworkAction::SwitchCarrier(Carrier::Lan, true));
    })];
    shown.turns_until(&mut turns, "all messages are there", |shown| {
        for (at, event) in told.try_iter() {
            arrivals.handle(at, &event);
        }
        let app = shown.window.app();
        let thread = app.pages.thread.open.as_ref();
        arrivals.took().is_some()
            && thread
                .is_some_and(|thread| thread.at_newest && thread.total == before + count as u64)
    })?;
    turns.append(&mut shown.calm(CALM)?);
    ensure!(shown.screen.looks(&THREAD) != looked, "they are drawn");
    shown.input(|window, _| window.act(NetworkAction::SwitchCarrier(Carrier::Lan, false)));
    shown.calm(CALM)?;
    peer.stop()?;
    Ok((arrivals.took().context("all have come")?, turns))
}
