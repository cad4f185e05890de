//! Forwards messages that have files: a file is sealed anew for each conversation, so that no two have the same id.

use super::cleaning::Clean;
use super::transfers;
use crate::api::{Call, ConversationId, Message, MessageId, NewMessage, Private, Refusal, Reply};
use crate::engine::{MAX_RECEIVERS, files};
use crate::runtime::Node;

/// Sends the text and the file of a message to each of these conversations, in order. What is sent stays sent if a
/// later conversation refuses it.
///
/// # Errors
/// The file is not here, or has no room; a conversation cannot be written to.
pub(super) async fn forward(
    node: &Node,
    from: &ConversationId,
    message: Message,
    to: Vec<ConversationId>,
) -> Result<Vec<MessageId>, Refusal> {
    if to.len() > MAX_RECEIVERS {
        let limit = MAX_RECEIVERS as u32;
        return Err(Refusal::TooManyReceivers { limit });
    }
    let voice = message.file.as_ref().and_then(|file| file.voice.clone());
    let preview = match message.file.is_some_and(|file| file.preview) {
        true => Some(node.read(|reader| Ok(files::preview(reader, from, &message.id)))??),
        false => None,
    };
    let text = message.text.unwrap_or(Private(String::new()));
    let mut sent = Vec::with_capacity(to.len());
    for to in to {
        let download = transfers::download(node, from, &message.id).await?;
        let as_it_is = Clean {
            name: download.name.0,
            media_type: download.media_type.map(|media_type| media_type.0),
            size: Some(download.size),
            bytes: download.bytes,
            preview: preview.clone(),
            voice: voice.clone(),
            carries: Vec::new(),
            is_cleaned: false,
        };
        let uploaded = transfers::seal(node, as_it_is).await?;
        let new = NewMessage {
            text: text.clone(),
            reply_to: None,
            timer_s: None,
            file: Some(uploaded.id),
        };
        match node.call(Call::Send(to, new)).await? {
            Reply::Sent(id) => sent.push(id),
            _ => return Err(Refusal::Bug),
        }
    }
    Ok(sent)
}
