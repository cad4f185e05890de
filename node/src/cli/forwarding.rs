//! Forwarding messages.

use serde::Serialize;

use crate::api::{Api, MessageId};
use crate::cli::annotating::named;
use crate::cli::chats::find;
use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// `hedgerow forward`.
pub async fn forward(
    api: &dyn Api,
    output: Output,
    name: &str,
    message: &str,
    to: &[String],
) -> Result<(), Failure> {
    let from = find(api, name).await?.conversation;
    let message = named(api, &from, message).await?;
    let mut chats = Vec::new();
    for name in to {
        let chat = find(api, name).await?.conversation;
        if !chats.contains(&chat) {
            chats.push(chat);
        }
    }
    let sent = api.forward(from, message, chats).await?;
    #[derive(Serialize)]
    struct Sent {
        id: MessageId,
    }
    for id in sent {
        output.data(&Sent { id }, |sent| sent.id.0.clone());
    }
    Ok(())
}
