//! A link from its first byte to the session it becomes (`docs/PROTOCOL.md` section 7).
//!
//! ```text
//! dialled   Dialling ──> Live                          Joining ──> Meeting
//! accepted  Arriving ──> Waiting ──> Tagged ──> Live
//!                                          └──> Answered ──> Meeting
//! after a fault on an accepted link: Draining
//! ```

use bytes::{Bytes, BytesMut};
use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{CarrierKind, Ending, LinkId};
use hedgerow_transport::handshake::{
    Answered, Arriving, Dialling, Head, Joining, Progress, Tagged,
};

use super::fault::{LinkError, PeerFault};
use super::invitation::InvitationKey;
use super::items::Bye;
use super::links::Errand;
use super::live::Live;
use super::meeting::Meeting;
use super::reach::dialling::{Attempt, Target};
use super::rng;
use super::share::Backlog;
use super::{Effects as _, Engine, Owners, Turn};

/// An accepted link that has proven nothing is closed between these ages, drawn when it is accepted.
const STRANGER_MS: std::ops::RangeInclusive<u64> = 20_000..=40_000;

/// How long we wait for the answer to a first flight.
const ANSWER_MS: u64 = 10_000;

/// The pause before this device dials again after another process with the same keys took its place.
const COPY_PAUSE_MS: std::ops::RangeInclusive<u64> = 30_000..=90_000;

/// The most first flights that one batch looks at, so that a flood of strangers never keeps contacts waiting.
const MAX_LOOKS: usize = 16;

/// The most bytes that may follow the head of a first flight before we answer: its padding.
const MAX_BACKLOG: usize = 255;

/// Whose first flight it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    Device(DeviceId),
    Joiner(InvitationKey),
}

/// The state of a link.
pub(crate) enum State {
    /// Accepted; the head of the first flight has not arrived whole.
    Arriving(Arriving),
    /// Accepted; the head waits for its turn to be recognised, with the bytes that arrived behind it.
    Waiting(Head, BytesMut),
    /// Accepted; we have recognised the sender, and the padding is arriving.
    Tagged(Who, Box<Tagged>),
    /// Accepted; we have answered a joiner.
    Answered(InvitationKey, Box<Answered>),
    /// Dialled; waits for the answer. True under the rescue key.
    Dialling(DeviceId, Box<Dialling>, bool),
    /// Dialled; waits for the inviter's answer.
    Joining(InvitationKey, Box<Joining>),
    /// A meeting's channel is open.
    Meeting(Box<Meeting>),
    /// A session with a contact's device.
    Live(Box<Live>),
    /// We read bytes and throw them away until the deadline.
    Draining,
}

/// One link.
pub(crate) struct Link {
    pub carrier: CarrierKind,
    /// The attempt that made it, if we dialled.
    pub attempt: Option<Attempt>,
    /// When we end it unless the other side has proven itself by then (monotonic milliseconds).
    pub deadline_ms: Option<u64>,
    /// The other side has said hello, or its item of a meeting.
    pub proven: bool,
    /// The bytes that the carrier has from us and has not yet written.
    pub unwritten: usize,
    pub backlog: Backlog,
    pub state: State,
}

impl Link {
    /// The carrier has written bytes of ours, so the link is not stuck.
    pub fn written(&mut self, bytes: usize, now_ms: u64) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
        if let State::Live(live) = &mut self.state
            && let Some(waiting) = &mut live.waiting
        {
            waiting.goes_on(now_ms);
        }
    }
}

impl Owners {
    /// Moves a link through as many states as the bytes allow. False if the link is over.
    fn advance(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        link: &mut Link,
        mut bytes: Bytes,
    ) -> Result<bool, LinkError> {
        loop {
            let state = std::mem::replace(&mut link.state, State::Draining);
            let (state, goes_on) = match state {
                State::Draining => return Ok(true),
                State::Arriving(arriving) => match self
                    .traffic
                    .flight_received(&mut bytes, |bytes| arriving.receive(bytes))
                {
                    Progress::Waiting(arriving) => (State::Arriving(arriving), false),
                    Progress::Done(head) => (State::Waiting(head, BytesMut::new()), true),
                },
                State::Waiting(head, mut backlog) => {
                    if backlog.len() + bytes.len() > MAX_BACKLOG {
                        return Err(PeerFault::Handshake.into());
                    }
                    backlog.extend_from_slice(&bytes);
                    (State::Waiting(head, backlog), false)
                }
                State::Tagged(who, tagged) => match self
                    .traffic
                    .flight_received(&mut bytes, |bytes| tagged.receive(bytes))
                {
                    Progress::Waiting(tagged) => (State::Tagged(who, Box::new(tagged)), false),
                    Progress::Done(whole) => {
                        let (flight, state) = match who {
                            Who::Device(device) => {
                                let answered = self.answer_device(turn, device, whole)?;
                                turn.errands.push(Errand::MakeRoom(device));
                                answered
                            }
                            Who::Joiner(invitation) => {
                                self.people
                                    .answer_joiner(&self.account, turn, invitation, whole)?
                            }
                        };
                        turn.out.recognised(id);
                        self.traffic.flight_sent(flight.len());
                        turn.out.send(id, Bytes::from(flight));
                        (state, true)
                    }
                },
                State::Answered(invitation, answered) => match self
                    .traffic
                    .flight_received(&mut bytes, |bytes| answered.receive(bytes))?
                {
                    Progress::Waiting(answered) => {
                        (State::Answered(invitation, Box::new(answered)), false)
                    }
                    Progress::Done(session) => {
                        let meeting = Meeting::as_inviter(invitation, session);
                        (State::Meeting(Box::new(meeting)), true)
                    }
                },
                State::Dialling(device, dialling, rescue) => match self
                    .traffic
                    .flight_received(&mut bytes, |bytes| dialling.receive(bytes))?
                {
                    Progress::Waiting(dialling) => {
                        let dialling = Box::new(dialling);
                        (State::Dialling(device, dialling, rescue), false)
                    }
                    Progress::Done(session) => {
                        self.traffic.handshake_round_trips += 1;
                        let live = self.new_live(turn, device, session, rescue)?;
                        (State::Live(live), true)
                    }
                },
                State::Joining(invitation, joining) => {
                    match self.traffic.flight_received(&mut bytes, |bytes| {
                        joining.receive(bytes, &mut turn.rng)
                    })? {
                        Progress::Waiting(joining) => {
                            (State::Joining(invitation, Box::new(joining)), false)
                        }
                        Progress::Done((flight, session)) => {
                            self.traffic.handshake_round_trips += 1;
                            self.traffic.flight_sent(flight.len());
                            turn.out.send(id, Bytes::from(flight));
                            let meeting = self.begin_joining(turn, invitation, session)?;
                            (State::Meeting(Box::new(meeting)), true)
                        }
                    }
                }
                State::Meeting(mut meeting) => {
                    let goes_on = self.meeting_bytes(turn, link, &mut meeting, &bytes)?;
                    link.state = State::Meeting(meeting);
                    return Ok(goes_on);
                }
                State::Live(mut live) => {
                    let goes_on = self.live_bytes(turn, id, link, &mut live, &bytes);
                    link.state = State::Live(live);
                    return goes_on;
                }
            };
            link.state = state;
            if !goes_on {
                return Ok(true);
            }
        }
    }

    /// Continues the plan if we dialled this link and nothing came of it. `cut`: we did not end the link ourselves.
    fn attempt_over(&mut self, turn: &mut Turn<'_>, link: &Link, cut: bool) {
        let Some(attempt) = link.attempt.as_ref().filter(|_| !link.proven) else {
            return;
        };
        if let Target::Device(device) = attempt.target
            && !attempt.moves
            && matches!(link.state, State::Dialling(..) | State::Draining)
        {
            self.people.refused(device, attempt);
        }
        if let Some(inviter) = self.reach.attempt_over(turn, attempt, cut) {
            self.people.inviter_silent(turn, inviter);
        }
    }
}

impl Engine {
    /// A carrier has a new link.
    pub(super) fn link_up(
        &mut self,
        turn: &mut Turn<'_>,
        carrier: CarrierKind,
        id: LinkId,
        attempt: Option<Attempt>,
    ) -> Result<(), StorageError> {
        if self.owners.stopping {
            turn.out.end(id, Ending::Now);
            return Ok(());
        }
        let (state, deadline_ms) = match &attempt {
            None => {
                let age = rng::between(turn.rng, *STRANGER_MS.start(), *STRANGER_MS.end());
                (State::Arriving(Arriving::new()), turn.now.mono_ms + age)
            }
            Some(attempt) => {
                let begun = match attempt.target {
                    Target::Device(device) => self.owners.dial_device(turn, device, attempt.moves),
                    Target::Inviter(invitation) => {
                        self.owners
                            .people
                            .dial_inviter(&self.owners.account, turn, invitation)
                    }
                };
                let Some((state, flight)) = begun else {
                    if let Some(inviter) = self.owners.reach.attempt_over(turn, attempt, false) {
                        self.owners.people.inviter_silent(turn, inviter);
                    }
                    turn.out.end(id, Ending::Now);
                    return Ok(());
                };
                self.owners.traffic.flight_sent(flight.len());
                turn.out.send(id, Bytes::from(flight));
                (state, turn.now.mono_ms + ANSWER_MS)
            }
        };
        let link = Link {
            carrier,
            attempt,
            deadline_ms: Some(deadline_ms),
            proven: false,
            unwritten: 0,
            backlog: Backlog::default(),
            state,
        };
        self.links.by_id.insert(id, link);
        Ok(())
    }

    /// Recognises first flights that have waited, as many as one batch allows.
    pub(super) fn look_at_strangers(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        for _ in 0..MAX_LOOKS {
            let Some(id) = self.links.strangers.pop_front() else {
                break;
            };
            let Some(link) = self.links.by_id.get_mut(&id) else {
                continue;
            };
            let (head, backlog) = match std::mem::replace(&mut link.state, State::Draining) {
                State::Waiting(head, backlog) => (head, backlog),
                other => {
                    link.state = other;
                    continue;
                }
            };
            match self.owners.people.recognise(&self.owners.account, head) {
                Some((who, tagged)) => {
                    link.state = State::Tagged(who, Box::new(tagged));
                    self.advance(turn, id, backlog.freeze())?;
                }
                None => turn.out.end(id, Ending::Drain),
            }
        }
        Ok(())
    }

    /// Continues with a link, which stays in its place, and then runs the errands of that work.
    pub(super) fn advance(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        let was_arriving = matches!(link.state, State::Arriving(_));
        let advanced = self.owners.advance(turn, id, link, bytes);
        if was_arriving && matches!(link.state, State::Waiting(..)) {
            self.links.strangers.push_back(id);
        }
        let is_stranger = link.attempt.is_none() && !link.proven;
        self.run_errands(turn, Some(id))?;
        match advanced {
            Ok(true) => self.links.line_up(id),
            Err(LinkError::Storage(error)) => return Err(error),
            // A stranger gets no answer, not even an early end.
            Err(LinkError::Peer(_)) if is_stranger => {
                turn.out.end(id, Ending::Drain);
                self.close_session(turn, id)?;
                self.links.line_up(id);
            }
            Ok(false) => self.close(turn, id)?,
            Err(LinkError::Peer(fault)) => {
                tracing::debug!(%fault, "a link is ended");
                self.close(turn, id)?;
            }
        }
        Ok(())
    }

    /// Ends a link at once, in good order or after a fault.
    fn close(&mut self, turn: &mut Turn<'_>, id: LinkId) -> Result<(), StorageError> {
        self.close_session(turn, id)?;
        if let Some(link) = self.links.by_id.remove(&id) {
            self.end_link(turn, id, link);
        }
        Ok(())
    }

    /// Ends the session on a link, if there is one. The link throws away what else arrives.
    fn close_session(&mut self, turn: &mut Turn<'_>, id: LinkId) -> Result<(), StorageError> {
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        let State::Live(mut live) = std::mem::replace(&mut link.state, State::Draining) else {
            return Ok(());
        };
        if live.is_displaced && self.links.with_device(live.device).next().is_none() {
            // Another process on a copy of our data has taken our place. Wait, so that the two do not displace each
            // other again and again.
            let pause = rng::between(turn.rng, *COPY_PAUSE_MS.start(), *COPY_PAUSE_MS.end());
            let target = Target::Device(live.device);
            self.owners.reach.want(target, turn.now.mono_ms + pause);
        }
        self.owners.live_over(turn, id, &mut live)
    }

    /// A device has dialled one more link, `newest`. If it now has too many, ends the oldest, which the device may have
    /// lost.
    pub(super) fn make_room(
        &mut self,
        turn: &mut Turn<'_>,
        id: DeviceId,
        newest: Option<LinkId>,
    ) -> Result<(), StorageError> {
        let session = self.owners.sessions.get(&id).map(|up| up.link);
        match self.links.too_many_from(id, [session, newest]) {
            Some(oldest) => self.link_over(turn, oldest),
            None => Ok(()),
        }
    }

    /// Removes a link that the carrier has lost, once all that had arrived on it is taken in.
    pub(super) fn link_gone(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
    ) -> Result<(), StorageError> {
        let Some(mut link) = self.links.by_id.remove(&id) else {
            return Ok(());
        };
        if let State::Live(live) = &mut link.state {
            self.owners.live_over(turn, id, live)?;
        }
        self.owners.attempt_over(turn, &link, true);
        Ok(())
    }

    /// Ends a link that is not in the map. The carrier still sends what it has from us.
    pub(super) fn end_link(&mut self, turn: &mut Turn<'_>, id: LinkId, link: Link) {
        turn.out.end(id, Ending::Now);
        self.owners.attempt_over(turn, &link, false);
    }

    /// The node stops: ends every link, and tells contacts why.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.owners.tell_all_read(turn)?;
        self.owners.save_clock(turn)?;
        self.owners.stopping = true;
        let links = std::mem::take(&mut self.links.by_id);
        links
            .into_iter()
            .try_for_each(|(id, link)| self.part(turn, id, link, Bye::Stopping))
    }

    /// Ends links whose deadline has passed.
    pub(super) fn end_overdue(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let overdue = self.links.overdue(turn.now.mono_ms);
        overdue
            .into_iter()
            .try_for_each(|id| self.link_over(turn, id))
    }

    /// Ends a link that is in the map.
    pub(super) fn link_over(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
    ) -> Result<(), StorageError> {
        let Some(link) = self.links.by_id.get_mut(&id) else {
            return Ok(());
        };
        if let State::Live(live) = &mut link.state {
            self.owners.live_over(turn, id, live)?;
        }
        if let Some(link) = self.links.by_id.remove(&id) {
            self.end_link(turn, id, link);
        }
        Ok(())
    }
}
