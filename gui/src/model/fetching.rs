//! Fetches pages of the open conversation, one after the other.

use std::collections::BTreeSet;
use std::mem::take;

use hedgerow_node::api::{Call, Message, MessageId, Page, PageFrom, Refusal};

use super::calendar::Date;
use super::context::Context;
use super::effect::{Question, Request, Ticket};
use super::outcome::Outcome;
use super::thread::{Scroll, Thread};
use super::window::{MAX_LOADED, PAGE};

/// The shortest interval between two looks at the conversation while much comes in.
const LOOK_EVERY_MS: u64 = 50;

/// What is above a place that was jumped to is fetched so long after it, so that it is not in the same frame.
const ABOVE_AFTER_MS: u64 = 20;

/// The number of messages above the target of a jump.
const CONTEXT: u64 = 10;

/// The fetch under way, and those that are wanted.
#[derive(Default)]
pub(super) struct Fetching {
    flight: Option<(Ticket, Fetch)>,
    wanted: Wanted,
    looked_ms: Option<u64>,
    /// Nothing older is fetched before.
    above_ms: u64,
    /// Whether the view is at the end, and stays there while messages come.
    following: bool,
}

/// A fetch under way.
enum Fetch {
    /// The page of a jump, and its target.
    Jump(Target),
    /// The position of the message to which the user jumps.
    Locate,
    /// The message that the text being written is about.
    About,
    /// One message again, because its emoji or its pin have changed.
    Again,
    /// The messages before the first loaded one.
    Older,
    /// The messages after the last loaded one.
    Newer,
    /// New messages after the last loaded one: to take them in, or only to count them.
    Look { take: bool },
    /// All loaded messages again, because something came in between.
    Reload,
    /// The first of the messages that arrived late.
    Late,
}

/// The target of a jump.
#[derive(Clone)]
pub(super) enum Target {
    /// The place where reading goes on: the unread line, or the end.
    Opening,
    Newest,
    Unread,
    Date(Date),
    Place(u64),
    Message(MessageId, u64),
}

/// The fetches to make when none is under way.
#[derive(Default)]
struct Wanted {
    jump: Option<Target>,
    locate: Option<MessageId>,
    /// The messages whose emoji or pins have changed since they were loaded.
    changed: BTreeSet<MessageId>,
    older: bool,
    newer: bool,
    look: bool,
    reload: bool,
    late: bool,
}

impl Fetching {
    /// Moves the view to the end, where it stays.
    pub fn follow(&mut self) {
        self.following = true;
    }

    /// When a fetch that waits only for time is due (milliseconds of the clock that never goes back).
    pub fn due_ms(&self) -> Option<u64> {
        if self.flight.is_some() {
            return None;
        }
        let looks = self.wanted.look || self.wanted.reload;
        let look_ms = looks.then(|| self.look_due_ms());
        let above_ms = self.wanted.older.then_some(self.above_ms);
        look_ms.into_iter().chain(above_ms).min()
    }

    fn look_due_ms(&self) -> u64 {
        self.looked_ms.map_or(0, |looked| looked + LOOK_EVERY_MS)
    }
}

/// Jumps, and the fetches that they need.
impl Thread {
    /// Jumps to a target in the conversation.
    pub(super) fn jump(&mut self, target: Target) {
        let fetching = &mut self.fetching;
        fetching.following = matches!(target, Target::Newest);
        if fetching.following {
            self.reading.late.leave();
            if self.at_newest {
                self.scroll = Some(Scroll::End);
                self.changed.rest = true;
                return;
            }
        }
        fetching.wanted = Wanted {
            jump: Some(target),
            ..Wanted::default()
        };
    }

    /// Jumps to this fraction of the whole conversation.
    pub(super) fn scroll_to(&mut self, fraction: f64) {
        let fraction = match fraction.is_finite() {
            true => fraction.clamp(0.0, 1.0),
            false => 1.0,
        };
        let place = (self.total as f64 * fraction) as u64;
        self.jump(match place + 1 >= self.total {
            true => Target::Newest,
            false => Target::Place(place),
        });
    }

    /// Jumps to the first message that arrived late, or else to the first unread one.
    pub(super) fn jump_to_unread(&mut self) {
        let late = &mut self.reading.late;
        if late.count() > 0 {
            let first = late.visit();
            self.unread_above = late.count();
            self.changed.rest = true;
            return match first {
                Some(first) => self.jump_to(first),
                None => self.jump(Target::Unread),
            };
        }
        let line = self.first_unread.as_ref();
        match line.filter(|id| self.window.place(id).is_some()) {
            Some(id) => {
                self.scroll = Some(Scroll::Row(line_row(id)));
                self.fetching.following = false;
                self.changed.rest = true;
            }
            None if self.unread > 0 => self.jump(Target::Unread),
            None => self.jump(Target::Newest),
        }
    }

    /// Jumps to one message.
    pub(super) fn jump_to(&mut self, id: MessageId) {
        self.fetching.following = false;
        if self.window.place(&id).is_some() {
            self.scroll = Some(Scroll::Row(id.0));
            self.changed.rest = true;
        } else {
            self.fetching.wanted = Wanted {
                locate: Some(id),
                ..Wanted::default()
            };
        }
    }

    /// The view comes near an end of the loaded messages.
    pub(super) fn near(&mut self, top: bool) {
        let wanted = &mut self.fetching.wanted;
        wanted.older |= top && !self.at_oldest;
        wanted.newer |= !top && !self.at_newest;
    }

    /// New messages have come.
    pub(super) fn look(&mut self) {
        self.fetching.wanted.look = true;
    }

    /// Anything may have changed.
    pub(super) fn reload(&mut self) {
        self.fetching.wanted.reload = true;
        self.look();
    }

    /// The emoji or the pin of a message have changed.
    pub(super) fn message_changed(&mut self, id: MessageId) {
        self.fetching.wanted.changed.insert(id);
    }

    /// Takes over which message is the last one wholly in view. It is seen if the window is in front, and nothing over it.
    pub(super) fn see(&mut self, id: MessageId, context: &Context) {
        if self.window.place(&id).is_none() {
            return;
        }
        let reading = &mut self.reading;
        reading.in_view = Some(id.clone());
        if self.window.last_id() == Some(&id) && self.at_newest {
            self.fetching.following = true;
            reading.late.leave();
        }
        if context.is_read() {
            self.reading.seen = self.read_upto(&id).or(self.reading.seen.take());
        }
    }

    /// The message up to which all is read once this one was seen: nothing is from the first unread one on of which a part
    /// was hidden.
    fn read_upto(&self, seen: &MessageId) -> Option<MessageId> {
        let mut read = None;
        for (place, one) in (self.window.first()..).zip(self.window.iter()) {
            let message = &one.message;
            let is_new = place >= self.reading.new_from && !message.is_mine();
            if is_new && self.reading.hidden.contains(&message.id) {
                break;
            }
            read = Some(&message.id);
            if message.id == *seen {
                break;
            }
        }
        read.cloned()
    }

    /// Takes over where the unread messages begin, as far as what is loaded tells.
    pub(super) fn look_for_new(&mut self) {
        if self.unread == 0 {
            self.reading.new_from = u64::MAX;
        } else if self.window.at_newest() {
            let first = self.window.nth_last_of_theirs(self.unread);
            let place = first.and_then(|id| self.window.place(id));
            // More are unread than are loaded.
            self.reading.new_from = place.unwrap_or(self.window.first());
        }
    }

    /// The view has left the end. What is in view does not tell: rows that have just come lie below it until they are
    /// laid out.
    pub(super) fn leave_end(&mut self) {
        self.fetching.following = false;
    }

    /// Tells the node how far the user has read, if that has changed and is due.
    pub(super) fn mark(&mut self, context: &Context) -> Option<Outcome> {
        let upto = self.reading.mark(self.unread, context.now.monotonic_ms)?;
        Some(Outcome::ask(Call::Read(self.id.clone(), upto)))
    }

    /// The next fetch, unless one is under way.
    pub(super) fn fetch(&mut self, ticket: Ticket, context: &Context) -> Option<Request> {
        if self.fetching.flight.is_some() {
            return None;
        }
        let of = Question {
            ticket,
            conversation: self.id.clone(),
        };
        let wanted = &mut self.fetching.wanted;
        if let Some(id) = wanted.locate.take() {
            self.fetching.flight = Some((ticket, Fetch::Locate));
            return Some(Request::Message { of, id });
        }
        if let Some(about) = &self.about
            && self.answering.is_none()
            && !self.opening
        {
            let id = about.id().clone();
            self.fetching.flight = Some((ticket, Fetch::About));
            return Some(Request::Message { of, id });
        }
        let wanted = &mut self.fetching.wanted;
        wanted.changed.retain(|id| self.window.find(id).is_some());
        if let Some(id) = wanted.changed.pop_first() {
            self.fetching.flight = Some((ticket, Fetch::Again));
            return Some(Request::Message { of, id });
        }
        let (fetch, from, limit) = self.next_page(context)?;
        self.fetching.flight = Some((ticket, fetch));
        Some(Request::Page { of, from, limit })
    }

    /// The next page to fetch.
    fn next_page(&mut self, context: &Context) -> Option<(Fetch, PageFrom, u32)> {
        let now_ms = context.now.monotonic_ms;
        let is_look_due = now_ms >= self.fetching.look_due_ms();
        let (first, last) = (self.window.first_id(), self.window.last_id());
        let (first, last) = (first.cloned(), last.cloned());
        let newest = (Fetch::Jump(Target::Opening), PageFrom::Newest, PAGE);
        let wanted = &mut self.fetching.wanted;
        if let Some(target) = wanted.jump.take() {
            let from = match &target {
                Target::Opening | Target::Newest => PageFrom::Newest,
                Target::Unread => PageFrom::FirstUnread,
                Target::Date(date) => PageFrom::Date(context.calendar.begins_ms(*date)),
                Target::Place(place) => PageFrom::Position(*place),
                Target::Message(_, place) => PageFrom::Position(place.saturating_sub(CONTEXT)),
            };
            return Some((Fetch::Jump(target), from, PAGE));
        }
        if take(&mut wanted.late) {
            return Some((Fetch::Late, PageFrom::FirstUnread, 1));
        }
        if is_look_due && take(&mut wanted.reload) {
            self.fetching.looked_ms = Some(now_ms);
            let Some(first) = first else {
                return Some(newest);
            };
            let limit = (self.window.len() as u32).clamp(PAGE, MAX_LOADED as u32 - 1);
            return Some((Fetch::Reload, PageFrom::After(first), limit));
        }
        if is_look_due && take(&mut wanted.look) {
            self.fetching.looked_ms = Some(now_ms);
            let Some(last) = last else {
                return Some(newest);
            };
            // Do not drop messages in view to load others that are not.
            let room = self.window.len() + PAGE as usize <= MAX_LOADED;
            let take = self.at_newest && (self.fetching.following || room);
            let limit = if take { PAGE } else { 1 };
            return Some((Fetch::Look { take }, PageFrom::After(last), limit));
        }
        if take(&mut wanted.newer)
            && !self.at_newest
            && let Some(last) = last
        {
            return Some((Fetch::Newer, PageFrom::After(last), PAGE));
        }
        if now_ms >= self.fetching.above_ms
            && take(&mut wanted.older)
            && !self.at_oldest
            && let Some(first) = first
        {
            return Some((Fetch::Older, PageFrom::Before(first), PAGE));
        }
        None
    }

    /// Handles the answer with a page.
    pub(super) fn page(
        &mut self,
        ticket: Ticket,
        answer: Result<Page, Refusal>,
        context: &Context,
    ) -> Vec<Outcome> {
        let Some(fetch) = self.landed(ticket) else {
            return Vec::new();
        };
        match answer {
            Ok(page) => {
                let is_news = match fetch {
                    Fetch::Look { take } => take,
                    // These are the first messages of an open conversation that had none.
                    Fetch::Jump(Target::Opening) => !self.opening,
                    _ => false,
                };
                let came = if is_news { &page.messages[..] } else { &[] };
                let outcomes = self.tell_came(came, context);
                self.take_page(fetch, page, context);
                outcomes
            }
            Err(Refusal::NoSuchConversation) => vec![Outcome::DropChat(self.id.clone())],
            Err(Refusal::NoSuchMessage) => {
                // The store was replaced by another one.
                self.jump(Target::Opening);
                Vec::new()
            }
            Err(refusal) => vec![Outcome::Refused(refusal)],
        }
    }

    /// Handles the answer with a message: a changed one, or the target of a jump.
    pub(super) fn message(
        &mut self,
        ticket: Ticket,
        answer: Result<Message, Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        let fetch = self.landed(ticket)?;
        match answer {
            Ok(message) if matches!(fetch, Fetch::Again) => {
                self.window.update(message);
                self.draw_rows(context);
            }
            Ok(message) if matches!(fetch, Fetch::About) => {
                if self
                    .about
                    .as_ref()
                    .is_some_and(|about| *about.id() == message.id)
                {
                    self.know_answering(&message);
                }
            }
            Err(refusal) if matches!(fetch, Fetch::About) => {
                self.not_found_answering(refusal == Refusal::NoSuchMessage);
            }
            Ok(message) => self.jump(Target::Message(message.id, message.position)),
            // The target of a jump has gone, and nothing else was asked for.
            Err(Refusal::NoSuchMessage) if self.opening => self.jump(Target::Opening),
            Err(Refusal::NoSuchMessage | Refusal::NoSuchConversation) => {}
            Err(refusal) => return Some(Outcome::Refused(refusal)),
        }
        None
    }

    /// Takes the fetch under way if this answer belongs to it.
    fn landed(&mut self, ticket: Ticket) -> Option<Fetch> {
        let flight = &mut self.fetching.flight;
        let flight = flight.take_if(|(under_way, _)| *under_way == ticket);
        flight.map(|(_, fetch)| fetch)
    }

    fn take_page(&mut self, fetch: Fetch, page: Page, context: &Context) {
        let (window, fetching) = (&mut self.window, &mut self.fetching);
        let before = (self.unread, self.unread_above);
        self.unread = page.unread;
        self.reading.late.know(page.unread_above);
        self.unread_above = self.reading.late.count();
        let mut is_to_draw = true;
        match fetch {
            Fetch::Jump(target) => {
                self.arrive(target, page);
                if self.fetching.wanted.older {
                    self.fetching.above_ms = context.now.monotonic_ms + ABOVE_AFTER_MS;
                }
            }
            Fetch::Locate | Fetch::Again | Fetch::About => {}
            Fetch::Older => window.prepend(page),
            Fetch::Newer => fetching.wanted.reload |= !window.append(page),
            Fetch::Look { take: true } => {
                let came = !page.messages.is_empty();
                let fits = window.append(page);
                fetching.wanted.reload |= !fits;
                if !window.at_newest() && fetching.following {
                    // So much has come that a jump to the end is quicker.
                    fetching.wanted.jump = Some(Target::Newest);
                } else if came && fetching.following {
                    self.scroll = Some(Scroll::End);
                }
                is_to_draw = came || !fits;
            }
            Fetch::Look { take: false } => {
                let first = page.messages.first();
                let end = first.map_or(page.total, |next| next.position);
                fetching.wanted.reload |= end != window.end();
                window.total = page.total;
                if fetching.following {
                    fetching.wanted.jump = Some(Target::Newest);
                }
            }
            Fetch::Reload => window.reload(page),
            Fetch::Late => {
                self.reading.late.found(page.messages.first());
                is_to_draw = false;
            }
        }
        self.fetching.wanted.late = self.reading.late.is_sought();
        self.changed.rest |= before != (self.unread, self.unread_above);
        if is_to_draw {
            self.draw_rows(context);
        }
    }

    /// Takes in the page of a jump.
    fn arrive(&mut self, target: Target, page: Page) {
        let unread_above = page.unread_above;
        self.window.replace(page);
        self.opening = false;
        let window = &self.window;
        let first = window.first_id().cloned();
        let wanted = &mut self.fetching.wanted;
        self.scroll = match target {
            Target::Newest => Some(Scroll::End),
            Target::Opening => match window.nth_last_of_theirs(self.unread) {
                Some(id) => {
                    let row = line_row(id);
                    self.first_unread = Some(id.clone());
                    Some(Scroll::Row(row))
                }
                None => {
                    // More messages are unread than are loaded. If some arrived late, `jump_to_unread` leads there.
                    if self.unread > 0 && unread_above == 0 && !window.at_oldest() {
                        wanted.jump = Some(Target::Unread);
                        None
                    } else {
                        self.fetching.following = true;
                        Some(Scroll::End)
                    }
                }
            },
            Target::Unread => {
                let theirs = window.iter().find(|one| !one.message.is_mine());
                let id = theirs.map(|one| one.message.id.clone());
                if unread_above == 0 {
                    self.first_unread = id.clone();
                    self.reading.new_from = window.first();
                }
                wanted.older = true;
                match id {
                    Some(id) if unread_above == 0 => Some(Scroll::Row(line_row(&id))),
                    Some(id) => Some(Scroll::Row(id.0)),
                    None => Some(Scroll::End),
                }
            }
            Target::Date(_) | Target::Place(_) | Target::Message(..) if first.is_none() => {
                // The conversation ends before this target.
                wanted.jump = Some(Target::Newest);
                None
            }
            Target::Date(_) => {
                wanted.older = true;
                first.map(|id| Scroll::Row(day_row(&id)))
            }
            Target::Place(_) => {
                wanted.older = true;
                first.map(|id| Scroll::Row(id.0))
            }
            Target::Message(id, _) => {
                wanted.older = true;
                Some(Scroll::Row(id.0))
            }
        };
    }
}

/// The id of the row of the unread line before a message.
pub(super) fn line_row(id: &MessageId) -> String {
    format!("unread {}", id.0)
}

/// The id of the row of the day that begins with a message.
pub(super) fn day_row(id: &MessageId) -> String {
    format!("day {}", id.0)
}
