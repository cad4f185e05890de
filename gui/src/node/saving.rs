//! Saves the file of a message.

use std::path::Path;

use hedgerow_node::api::{Api, ConversationId, MessageId, Private};
use hedgerow_node::files::saving::{self, SaveError};

use crate::model::NotSaved;

/// Saves it in this directory, under a name that nothing has there. Gives the path.
pub async fn save(
    api: &dyn Api,
    conversation: ConversationId,
    id: MessageId,
    directory: &Path,
) -> Result<Private, NotSaved> {
    let download = api.download(conversation, id).await;
    let download = download.map_err(NotSaved::Refused)?;
    match saving::save(download, directory, |_| {}).await {
        Ok(path) => Ok(Private(path.display().to_string())),
        Err(SaveError::Refused(refusal)) => Err(NotSaved::Refused(refusal)),
        Err(SaveError::Path(..) | SaveError::Exists(_)) => Err(NotSaved::Place),
    }
}
