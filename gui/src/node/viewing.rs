//! Pictures of messages, as pixels to show. They come from others: a process of its own decodes each
//! (`docs/PROTOCOL.md` section 17).

use hedgerow_node::api::{Api, ConversationId, MessageId};
use hedgerow_node::pictures::{Decoder, Limits, PREVIEW_SIDE, Size};

use crate::model::Picture;

/// The small picture that came with a message; `None` if there is none, or none that can be decoded.
pub async fn preview(
    api: &dyn Api,
    pictures: &Decoder,
    conversation: ConversationId,
    id: MessageId,
) -> Option<Picture> {
    let source = api.preview(conversation, id).await.ok()?;
    let pictures = pictures.clone();
    let size = Size {
        width: PREVIEW_SIDE,
        height: PREVIEW_SIDE,
    };
    let decoding =
        tokio::task::spawn_blocking(move || pictures.show(&source[..], Limits::PREVIEW, size));
    let decoded = decoding.await.ok()?;
    decoded.ok().map(Picture::new)
}
