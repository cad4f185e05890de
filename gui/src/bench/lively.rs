//! A long conversation in which one message of ten is a picture, one an answer, and one has an emoji put on it.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use hedgerow_node::api::{Api, ConversationId, Form, NewMessage, NewUpload, Private};
use hedgerow_node::bench::pair::{Pair, open, refused};
use hedgerow_node::bench::process::resident_mib;
use hedgerow_node::bench::row::Row;
use hedgerow_node::runtime::OnAir;
use image::{ImageFormat, Rgb, RgbImage};

use super::open::{CALM, jumps, opening, pages};
use super::prose::texts;
use super::shown::Shown;
use super::{Bench, frames, ms};

/// How many tens are written at once.
const AT_ONCE: usize = 64;

/// What 95 % of the frames keep to.
const REACH_MS: f64 = 16.0;

const JUMPS: usize = 50;
const PAGES: usize = 100;
/// The most messages that a page of the view shows.
const PAGE_MESSAGES: usize = 30;

/// The side of a picture, in pixels.
const SIDE: u32 = 240;

/// The rows.
pub fn rows(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let messages = bench.messages;
    let pair = bench.runtime.block_on(written(bench.place, messages))?;
    let mut shown = Shown::start(&pair.a, OnAir::No, |_| ())?;
    shown.enter()?;
    let first = opening(&shown.open(&pair.chat_of_a)?)?;
    shown.calm(CALM)?;
    let jumped = jumps(&mut shown, bench.at_most(JUMPS))?;
    let paged = pages(&mut shown, PAGES.min(messages / PAGE_MESSAGES))?;
    let resident = resident_mib(std::process::id())?;
    shown.stop()?;
    Ok(vec![
        Row::at_most(
            format!("open {messages} with pictures, answers and emoji: first frame with content"),
            ms(first),
            "ms",
            60.0,
        ),
        frames("scroll there: jumps on the bar", &jumped, REACH_MS),
        frames("scroll there: page up and down", &paged, REACH_MS),
        Row::at_most("resident then", resident, "MiB", 100.0),
    ])
}

/// Makes two contacts, one of whom has written this many messages that the other has not received.
async fn written(place: &Path, messages: usize) -> Result<Pair> {
    let pair = Pair::meet(place).await?;
    let local = open(&pair.a, OnAir::No).await?;
    let all = texts(messages, 3);
    let tens = all.chunks(10).zip(0_u32..);
    stream::iter(tens)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, async |(ten, number)| {
            write_ten(&local, &pair.chat_of_a, ten, number).await
        })
        .await?;
    let conversation = local.conversation(pair.chat_of_a.clone()).await;
    let there = conversation.map_err(refused)?.messages;
    ensure!(there >= messages as u64, "{there} messages were written");
    local.stop().await.map_err(refused)?;
    Ok(pair)
}

/// Ten messages: the second is a picture if there is one, the third answers the first, which has an emoji.
async fn write_ten(
    api: &impl Api,
    chat: &ConversationId,
    texts: &[String],
    number: u32,
) -> Result<()> {
    let mut first = None;
    for (place, text) in texts.iter().enumerate() {
        let mut message = NewMessage::text(text);
        match place {
            1 => {
                let picture = picture(number)?;
                let new = NewUpload {
                    name: Private(format!("{number}.png")),
                    media_type: Some(Private("image/png".into())),
                    size: Some(picture.len() as u64),
                    form: Form::Cleaned,
                };
                let bytes = stream::iter([Ok(picture.into())]).boxed();
                let upload = api.upload(new, bytes).await;
                message.file = Some(upload.map_err(refused)?.id);
            }
            2 => message.reply_to = first.clone(),
            _ => {}
        }
        let id = api.send(chat.clone(), message).await.map_err(refused)?;
        if place == 0 {
            let emoji = Private("👍".into());
            let reacted = api.react(chat.clone(), id.clone(), emoji).await;
            reacted.map_err(refused)?;
            first = Some(id);
        }
    }
    Ok(())
}

/// A picture that no other one is like.
fn picture(number: u32) -> Result<Vec<u8>> {
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let wave = (x * y / 64 + number * 7) as u8;
        Rgb([wave, (x + number) as u8, (y * 2) as u8])
    });
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}
