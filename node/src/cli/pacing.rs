//! How fast files go that are on their way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;

use crate::api::{Api, DeviceId, Event, FileState, Message, MessageFile, MessageId};
use crate::files::pace::Pace;

/// How long files on their way are looked at, for their pace: a receiver tells of them every two seconds.
const LOOKED_AT: Duration = Duration::from_secs(6);

/// The pace of the files of these messages that are on their way, each by two events that tell of it. A file that stands
/// still has none.
pub async fn paces<'a>(
    api: &dyn Api,
    messages: impl IntoIterator<Item = &'a Message>,
) -> BTreeMap<MessageId, Pace> {
    let mut looking = Looking::at(messages);
    let look = async {
        if looking.is_over() {
            return;
        }
        let Ok(mut events) = api.events().await else {
            return;
        };
        while let Some(event) = events.next().await {
            looking.take(event, Instant::now());
            if looking.is_over() {
                return;
            }
        }
    };
    // What has been seen by then is what is told.
    let _ = tokio::time::timeout(LOOKED_AT, look).await;
    looking.paces
}

/// Files that are being looked at.
struct Looking {
    /// The sizes of those whose pace is not known.
    sizes: BTreeMap<MessageId, u64>,
    /// When they were heard of first, by who has what of them.
    before: BTreeMap<(MessageId, Option<DeviceId>), (Instant, u64)>,
    paces: BTreeMap<MessageId, Pace>,
}

impl Looking {
    fn at<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Looking {
        let files = messages
            .into_iter()
            .filter_map(|message| Some((&message.id, message.file.as_ref()?)));
        Looking {
            sizes: files
                .filter(|(_, file)| is_under_way(file))
                .map(|(id, file)| (id.clone(), file.size))
                .collect(),
            before: BTreeMap::new(),
            paces: BTreeMap::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.sizes.is_empty()
    }

    fn take(&mut self, event: Event, now: Instant) {
        let Event::FileProgress {
            id, device, bytes, ..
        } = event
        else {
            return;
        };
        let Some(size) = self.sizes.get(&id).copied() else {
            return;
        };
        let before = self.before.entry((id.clone(), device));
        let (since, had) = *before.or_insert((now, bytes));
        if let Some(pace) = Pace::of(size, had, bytes, now.duration_since(since)) {
            self.sizes.remove(&id);
            self.paces.insert(id, pace);
        }
    }
}

/// Whether a part of a file has come or gone, and the rest follows.
fn is_under_way(file: &MessageFile) -> bool {
    match file.state {
        FileState::Here => {
            let mut held = file.held.iter();
            !file.is_delivered() && held.any(|held| held.bytes > 0 && !held.declined)
        }
        FileState::Loading { bytes } => bytes > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ConversationId, Private};
    use crate::cli::conversation::tests::message;

    /// A message with a file of 10,000 bytes.
    fn with_file(id: &str, state: FileState) -> Message {
        let file = MessageFile {
            name: Private("film.mp4".into()),
            size: 10_000,
            media_type: None,
            preview: false,
            voice: None,
            state,
            held: Vec::new(),
        };
        Message {
            id: MessageId(id.into()),
            file: Some(file),
            ..message(false, "")
        }
    }

    fn progress(id: &str, bytes: u64) -> Event {
        Event::FileProgress {
            conversation: ConversationId("c4".into()),
            id: MessageId(id.into()),
            device: None,
            bytes,
        }
    }

    #[test]
    fn a_file_on_its_way_has_the_pace_at_which_two_events_tell_that_it_comes() {
        let loading = with_file("a", FileState::Loading { bytes: 1_000 });
        let mut looking = Looking::at([&loading]);
        let first = Instant::now();
        looking.take(progress("a", 2_000), first);
        assert!(!looking.is_over(), "one event tells no pace");
        looking.take(progress("b", 9_000), first);
        looking.take(progress("a", 6_000), first + Duration::from_secs(2));
        assert!(looking.is_over());
        let pace = Pace {
            rate: 2_000,
            left_s: 5,
        };
        assert_eq!(looking.paces[&MessageId("a".into())], pace);
    }

    #[test]
    fn nobody_waits_for_files_that_are_not_on_their_way() {
        let states = [
            FileState::Loading { bytes: 0 },
            FileState::Declined,
            FileState::Cancelled,
            FileState::Here,
        ];
        let messages = states.map(|state| with_file("a", state));
        assert!(Looking::at(&messages).is_over());
    }

    #[test]
    fn a_file_that_stands_still_has_no_pace() {
        let loading = with_file("a", FileState::Loading { bytes: 1_000 });
        let mut looking = Looking::at([&loading]);
        let first = Instant::now();
        for after_s in [0, 2, 4] {
            looking.take(progress("a", 2_000), first + Duration::from_secs(after_s));
        }
        assert!(!looking.is_over() && looking.paces.is_empty());
    }
}
