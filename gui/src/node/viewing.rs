//! Pictures of messages, as pixels to show. They come from others: a process of its own decodes each
//! (`docs/PROTOCOL.md` section 17).

use futures_util::StreamExt;
use hedgerow_node::api::{Api, ConversationId, MessageId};
use hedgerow_node::pictures::{Decoder, Limits, PREVIEW_SIDE, Size};

use crate::model::Picture;

/// The longest side of a picture in the viewer, in pixels: a larger one is scaled down, so that it takes 26 MB at most.
const VIEWED_SIDE: u32 = 2_560;

/// The small picture that came with a message; `None` if there is none, or none that can be decoded.
pub async fn preview(
    api: &dyn Api,
    pictures: &Decoder,
    conversation: ConversationId,
    id: MessageId,
) -> Option<Picture> {
    let source = api.preview(conversation, id).await.ok()?;
    decoded(pictures, source, Limits::PREVIEW, PREVIEW_SIDE).await
}

/// The file of a message, which is here; `None` if it cannot be decoded.
pub async fn picture(
    api: &dyn Api,
    pictures: &Decoder,
    conversation: ConversationId,
    id: MessageId,
) -> Option<Picture> {
    let limits = Limits::PICTURE;
    let source = source(api, conversation, id, limits).await?;
    decoded(pictures, source, limits, VIEWED_SIDE).await
}

/// The file of a message, which is here; `None` if it is longer than what may be decoded.
pub(super) async fn source(
    api: &dyn Api,
    conversation: ConversationId,
    id: MessageId,
    limits: Limits,
) -> Option<Vec<u8>> {
    let mut download = api.download(conversation, id).await.ok()?;
    if download.size > limits.source_bytes {
        return None;
    }
    let mut source = Vec::new();
    while let Some(part) = download.bytes.next().await {
        source.extend_from_slice(&part.ok()?);
        if source.len() as u64 > limits.source_bytes {
            return None;
        }
    }
    Some(source)
}

/// Lets a process decode a picture, on a thread that may wait for it.
async fn decoded(
    pictures: &Decoder,
    source: Vec<u8>,
    limits: Limits,
    side: u32,
) -> Option<Picture> {
    let pictures = pictures.clone();
    let size = Size {
        width: side,
        height: side,
    };
    let decoding = tokio::task::spawn_blocking(move || pictures.show(&source[..], limits, size));
    decoding.await.ok()?.ok().map(Picture::new)
}
