//! Counts the old files of a conversation, and frees them.

use hedgerow_node::api::{
    Api, ConversationId, FileState, FilesUse, MAX_PAGE, Message, MessageId, Refusal,
};

use crate::model::{OldFiles, may_be_freed};

/// Counts the files from before this moment that are here.
pub async fn count(
    api: &dyn Api,
    conversation: &ConversationId,
    before_ms: i64,
) -> Result<OldFiles, Refusal> {
    let mut found = OldFiles::default();
    let mut pages = Pages::of(conversation);
    while let Some(page) = pages.next(api).await? {
        for message in page.iter().filter(|message| is_old(message, before_ms)) {
            let kind = match may_be_freed(message) {
                true => &mut found.free,
                false => &mut found.kept,
            };
            add(kind, message);
        }
    }
    Ok(found)
}

/// Frees the files from before this moment that are here; `told` gets how many are freed by now.
pub async fn free(
    api: &dyn Api,
    conversation: &ConversationId,
    before_ms: i64,
    told: impl Fn(u64),
) -> Result<OldFiles, Refusal> {
    let mut freed = OldFiles::default();
    let mut pages = Pages::of(conversation);
    while let Some(page) = pages.next(api).await? {
        for message in page.iter().filter(|message| is_old(message, before_ms)) {
            match api
                .free_file(conversation.clone(), message.id.clone())
                .await
            {
                Ok(()) => {
                    add(&mut freed.free, message);
                    told(freed.free.files);
                }
                Err(Refusal::FileNotDelivered) => add(&mut freed.kept, message),
                // It went meanwhile.
                Err(Refusal::NoSuchMessage | Refusal::FileNotHere) => {}
                Err(refusal) => return Err(refusal),
            }
        }
    }
    Ok(freed)
}

fn is_old(message: &Message, before_ms: i64) -> bool {
    let file = message.file.as_ref();
    file.is_some_and(|file| file.state == FileState::Here) && message.time_ms < before_ms
}

fn add(to: &mut FilesUse, message: &Message) {
    to.files += 1;
    to.bytes += message.file.as_ref().map_or(0, |file| file.size);
}

/// The messages of a conversation that have files, page by page.
struct Pages {
    conversation: ConversationId,
    /// The next page begins before this one; `None` at the end.
    before: Option<Option<MessageId>>,
}

impl Pages {
    fn of(conversation: &ConversationId) -> Self {
        Self {
            conversation: conversation.clone(),
            before: Some(None),
        }
    }

    async fn next(&mut self, api: &dyn Api) -> Result<Option<Vec<Message>>, Refusal> {
        let Some(before) = self.before.take() else {
            return Ok(None);
        };
        let page = api
            .files(self.conversation.clone(), before, MAX_PAGE)
            .await?;
        self.before = page.older.map(Some);
        Ok(Some(page.messages))
    }
}
