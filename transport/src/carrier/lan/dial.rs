//! Dials an address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::link::{self, Link};
use crate::carrier::links::{Links, Origin};
use crate::carrier::{CarrierEvent, DialId, EventSink};

/// How long one attempt may take.
const DIAL: Duration = Duration::from_secs(10);

/// Tries the candidates one after another, and reports the link or the failure.
pub async fn run<S: EventSink>(
    links: Arc<Links<S, Link>>,
    dial: DialId,
    candidates: Vec<SocketAddr>,
) {
    let mut connected = None;
    for candidate in candidates {
        if let Ok(Ok(stream)) = timeout(DIAL, connect(candidate)).await {
            connected = Some((stream, candidate));
            break;
        }
    }
    links.dial_over();
    let is_up = match connected {
        Some((stream, peer)) => link::up(&links, stream, peer, Origin::Dialled(dial)).await,
        None => false,
    };
    if !is_up {
        // If the owner is gone, nobody waits for this event.
        let _ = links.tell(CarrierEvent::DialFailed { dial }).await;
    }
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    // A dial to a free port of this machine may get that very port as its source, and so connect to itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}
