//! The timer of a conversation, and messages that disappear.

use serde::Serialize;

use crate::api::{Api, Feature, Message, MessageId, Refusal};
use crate::cli::annotating::named;
use crate::cli::chats::{Chat, find};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::screen;
use crate::words::{Phrase, timers, tr};

/// No timer, as it is typed.
const OFF: &str = "off";

/// `hedgerow timer`.
pub async fn timer(
    api: &dyn Api,
    output: Output,
    name: &str,
    span: Option<String>,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let is_set = span.is_some();
    if let Some(span) = span {
        let seconds = parse(&span)?;
        api.set_timer(chat.conversation.clone(), seconds).await?;
    }
    let timer_s = api.conversation(chat.conversation.clone()).await?.timer_s;
    #[derive(Serialize)]
    struct Timer {
        timer_s: u64,
    }
    output.data(&Timer { timer_s }, |timer| match timer.timer_s {
        0 => OFF.to_owned(),
        timer_s => timers::span(timer_s),
    });
    output.say(match timer_s {
        0 => tr!("What is written from now on stays."),
        _ => tr!(
            "What is written from now on disappears {span} after it is read, on your side after it is delivered.",
            span = timers::span(timer_s)
        ),
    });
    if is_set && timer_s > 0 {
        say_limits(chat, output);
    }
    Ok(())
}

/// `hedgerow resend`.
pub async fn resend(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
) -> Result<(), Failure> {
    let chat = find(api, name).await?;
    let message = named(api, &chat.conversation, message).await?;
    #[derive(Serialize)]
    struct Sent {
        id: MessageId,
    }
    let id = api.send_again(chat.conversation, message).await?;
    output.data(&Sent { id }, |sent| sent.id.0.clone());
    Ok(())
}

fn say_limits(chat: Chat, output: Output) {
    output.say(tr!(
        "A timer asks and cannot force: screenshots, other programs and sealed copies in files keep what they have."
    ));
    if chat.members.is_some() {
        output.say(timers::of_groups());
    }
    if chat.lacks(Feature::Timers) {
        output.say(tr!(
            "{name} uses a version that does not know timers.",
            name = chat.name
        ));
    }
}

/// What a line says that sets the timer; `None` for a message.
pub fn in_place(message: &Message) -> Option<Phrase> {
    message.sets_timer_s.map(timers::line)
}

/// When a message disappears, or that it was never delivered.
pub fn beneath(message: &Message) -> Option<Phrase> {
    if message.lapsed {
        return Some(tr!("expired, never delivered: `hedgerow resend`"));
    }
    let disappears = message.disappears?;
    Some(match disappears.at_ms {
        Some(at_ms) => tr!("disappears {time}", time = screen::time(at_ms)),
        None if message.is_mine() => tr!(
            "disappears {span} after it is delivered",
            span = timers::span(disappears.after_s)
        ),
        None => tr!(
            "disappears {span} after it is read",
            span = timers::span(disappears.after_s)
        ),
    })
}

fn parse(span: &str) -> Result<u64, Failure> {
    match span {
        OFF => Ok(0),
        // The node says what is allowed.
        span => Ok(screen::parse_span(span).ok_or(Refusal::BadTimer {
            least_s: 0,
            most_s: 0,
        })?),
    }
}
