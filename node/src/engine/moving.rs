//! The psk moves on inside a session, and the way back for a device that has lost newer ones
//! (`docs/PROTOCOL.md` section 9).

use std::ops::Bound::{Excluded, Unbounded};

use bytes::Bytes;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::psk::{self, Proposal};

use super::fault::{LinkError, PeerFault};
use super::items::{self, Hello};
use super::link::State;
use super::live::Live;
use super::psk::{NumberedPsk, PskChain};
use super::{Engine, Now, Turn, replay};

impl Engine {
    /// Proposes the next psk if this side proposes and the present one has been in use long enough.
    pub(super) fn propose_if_due(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        let Some(device) = self.devices.get(&live.device) else {
            return Ok(());
        };
        if self.device_id < live.device
            && live.proposal.is_none()
            && device.psk.is_due(turn.now.wall_ms)
        {
            let next = device.psk.number.saturating_add(1);
            let (proposal, content) = Proposal::new(
                &device.psk.current,
                next,
                self.account.cryptography(),
                &mut turn.rng,
            );
            live.proposal = Some(proposal);
            items::say_bytes(&mut live.session, psk::PROPOSE, content);
        }
        Ok(())
    }

    /// Proposes in sessions that have been up for so long that a move has become due.
    pub(super) fn propose_overdue(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let wall_ms = turn.now.wall_ms;
        let due = self
            .moving_on()
            .filter(|(psk, _)| psk.is_due(wall_ms))
            .map(|(_, id)| id);
        for id in due.collect::<Vec<LinkId>>() {
            let Some(mut link) = self.links.remove(&id) else {
                continue;
            };
            if let State::Live(live) = &mut link.state {
                self.propose_if_due(turn, live)?;
            }
            self.links.insert(id, link);
        }
        Ok(())
    }

    /// When a move becomes due in a session that is up.
    pub(super) fn next_proposal_ms(&self, now: Now) -> Option<u64> {
        let due_ms = self.moving_on().map(|(psk, _)| psk.due_ms()).min()?;
        let left_ms = due_ms.saturating_sub(now.wall_ms).max(0) as u64;
        Some(now.mono_ms.saturating_add(left_ms))
    }

    /// The psks of sessions that are up in which the next move is ours.
    fn moving_on(&self) -> impl Iterator<Item = (&PskChain, LinkId)> {
        let ours = self.sessions.range((Excluded(self.device_id), Unbounded));
        ours.filter_map(|(device, link)| {
            let State::Live(live) = &self.links.get(link)?.state else {
                return None;
            };
            let psk = &self.devices.get(device)?.psk;
            live.proposal.is_none().then_some((psk, *link))
        })
    }

    /// A session under the rescue key has begun. The side that is ahead tells its user; a psk above
    /// both is agreed on.
    pub(super) fn rescue_begun(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        hello: &Hello,
    ) -> Result<(), LinkError> {
        let device = self
            .devices
            .get(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        if hello.psk_number < live.least_of_theirs
            && let Some(contact) = self.contacts.get_mut(&live.identity)
            && !contact.older_state
        {
            contact.older_state = true;
            contact.verified = false;
            contact.save(turn.txn, live.identity)?;
            self.news.contacts.insert(live.identity);
        }
        if self.device_id < live.device {
            let number = rescue_number(device.psk.number, hello)?;
            let (proposal, content) = Proposal::new(
                &device.rescue_key.as_psk(),
                number,
                self.account.cryptography(),
                &mut turn.rng,
            );
            live.proposal = Some(proposal);
            items::say_bytes(&mut live.session, psk::PROPOSE, content);
        }
        Ok(())
    }

    /// The other side proposes: the pending psk is committed with this batch, before the answer leaves.
    pub(super) fn psk_proposed(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        propose: &Bytes,
    ) -> Result<(), LinkError> {
        if self.device_id < live.device {
            return Err(PeerFault::OutOfPlace.into());
        }
        let device = self
            .devices
            .get_mut(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        let (from, number) = match (&live.hello, live.rescue) {
            (Some(hello), true) => (
                device.rescue_key.as_psk(),
                rescue_number(device.psk.number, hello)?,
            ),
            _ => (
                device.psk.current.clone(),
                device.psk.number.saturating_add(1),
            ),
        };
        let (pending, answer) = psk::answer(
            &from,
            number,
            propose,
            self.account.cryptography(),
            &mut turn.rng,
        )?;
        device.psk.pending = Some(NumberedPsk {
            number,
            psk: pending,
        });
        device.save(turn.txn, live.device)?;
        items::say_bytes(&mut live.session, psk::ANSWER, answer);
        Ok(())
    }

    /// Our proposal is answered: the new psk is committed with this batch, before *moved* leaves. False:
    /// the session has served its purpose.
    pub(super) fn psk_answered(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        answer: &Bytes,
    ) -> Result<(), LinkError> {
        let proposal = live.proposal.take().ok_or(PeerFault::OutOfPlace)?;
        let number = proposal.number();
        let next = proposal.finish(answer)?;
        let device = self
            .devices
            .get_mut(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        let gone = device.psk.advance(number, next, turn.now.wall_ms);
        device.save(turn.txn, live.device)?;
        for gone in gone {
            turn.erased()?;
            replay::forget(turn.txn, live.device, gone)?;
        }
        self.refusals.remove(&live.device);
        self.share_prekey(turn.txn, live.device)?;
        items::say_bytes(&mut live.session, psk::MOVED, psk::moved(number));
        Ok(())
    }

    /// The other side uses the new psk. False: the session has served its purpose.
    pub(super) fn psk_moved(
        &mut self,
        turn: &mut Turn<'_>,
        live: &mut Live,
        moved: &Bytes,
    ) -> Result<bool, LinkError> {
        let number = psk::moved_number(moved)?;
        self.psk_seen(turn, live.device, number)?;
        self.refusals.remove(&live.device);
        Ok(!live.rescue)
    }

    /// A device has been seen to use the psk of this number; those before it are erased.
    pub(super) fn psk_seen(
        &mut self,
        turn: &mut Turn<'_>,
        id: hedgerow_sync::id::DeviceId,
        number: u32,
    ) -> Result<(), StorageError> {
        let Some(device) = self.devices.get_mut(&id) else {
            return Ok(());
        };
        let gone = device.psk.seen(number, turn.now.wall_ms);
        if !gone.is_empty() {
            device.save(turn.txn, id)?;
            turn.erased()?;
        }
        gone.into_iter()
            .try_for_each(|gone| replay::forget(turn.txn, id, gone))
    }
}

/// The number that a rescue agrees on: above both sides'.
fn rescue_number(ours: u32, hello: &Hello) -> Result<u32, PeerFault> {
    ours.max(hello.psk_number)
        .checked_add(1)
        .filter(|number| *number < replay::RESCUE)
        .ok_or(PeerFault::BadItem)
}
