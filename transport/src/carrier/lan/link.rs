//! One link: a socket, its write queue, and the task that runs as long as the link.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::carrier::links::{Controls, Links, Origin};
use crate::carrier::{Address, CarrierEvent, Ending, EventSink, LinkId};

/// Bytes of a stranger that are handed up; the rest is read and discarded.
pub const MAX_STRANGER_BYTES: usize = 1_024;

/// Bytes queued to send and not yet written. A correct sender keeps its window well below this; a link that
/// exceeds it is ended.
pub const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// A send up to this size goes straight into the socket if the queue is empty; the task writes larger ones, so
/// that another core copies them.
const DIRECT: usize = 16 * 1024;

/// Bytes of one read: small enough that the allocator recycles the copies.
const PIECE: usize = 64 * 1024;

/// Reads before the task looks at its queue and lets other tasks run.
const READS: usize = 16;

/// Slices in one vectored write.
const SLICES: usize = 64;

/// How long queued bytes may take to leave once the link is to end.
const FLUSH: Duration = Duration::from_secs(5);

/// How long a link that has sent something waits for its peer to close, since closing a socket with unread
/// bytes may discard what was just sent.
const LINGER: Duration = Duration::from_secs(1);

/// How long the peer's kernel may leave sent data unacknowledged (`TCP_USER_TIMEOUT`). Our kernel starts to count
/// at its first retransmission, some hundred milliseconds later, and the total must stay below 10 s.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

thread_local! {
    // One for each worker thread instead of one for each link: idle links hold no buffer.
    static PIECES: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; PIECE]);
}

/// The part of a link that commands reach.
#[derive(Debug)]
pub struct Link {
    id: LinkId,
    stream: TcpStream,
    state: Mutex<State>,
    /// Notified when the task has something to look at.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    queued: usize,
    /// The other side dialled, is not recognised, and nothing was sent to it.
    stranger: bool,
    draining: bool,
    ending: bool,
    /// The owner queued more than [`MAX_QUEUED`].
    flooded: bool,
    /// Nothing is written any more.
    closed: bool,
    /// Something was written.
    spoke: bool,
}

impl Link {
    /// Queues bytes to send; returns how many left at once.
    pub fn send(&self, bytes: Bytes) -> usize {
        let mut state = self.state();
        if state.closed || state.ending {
            return 0;
        }
        state.stranger = false;
        let mut bytes = bytes;
        let mut written = 0;
        if state.queue.is_empty() && bytes.len() <= DIRECT {
            // The task meets the same error again and reports it.
            written = self.stream.try_write(&bytes).unwrap_or(0);
            bytes.advance(written);
            state.spoke |= written > 0;
        }
        if !bytes.is_empty() {
            state.queued += bytes.len();
            state.flooded |= state.queued > MAX_QUEUED;
            state.queue.push_back(bytes);
            self.changed.notify_one();
        }
        written
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; even then each field would be valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what the socket takes; returns the number of bytes.
    fn write(&self) -> io::Result<usize> {
        let mut state = self.state();
        let mut written = 0;
        while !state.queue.is_empty() {
            let slices: Vec<IoSlice<'_>> = state
                .queue
                .iter()
                .take(SLICES)
                .map(|bytes| IoSlice::new(bytes))
                .collect();
            let mut more = match self.stream.try_write_vectored(&slices) {
                Ok(more) => more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            written += more;
            state.queued -= more;
            state.spoke = true;
            while let Some(first) = state.queue.front_mut() {
                let step = more.min(first.len());
                first.advance(step);
                more -= step;
                if !first.is_empty() {
                    break;
                }
                state.queue.pop_front();
            }
        }
        Ok(written)
    }

    /// Reads one piece: `None` if none has arrived, empty at the end of the stream.
    fn read(&self) -> io::Result<Option<Bytes>> {
        PIECES.with_borrow_mut(|piece| match self.stream.try_read(piece) {
            Ok(length) => Ok(Some(Bytes::copy_from_slice(&piece[..length]))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// Discards what has arrived; returns whether the peer has closed its side.
    fn discard(&self) -> io::Result<bool> {
        for _ in 0..READS {
            match self.read()? {
                None => return Ok(false),
                Some(piece) if piece.is_empty() => return Ok(true),
                Some(_) => {}
            }
        }
        Ok(false)
    }
}

impl Controls for Link {
    fn recognise(&self) {
        self.state().stranger = false;
        self.changed.notify_one();
    }

    fn end(&self, ending: Ending) {
        let mut state = self.state();
        match ending {
            Ending::Now => state.ending = true,
            Ending::Drain => state.draining = true,
        }
        self.changed.notify_one();
    }
}

/// Reports the link over a connected socket, and runs it in a task of its own. False if the carrier has been
/// switched off.
pub async fn up<S: EventSink>(
    links: &Arc<Links<S, Link>>,
    stream: TcpStream,
    peer: SocketAddr,
    origin: Origin,
) -> bool {
    if set_options(&stream).is_err() {
        return false;
    }
    let id = links.next_id();
    let state = Mutex::new(State {
        stranger: matches!(origin, Origin::Accepted(_)),
        ..State::default()
    });
    let link = Arc::new(Link {
        id,
        stream,
        state,
        changed: Notify::new(),
    });
    let life = {
        let (links, link) = (links.clone(), link.clone());
        async move {
            // The owner handles every end alike, whether the peer or the network caused it.
            let _ = live(&links, &link).await;
            link.state().closed = true;
        }
    };
    let from = Some(Address(peer.to_string()));
    let Some(told) = links.enter(id, link, origin, from, life) else {
        return false;
    };
    // Fails only together with the task.
    let _ = told.await;
    true
}

/// Runs the link until it ends or fails.
async fn live<S: EventSink>(links: &Links<S, Link>, link: &Link) -> io::Result<()> {
    let mut heard_as_stranger = 0;
    let mut peer_closed = false;
    loop {
        let written = link.write()?;
        if written > 0 {
            let event = CarrierEvent::Written {
                link: link.id,
                bytes: written,
            };
            if links.tell(event).await.is_none() {
                return Ok(());
            }
        }
        let (ending, patient, waiting) = {
            let state = link.state();
            let lost_bytes = heard_as_stranger > MAX_STRANGER_BYTES && !state.draining;
            if state.flooded || (lost_bytes && !state.stranger) {
                return Ok(());
            }
            (
                state.ending,
                state.draining || state.stranger,
                !state.queue.is_empty(),
            )
        };
        if ending {
            return close(links, link, peer_closed).await;
        }
        if peer_closed && !patient {
            return Ok(());
        }

        let interest = match (peer_closed, waiting) {
            (false, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, true) => Some(Interest::WRITABLE),
            (true, false) => None,
        };
        tokio::select! {
            biased;
            () = link.changed.notified() => continue,
            ready = async { link.stream.ready(interest?).await.into() }, if interest.is_some() => {
                let _: Option<io::Result<_>> = ready;
            }
        }
        for _ in 0..READS {
            if peer_closed {
                break;
            }
            let Some(mut piece) = link.read()? else { break };
            peer_closed = piece.is_empty();
            {
                let state = link.state();
                if state.draining {
                    piece.clear();
                } else if state.stranger {
                    let room = MAX_STRANGER_BYTES.saturating_sub(heard_as_stranger);
                    heard_as_stranger += piece.len();
                    piece.truncate(room);
                }
            }
            if piece.is_empty() {
                continue;
            }
            let event = CarrierEvent::Bytes {
                link: link.id,
                bytes: piece,
            };
            if links.tell(event).await.is_none() {
                return Ok(());
            }
        }
    }
}

/// Ends a link in order: writes what is queued, then closes our side of the stream.
///
/// Every stranger sees the same end, whatever it sent: we read first what has arrived, since closing a socket with
/// unread bytes sends RST instead of FIN, and nothing that a stranger does delays the FIN.
async fn close<S: EventSink>(
    links: &Links<S, Link>,
    link: &Link,
    mut peer_closed: bool,
) -> io::Result<()> {
    let flush = async {
        loop {
            let written = link.write()?;
            let event = CarrierEvent::Written {
                link: link.id,
                bytes: written,
            };
            if written > 0 && links.tell(event).await.is_none() {
                return Ok(());
            }
            if link.state().queue.is_empty() {
                return Ok(());
            }
            // If the peer waits for us to read, it would never accept the rest.
            if !peer_closed {
                peer_closed = link.discard()?;
            }
            let interest = match peer_closed {
                true => Interest::WRITABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            link.stream.ready(interest).await?;
        }
    };
    let flushed: Result<io::Result<()>, _> = timeout(FLUSH, flush).await;
    match flushed {
        Ok(flushed) => flushed?,
        Err(_) => return Ok(()),
    }
    if !peer_closed {
        peer_closed = link.discard()?;
    }
    SockRef::from(&link.stream).shutdown(Shutdown::Write)?;
    if link.state().spoke && !peer_closed {
        let linger = async {
            while !link.discard()? {
                link.stream.readable().await?;
            }
            Ok(())
        };
        return timeout(LINGER, linger).await.unwrap_or(Ok(()));
    }
    Ok(())
}

/// The kernel detects dead links, so idle links wake nobody here.
fn set_options(stream: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_kernel_gives_a_link_up_as_soon_as_the_protocol_says() {
        const PROTOCOL: &str = include_str!("../../../../docs/PROTOCOL.md");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("bound");
        let stream = TcpStream::connect(at).await.expect("it listens");
        set_options(&stream).expect("the system has these options");
        let socket = SockRef::from(&stream);
        let timeout = socket.tcp_user_timeout().expect("Linux tells");
        assert_eq!(timeout, Some(UNACKNOWLEDGED));
        let documented = format!("`TCP_USER_TIMEOUT` of {} s", UNACKNOWLEDGED.as_secs());
        assert!(PROTOCOL.contains(&documented));
        assert!(socket.keepalive().expect("Linux tells"));
        let idle = socket.tcp_keepalive_time().expect("Linux tells");
        assert_eq!(
            idle,
            Duration::from_secs(60),
            "an idle link is not asked more"
        );
    }
}
