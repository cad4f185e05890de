//! The events of a node in the order in which they happened, for any number of listeners.
//!
//! The newest are kept, for listeners that are slow and for such as lost their connection and come back. A listener
//! knows its position: what it was told last. If events behind it are gone it is told that it missed some.

use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::{Event, Refusal};

/// The most events that are kept, and so that wait for one listener.
const MAX_EVENTS: usize = 1_024;

/// A place between two events of one feed. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The feed: a random number.
    feed: u64,
    /// The number of events before it.
    number: u64,
}

impl Display for Position {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:x}", self.feed, self.number)
    }
}

impl FromStr for Position {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let read = |digits: &str| {
            let plausible = (1..=16).contains(&digits.len());
            let plausible = plausible && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let number = u64::from_str_radix(digits, 16).ok();
            number.filter(|_| plausible).ok_or(Refusal::BadCursor)
        };
        let (feed, number) = text.split_once('-').ok_or(Refusal::BadCursor)?;
        Ok(Self {
            feed: read(feed)?,
            number: read(number)?,
        })
    }
}

/// An event with the position behind it, from which its listener goes on after its connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// What happens.
    #[serde(flatten)]
    pub event: Event,
    /// The position behind it.
    pub position: String,
}

/// The events of a node. It ends with its last owner, or when it is [closed](Self::close).
#[derive(Debug)]
pub struct Feed {
    id: u64,
    kept: Arc<Mutex<Kept>>,
    /// Wakes the listeners.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The newest.
    events: VecDeque<Event>,
    /// How many there were before these.
    before: u64,
    closed: bool,
}

impl Kept {
    fn end(&self) -> u64 {
        self.before + self.events.len() as u64
    }
}

impl Feed {
    /// Without events. The id is random: no other feed has it.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            kept: Arc::default(),
            news: watch::Sender::new(()),
        }
    }

    /// Something happens.
    pub fn tell(&self, event: Event) {
        let mut kept = lock(&self.kept);
        if kept.events.len() == MAX_EVENTS {
            kept.events.pop_front();
            kept.before += 1;
        }
        kept.events.push_back(event);
        drop(kept);
        self.news.send_replace(());
    }

    /// Forgets what happened so far: whoever has not heard it misses it.
    pub fn forget(&self) {
        let mut kept = lock(&self.kept);
        kept.before = kept.end();
        kept.events.clear();
    }

    /// Nothing happens any more. Each listener ends when it has heard all.
    pub fn close(&self) {
        lock(&self.kept).closed = true;
        self.news.send_replace(());
    }

    /// What happens after a position; without one, from now on. It begins with [`Event::Missed`] if some of that is not
    /// kept any more, or the position belongs to another feed.
    pub fn listen(&self, after: Option<Position>) -> impl Stream<Item = Told> + Send + use<> {
        let end = lock(&self.kept).end();
        let (number, lost) = match after {
            None => (end, false),
            Some(after) if after.feed == self.id && after.number <= end => (after.number, false),
            // It hears what is kept, so that nothing falls between this and its look at everything.
            Some(_) => (end, true),
        };
        let listener = Listener {
            feed: self.id,
            kept: self.kept.clone(),
            news: self.news.subscribe(),
            number,
            lost,
        };
        stream::unfold(listener, |mut listener| async {
            let told = listener.next().await?;
            Some((told, listener))
        })
    }
}

struct Listener {
    feed: u64,
    kept: Arc<Mutex<Kept>>,
    news: watch::Receiver<()>,
    /// How many events were told, or are lost to it.
    number: u64,
    /// It does not know yet that it missed events.
    lost: bool,
}

impl Listener {
    async fn next(&mut self) -> Option<Told> {
        loop {
            self.news.borrow_and_update();
            if let Some(event) = self.waiting() {
                let position = Position {
                    feed: self.feed,
                    number: self.number,
                };
                let position = position.to_string();
                return Some(Told { event, position });
            }
            if lock(&self.kept).closed {
                return None;
            }
            self.news.changed().await.ok()?;
        }
    }

    /// The next event that has happened.
    fn waiting(&mut self) -> Option<Event> {
        let kept = lock(&self.kept);
        if std::mem::take(&mut self.lost) || self.number < kept.before {
            self.number = self.number.max(kept.before);
            return Some(Event::Missed);
        }
        let event = kept.events.get((self.number - kept.before) as usize)?;
        self.number += 1;
        Some(event.clone())
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use proptest::prelude::*;

    use super::*;
    use crate::api::ConversationId;

    fn numbered(count: u64) -> Event {
        let conversation = ConversationId("c".into());
        Event::Messages {
            conversation,
            count,
        }
    }

    /// What waits for a listener.
    fn heard(feed: &Feed, after: Option<&str>) -> Vec<Told> {
        let after = after.map(|position| position.parse().expect("it was given out"));
        let mut listener = Box::pin(feed.listen(after));
        std::iter::from_fn(|| listener.next().now_or_never().flatten()).collect()
    }

    proptest! {
        #[test]
        fn whoever_comes_back_hears_what_happened_meanwhile_or_that_it_missed_some(
            before in 0..2_000_u64, meanwhile in 0..2_000_u64, forgets: bool
        ) {
            let feed = Feed::new(7);
            let mut listener = Box::pin(feed.listen(None));
            feed.tell(numbered(0));
            let first = listener.next().now_or_never().flatten().expect("it was told");
            for number in 1..=before {
                feed.tell(numbered(number));
            }
            if forgets {
                feed.forget();
            }
            let last = before + meanwhile;
            for number in before + 1..=last {
                feed.tell(numbered(number));
            }
            let heard = heard(&feed, Some(&first.position));
            let kept = if forgets { meanwhile } else { last }.min(MAX_EVENTS as u64);
            let missed = kept < last;
            let numbers = (last - kept + 1..=last).map(numbered);
            let expected: Vec<Event> = missed.then_some(Event::Missed).into_iter().chain(numbers).collect();
            let events: Vec<Event> = heard.iter().map(|told| told.event.clone()).collect();
            prop_assert_eq!(events, expected);
            // Wherever it breaks off again, it goes on there.
            for (number, told) in heard.iter().enumerate().step_by(100) {
                prop_assert_eq!(self::heard(&feed, Some(&told.position)), &heard[number + 1..]);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}") {
            let _ = text.parse::<Position>();
        }
    }

    #[test]
    fn a_position_of_another_feed_or_of_later_has_missed_everything() {
        let feed = Feed::new(7);
        feed.tell(numbered(0));
        for unknown in ["8-1", "7-2", "ffffffffffffffff-ffffffffffffffff"] {
            let heard = heard(&feed, Some(unknown));
            let events: Vec<_> = heard.iter().map(|told| &told.event).collect();
            assert_eq!(events, [&Event::Missed], "{unknown}");
        }
        for bad in [
            "",
            "-",
            "7",
            "7-",
            "-7",
            "7-+1",
            "7-1-1",
            "7-11111111111111111",
        ] {
            assert_eq!(bad.parse::<Position>(), Err(Refusal::BadCursor), "{bad}");
        }
    }

    #[test]
    fn a_feed_that_is_closed_or_gone_ends_when_all_is_heard() {
        for closes in [true, false] {
            let feed = Feed::new(7);
            let mut listener = Box::pin(feed.listen(None));
            feed.tell(numbered(0));
            match closes {
                true => feed.close(),
                false => drop(feed),
            }
            let mut next = || listener.next().now_or_never();
            let told = next().flatten().expect("it was told");
            assert_eq!(told.event, numbered(0));
            assert_eq!(next(), Some(None));
        }
    }
}
