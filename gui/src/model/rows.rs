//! The rows of a conversation on screen.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use hedgerow_node::api::{
    Carrier, ContactId, Conversation, GroupChange, Message, MessageId, Quoted, Why, visible,
};

use super::answering::{Authors, Quote, QuotedOriginal};
use super::calendar::{Calendar, When};
use super::context::Context;
use super::deleting::Gone;
use super::fetching;
use super::files::{FileCard, ThreadFiles};
use super::invited::{Answers, Invited};
use super::links::Span;
use super::membership::ChangeRow;
use super::saying::{Said, said};
use super::timing::Goes;
use super::window::Window;

/// The longest time between two messages of one group, in milliseconds.
const GROUP_MS: i64 = 5 * 60_000;

/// How far a message of ours has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// It waits on this device.
    Queued,
    /// It is on its way over this carrier.
    Sent(Carrier),
    /// Each recipient has it on at least one device.
    Delivered,
    /// Each recipient has read it on at least one device. Told only while we tell what we read, too.
    Read,
    /// A contact's device refused it.
    Refused,
}

/// A row. Its id is unique, and stays the same as long as the row is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Tells rows apart.
    pub id: String,
    /// What it shows.
    pub kind: RowKind,
}

/// What a row shows.
#[derive(Clone, PartialEq, Eq)]
pub enum RowKind {
    /// A day begins.
    Day(When),
    /// The line above the messages that were unread when the user opened the conversation.
    Unread,
    /// Who is in the group has changed.
    Change(ChangeRow),
    /// A message.
    Message(MessageRow),
}

/// A message on screen.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Whether we wrote it.
    pub mine: bool,
    /// The text in pieces; `None` for a kind that this version cannot show.
    pub body: Option<Arc<[Span]>>,
    /// Set if its author has deleted it: it has no body then.
    pub gone: Option<Box<Gone>>,
    /// It is a line that sets the timer of the conversation to so many seconds, 0 for off: it has no body then.
    pub sets_timer_s: Option<u64>,
    /// Whether it is not on this device: it has no body then.
    pub not_here: bool,
    /// The file that goes with it; the text may be empty then.
    pub file: Option<Box<FileCard>>,
    /// The invitation into a group that it is: it has no body then.
    pub invited: Option<Box<Invited>>,
    /// Whether it may be too long to be shown whole before [`ThreadAction::Unfold`](super::ThreadAction::Unfold).
    pub folded: bool,
    /// Whether the body is only the beginning of the text.
    pub cut: bool,
    /// Whether the text is only a few emoji.
    pub large: bool,
    /// The message that it answers.
    pub quote: Option<Box<Quote>>,
    /// Whether its author has edited it.
    pub edited: bool,
    /// When its author says it was written.
    pub time: When,
    /// Whether that time is in the future, because its author's clock is ahead.
    pub ahead: bool,
    /// How far it has come; `None` for messages of others.
    pub tick: Option<Tick>,
    /// Why it is not delivered.
    pub why: Option<Why>,
    /// When it disappears, if it does.
    pub goes: Option<Goes>,
    /// The emoji that people have put on it.
    pub said: Vec<Said>,
    /// Pinned for everybody.
    pub pinned: bool,
    /// Starred, on this device alone.
    pub starred: bool,
    /// Above the first of several by one member of a group: what it is called there.
    pub author: Option<String>,
    /// Whether it is the first of a group by the same author.
    pub starts_group: bool,
    /// Whether it is the last of that group.
    pub ends_group: bool,
}

/// How the members of a conversation are reached, for the ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    pub over: Option<Carrier>,
    pub why: Option<Why>,
    /// Nobody takes part beside us: nothing is on its way.
    pub is_alone: bool,
}

impl Reach {
    pub fn of(conversation: &Conversation, context: &Context) -> Self {
        let mut members = context.contacts.members(conversation);
        Self {
            over: members.find_map(|member| member.reachable),
            why: conversation.why,
            is_alone: conversation.members.is_empty(),
        }
    }
}

/// How far a message of ours has come, and why no further.
pub(crate) fn tick(message: &Message, reach: Reach) -> (Option<Tick>, Option<Why>) {
    if !message.is_mine() {
        return (None, None);
    }
    if message.is_delivered() {
        let tick = if message.is_read() {
            Tick::Read
        } else {
            Tick::Delivered
        };
        return (Some(tick), None);
    }
    if reach.is_alone {
        return (None, None);
    }
    if message.why() == Some(Why::Refused) {
        return (Some(Tick::Refused), message.why());
    }
    // The present reason counts, not that of the moment when the page was read.
    let why = reach.why.or(message.why());
    match (why, reach.over) {
        (Some(Why::OnItsWay) | None, Some(carrier)) => (Some(Tick::Sent(carrier)), why),
        _ => (Some(Tick::Queued), why),
    }
}

/// The rows of a window; the unread line stands before `line`.
pub(crate) fn rows(
    window: &Window,
    line: Option<&MessageId>,
    reach: Reach,
    authors: &Authors,
    files: &ThreadFiles,
    answers: &Answers,
    calendar: &Calendar,
) -> VecDeque<Row> {
    let mut rows: VecDeque<Row> = VecDeque::with_capacity(window.len() + 16);
    rows.extend(changes("begin", window.changes_before()));
    // The last message, if no other row stands between it and the next.
    let mut before: Option<(Option<&ContactId>, i64)> = None;
    let mut day = None;
    for one in window.iter() {
        let message = &one.message;
        let time = calendar.when(message.time_ms);
        if day != Some(time.date) {
            day = Some(time.date);
            before = None;
            rows.push_back(Row {
                id: fetching::day_row(&message.id),
                kind: RowKind::Day(time),
            });
        }
        if line == Some(&message.id) {
            before = None;
            rows.push_back(Row {
                id: fetching::line_row(&message.id),
                kind: RowKind::Unread,
            });
        }
        let starts_group = before.is_none_or(|(author, time_ms)| {
            author != message.author.as_ref() || message.time_ms.saturating_sub(time_ms) > GROUP_MS
        });
        if !starts_group
            && let Some(RowKind::Message(last)) = rows.back_mut().map(|row| &mut row.kind)
        {
            last.ends_group = false;
        }
        before = Some((message.author.as_ref(), message.time_ms));
        let (tick, why) = tick(message, reach);
        rows.push_back(Row {
            id: message.id.0.clone(),
            kind: RowKind::Message(MessageRow {
                id: message.id.clone(),
                mine: message.is_mine(),
                body: one.body.clone(),
                gone: Gone::of(message, authors, calendar).map(Box::new),
                sets_timer_s: message.sets_timer_s,
                not_here: message.not_here,
                invited: Invited::of(message, answers).map(Box::new),
                file: FileCard::of(message, authors, reach.over, files).map(Box::new),
                folded: one.folded,
                cut: one.cut,
                large: one.large,
                quote: message
                    .reply_to
                    .as_ref()
                    .map(|to| Box::new(quote(to, authors, window))),
                edited: message.edited.is_some(),
                time,
                ahead: message.is_ahead(calendar.now_ms()),
                tick,
                why,
                goes: Goes::of(message, calendar),
                said: said(message),
                pinned: message.pinned,
                starred: message.starred,
                author: author_in_group(message).filter(|_| starts_group),
                starts_group,
                ends_group: true,
            }),
        });
        if !message.changes.is_empty() {
            before = None;
            rows.extend(changes(&message.id.0, &message.changes));
        }
    }
    rows
}

/// The quote above an answer. Of a member of a group who is no contact, the message itself has the name.
fn quote(to: &Quoted, authors: &Authors, window: &Window) -> Quote {
    let mut quote = authors.quote(to);
    if let QuotedOriginal::Here {
        author: Some(author),
        ..
    } = &mut quote.original
        && author.name.is_empty()
        && let Some(original) = window.find(&to.id)
    {
        author.name = author_in_group(&original.message).unwrap_or_default();
    }
    quote
}

/// What has changed in a group behind a message of this id.
fn changes(id: &str, changes: &[GroupChange]) -> impl Iterator<Item = Row> {
    let numbered = changes.iter().enumerate();
    numbered.map(move |(number, change)| Row {
        id: format!("change{number} {id}"),
        kind: RowKind::Change(ChangeRow::of(change)),
    })
}

/// The name of the member of a group who wrote a message, unless it is ourselves.
pub(super) fn author_in_group(message: &Message) -> Option<String> {
    let member = message.member.as_ref().filter(|member| !member.is_me);
    member.map(|member| visible::name(&member.name.0))
}

/// A change of a list: from `at` on, `removed` rows go, and the `added` ones of the new list come in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The index in the list after all earlier splices.
    pub at: usize,
    /// The number of rows that go.
    pub removed: usize,
    /// The range of the new list that comes.
    pub added: Range<usize>,
}

/// The few changes that lead from one list of rows to the other, in order. Rows that stay keep their order, but may
/// show something else.
pub fn splices<'a>(
    old: impl IntoIterator<Item = &'a str>,
    new: impl IntoIterator<Item = &'a str>,
) -> Vec<Splice> {
    let (old, new): (Vec<_>, Vec<_>) = (old.into_iter().collect(), new.into_iter().collect());
    let known: BTreeSet<_> = old.iter().copied().collect();
    let kept: BTreeSet<_> = new
        .iter()
        .copied()
        .filter(|id| known.contains(id))
        .collect();
    let mut splices = Vec::new();
    let (mut from, mut to) = (0, 0);
    while from < old.len() || to < new.len() {
        let at = to;
        let gone = old[from..]
            .iter()
            .take_while(|id| !kept.contains(*id))
            .count();
        let come = new[to..]
            .iter()
            .take_while(|id| !known.contains(*id))
            .count();
        from += gone;
        to += come;
        if gone + come > 0 {
            splices.push(Splice {
                at,
                removed: gone,
                added: at..to,
            });
        }
        match (old.get(from), new.get(to)) {
            (None, None) => break,
            (was, is) if was == is => {
                from += 1;
                to += 1;
            }
            // Rows never change places. If they do, replace all rows from here.
            _ => {
                splices.push(Splice {
                    at: to,
                    removed: old.len() - from,
                    added: to..new.len(),
                });
                break;
            }
        }
    }
    splices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Applies the splices.
    fn apply(old: &[String], new: &[String], splices: &[Splice]) -> Vec<String> {
        let mut rows = old.to_vec();
        for splice in splices {
            let added = new[splice.added.clone()].iter().cloned();
            rows.splice(splice.at..splice.at + splice.removed, added);
        }
        rows
    }

    fn of<'a>(old: &'a [String], new: &'a [String]) -> Vec<Splice> {
        splices(
            old.iter().map(String::as_str),
            new.iter().map(String::as_str),
        )
    }

    fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
        numbers
            .into_iter()
            .map(|number| number.to_string())
            .collect()
    }

    proptest! {
        #[test]
        fn splices_lead_from_one_list_to_the_other(
            old in proptest::collection::btree_set(0..60_u32, 0..40),
            new in proptest::collection::btree_set(0..60_u32, 0..40),
        ) {
            let (old, new) = (ids(old), ids(new));
            prop_assert_eq!(apply(&old, &new, &of(&old, &new)), new);
        }

        #[test]
        fn even_rows_that_have_changed_places_are_led_to_theirs(
            new in Just((0..20).collect::<Vec<u32>>()).prop_shuffle(),
        ) {
            let (old, new) = (ids(0..20), ids(new));
            prop_assert_eq!(apply(&old, &new, &of(&old, &new)), new);
        }
    }

    #[test]
    fn a_page_that_comes_and_one_that_goes_are_two_splices() {
        let (old, new) = (ids(100..500), ids(0..400));
        let expected = [
            Splice {
                at: 0,
                removed: 0,
                added: 0..100,
            },
            Splice {
                at: 400,
                removed: 100,
                added: 400..400,
            },
        ];
        assert_eq!(of(&old, &new), expected);
        assert!(of(&old, &old).is_empty());
    }
}
