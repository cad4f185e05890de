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
    let files = messages
        .into_iter()
        .filter_map(|message| Some((&message.id, message.file.as_ref()?)));
    let mut sizes: BTreeMap<&MessageId, u64> = files
        .filter(|(_, file)| is_under_way(file))
        .map(|(id, file)| (id, file.size))
        .collect();
    let mut paces = BTreeMap::new();
    if sizes.is_empty() {
        return paces;
    }
    let look = async {
        let Ok(mut events) = api.events().await else {
            return;
        };
        let mut before: BTreeMap<(MessageId, Option<DeviceId>), (Instant, u64)> = BTreeMap::new();
        while let Some(event) = events.next().await {
            let Event::FileProgress {
                id, device, bytes, ..
            } = event
            else {
                continue;
            };
            let Some(size) = sizes.get(&id).copied() else {
                continue;
            };
            let now = Instant::now();
            let (since, had) = *before.entry((id.clone(), device)).or_insert((now, bytes));
            if let Some(pace) = Pace::of(size, had, bytes, now.duration_since(since)) {
                sizes.remove(&id);
                paces.insert(id, pace);
                if sizes.is_empty() {
                    return;
                }
            }
        }
    };
    // What has been seen by then is what is told.
    let _ = tokio::time::timeout(LOOKED_AT, look).await;
    paces
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
