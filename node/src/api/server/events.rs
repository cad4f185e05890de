//! The stream of events over a WebSocket: one JSON text message for each event, with the position behind it.

use std::pin::pin;

use axum::extract::ws::{Message, WebSocket};
use futures_util::{Stream, StreamExt};

use crate::api::Told;

/// Sends events until the node or the client ends.
pub(super) async fn stream(mut socket: WebSocket, told: impl Stream<Item = Told>) {
    let mut told = pin!(told);
    loop {
        tokio::select! {
            told = told.next() => {
                let Some(told) = told else { break };
                let Ok(text) = serde_json::to_string(&told) else { break };
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
