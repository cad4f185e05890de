//! A link from its first byte to the session it becomes (`docs/PROTOCOL.md` section 7).
//!
//! ```text
//! dialled   Dialling ──> Live                          Joining ──> Meeting
//! accepted  Arriving ──> Waiting ──> Tagged ──> Live
//!                                          └──> Answered ──> Meeting
//! whatever goes wrong on an accepted link: Draining
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
use super::live::Live;
use super::meeting::Meeting;
use super::reach::dialling::{Attempt, Target};
use super::rng;
use super::share::Backlog;
use super::{Effects as _, Engine, Turn};

/// An accepted link that has proven nothing is closed between these ages, drawn when it is accepted.
const STRANGER_MS: std::ops::RangeInclusive<u64> = 20_000..=40_000;

/// How long an answer to a first flight may take.
const ANSWER_MS: u64 = 10_000;

/// First flights looked at in one batch, so that a flood of strangers never keeps contacts waiting.
const MAX_LOOKS: usize = 16;

/// What may follow the head of a first flight before it is answered: its padding.
const MAX_BACKLOG: usize = 255;

/// The most links that a device has dialled to us beside that of its session: those on which it has said
/// nothing yet, and those under the rescue key (`docs/PROTOCOL.md` section 1).
const MAX_SPARE_LINKS: usize = 4;

/// Whose first flight it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    Device(DeviceId),
    Joiner(InvitationKey),
}

/// Where a link stands.
pub(crate) enum State {
    /// Accepted; too little has arrived.
    Arriving(Arriving),
    /// Accepted; waits to be looked at, with what arrived behind the head.
    Waiting(Head, BytesMut),
    /// Accepted; the tag is known, the padding is arriving.
    Tagged(Who, Box<Tagged>),
    /// Accepted; a joiner was answered.
    Answered(InvitationKey, Box<Answered>),
    /// Dialled; waits for the answer. True if under the rescue key.
    Dialling(DeviceId, Box<Dialling>, bool),
    /// Dialled; waits for the inviter's answer.
    Joining(InvitationKey, Box<Joining>),
    /// A meeting's channel is open.
    Meeting(Box<Meeting>),
    /// A session with a contact's device.
    Live(Box<Live>),
    /// Read and thrown away until the deadline.
    Draining,
}

/// One link.
pub(crate) struct Link {
    pub carrier: CarrierKind,
    /// What we dialled, if we did.
    pub attempt: Option<Attempt>,
    /// When it ends unless something is proven (monotonic milliseconds).
    pub deadline_ms: Option<u64>,
    /// The other side has said hello, or what it has to say in a meeting.
    pub proven: bool,
    /// Bytes given to the carrier and not yet written.
    pub unwritten: usize,
    pub backlog: Backlog,
    pub state: State,
}

impl Link {
    /// The carrier has got rid of bytes of ours: it is not stuck.
    pub fn written(&mut self, bytes: usize, now_ms: u64) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
        if let State::Live(live) = &mut self.state
            && let Some(waiting) = &mut live.waiting
        {
            waiting.goes_on(now_ms);
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
        if self.stopping {
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
                    Target::Device(device) => self.dial_device(turn, device, attempt.moves),
                    Target::Inviter(invitation) => self.dial_inviter(turn, invitation),
                };
                let Some((state, flight)) = begun else {
                    if let Some(inviter) = self.reach.attempt_over(turn, attempt, false) {
                        self.inviter_silent(turn, inviter);
                    }
                    turn.out.end(id, Ending::Now);
                    return Ok(());
                };
                self.links.traffic.flight_sent(flight.len());
                turn.out.send(id, Bytes::from(flight), 0);
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

    /// Looks at first flights that have waited, as many as one batch allows.
    pub(super) fn look_at_strangers(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        for _ in 0..MAX_LOOKS {
            let Some(id) = self.links.strangers.pop_front() else {
                break;
            };
            let Some(mut link) = self.links.by_id.remove(&id) else {
                continue;
            };
            let State::Waiting(head, backlog) = link.state else {
                self.links.by_id.insert(id, link);
                continue;
            };
            link.state = match self.recognise(head) {
                Some((who, tagged)) => State::Tagged(who, Box::new(tagged)),
                None => State::Draining,
            };
            if matches!(link.state, State::Draining) {
                turn.out.end(id, Ending::Drain);
                self.links.by_id.insert(id, link);
            } else {
                self.advance(turn, id, link, backlog.freeze())?;
            }
        }
        Ok(())
    }

    /// Goes on with a link that is not in the map, and puts it back unless it is over.
    pub(super) fn advance(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        mut link: Link,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        match self.next_state(turn, id, &mut link, bytes) {
            Ok(Some(state)) => {
                link.state = state;
                self.keep_link(id, link);
            }
            Ok(None) => self.end_link(turn, id, link),
            Err(LinkError::Storage(error)) => return Err(error),
            // What a stranger sends is answered by nothing, not even by an early end.
            Err(LinkError::Peer(_)) if link.attempt.is_none() && !link.proven => {
                turn.out.end(id, Ending::Drain);
                link.state = State::Draining;
                self.keep_link(id, link);
            }
            Err(LinkError::Peer(fault)) => {
                tracing::debug!(%fault, "a link is ended");
                self.end_link(turn, id, link);
            }
        }
        Ok(())
    }

    /// Takes a link through as many states as what arrived allows. `None`: the link is over.
    fn next_state(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        link: &mut Link,
        mut bytes: Bytes,
    ) -> Result<Option<State>, LinkError> {
        let mut state = std::mem::replace(&mut link.state, State::Draining);
        loop {
            state = match state {
                State::Draining => return Ok(Some(State::Draining)),
                State::Arriving(arriving) => match self
                    .links
                    .traffic
                    .flight_received(&mut bytes, |bytes| arriving.receive(bytes))
                {
                    Progress::Waiting(arriving) => return Ok(Some(State::Arriving(arriving))),
                    Progress::Done(head) => {
                        self.links.strangers.push_back(id);
                        State::Waiting(head, BytesMut::new())
                    }
                },
                State::Waiting(head, mut backlog) => {
                    if backlog.len() + bytes.len() > MAX_BACKLOG {
                        return Err(PeerFault::Handshake.into());
                    }
                    backlog.extend_from_slice(&bytes);
                    return Ok(Some(State::Waiting(head, backlog)));
                }
                State::Tagged(who, tagged) => match self
                    .links
                    .traffic
                    .flight_received(&mut bytes, |bytes| tagged.receive(bytes))
                {
                    Progress::Waiting(tagged) => {
                        return Ok(Some(State::Tagged(who, Box::new(tagged))));
                    }
                    Progress::Done(whole) => {
                        let (flight, state) = match who {
                            Who::Device(device) => {
                                let answered = self.answer_device(turn, device, whole)?;
                                self.end_surplus(turn, device)?;
                                answered
                            }
                            Who::Joiner(invitation) => {
                                self.answer_joiner(turn, invitation, whole)?
                            }
                        };
                        turn.out.recognised(id);
                        self.links.traffic.flight_sent(flight.len());
                        turn.out.send(id, Bytes::from(flight), 0);
                        state
                    }
                },
                State::Answered(invitation, answered) => match self
                    .links
                    .traffic
                    .flight_received(&mut bytes, |bytes| answered.receive(bytes))?
                {
                    Progress::Waiting(answered) => {
                        return Ok(Some(State::Answered(invitation, Box::new(answered))));
                    }
                    Progress::Done(session) => {
                        State::Meeting(Box::new(Meeting::as_inviter(invitation, session)))
                    }
                },
                State::Dialling(device, dialling, rescue) => match self
                    .links
                    .traffic
                    .flight_received(&mut bytes, |bytes| dialling.receive(bytes))?
                {
                    Progress::Waiting(dialling) => {
                        return Ok(Some(State::Dialling(device, Box::new(dialling), rescue)));
                    }
                    Progress::Done(session) => {
                        self.links.traffic.handshake_round_trips += 1;
                        State::Live(self.new_live(turn, device, session, rescue)?)
                    }
                },
                State::Joining(invitation, joining) => {
                    match self.links.traffic.flight_received(&mut bytes, |bytes| {
                        joining.receive(bytes, &mut turn.rng)
                    })? {
                        Progress::Waiting(joining) => {
                            return Ok(Some(State::Joining(invitation, Box::new(joining))));
                        }
                        Progress::Done((flight, session)) => {
                            self.links.traffic.handshake_round_trips += 1;
                            self.links.traffic.flight_sent(flight.len());
                            turn.out.send(id, Bytes::from(flight), 0);
                            State::Meeting(Box::new(self.begin_joining(turn, invitation, session)?))
                        }
                    }
                }
                State::Meeting(mut meeting) => {
                    let goes_on = self.meeting_bytes(turn, id, link, &mut meeting, &bytes)?;
                    return Ok(goes_on.then_some(State::Meeting(meeting)));
                }
                State::Live(mut live) => {
                    let goes_on = self.live_bytes(turn, id, link, &mut live, &bytes);
                    if let Ok(true) = goes_on {
                        return Ok(Some(State::Live(live)));
                    }
                    // A peer's fault ends the session as well: it is wanted anew.
                    self.live_over(turn, id, &mut live)?;
                    return goes_on.map(|_| None);
                }
            };
        }
    }

    /// A device has one link more, which is not in the map: the oldest makes room, since the device may have lost
    /// it.
    fn end_surplus(&mut self, turn: &mut Turn<'_>, id: DeviceId) -> Result<(), StorageError> {
        let session = self.links.sessions.get(&id);
        let spare = self
            .links
            .by_id
            .iter()
            .filter_map(|(link_id, link)| match &link.state {
                State::Live(live) if live.device == id && link.attempt.is_none() => {
                    (session != Some(link_id)).then_some((live.since_ms, *link_id))
                }
                _ => None,
            });
        let spare: Vec<(u64, LinkId)> = spare.collect();
        match spare.iter().min() {
            Some((_, oldest)) if spare.len() >= MAX_SPARE_LINKS => self.link_over(turn, *oldest),
            _ => Ok(()),
        }
    }

    /// A link that is not in the map is gone.
    pub(super) fn link_gone(
        &mut self,
        turn: &mut Turn<'_>,
        id: LinkId,
        mut link: Link,
    ) -> Result<(), StorageError> {
        if let State::Live(live) = &mut link.state {
            self.live_over(turn, id, live)?;
        }
        self.attempt_over(turn, &link, true);
        Ok(())
    }

    /// Ends a link at once; what is queued for it still leaves.
    pub(super) fn end_link(&mut self, turn: &mut Turn<'_>, id: LinkId, link: Link) {
        turn.out.end(id, Ending::Now);
        self.attempt_over(turn, &link, false);
    }

    /// The node stops: every link ends, and contacts are told why.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        self.stopping = true;
        let links = std::mem::take(&mut self.links.by_id);
        links
            .into_iter()
            .try_for_each(|(id, link)| self.part(turn, id, link, Bye::Stopping))
    }

    /// Ends links whose deadline has passed.
    pub(super) fn end_overdue(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let now_ms = turn.now.mono_ms;
        let overdue = |link: &Link| link.deadline_ms.is_some_and(|deadline| deadline <= now_ms);
        let overdue: Vec<LinkId> = self
            .links
            .by_id
            .iter()
            .filter(|(_, link)| overdue(link))
            .map(|(id, _)| *id)
            .collect();
        overdue
            .into_iter()
            .try_for_each(|id| self.link_over(turn, id))
    }

    /// Ends a link that is in the map.
    fn link_over(&mut self, turn: &mut Turn<'_>, id: LinkId) -> Result<(), StorageError> {
        let Some(mut link) = self.links.by_id.remove(&id) else {
            return Ok(());
        };
        if let State::Live(live) = &mut link.state {
            self.live_over(turn, id, live)?;
        }
        self.end_link(turn, id, link);
        Ok(())
    }

    /// If we dialled and nothing came of it, the plan goes on. `cut`: nobody here has ended the link.
    fn attempt_over(&mut self, turn: &mut Turn<'_>, link: &Link, cut: bool) {
        let Some(attempt) = link.attempt.as_ref().filter(|_| !link.proven) else {
            return;
        };
        if let Target::Device(device) = attempt.target
            && !attempt.moves
            && matches!(link.state, State::Dialling(..) | State::Draining)
        {
            self.refused(device, attempt);
        }
        if let Some(inviter) = self.reach.attempt_over(turn, attempt, cut) {
            self.inviter_silent(turn, inviter);
        }
    }

    /// When the next deadline of a link is.
    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        self.links
            .by_id
            .values()
            .filter_map(|link| link.deadline_ms)
            .min()
    }
}
