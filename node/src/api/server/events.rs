//! The stream of events over a WebSocket: one JSON text message for each event.

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;

use crate::api::Events;

/// Sends events until the node or the client ends.
pub(super) async fn stream(mut socket: WebSocket, mut events: Events) {
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { break };
                let Ok(text) = serde_json::to_string(&event) else { break };
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
            // Clients have nothing to say; reading answers their pings and notices their leaving.
            message = socket.recv() => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return,
            },
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}
