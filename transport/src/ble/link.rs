//! One link: a channel, the streams over it, and the task that lives as long as it does.

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

/// Bytes of a stranger that are handed up; more is read and thrown away.
const MAX_STRANGER_BYTES: usize = 1_024;

/// Bytes given to send and not yet written. Whoever sends keeps a window well below; a link beyond it is
/// ended.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// What is worth reporting while more is to leave: a frame alone is not.
const REPORT: usize = 8 * 1024;

/// What is handed up at a time, if there is so much.
const JOIN: usize = 16 * 1024;

/// Packets of one direction before the task looks at the other and its queue.
const BURST: usize = 32;

/// How long what is queued may take to leave once the link is to end.
const FLUSH: Duration = Duration::from_secs(20);

/// How long the end of our direction waits for that of the peer's.
const LINGER: Duration = Duration::from_secs(1);

/// How long whoever dialled may take to disconnect.
const LEAVE: Duration = Duration::from_secs(2);

/// The part of a link that commands reach.
#[derive(Debug)]
pub struct Link {
    id: LinkId,
    state: Mutex<State>,
    /// The task has something to look at.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    stream: Stream,
    /// Accepted, not recognised, and nothing sent to it.
    stranger: bool,
    draining: bool,
    ending: bool,
    /// More was queued than anybody may.
    flooded: bool,
    /// The peer broke the rules: what it says from then on is thrown away.
    faulty: bool,
}

impl Link {
    /// Sends after all that is queued.
    pub fn send(&self, bytes: Bytes) {
        let mut state = self.state();
        if !state.ending {
            state.stranger = false;
            state.stream.send(bytes);
            state.flooded |= state.stream.queued() > MAX_QUEUED;
            self.changed.notify_one();
        }
    }

    /// Takes in what arrives until something else is there. A channel that is not read would hold up BlueZ, and
    /// with it every other program; the stream keeps no more than it has told the peer that it takes.
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

    /// Takes in a packet and those behind it. Behind the last one there is no channel any more: whoever serves
    /// it can serve somebody else.
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
        // Nothing panics while it is held, and if it did, each field is whole on its own.
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

/// Takes an opened channel in and reports the link of this name, which has its place already and then lives
/// in its own task until it has ended; what has ended is waited for by nobody. `left` is there once the device
/// has gone, where the channel alone would not tell. False if the carrier is off by now.
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
            // Whatever ended it, the peer's or the air's fault, is the same to the owner.
            let _ = life.live().await;
            // Whoever dialled disconnects. If we did so a little later, we might hit a connection that the
            // other side has made meanwhile: that is left to those who stay.
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
        // A place that was given to another meanwhile is not had any more.
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
    // It fails with the task alone, and so does the next.
    let _ = link.take_in_until(&mut channel, told).await;
    let _ = hand_over.send(channel);
    true
}

/// Reads until nothing more comes.
async fn end_of(channel: &Option<Channel>) {
    while let Some(channel) = channel
        && channel.receive().await.is_ok()
    {}
}

/// The life of a link.
struct Life<'l, S> {
    shared: &'l Shared<S>,
    link: &'l Link,
    /// Until nothing more comes.
    channel: &'l mut Option<Channel>,
    heard_as_stranger: usize,
    /// Bytes that have left and were not reported yet.
    written: usize,
    /// Nothing can be sent any more, or is to be; what the peer has sent before is still to be read.
    mute: bool,
    /// The device has gone.
    left: BoxFuture<'static, ()>,
    /// When the stream wants to be woken.
    alarm: Alarm,
}

/// The next packet; an error too if there is no channel any more.
async fn receive(channel: &Option<Channel>) -> io::Result<Bytes> {
    match channel {
        Some(channel) => channel.receive().await,
        None => Err(ErrorKind::NotConnected.into()),
    }
}

/// Sends a packet; an error too if there is no channel any more.
async fn send(channel: &Option<Channel>, packet: &[u8]) -> io::Result<()> {
    match channel {
        Some(channel) => channel.send(packet).await,
        None => Err(ErrorKind::NotConnected.into()),
    }
}

/// Why a link is over.
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
                // When a stranger's link ends does not depend on what it says.
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

    /// Whether the peer says nothing more, or nothing that matters.
    fn has_peer_ended(&self) -> bool {
        let state = self.link.state();
        self.channel.is_none() || state.faulty || state.stream.has_peer_ended()
    }

    /// Hands up what has arrived in order, small pieces joined.
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

    /// Packets out, as long as nothing has to be waited for, which costs more than a frame. `unsent` is a frame
    /// that has a number already.
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

    /// Packets in and the next one out, or whatever else is first.
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
            // A channel that takes nothing any more gives little more. A fault alone does not close it: that
            // would tell a stranger something.
            () = linger, if self.mute && !is_faulty && self.channel.is_some() => {
                *self.channel = None;
            }
            () = &mut self.left, if self.channel.is_some() => *self.channel = None,
            () = self.alarm.rings(wake_ms, now_ms), if !self.mute => {}
        }
        self.mute |= self.channel.is_none();
    }

    /// Takes in a packet and those behind it.
    fn take_in(&mut self, first: io::Result<Bytes>) {
        self.link.take_in(self.channel, first);
        self.mute |= self.link.state().faulty;
        self.shared.moved(self.link.id, self.shared.now_ms());
    }

    /// Tells how much has left: when that is all, or a lot.
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

    /// Ends a link in order: what is queued leaves, and the peer is told that it was all.
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
                // The end is there once it has been read.
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
