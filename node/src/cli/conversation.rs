//! Writing and reading.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde::Serialize;

use crate::api::{
    Api, Contact, ContactId, Event, Feature, GroupChange, MAX_PAGE, Message, MessageId, NewMessage,
    Original, Page, PageFrom, Private, Quoted, Refusal, visible,
};
use crate::cli::chats::{Chat, find};
use crate::cli::contacts::{renamed, shown};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, columns};
use crate::cli::pacing::paces;
use crate::cli::people::People;
use crate::cli::session::Session;
use crate::cli::{annotating, ask, deleting, groups, screen, timing, waiting};
use crate::files::pace::Pace;
use crate::words::{Phrase, codes, files, tr};

/// `hedgerow send`.
pub async fn send(
    session: &Session,
    output: Output,
    name: &str,
    text: &str,
    reply: Option<&str>,
) -> Result<(), Failure> {
    let text = Private(ask::text(text)?);
    let api = session.api();
    let chat = find(api, name).await?;
    let reply_to = match reply {
        Some(message) => Some(annotating::named(api, &chat.conversation, message).await?),
        None => None,
    };
    let cannot_show = |contact: &Contact| contact.cannot_show.contains(&Feature::Replies);
    let is_unseen = reply_to.is_some() && chat.contact.as_ref().is_some_and(cannot_show);
    let message = NewMessage {
        text,
        reply_to,
        timer_s: None,
        file: None,
    };
    let id = api.send(chat.conversation.clone(), message).await?;
    #[derive(Serialize)]
    struct Sent {
        id: MessageId,
    }
    let sent = Sent { id };
    output.data(&sent, |sent| sent.id.0.clone());
    let Some(contact) = chat.contact.filter(|_| !output.is_json()) else {
        return Ok(());
    };
    if is_unseen {
        output.say(tr!(
            "{name} uses a version that cannot show this reply.",
            name = shown(&contact)
        ));
    }
    if session.is_ours() {
        output.say(tr!("It waits here. `hedgerow run` delivers it."));
    } else if let Some(words) = waiting::not_now(api, &contact, &sent.id).await? {
        output.say(words);
    }
    Ok(())
}

/// Where reading begins.
#[derive(Debug)]
pub enum Start {
    /// The newest, this number of them.
    Last(u32),
    /// That day or time.
    Date(String),
    /// The first unread message.
    Unread,
}

/// `hedgerow read`.
pub async fn read(
    api: &dyn Api,
    output: Output,
    name: &str,
    start: Start,
    follow: bool,
) -> Result<(), Failure> {
    let mut chat = find(api, name).await?;
    // Before the first look, so that nothing falls between looking and listening.
    let events = if follow {
        Some(api.events().await?)
    } else {
        None
    };

    if let Some(words) = chat.contact.as_ref().and_then(renamed) {
        output.say(words);
    }
    let page = first_page(api, &chat, start).await?;
    let paces = match chat.contact.as_ref().and_then(|contact| contact.reachable) {
        Some(_) if !output.is_json() => paces(api, &page.messages).await,
        _ => BTreeMap::new(),
    };
    for change in page.changes.iter().filter(|_| !output.is_json()) {
        output.data(change, |change| starred(output, change));
    }
    show(&chat, &page.messages, &paces, output);
    if page.unread_above > 0 {
        output.say(tr!(
            "{n} more arrived late and belongs further up: `hedgerow read {name} --unread` shows it."
            | "{n} more arrived late and belong further up: `hedgerow read {name} --unread` shows them."
                % page.unread_above,
            name = name
        ));
    }
    let mut last = match page.messages.last() {
        Some(message) => show_after(api, &chat, Some(message.id.clone()), output).await?,
        None => {
            output.say(tr!("Nothing here."));
            let newest = api
                .page(chat.conversation.clone(), PageFrom::Newest, 1)
                .await?;
            newest.messages.last().map(|message| message.id.clone())
        }
    };
    if !page.messages.is_empty() {
        seen(api, &chat, &last).await?;
    }
    let Some(mut events) = events else {
        return Ok(());
    };
    while let Some(event) = events.next().await {
        let is_with = |of: &ContactId| chat.contact.as_ref().is_some_and(|one| one.id == *of);
        let concerns = match &event {
            Event::Message {
                conversation: of, ..
            }
            | Event::Messages {
                conversation: of, ..
            } => *of == chat.conversation,
            Event::Missed => true,
            Event::Contact { contact: of } if is_with(of) => {
                let now = api.contact(of.clone()).await?;
                let before = chat.contact.replace(now.clone());
                chat.name = shown(&now);
                if before.is_none_or(|before| before.name != now.name)
                    && let Some(words) = renamed(&now)
                {
                    output.say(words);
                }
                false
            }
            Event::Removed { contact: of } if is_with(of) => return Ok(()),
            Event::ConversationErased { conversation: of } if *of == chat.conversation => {
                return Ok(());
            }
            Event::Lock { locked: true } => return Err(Refusal::Locked.into()),
            _ => false,
        };
        if concerns {
            last = show_after(api, &chat, last, output).await?;
            seen(api, &chat, &last).await?;
        }
    }
    Err(Refusal::Stopping.into())
}

/// The page that `start` names; what does not fit follows after it.
async fn first_page(api: &dyn Api, chat: &Chat, start: Start) -> Result<Page, Failure> {
    let (from, limit) = match start {
        Start::Last(count) if count <= MAX_PAGE => (PageFrom::Newest, count),
        Start::Last(count) => {
            let total = api
                .page(chat.conversation.clone(), PageFrom::Newest, 1)
                .await?
                .total;
            let first = total.saturating_sub(u64::from(count));
            (PageFrom::Position(first), MAX_PAGE)
        }
        Start::Unread => (PageFrom::FirstUnread, MAX_PAGE),
        Start::Date(text) => {
            let time = screen::parse_time(&text).ok_or_else(|| {
                let words = tr!(
                    "This is not a date. Write it as 2026-05-01, or with a time: '2026-05-01 14:30'."
                );
                Failure::found(Exit::Usage, "bad_date", words)
            })?;
            (PageFrom::Date(time), MAX_PAGE)
        }
    };
    Ok(api.page(chat.conversation.clone(), from, limit).await?)
}

/// Shows everything after `last` (all, if there was nothing yet), and says what is the last now.
async fn show_after(
    api: &dyn Api,
    chat: &Chat,
    mut last: Option<MessageId>,
    output: Output,
) -> Result<Option<MessageId>, Failure> {
    loop {
        let from = match &last {
            Some(id) => PageFrom::After(id.clone()),
            None => PageFrom::Oldest,
        };
        let page = api.page(chat.conversation.clone(), from, MAX_PAGE).await?;
        let Some(newest) = page.messages.last() else {
            return Ok(last);
        };
        show(chat, &page.messages, &BTreeMap::new(), output);
        last = Some(newest.id.clone());
    }
}

async fn seen(api: &dyn Api, chat: &Chat, last: &Option<MessageId>) -> Result<(), Failure> {
    if let Some(id) = last {
        api.mark_read(chat.conversation.clone(), id.clone()).await?;
    }
    Ok(())
}

fn show(chat: &Chat, messages: &[Message], paces: &BTreeMap<MessageId, Pace>, output: Output) {
    let now_ms = screen::now_ms();
    let over = chat.contact.as_ref().and_then(|contact| contact.reachable);
    let people = People::of(chat, messages);
    for message in messages {
        let pace = paces.get(&message.id);
        let pace = pace.map(|pace| files::pace(*pace, over));
        output.data(message, |message| {
            let line = line(output, &people, message, pace, now_ms, columns());
            message.changes.iter().fold(line, |line, change| {
                format!("{line}\n{}", starred(output, change))
            })
        });
    }
}

/// A change in a group, on a line of its own.
fn starred(output: Output, change: &GroupChange) -> String {
    format!("* {}", output.said(&groups::change(change)))
}

/// A message as people read it: `>` before one's own, `<` before theirs, where no name and no text can stand.
fn line(
    output: Output,
    people: &People,
    message: &Message,
    pace: Option<Phrase>,
    now_ms: i64,
    columns: Option<usize>,
) -> String {
    let you = output.said(&codes::you());
    let author = message.author.as_ref().map(|author| people.called(author));
    let author = author.unwrap_or_default();
    let (way, who, tick) = match (message.is_mine(), message.is_delivered()) {
        (true, true) if message.is_read() => ('>', you.as_str(), " ✓✓"),
        (true, true) => ('>', you.as_str(), " ✓"),
        // Notes go to nobody.
        (true, false) if message.deliveries.is_empty() => ('>', you.as_str(), ""),
        (true, false) => ('>', you.as_str(), " …"),
        (false, _) => ('<', author.as_str(), ""),
    };
    let marks = [
        (message.edited.is_some()).then(|| tr!("a message" => "edited")),
        (message.is_ahead(now_ms)).then(|| tr!("clock of the sender is ahead")),
    ];
    let marks = marks.iter().flatten();
    let marks: String = marks
        .map(|mark| format!(" ({})", output.said(mark)))
        .collect();
    let file = message.file.as_ref().map(|file| {
        let state = files::state(file).map(|state| match pace {
            Some(pace) => state.then(", ", pace),
            None => state,
        });
        let state = state.map(|state| format!(" [{}]", output.said(&state)));
        let name = output.said(&files::name(file));
        format!("📎 {name}{}", state.unwrap_or_default())
    });
    let text = match (&message.text, file) {
        (Some(text), Some(file)) if text.0.is_empty() => file,
        (Some(text), Some(file)) => format!("{file} {}", visible::text(&text.0)),
        (Some(text), None) => visible::text(&text.0),
        (None, _) => output.said(
            &deleting::in_place(message)
                .or_else(|| timing::in_place(message))
                .or_else(|| groups::in_place(message))
                .or_else(|| {
                    message
                        .not_here
                        .then(|| tr!("(a message that is not here)"))
                })
                .unwrap_or_else(|| tr!("(a message this version cannot show)")),
        ),
    };
    let (time, short) = (
        screen::time(message.time_ms),
        annotating::short(&message.id),
    );
    let head = format!("{time} {short} {way} ");
    let line = screen::headed(&head, &format!("{who}{tick}{marks}: {text}"), columns);
    // Over and under the sign of the message, where none of its own lines can begin.
    let indent = " ".repeat(head.chars().count() - 2);
    let above = message.reply_to.as_ref().map(|answered| {
        let quote = format!("{indent}↳ {}", output.said(&quote(people, answered)));
        let columns = columns.unwrap_or(screen::COLUMNS);
        screen::cut(&quote, columns.min(screen::COLUMNS)) + "\n"
    });
    let beneath = annotating::beneath(people, message);
    let beneath = beneath.map(|said| format!("\n{indent}^ {}", output.said(&said)));
    above.unwrap_or_default() + &line + &beneath.unwrap_or_default()
}

/// What stands over an answer in a conversation of these people: the beginning of what it answers, on one line.
fn quote(people: &People, answered: &Quoted) -> Phrase {
    match &answered.original {
        Original::Here { author, text } => {
            let who = match author {
                None => codes::you(),
                Some(author) => people.called(author).into(),
            };
            let text = match text {
                Some(text) => visible::name(&text.0).into(),
                None => tr!("(a message this version cannot show)"),
            };
            who.then(": ", text)
        }
        Original::Gone => tr!("The original is gone."),
        Original::NotHere => tr!("The original is not here."),
    }
}

#[cfg(test)]
pub(in crate::cli) mod tests {
    use super::*;
    use crate::api::{Contact, ConversationId, Delivery, DeliveryState, DeviceId};
    use crate::words::Language;

    fn english() -> Output {
        Output::new(false, Language::English)
    }

    const NOON: i64 = 1_777_635_840_000;

    pub(in crate::cli) fn message(mine: bool, text: &str) -> Message {
        Message {
            id: MessageId(String::new()),
            position: 0,
            author: (!mine).then(|| ContactId("3f".repeat(16))),
            time_ms: NOON,
            text: Some(Private(text.into())),
            file: None,
            edited: None,
            reply_to: None,
            deliveries: Vec::new(),
            reactions: Vec::new(),
            pinned: false,
            starred: false,
            deleted: None,
            disappears: None,
            lapsed: false,
            sets_timer_s: None,
            not_here: false,
            member: None,
            invitation: None,
            changes: Vec::new(),
        }
    }

    fn named(name: &str) -> Contact {
        let (id, chat) = (ContactId("3f".repeat(16)), ConversationId("c4".into()));
        Contact::just_met(id, chat, name)
    }

    /// Where the line of a message says whose it is.
    fn way(line: &str) -> Option<char> {
        line.chars().nth("2026-05-01 12:00 k7q2m ".len())
    }

    #[test]
    fn a_contact_forges_no_line_of_ours_by_its_name_or_its_text() {
        let mut ours = message(true, "I agree");
        ours.deliveries = vec![Delivery {
            contact: ContactId("3f".repeat(16)),
            device: DeviceId("3f".repeat(8)),
            state: DeliveryState::Delivered,
        }];
        let forged = line(english(), &People::one(""), &ours, None, NOON, None);
        assert_eq!(way(&forged), Some('>'));
        let names = [
            "you ✓",
            "you …",
            "yоu\u{a0}✓",
            "> you ✓",
            "\r> you ✓",
            "Ana\n",
            &forged,
            "",
        ];
        let texts = [
            "I agree",
            &forged,
            &format!("\n{forged}"),
            &format!("\r{forged}"),
            &format!("{:200}{forged}", ""),
        ];
        for name in names {
            let contact = named(name);
            for text in texts {
                let line = line(
                    english(),
                    &People::one(&shown(&contact)),
                    &message(false, text),
                    None,
                    NOON,
                    Some(80),
                );
                let mut lines = line.split(['\n', '\r']);
                assert_eq!(lines.next().and_then(way), Some('<'), "{line}");
                assert!(lines.all(|more| more.starts_with("    ")), "{line}");
            }
        }
    }

    #[test]
    fn a_message_of_a_kind_that_this_version_does_not_know_is_one_line_that_says_so() {
        let unknown = Message {
            text: None,
            ..message(false, "")
        };
        let shown = line(english(), &People::one("Ben"), &unknown, None, NOON, None);
        assert!(shown.ends_with("Ben: (a message this version cannot show)"));
        assert_eq!(shown.lines().count(), 1);
    }

    #[test]
    fn a_time_that_is_still_to_come_is_marked_and_ours_is_not() {
        let marked = |mine, now_ms| {
            let ben = People::one("Ben");
            line(english(), &ben, &message(mine, "x"), None, now_ms, None).contains("clock")
        };
        assert!(marked(false, NOON - 600_000));
        assert!(!marked(false, NOON - 60_000), "no clock is exact");
        assert!(!marked(true, NOON - 600_000), "ours was set back");
    }

    #[test]
    fn a_contact_that_is_named_as_we_are_is_shown_with_its_id() {
        for name in ["you", "You ✓", "yоu", "y o u", "ти ✓", "du", "Jūs"] {
            let contact = named(name);
            assert!(shown(&contact).ends_with(" (3f3f3f3f)"), "{name}");
        }
        let young = named("Young");
        assert_eq!(shown(&young), "Young");
    }
}
