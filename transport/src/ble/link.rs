//! One link: a channel, the streams over it, and the task that runs as long as the link.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bluer::Address as Device;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use super::alarm::Alarm;
use super::carrier::Shared;
use super::channel::Channel;
use super::stream::Stream;
use crate::carrier::links::{Controls, Origin};
use crate::carrier::{Address, CarrierEvent, Ending, EventSink, LinkId};

/// Bytes of a stranger that are handed up; the rest is read and discarded.
const MAX_STRANGER_BYTES: usize = 1_024;

/// Bytes queued to send and not yet written. A correct sender keeps its window well below this; a link that
/// exceeds it is ended.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// Bytes worth a `Written` event while more is queued; a single frame is not.
const REPORT: usize = 8 * 1024;

/// Largest piece to hand up at once.
const JOIN: usize = 16 * 1024;

/// Packets of one direction before the task looks at the other direction and at its queue.
const BURST: usize = 32;

/// How long queued bytes may take to leave once the link is to end.
const FLUSH: Duration = Duration::from_secs(20);

/// How long we wait, after our end, for the end of the peer's direction.
const LINGER: Duration = Duration::from_secs(1);

/// How long the dialler may take to disconnect.
const LEAVE: Duration = Duration::from_secs(2);

/// The part of a link that commands reach.
#[derive(Debug)]
pub struct Link {
    id: LinkId,
    state: Mutex<State>,
    /// Notified when the task has something to look at.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    stream: Stream,
    /// The other side dialled, is not recognised, and nothing was sent to it.
    stranger: bool,
    draining: bool,
    ending: bool,
    /// The owner queued more than [`MAX_QUEUED`].
    flooded: bool,
    /// The peer broke the rules; everything it sends afterwards is discarded.
    faulty: bool,
}

impl Link {
    /// Queues bytes to send.
    pub fn send(&self, bytes: Bytes) {
        let mut state = self.state();
        if !state.ending {
            state.stranger = false;
            state.stream.send(bytes);
            state.flooded |= state.stream.queued() > MAX_QUEUED;
            self.changed.notify_one();
        }
    }

    /// Reads packets until `there` completes. An unread channel would block BlueZ, and with it every other program;
    /// the stream never buffers more than the limit it has told the peer.
    async fn take_in_until<T>(
        &self,
        channel: &mut Option<Channel>,
        there: impl Future<Output = T>,
    ) -> T {
        let mut there = pin!(there);
        loop {
            tokio::select! {
                biased;
                there = &mut there => return there,
                packet = receive(channel), if channel.is_some() => {
                    self.take_in(channel, packet);
                    self.changed.notify_one();
                }
            }
        }
    }

    /// Takes in a packet and those ready behind it. Drops the channel after its last packet, so that a GATT server is
    /// free for another device.
    fn take_in(&self, channel: &mut Option<Channel>, first: io::Result<Bytes>) {
        let mut next = Some(first);
        let mut room = BURST;
        while let Some(packet) = next.take() {
            match packet {
                Ok(packet) => {
                    let mut state = self.state();
                    state.faulty = state.faulty || state.stream.receive(&packet).is_err();
                }
                Err(_) => *channel = None,
            }
            room -= 1;
            if room > 0 && channel.is_some() {
                next = receive(channel).now_or_never();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock; even then each field would be valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            Ending::Now => {
                state.ending = true;
                state.stream.end();
            }
            Ending::Drain => state.draining = true,
        }
        self.changed.notify_one();
    }
}

/// Reports the link `id`, which has its place already, over an opened channel, and runs it in a task of its own,
/// which nobody waits for. `left` completes once the device has gone, for channels that do not show it. False if
/// the carrier has been switched off or the place was taken meanwhile.
pub async fn up<S: EventSink>(
    shared: &Arc<Shared<S>>,
    id: LinkId,
    channel: Channel,
    stream: Stream,
    device: Device,
    origin: Origin,
    left: BoxFuture<'static, ()>,
) -> bool {
    let link = Arc::new(Link {
        id,
        state: Mutex::new(State {
            stream,
            stranger: matches!(origin, Origin::Accepted(_)),
            draining: false,
            ending: false,
            flooded: false,
            faulty: false,
        }),
        changed: Notify::new(),
    });
    let (hand_over, handed_over) = oneshot::channel();
    let life = {
        let (shared, link) = (shared.clone(), link.clone());
        async move {
            let mut channel = handed_over.await.unwrap_or_default();
            let life = Life {
                shared: &shared,
                link: &link,
                channel: &mut channel,
                heard_as_stranger: 0,
                written: 0,
                mute: false,
                left,
                alarm: Alarm::default(),
            };
            // The owner handles every end alike, whether the peer or the radio caused it.
            let _ = life.live().await;
            // The dialler disconnects. If we did so later than it, we might cut a new connection that the other side
            // has made meanwhile; the side that still has a link must decide.
            let has_left = match origin {
                Origin::Dialled(_) => false,
                Origin::Accepted(_) => timeout(LEAVE, end_of(&channel)).await.is_ok(),
            };
            drop(channel);
            shared.leave(id);
            if !has_left {
                shared.release(device).await;
            }
        }
    };
    let from = Some(Address(device.to_string()));
    let told = {
        // Another link may have taken the place meanwhile.
        let state = shared.state();
        let entered = state
            .is_admitted(id)
            .then(|| shared.links.enter(id, link.clone(), origin, from, life));
        entered.flatten()
    };
    let Some(told) = told else {
        return false;
    };
    let mut channel = Some(channel);
    // Both can fail only together with the task.
    let _ = link.take_in_until(&mut channel, told).await;
    let _ = hand_over.send(channel);
    true
}

/// Reads until the channel ends.
async fn end_of(channel: &Option<Channel>) {
    while let Some(channel) = channel
        && channel.receive().await.is_ok()
    {}
}

/// The life of a link.
struct Life<'l, S> {
    shared: &'l Shared<S>,
    link: &'l Link,
    /// `None` once the channel has ended.
    channel: &'l mut Option<Channel>,
    heard_as_stranger: usize,
    /// Bytes that were sent and not reported yet.
    written: usize,
    /// Nothing more can or may be sent; what the peer sent before must still be read.
    mute: bool,
    /// Completes when the device has gone.
    left: BoxFuture<'static, ()>,
    /// Rings when the stream has something to do.
    alarm: Alarm,
}

/// The next packet, or an error if the channel has ended.
async fn receive(channel: &Option<Channel>) -> io::Result<Bytes> {
    match channel {
        Some(channel) => channel.receive().await,
        None => Err(ErrorKind::NotConnected.into()),
    }
}

/// Sends a packet, or fails if the channel has ended.
async fn send(channel: &Option<Channel>, packet: &[u8]) -> io::Result<()> {
    match channel {
        Some(channel) => channel.send(packet).await,
        None => Err(ErrorKind::NotConnected.into()),
    }
}

/// Why a link ended.
enum Over {
    /// Its owner is gone.
    Owner,
    /// The peer broke the rules.
    Fault,
}

impl<S: EventSink> Life<'_, S> {
    async fn live(mut self) -> Result<(), Over> {
        let mut unsent = None;
        loop {
            self.read().await?;
            let (ending, patient) = {
                let state = self.link.state();
                let patient = state.draining || state.stranger;
                let lost_bytes = self.heard_as_stranger > MAX_STRANGER_BYTES && !state.draining;
                // The time at which a stranger's link ends must not depend on what the stranger sends.
                let at_fault = state.faulty && !patient;
                if state.flooded || (lost_bytes && !state.stranger) || at_fault {
                    return Err(Over::Fault);
                }
                (state.ending, patient)
            };
            if ending || (self.has_peer_ended() && !patient) {
                return self.close(unsent).await;
            }
            let now_ms = self.shared.now_ms();
            self.push(&mut unsent, now_ms).await?;
            self.wait(&mut unsent, now_ms).await;
        }
    }

    /// Whether the peer sends nothing more, or nothing that counts.
    fn has_peer_ended(&self) -> bool {
        let state = self.link.state();
        self.channel.is_none() || state.faulty || state.stream.has_peer_ended()
    }

    /// Hands up the bytes that arrived in order, with small pieces joined.
    async fn read(&mut self) -> Result<(), Over> {
        loop {
            let mut joined = BytesMut::new();
            {
                let mut state = self.link.state();
                while joined.len() < JOIN
                    && let Some(mut bytes) = state.stream.read()
                {
                    if state.draining || state.ending {
                        continue;
                    }
                    if state.stranger {
                        let room = MAX_STRANGER_BYTES.saturating_sub(self.heard_as_stranger);
                        self.heard_as_stranger += bytes.len();
                        bytes.truncate(room);
                    }
                    joined.extend_from_slice(&bytes);
                }
            }
            if joined.is_empty() {
                return Ok(());
            }
            let event = CarrierEvent::Bytes {
                link: self.link.id,
                bytes: joined.freeze(),
            };
            self.tell(event).await?;
        }
    }

    /// Sends packets while the channel takes them without waiting, since waiting costs more than a frame. `unsent`
    /// is a frame that has its number already.
    async fn push(&mut self, unsent: &mut Option<(Bytes, usize)>, now_ms: u64) -> Result<(), Over> {
        {
            let mut state = self.link.state();
            if !state.faulty && state.stream.tick(now_ms).is_err() {
                state.faulty = true;
                self.mute = true;
                self.link.changed.notify_one();
            }
        }
        for burst in 0..=BURST {
            if unsent.is_none() && !self.mute {
                *unsent = self.link.state().stream.next_frame(now_ms);
            }
            let Some((frame, bytes)) = unsent.as_ref().filter(|_| burst < BURST) else {
                break;
            };
            match send(self.channel, frame).now_or_never() {
                Some(Ok(())) => self.written += bytes,
                Some(Err(_)) => self.mute = true,
                None => break,
            }
            *unsent = None;
        }
        if self.written > 0 {
            self.shared.moved(self.link.id, now_ms);
            self.report_written().await?;
        }
        Ok(())
    }

    /// Waits for a packet, for room to send the next one, or for another event.
    async fn wait(&mut self, unsent: &mut Option<(Bytes, usize)>, now_ms: u64) {
        let (wake_ms, is_faulty) = {
            let state = self.link.state();
            (state.stream.next_wake_ms(), state.faulty)
        };
        let linger = async { sleep(LINGER).await };
        let frame = unsent.as_ref().map(|(frame, _)| frame.clone());
        tokio::select! {
            () = self.link.changed.notified() => {}
            packet = receive(self.channel), if self.channel.is_some() => self.take_in(packet),
            sent = send(self.channel, frame.as_deref().unwrap_or_default()),
                if frame.is_some() && !self.mute => {
                let (_, bytes) = unsent.take().unwrap_or_default();
                match sent {
                    Ok(()) => self.written += bytes,
                    Err(_) => self.mute = true,
                }
            }
            // A channel that accepts nothing will deliver little more. A fault alone does not close it: closing would
            // show a stranger that its data were wrong.
            () = linger, if self.mute && !is_faulty && self.channel.is_some() => {
                *self.channel = None;
            }
            () = &mut self.left, if self.channel.is_some() => *self.channel = None,
            () = self.alarm.rings(wake_ms, now_ms), if !self.mute => {}
        }
        self.mute |= self.channel.is_none();
    }

    /// Takes in a packet and those ready behind it.
    fn take_in(&mut self, first: io::Result<Bytes>) {
        self.link.take_in(self.channel, first);
        self.mute |= self.link.state().faulty;
        self.shared.moved(self.link.id, self.shared.now_ms());
    }

    /// Reports how much was sent, once that is everything or at least [`REPORT`].
    async fn report_written(&mut self) -> Result<(), Over> {
        let is_all = self.link.state().stream.queued() == 0;
        if self.written == 0 || (!is_all && self.written < REPORT) {
            return Ok(());
        }
        let event = CarrierEvent::Written {
            link: self.link.id,
            bytes: std::mem::take(&mut self.written),
        };
        self.tell(event).await
    }

    async fn tell(&mut self, event: CarrierEvent) -> Result<(), Over> {
        let told = self.shared.links.tell(event);
        let told = self.link.take_in_until(self.channel, told).await;
        self.mute |= self.channel.is_none() || self.link.state().faulty;
        told.ok_or(Over::Owner)
    }

    /// Ends a link in order: sends what is queued, then the end frame.
    async fn close(mut self, mut unsent: Option<(Bytes, usize)>) -> Result<(), Over> {
        {
            let mut state = self.link.state();
            state.ending = true;
            state.stream.end();
        }
        let flush = async {
            loop {
                self.read().await?;
                let now_ms = self.shared.now_ms();
                self.push(&mut unsent, now_ms).await?;
                let is_sent = unsent.is_none() && self.link.state().stream.is_end_sent();
                if is_sent || self.mute {
                    return Ok(());
                }
                self.wait(&mut unsent, now_ms).await;
            }
        };
        timeout(FLUSH, flush).await.unwrap_or(Ok::<(), Over>(()))?;
        self.report_written().await?;
        let linger = async {
            loop {
                // The peer's end counts only once it has been read.
                self.read().await?;
                if self.has_peer_ended() {
                    return Ok(());
                }
                let now_ms = self.shared.now_ms();
                self.push(&mut unsent, now_ms).await?;
                self.wait(&mut unsent, now_ms).await;
            }
        };
        timeout(LINGER, linger).await.unwrap_or(Ok(()))
    }
}
