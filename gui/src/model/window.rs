//! The loaded part of a conversation: some hundred messages in a row, without gaps, of any number.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hedgerow_node::api::{
    DeliveryState, DeviceId, GroupChange, MAX_QUOTE, Message, MessageId, Original, Page, Private,
    visible,
};

use super::emoji;
use super::files::on_one_line;
use super::links::{self, Span};

/// The number of messages that we ask for at once: each costs time in the frame that takes it in.
pub(crate) const PAGE: u32 = 25;

/// The most messages that are loaded at once.
pub(crate) const MAX_LOADED: usize = 200;

/// About how many bytes of a longer text are shown at first: more than twelve lines of a wide bubble.
const FOLDED: usize = 2_000;

/// A text with more letters or more lines than this may be higher than the part shown at first.
const LONG: usize = 240;
const LONG_LINES: usize = 12;

/// A loaded message.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub message: Message,
    /// The text in pieces; `None` for a kind that this version cannot show.
    pub body: Option<Arc<[Span]>>,
    /// Whether it may be too long to be shown whole at first, and the user has not unfolded it.
    pub folded: bool,
    /// Whether the body is only the beginning of the text.
    pub cut: bool,
    /// Whether the text is only a few emoji.
    pub large: bool,
}

impl Loaded {
    fn new(message: Message) -> Self {
        let mut loaded = Self {
            message,
            body: None,
            folded: false,
            cut: false,
            large: false,
        };
        let text = loaded.message.text.as_ref().map_or("", |text| &text.0);
        loaded.cut = text.len() > FOLDED;
        loaded.folded = loaded.cut
            || text.chars().nth(LONG).is_some()
            || text.lines().nth(LONG_LINES).is_some();
        loaded.large = emoji::is_large(text);
        let shown = &text[..text.floor_char_boundary(FOLDED)];
        loaded.body = loaded
            .message
            .text
            .as_ref()
            .map(|_| links::spans(shown).into());
        loaded
    }

    /// Its whole text, safe to show; the name of its file if it has no text, and empty for a kind that this version
    /// cannot show.
    pub fn text(&self) -> String {
        let text = self.message.text.as_ref().filter(|text| !text.0.is_empty());
        let file = self.message.file.as_ref();
        match (text, file) {
            (Some(text), _) => visible::paragraph(&text.0),
            (None, Some(file)) if file.voice.is_some() => on_one_line(file),
            (None, Some(file)) => visible::label(&file.name.0).unwrap_or_default(),
            (None, None) => String::new(),
        }
    }

    /// Takes in the message as it is now.
    fn take(&mut self, message: Message) {
        if self.message.text == message.text {
            self.message = message;
            return;
        }
        let was_unfolded = !self.folded && Self::new(self.message.clone()).folded;
        *self = Self::new(message);
        if was_unfolded {
            self.unfold();
        }
    }

    fn unfold(&mut self) {
        if let Some(text) = &self.message.text {
            self.body = Some(links::spans(&text.0).into());
        }
        self.folded = false;
        self.cut = false;
    }
}

/// The window over a conversation.
#[derive(Default)]
pub(crate) struct Window {
    messages: VecDeque<Loaded>,
    /// For each device and each log of ours, the number up to which the device has acknowledged it. Kept because a page
    /// that was read before an acknowledgement may come after it.
    reached: BTreeMap<DeviceId, BTreeMap<String, u64>>,
    /// The position of the first loaded message.
    first: u64,
    /// The number of all messages.
    pub total: u64,
    /// What had changed about who is in the group before the first of all messages.
    changes_before: Vec<GroupChange>,
}

impl Window {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Loaded> {
        self.messages.iter()
    }

    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// The position of the first loaded message.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The position after the last loaded message.
    pub fn end(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    pub fn first_id(&self) -> Option<&MessageId> {
        self.messages.front().map(|one| &one.message.id)
    }

    pub fn last_id(&self) -> Option<&MessageId> {
        self.messages.back().map(|one| &one.message.id)
    }

    pub fn find(&self, id: &MessageId) -> Option<&Loaded> {
        self.messages.iter().find(|one| one.message.id == *id)
    }

    /// The position of a loaded message.
    pub fn place(&self, id: &MessageId) -> Option<u64> {
        let index = self.messages.iter().position(|one| one.message.id == *id)?;
        Some(self.first + index as u64)
    }

    /// The first of the last `count` messages of others.
    pub fn nth_last_of_theirs(&self, count: u64) -> Option<&MessageId> {
        let count = usize::try_from(count).ok()?.checked_sub(1)?;
        let mut theirs = self
            .messages
            .iter()
            .rev()
            .filter(|one| !one.message.is_mine());
        theirs.nth(count).map(|one| &one.message.id)
    }

    /// What had changed about who is in the group before what is loaded.
    pub fn changes_before(&self) -> &[GroupChange] {
        match self.at_oldest() {
            true => &self.changes_before,
            false => &[],
        }
    }

    pub fn at_oldest(&self) -> bool {
        self.first == 0
    }

    pub fn at_newest(&self) -> bool {
        self.end() >= self.total
    }

    /// Replaces everything by a page.
    pub fn replace(&mut self, page: Page) {
        self.total = page.total;
        self.first = page.messages.first().map_or(page.total, |one| one.position);
        self.changes_before = page.changes;
        self.messages = page.messages.into_iter().map(Loaded::new).collect();
        self.tick();
    }

    /// Takes in the page before the first loaded message, and drops the newest messages beyond the limit.
    pub fn prepend(&mut self, page: Page) {
        self.total = page.total;
        self.first = page.messages.first().map_or(0, |first| first.position);
        self.changes_before = page.changes;
        for message in page.messages.into_iter().rev() {
            self.messages.push_front(Loaded::new(message));
        }
        self.messages.truncate(MAX_LOADED);
        self.tick();
    }

    /// Takes in the page after the last loaded message, and drops the oldest messages beyond the limit. False if the
    /// page does not fit, because messages have come in above.
    pub fn append(&mut self, page: Page) -> bool {
        let end = match page.messages.first() {
            Some(first) => first.position,
            None => page.total,
        };
        let fits = end == self.end();
        self.first = end.saturating_sub(self.messages.len() as u64);
        self.total = page.total;
        self.messages
            .extend(page.messages.into_iter().map(Loaded::new));
        let many = self.messages.len().saturating_sub(MAX_LOADED);
        self.messages.drain(..many);
        self.first += many as u64;
        self.tick();
        fits
    }

    /// Replaces all messages after the first loaded one by those of a page.
    pub fn reload(&mut self, page: Page) {
        self.total = page.total;
        let unfolded: Vec<_> = self.messages.drain(1.min(self.messages.len())..).collect();
        self.first = match page.messages.first() {
            Some(second) => second.position.saturating_sub(self.messages.len() as u64),
            None => page.total.saturating_sub(self.messages.len() as u64),
        };
        let mut before = unfolded.into_iter().peekable();
        for message in page.messages {
            // The order never changes, so one pass finds the messages that were loaded before.
            let known = before.next_if(|one| one.message.id == message.id);
            self.messages.push_back(match known {
                Some(mut known) => {
                    known.take(message);
                    known
                }
                None => Loaded::new(message),
            });
        }
        self.messages.truncate(MAX_LOADED);
        self.tick();
    }

    /// Takes in a loaded message again, which stays unfolded if it was. What answers it quotes it as it is now.
    pub fn update(&mut self, message: Message) {
        let answers = self.messages.iter_mut();
        let quotes = answers.filter_map(|one| one.message.reply_to.as_mut());
        for quoted in quotes.filter(|quoted| quoted.id == message.id) {
            quoted.original = Original::Here {
                author: message.author.clone(),
                text: message.text.as_ref().map(|text| beginning(&text.0)),
            };
        }
        let mut loaded = self.messages.iter_mut();
        if let Some(known) = loaded.find(|one| one.message.id == message.id) {
            known.take(message);
        }
    }

    /// Takes out a message that has gone. True if it was loaded.
    pub fn remove(&mut self, id: &MessageId) -> bool {
        let place = self.messages.iter().position(|one| one.message.id == *id);
        let Some(place) = place else {
            return false;
        };
        self.messages.remove(place);
        self.total = self.total.saturating_sub(1);
        let answers = self.messages.iter_mut();
        let quotes = answers.filter_map(|one| one.message.reply_to.as_mut());
        for quoted in quotes.filter(|quoted| quoted.id == *id) {
            quoted.original = Original::Gone;
        }
        true
    }

    /// Unfolds a text. True if it was folded.
    pub fn unfold(&mut self, id: &MessageId) -> bool {
        let found = self.messages.iter_mut().find(|one| one.message.id == *id);
        found.is_some_and(|one| {
            let folded = one.folded;
            one.unfold();
            folded
        })
    }

    /// A device has acknowledged our messages up to this one of its log. True if this marks a message.
    pub fn delivered(&mut self, device: &DeviceId, upto: &MessageId) -> bool {
        let Some((log, last)) = log_and_number(upto) else {
            return false;
        };
        let reached = self.reached.entry(device.clone()).or_default();
        let reached = reached.entry(log.to_owned()).or_default();
        *reached = last.max(*reached);
        self.tick()
    }

    /// Marks messages as delivered, as far as devices have acknowledged them. True if this marks a message.
    fn tick(&mut self) -> bool {
        let mut changed = false;
        for one in self.messages.iter_mut().rev() {
            let message = &mut one.message;
            let Some((log, number)) = log_and_number(&message.id) else {
                continue;
            };
            let queued = message.deliveries.iter_mut();
            for delivery in queued.filter(|delivery| !delivery.is_delivered()) {
                let reached = self.reached.get(&delivery.device);
                let last = reached.and_then(|reached| reached.get(log));
                if last.is_some_and(|last| number <= *last) {
                    delivery.state = DeliveryState::Delivered;
                    changed = true;
                }
            }
        }
        changed
    }
}

/// What others have read.
impl Window {
    /// A device has read the messages of a log of ours up to this one. Tells whether any looks different.
    pub fn read(&mut self, device: &DeviceId, upto: &MessageId) -> bool {
        let Some((of, last)) = log_and_number(upto) else {
            return false;
        };
        let mut changed = false;
        for message in self.messages.iter_mut().map(|one| &mut one.message) {
            let place = log_and_number(&message.id);
            if place.is_none_or(|(log, number)| log != of || number > last) {
                continue;
            }
            let deliveries = message.deliveries.iter_mut();
            for delivery in deliveries.filter(|delivery| delivery.device == *device) {
                changed |= delivery.state != DeliveryState::Read;
                delivery.state = DeliveryState::Read;
            }
        }
        changed
    }
}

/// As much of a text as a quote shows.
fn beginning(text: &str) -> Private {
    Private(text.chars().take(MAX_QUOTE).collect())
}

/// The two halves of an id: its log, and its number there.
fn log_and_number(id: &MessageId) -> Option<(&str, u64)> {
    let (log, number) = id.0.rsplit_once('-')?;
    Some((log, u64::from_str_radix(number, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use hedgerow_node::api::{ContactId, Delivery};

    use super::*;

    fn message(number: u64, position: u64) -> Message {
        Message {
            file: None,
            id: MessageId(format!("aa-01-{number:x}")),
            position,
            author: None,
            time_ms: 0,
            text: Some(Private(number.to_string())),
            deliveries: vec![Delivery {
                contact: ContactId("bb".into()),
                device: DeviceId("b1".into()),
                state: DeliveryState::Queued { why: None },
            }],
            edited: None,
            reply_to: None,
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

    /// Messages of these numbers, the first of which stands at `at`.
    fn page(numbers: std::ops::Range<u64>, at: u64, total: u64) -> Page {
        Page {
            messages: numbers
                .zip(at..)
                .map(|(number, at)| message(number, at))
                .collect(),
            total,
            unread: 0,
            unread_above: 0,
            changes: Vec::new(),
        }
    }

    fn numbers(window: &Window) -> Vec<u64> {
        let texts = window.iter().filter_map(|one| one.message.text.as_ref());
        texts.map(|text| text.0.parse().unwrap()).collect()
    }

    #[test]
    fn it_slides_both_ways_and_never_grows_beyond_its_bound() {
        let most = MAX_LOADED as u64;
        let mut window = Window::default();
        window.replace(page(900..1_000, 900, 1_000));
        for start in (0..900).rev().step_by(100).map(|end| end - 99) {
            window.prepend(page(start..start + 100, start, 1_000));
            assert!(window.len() <= MAX_LOADED);
        }
        assert_eq!((window.first(), window.end()), (0, most));
        assert!(window.at_oldest() && !window.at_newest());
        for start in (most..1_000).step_by(100) {
            assert!(window.append(page(start..start + 100, start, 1_000)));
        }
        assert_eq!((window.first(), window.end()), (1_000 - most, 1_000));
        assert_eq!(numbers(&window), (1_000 - most..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn what_came_in_above_is_noticed_and_reloaded() {
        let mut window = Window::default();
        window.replace(page(10..20, 10, 20));
        // Two messages have come in above the end.
        assert!(!window.append(page(0..0, 22, 22)));
        window.reload(page(11..21, 12, 23));
        assert_eq!((window.first(), window.end(), window.total), (11, 22, 23));
        assert_eq!(numbers(&window), (10..21).collect::<Vec<_>>());
    }

    #[test]
    fn reloading_keeps_what_is_unfolded() {
        let mut window = Window::default();
        let long = |mut page: Page| {
            page.messages[1].text = Some(Private("7".repeat(2 * FOLDED)));
            page
        };
        window.replace(long(page(0..3, 0, 3)));
        let id = MessageId("aa-01-1".into());
        assert!(window.find(&id).unwrap().folded && window.unfold(&id));
        let mut after = long(page(0..3, 0, 3));
        after.messages.remove(0);
        window.reload(after);
        assert!(!window.find(&id).unwrap().folded);
    }

    #[test]
    fn a_delivery_ticks_its_log_up_to_its_number() {
        let mut window = Window::default();
        let mut page = page(1..20, 0, 19);
        page.messages[3].id = MessageId("aa-02-1".into());
        window.replace(page);
        let device = DeviceId("b1".into());
        assert!(window.delivered(&device, &MessageId("aa-01-b".into())));
        let ticked = window
            .iter()
            .filter(|one| one.message.is_delivered())
            .count();
        assert_eq!(ticked, 10, "eleven, but one is of another log");
        let further = MessageId("aa-01-c".into());
        assert!(!window.delivered(&DeviceId("b2".into()), &further));
        assert!(!window.delivered(&device, &MessageId("aa-01-b".into())));
        assert!(!window.delivered(&device, &MessageId("nonsense".into())));
    }
}
