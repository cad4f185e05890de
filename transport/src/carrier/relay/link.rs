//! One link: a stream, its write queue, and the task that runs as long as the link.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use libp2p::futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::carrier::links::{Controls, Links, Origin};
use crate::carrier::{Address, CarrierEvent, Ending, EventSink, LinkId};

/// Bytes of a stranger that are handed up; the rest is read and discarded.
const MAX_STRANGER_BYTES: usize = 1_024;

/// Bytes queued to send and not yet written. A correct sender keeps its window well below this; a link that
/// exceeds it is ended.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// Bytes of one read.
const PIECE: usize = 64 * 1024;

/// How long queued bytes may take to leave once the link is to end.
const FLUSH: Duration = Duration::from_secs(5);

/// How long a link that has sent something waits for its peer to close, since closing the connection loses what
/// is in flight.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    // One for each worker thread instead of one for each link: idle links hold no buffer.
    static PIECES: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; PIECE]);
}

/// The part of a link that commands reach.
#[derive(Debug, Default)]
pub struct Link {
    state: Mutex<State>,
    /// Notified when there is something to write, or the link is to end.
    to_write: Notify,
    /// Notified when the other end is recognised, or what it sends must be discarded.
    to_read: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    queued: usize,
    /// The other side dialled, is not recognised, and nothing was sent to it.
    stranger: bool,
    /// Bytes beyond [`MAX_STRANGER_BYTES`] were discarded.
    lost_bytes: bool,
    draining: bool,
    ending: bool,
    /// The owner queued more than [`MAX_QUEUED`].
    flooded: bool,
    /// Something was written.
    spoke: bool,
}

impl Link {
    /// Queues bytes to send.
    pub fn send(&self, bytes: Bytes) {
        let mut state = self.state();
        if state.ending || bytes.is_empty() {
            return;
        }
        state.stranger = false;
        state.queued += bytes.len();
        state.flooded |= state.queued > MAX_QUEUED;
        state.queue.push_back(bytes);
        self.to_write.notify_one();
    }

    /// Whether the other end is not recognised yet.
    pub fn is_stranger(&self) -> bool {
        self.state().stranger
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; even then each field would be valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first bytes from the queue.
    fn next(&self) -> Option<Bytes> {
        let mut state = self.state();
        let bytes = state.queue.pop_front()?;
        state.queued -= bytes.len();
        Some(bytes)
    }

    /// Cuts an arrived piece to what may be handed up.
    fn admit(&self, piece: &mut Bytes, heard: &mut usize) {
        let mut state = self.state();
        if state.draining || state.ending {
            piece.clear();
        } else if state.stranger {
            let room = MAX_STRANGER_BYTES.saturating_sub(*heard);
            *heard += piece.len();
            state.lost_bytes |= piece.len() > room;
            piece.truncate(room);
        }
    }
}

impl Controls for Link {
    fn recognise(&self) {
        self.state().stranger = false;
        self.to_read.notify_one();
    }

    fn end(&self, ending: Ending) {
        let mut state = self.state();
        match ending {
            Ending::Now => state.ending = true,
            Ending::Drain => state.draining = true,
        }
        self.to_write.notify_one();
        self.to_read.notify_one();
    }
}

/// Reports the link over a stream, and runs it in a task of its own. `None` if the carrier has been switched off.
/// `held` is dropped when the link has ended.
pub async fn up<S: EventSink>(
    links: &Arc<Links<S, Link>>,
    stream: libp2p::Stream,
    origin: Origin,
    from: Option<Address>,
    held: Arc<()>,
) -> Option<LinkId> {
    let id = links.next_id();
    let link = Arc::new(Link::default());
    link.state().stranger = matches!(origin, Origin::Accepted(_));
    let life = {
        let (links, link) = (links.clone(), link.clone());
        async move {
            // The owner handles every end alike, whether the peer or the network caused it.
            let _ = live(&links, id, &link, stream).await;
            drop(held);
        }
    };
    let told = links.enter(id, link, origin, from, life)?;
    // Fails only together with the task.
    let _ = told.await;
    Some(id)
}

/// Runs the link until it ends or fails.
async fn live<S: EventSink>(
    links: &Links<S, Link>,
    id: LinkId,
    link: &Link,
    stream: libp2p::Stream,
) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    let closed = Notify::new();
    let reading = read(links, id, link, &mut reader, &closed);
    let writing = write(links, id, link, &mut writer, &closed);
    tokio::select! {
        read = reading => read,
        written = writing => written,
    }
}

/// Hands up what arrives. Ends when the peer closes its side; a stranger's link and a draining link go on, so that
/// nobody can observe when that was.
async fn read<S: EventSink>(
    links: &Links<S, Link>,
    id: LinkId,
    link: &Link,
    reader: &mut (impl AsyncRead + Unpin),
    closed: &Notify,
) -> io::Result<()> {
    let mut heard_as_stranger = 0;
    loop {
        let mut piece = tokio::select! {
            piece = next_piece(reader) => piece?,
            () = link.to_read.notified() => {
                let state = link.state();
                if state.lost_bytes && !state.stranger && !state.draining {
                    return Ok(());
                }
                continue;
            }
        };
        if piece.is_empty() {
            closed.notify_one();
            loop {
                {
                    let state = link.state();
                    if state.ending {
                        break;
                    }
                    if !state.draining && !state.stranger {
                        return Ok(());
                    }
                }
                link.to_read.notified().await;
            }
            // The writer sends what is left and ends the link.
            return pending().await;
        }
        link.admit(&mut piece, &mut heard_as_stranger);
        if !piece.is_empty() {
            let event = CarrierEvent::Bytes {
                link: id,
                bytes: piece,
            };
            if links.tell(event).await.is_none() {
                return Ok(());
            }
        }
    }
}

/// One piece of what arrives; empty at the end of the stream.
async fn next_piece(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    poll_fn(|context| {
        PIECES.with_borrow_mut(|piece| {
            let length = Pin::new(&mut *reader).poll_read(context, piece);
            length.map_ok(|length| Bytes::copy_from_slice(&piece[..length]))
        })
    })
    .await
}

/// Writes what is queued, until the link is to end and all of it has left.
async fn write<S: EventSink>(
    links: &Links<S, Link>,
    id: LinkId,
    link: &Link,
    writer: &mut (impl AsyncWrite + Unpin),
    closed: &Notify,
) -> io::Result<()> {
    loop {
        if link.state().flooded {
            return Ok(());
        }
        let ending = link.state().ending;
        let Some(bytes) = link.next() else {
            if ending {
                break;
            }
            tokio::select! {
                flushed = writer.flush() => flushed?,
                () = overdue(link) => return Ok(()),
            }
            link.to_write.notified().await;
            continue;
        };
        tokio::select! {
            written = write_all(links, id, writer, bytes) => written?,
            // A peer that accepts nothing cannot keep the link from ending.
            () = overdue(link) => return Ok(()),
        }
        link.state().spoke = true;
    }
    if timeout(FLUSH, writer.close()).await.is_ok() && link.state().spoke {
        let _ = timeout(LINGER, closed.notified()).await;
    }
    Ok(())
}

async fn write_all<S: EventSink>(
    links: &Links<S, Link>,
    id: LinkId,
    writer: &mut (impl AsyncWrite + Unpin),
    mut bytes: Bytes,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = writer.write(&bytes).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes.advance(written);
        let event = CarrierEvent::Written {
            link: id,
            bytes: written,
        };
        if links.tell(event).await.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    }
    Ok(())
}

/// Waits until the link is to end, and then as long as that may take.
async fn overdue(link: &Link) {
    loop {
        if link.state().ending {
            return tokio::time::sleep(FLUSH).await;
        }
        link.to_write.notified().await;
    }
}
