//! One link: a stream, what waits to be written, and the task that lives as long as it does.

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

/// Bytes of a stranger that are handed up; more is read and thrown away.
const MAX_STRANGER_BYTES: usize = 1_024;

/// Bytes given to send and not yet written. Whoever sends keeps a window well below; a link beyond
/// it is ended.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// One read.
const PIECE: usize = 64 * 1024;

/// How long what is queued may take to leave once the link is to end.
const FLUSH: Duration = Duration::from_secs(5);

/// How long a link that has said something waits to be closed by its peer, since what is on its way is lost
/// with the connection.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    // One for each worker instead of one for each link: idle links hold no buffer.
    static PIECES: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; PIECE]);
}

/// The part of a link that commands reach.
#[derive(Debug, Default)]
pub struct Link {
    state: Mutex<State>,
    /// There is something to write, or the link is to end.
    to_write: Notify,
    /// The other end is known, or what it sends is thrown away.
    to_read: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    queued: usize,
    /// Accepted, not recognised, and nothing sent to it.
    stranger: bool,
    /// More of it was thrown away than could be handed up.
    lost_bytes: bool,
    draining: bool,
    ending: bool,
    /// More was queued than anybody may.
    flooded: bool,
    /// Something was written once.
    spoke: bool,
}

impl Link {
    /// Sends after all that is queued.
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

    /// Whether nobody has recognised the other end yet.
    pub fn is_stranger(&self) -> bool {
        self.state().stranger
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and if it did, each field is whole on its own.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits first, taken out of the queue.
    fn next(&self) -> Option<Bytes> {
        let mut state = self.state();
        let bytes = state.queue.pop_front()?;
        state.queued -= bytes.len();
        Some(bytes)
    }

    /// What of a piece that has arrived is handed up.
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

/// Takes a stream in and reports the link, which then lives in its own task. `None` if the carrier is off
/// by now. `held` is let go when the link has ended.
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
            // Whatever ended it, the peer's or the network's fault, is the same to the owner.
            let _ = live(&links, id, &link, stream).await;
            drop(held);
        }
    };
    let told = links.enter(id, link, origin, from, life)?;
    // It fails with the task alone.
    let _ = told.await;
    Some(id)
}

/// The life of a link, until it has ended or failed.
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

/// Hands up what arrives. Ends with the peer's side, unless nobody is to see when that was.
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

/// One piece of what arrives: empty if nothing more will.
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
            // A peer that takes nothing cannot keep the link from ending.
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

/// Waits until the link was to end and has had its time for that.
async fn overdue(link: &Link) {
    loop {
        if link.state().ending {
            return tokio::time::sleep(FLUSH).await;
        }
        link.to_write.notified().await;
    }
}
