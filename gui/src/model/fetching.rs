//! What is fetched of the open conversation, one page after the other, and how far it was read.

use std::collections::BTreeSet;

use hedgerow_node::api::{Call, Message, MessageId, Page, PageFrom, Refusal};

use super::app::App;
use super::calendar::Date;
use super::effect::{Question, Request, Ticket};
use super::thread::Scroll;
use super::window::{MAX_LOADED, PAGE};

/// While much comes in, the conversation is looked at this often.
const LOOK_EVERY_MS: u64 = 50;

/// While one reads along, the node is told this often how far.
const MARK_EVERY_MS: u64 = 300;

/// Messages shown above the one that is jumped to.
const CONTEXT: u64 = 20;

/// What is under way, what is to come, and how far the user has read.
#[derive(Default)]
pub(super) struct Fetching {
    flight: Option<(Ticket, Fetch)>,
    wanted: Wanted,
    looked_ms: Option<u64>,
    /// The last message that is fully in view.
    in_view: Option<MessageId>,
    /// The last one that was, while the window was in front.
    seen: Option<MessageId>,
    /// The one that the node was told of.
    marked: Option<MessageId>,
    marked_ms: Option<u64>,
    /// The view is at the end, and stays there while messages come.
    following: bool,
    late: Late,
}

/// Messages that arrived late, above the read position. The node forgets them as soon as anything below
/// is marked as read, so they are counted here until the user has been there.
#[derive(Default)]
struct Late {
    /// The first of them, and where it stands.
    first: Option<(u64, MessageId)>,
    /// Others have come, one of which may be the first.
    stale: bool,
    /// How many the node still knows.
    open: u64,
    /// How many it has forgotten.
    told: u64,
    /// The user is there.
    visiting: bool,
}

/// A fetch under way.
enum Fetch {
    /// The page of a jump, and where the view goes then.
    Jump(Target),
    /// Where the message of a jump stands.
    Locate,
    /// One message, again: something else is said of it.
    Again,
    /// What is before the first loaded message.
    Older,
    /// What is after the last loaded message.
    Newer,
    /// What has come after the last loaded message: taken in, or only counted.
    Look { take: bool },
    /// What is loaded, again: something came in between.
    Reload,
    /// The first of the messages that arrived late.
    Late,
}

/// Where a jump leads.
#[derive(Clone)]
pub(super) enum Target {
    /// Where reading goes on: the unread line, or the end.
    Opening,
    Newest,
    Unread,
    Date(Date),
    Place(u64),
    Message(MessageId, u64),
}

/// What is to be fetched when nothing is under way.
#[derive(Default)]
struct Wanted {
    jump: Option<Target>,
    locate: Option<MessageId>,
    /// Of these something else is said than when they were loaded.
    changed: BTreeSet<MessageId>,
    older: bool,
    newer: bool,
    look: bool,
    reload: bool,
    late: bool,
}

impl Fetching {
    /// The last message that was fully in view.
    pub fn in_view(&self) -> Option<&MessageId> {
        self.in_view.as_ref()
    }

    /// The view goes to the end, and stays there.
    pub fn follow(&mut self) {
        self.following = true;
    }

    /// When something is to be fetched, or the node to be told, that waits for time alone.
    pub fn due_ms(&self) -> Option<u64> {
        let look = (self.flight.is_none() && (self.wanted.look || self.wanted.reload))
            .then(|| self.look_due_ms());
        let mark = (self.is_to_mark()).then(|| self.mark_due_ms());
        look.into_iter().chain(mark).min()
    }

    fn look_due_ms(&self) -> u64 {
        self.looked_ms.map_or(0, |looked| looked + LOOK_EVERY_MS)
    }

    fn mark_due_ms(&self) -> u64 {
        self.marked_ms.map_or(0, |marked| marked + MARK_EVERY_MS)
    }

    /// Whether the node is to be told of what was seen: not before the way to what arrived late is known.
    fn is_to_mark(&self) -> bool {
        self.seen.is_some()
            && self.seen != self.marked
            && (self.late.open == 0 || !self.late.stale || self.late.visiting)
    }
}

impl Late {
    /// The node knows of so many.
    fn handle(&mut self, open: u64) {
        if !self.visiting {
            self.told += self.open.saturating_sub(open);
        }
        self.stale |= open > self.open;
        self.open = open;
    }

    /// The first that the node knows of.
    fn found(&mut self, first: Option<&Message>) {
        self.stale = false;
        let found = first.map(|message| (message.position, message.id.clone()));
        // One that the node has forgotten may stand further up.
        let known = self.first.take().filter(|_| self.told > 0);
        self.first = known.into_iter().chain(found).min();
    }

    /// The user is somewhere else again.
    fn leave(&mut self) {
        self.stale |= self.visiting && self.open > 0;
        self.visiting = false;
    }

    fn count(&self) -> u64 {
        self.open + self.told
    }
}

impl App {
    /// Goes somewhere else in the conversation.
    pub(super) fn jump(&mut self, target: Target) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let fetching = &mut thread.fetching;
        fetching.following = matches!(target, Target::Newest);
        if fetching.following {
            fetching.late.leave();
            if thread.at_newest {
                thread.scroll = Some(Scroll::End);
                self.changed.thread = true;
                return;
            }
        }
        fetching.wanted = Wanted {
            jump: Some(target),
            ..Wanted::default()
        };
        self.fetch();
    }

    /// To that part of the whole.
    pub(super) fn scroll_to(&mut self, fraction: f64) {
        let Some(total) = self.thread.as_ref().map(|thread| thread.total) else {
            return;
        };
        let fraction = if fraction.is_finite() {
            fraction.clamp(0.0, 1.0)
        } else {
            1.0
        };
        let place = (total as f64 * fraction) as u64;
        if place + 1 >= total {
            self.jump(Target::Newest);
        } else {
            self.jump(Target::Place(place));
        }
    }

    /// To what arrived late, or else to the first unread message.
    pub(super) fn jump_to_unread(&mut self) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let late = &mut thread.fetching.late;
        if late.count() > 0 {
            late.visiting = true;
            late.told = 0;
            thread.unread_above = late.open;
            self.changed.thread = true;
            match late.first.take() {
                Some((_, first)) => self.jump_to(first),
                None => self.jump(Target::Unread),
            }
            return;
        }
        let line = thread.first_unread.as_ref();
        match line.filter(|id| thread.window.place(id).is_some()) {
            Some(id) => {
                thread.scroll = Some(Scroll::Row(line_row(id)));
                thread.fetching.following = false;
                self.changed.thread = true;
            }
            None if thread.unread > 0 => self.jump(Target::Unread),
            None => self.jump(Target::Newest),
        }
    }

    /// To one message.
    pub(super) fn jump_to(&mut self, id: MessageId) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        thread.fetching.following = false;
        if thread.window.place(&id).is_some() {
            thread.scroll = Some(Scroll::Row(id.0));
            self.changed.thread = true;
            return;
        }
        thread.fetching.wanted = Wanted {
            locate: Some(id),
            ..Wanted::default()
        };
        self.fetch();
    }

    /// The view comes near an end of what is loaded.
    pub(super) fn near(&mut self, top: bool) {
        if let Some(thread) = self.thread.as_mut() {
            let wanted = &mut thread.fetching.wanted;
            wanted.older |= top && !thread.at_oldest;
            wanted.newer |= !top && !thread.at_newest;
        }
        self.fetch();
    }

    /// Something has come.
    pub(super) fn look(&mut self) {
        if let Some(thread) = self.thread.as_mut() {
            thread.fetching.wanted.look = true;
        }
        self.fetch();
    }

    /// Anything may have changed.
    pub(super) fn reload(&mut self) {
        if let Some(thread) = self.thread.as_mut() {
            thread.fetching.wanted.reload = true;
        }
        self.look();
    }

    /// This is the last message fully in view.
    pub(super) fn see(&mut self, id: MessageId) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        if thread.window.place(&id).is_none() {
            return;
        }
        let fetching = &mut thread.fetching;
        fetching.in_view = Some(id.clone());
        fetching.following = thread.window.last_id() == Some(&id) && thread.at_newest;
        if fetching.following {
            fetching.late.leave();
        }
        if self.focused {
            fetching.seen = Some(id);
            self.mark();
        }
    }

    /// The window has come to the front: what is in view is seen now.
    pub(super) fn see_what_is_in_view(&mut self) {
        let fetching = self.thread.as_ref().map(|thread| &thread.fetching);
        if let Some(id) = fetching.and_then(|fetching| fetching.in_view.clone()) {
            self.see(id);
        }
    }

    /// Tells the node how far the user has read, if that is new and due.
    pub(super) fn mark(&mut self) {
        let now_ms = self.now.monotonic_ms;
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let fetching = &mut thread.fetching;
        if !fetching.is_to_mark() || now_ms < fetching.mark_due_ms() {
            return;
        }
        if thread.unread == 0 && fetching.late.open == 0 {
            // All is read: nothing to tell.
            fetching.marked = fetching.seen.clone();
            return;
        }
        if let Some(upto) = fetching.seen.clone() {
            fetching.marked = Some(upto.clone());
            fetching.marked_ms = Some(now_ms);
            let contact = thread.contact.clone();
            self.ask(Call::Read(contact, upto));
        }
    }

    /// Begins the next fetch, unless one is under way.
    pub(super) fn fetch(&mut self) {
        let ticket = self.ticket();
        let now_ms = self.now.monotonic_ms;
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let fetching = &mut thread.fetching;
        if fetching.flight.is_some() {
            return;
        }
        let contact = thread.contact.clone();
        let is_look_due = now_ms >= fetching.look_due_ms();
        let wanted = &mut fetching.wanted;
        if let Some(id) = wanted.locate.take() {
            fetching.flight = Some((ticket, Fetch::Locate));
            return self.ask(Request::Message {
                of: Question { ticket, contact },
                id,
            });
        }
        wanted.changed.retain(|id| thread.window.find(id).is_some());
        if let Some(id) = wanted.changed.pop_first() {
            fetching.flight = Some((ticket, Fetch::Again));
            return self.ask(Request::Message {
                of: Question { ticket, contact },
                id,
            });
        }
        let (first, last) = (thread.window.first_id(), thread.window.last_id());
        let (fetch, from, limit) = if let Some(target) = wanted.jump.take() {
            let from = match &target {
                Target::Opening | Target::Newest => PageFrom::Newest,
                Target::Unread => PageFrom::FirstUnread,
                Target::Date(date) => PageFrom::Date(self.calendar.begins_ms(*date)),
                Target::Place(place) => PageFrom::Position(*place),
                Target::Message(_, place) => PageFrom::Position(place.saturating_sub(CONTEXT)),
            };
            (Fetch::Jump(target), from, PAGE)
        } else if std::mem::take(&mut wanted.late) {
            (Fetch::Late, PageFrom::FirstUnread, 1)
        } else if wanted.reload && is_look_due {
            wanted.reload = false;
            fetching.looked_ms = Some(now_ms);
            match first {
                Some(first) => {
                    let limit = (thread.window.len() as u32).clamp(PAGE, MAX_LOADED as u32 - 1);
                    (Fetch::Reload, PageFrom::After(first.clone()), limit)
                }
                None => (Fetch::Jump(Target::Opening), PageFrom::Newest, PAGE),
            }
        } else if wanted.look && is_look_due {
            wanted.look = false;
            fetching.looked_ms = Some(now_ms);
            match last {
                Some(last) => {
                    // What is in view must not be let go of for what is not.
                    let room = thread.window.len() + PAGE as usize <= MAX_LOADED;
                    let take = thread.at_newest && (fetching.following || room);
                    let limit = if take { PAGE } else { 1 };
                    (Fetch::Look { take }, PageFrom::After(last.clone()), limit)
                }
                None => (Fetch::Jump(Target::Opening), PageFrom::Newest, PAGE),
            }
        } else if std::mem::take(&mut wanted.newer)
            && !thread.at_newest
            && let Some(last) = last
        {
            (Fetch::Newer, PageFrom::After(last.clone()), PAGE)
        } else if std::mem::take(&mut wanted.older)
            && !thread.at_oldest
            && let Some(first) = first
        {
            (Fetch::Older, PageFrom::Before(first.clone()), PAGE)
        } else {
            return;
        };
        fetching.flight = Some((ticket, fetch));
        self.ask(Request::Page {
            of: Question { ticket, contact },
            from,
            limit,
        });
    }

    /// A page has come.
    pub(super) fn hear_page(&mut self, of: &Question, answer: Result<Page, Refusal>) {
        let Some(fetch) = self.landed(of) else {
            return;
        };
        match answer {
            Ok(page) => self.take_page(fetch, page),
            Err(Refusal::NoSuchContact) => self.close_thread(),
            // The store is another one than it was.
            Err(Refusal::NoSuchMessage) => self.jump(Target::Opening),
            Err(refusal) => self.refused(refusal),
        }
        self.fetch();
    }

    /// Where the message of a jump stands.
    pub(super) fn hear_message(&mut self, of: &Question, answer: Result<Message, Refusal>) {
        let Some(fetch) = self.landed(of) else {
            return;
        };
        match answer {
            Ok(message) if matches!(fetch, Fetch::Again) => self.show_again(message),
            Ok(message) => self.jump(Target::Message(message.id, message.position)),
            Err(Refusal::NoSuchMessage | Refusal::NoSuchContact) => {}
            Err(refusal) => self.refused(refusal),
        }
        self.fetch();
    }

    fn show_again(&mut self, message: Message) {
        if let Some(thread) = self.thread.as_mut() {
            thread.window.update(message);
        }
        self.draw_rows();
    }

    /// Something else is said of a message.
    pub(super) fn message_changed(&mut self, id: MessageId) {
        if let Some(thread) = self.thread.as_mut() {
            thread.fetching.wanted.changed.insert(id);
            self.fetch();
        }
    }

    /// The fetch that an answer is of, if it is the one under way.
    fn landed(&mut self, of: &Question) -> Option<Fetch> {
        let thread = self.thread.as_mut()?;
        let flight = &mut thread.fetching.flight;
        let is_it = thread.contact == of.contact
            && flight
                .as_ref()
                .is_some_and(|(ticket, _)| *ticket == of.ticket);
        is_it.then(|| flight.take().map(|(_, fetch)| fetch))?
    }

    fn take_page(&mut self, fetch: Fetch, page: Page) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let (window, fetching) = (&mut thread.window, &mut thread.fetching);
        let before = (thread.unread, thread.unread_above);
        thread.unread = page.unread;
        fetching.late.handle(page.unread_above);
        thread.unread_above = fetching.late.count();
        let is_late = matches!(fetch, Fetch::Late);
        match fetch {
            Fetch::Jump(target) => return self.arrive(target, page),
            Fetch::Locate | Fetch::Again => {}
            Fetch::Older => window.prepend(page),
            Fetch::Newer => fetching.wanted.reload |= !window.append(page),
            Fetch::Look { take: true } => {
                let came = !page.messages.is_empty();
                let fits = window.append(page);
                fetching.wanted.reload |= !fits;
                if !window.at_newest() && fetching.following {
                    // So much has come that it is quicker to go there.
                    fetching.wanted.jump = Some(Target::Newest);
                } else if came && fetching.following {
                    thread.scroll = Some(Scroll::End);
                }
                if !came && fits {
                    return self.finish_page(before, false);
                }
            }
            Fetch::Look { take: false } => {
                let end = page
                    .messages
                    .first()
                    .map_or(page.total, |next| next.position);
                fetching.wanted.reload |= end != window.end();
                window.total = page.total;
            }
            Fetch::Reload => window.reload(page),
            Fetch::Late => fetching.late.found(page.messages.first()),
        }
        self.finish_page(before, !is_late);
    }

    fn finish_page(&mut self, before: (u64, u64), draw: bool) {
        if let Some(thread) = self.thread.as_mut() {
            let late = &thread.fetching.late;
            thread.fetching.wanted.late = late.open > 0 && late.stale && !late.visiting;
            self.changed.thread |= before != (thread.unread, thread.unread_above);
        }
        if draw {
            self.draw_rows();
        }
        self.mark();
    }

    /// The page of a jump is there.
    fn arrive(&mut self, target: Target, page: Page) {
        let Some(thread) = self.thread.as_mut() else {
            return;
        };
        let unread_above = page.unread_above;
        thread.window.replace(page);
        thread.opening = false;
        let window = &thread.window;
        let first = window.first_id().cloned();
        let wanted = &mut thread.fetching.wanted;
        thread.scroll = match target {
            Target::Newest => Some(Scroll::End),
            Target::Opening => match window.nth_last_of_theirs(thread.unread) {
                Some(id) => {
                    let row = line_row(id);
                    thread.first_unread = Some(id.clone());
                    Some(Scroll::Row(row))
                }
                None => {
                    // More is unread than was loaded; what arrived late has its own way.
                    if thread.unread > 0 && unread_above == 0 && !window.at_oldest() {
                        wanted.jump = Some(Target::Unread);
                        None
                    } else {
                        thread.fetching.following = true;
                        Some(Scroll::End)
                    }
                }
            },
            Target::Unread => {
                let theirs = window.iter().find(|one| !one.message.mine);
                let id = theirs.map(|one| one.message.id.clone());
                if unread_above == 0 {
                    thread.first_unread = id.clone();
                }
                wanted.older = true;
                match id {
                    Some(id) if unread_above == 0 => Some(Scroll::Row(line_row(&id))),
                    Some(id) => Some(Scroll::Row(id.0)),
                    None => Some(Scroll::End),
                }
            }
            Target::Date(_) | Target::Place(_) | Target::Message(..) if first.is_none() => {
                // There is nothing as late as that.
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
        let before = (u64::MAX, u64::MAX);
        self.finish_page(before, true);
    }
}

/// The row of the unread line before a message.
pub(super) fn line_row(id: &MessageId) -> String {
    format!("unread {}", id.0)
}

/// The row of the day that begins with a message.
pub(super) fn day_row(id: &MessageId) -> String {
    format!("day {}", id.0)
}
