//! Voice notes: those of messages, and the one that is recorded. What came from others is decoded by a process of its
//! own (`docs/PROTOCOL.md` sections 17 and 18).

use futures_util::{StreamExt, stream};
use hedgerow_node::api::{
    Api, ConversationId, Form, MessageId, NewUpload, Private, Uploaded, Voice,
};
use hedgerow_node::pictures::{Decoder, Limits};

use super::uploading::Stopped;
use super::viewing;
use crate::model::{Sound, Ticket, Unfit, Voiced};

/// What the file of a recording is called until it is a voice note, whose file has no name.
const NAME: &str = "voice note.ogg";

/// What a voice note sounds like; `None` if it cannot be decoded.
pub async fn sound(
    api: &dyn Api,
    decoder: &Decoder,
    conversation: ConversationId,
    what: Voiced,
) -> Option<Sound> {
    let limits = Limits::VOICE;
    let source = match what {
        Voiced::Message(id) => message(api, conversation, id).await?,
        Voiced::Recording => api.recording(conversation).await.ok()?,
    };
    let decoder = decoder.clone();
    let decoding = tokio::task::spawn_blocking(move || decoder.play(&source[..], limits));
    let samples = decoding.await.ok()?.ok()?;
    Some(Sound(samples.into()))
}

async fn message(api: &dyn Api, conversation: ConversationId, id: MessageId) -> Option<Vec<u8>> {
    viewing::source(api, conversation, id, Limits::VOICE).await
}

/// What is kept of a recording: its bytes, and what they sound like. `None` if nothing of it can be heard.
pub async fn recording(
    api: &dyn Api,
    decoder: &Decoder,
    conversation: ConversationId,
) -> Option<(u64, Voice)> {
    let source = api.recording(conversation).await.ok()?;
    let (bytes, decoder) = (source.len() as u64, decoder.clone());
    let decoding = tokio::task::spawn_blocking(move || decoder.voice(&source[..], Limits::VOICE));
    let anew = decoding.await.ok()?.ok()?;
    Some((bytes, anew.voice))
}

/// Uploads what was recorded as a voice note. Nothing stays of one that is stopped.
pub async fn upload(
    api: &dyn Api,
    stopped: &Stopped,
    ticket: Ticket,
    conversation: ConversationId,
) -> Result<Uploaded, Unfit> {
    let uploading = async {
        let source = api.recording(conversation).await?;
        let new = NewUpload {
            name: Private(NAME.into()),
            media_type: None,
            size: Some(source.len() as u64),
            form: Form::Voice,
        };
        let bytes = stream::iter([Ok(source.into())]);
        api.upload(new, bytes.boxed()).await
    };
    stopped.unless(ticket, uploading).await
}
