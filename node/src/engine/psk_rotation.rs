//! Rotation of the psk inside a session, and the rescue of a device that has lost newer psks
//! (`docs/PROTOCOL.md` section 9).

use std::ops::Bound::{Excluded, Unbounded};

use bytes::Bytes;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::LinkId;
use hedgerow_transport::psk::{self, Proposal};

use super::account::Account;
use super::fault::{LinkError, PeerFault};
use super::items::{self, Hello};
use super::link::State;
use super::live::Live;
use super::people::People;
use super::people::psk::{NumberedPsk, PskChain, PskProof};
use super::people::replay;
use super::{Engine, Now, Turn};

impl People {
    /// Proposes the next psk if this side is the proposer and the current psk is old enough.
    pub(super) fn propose_if_due(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        let Some(device) = self.devices.get(&live.device) else {
            return Ok(());
        };
        if account.device_id < live.device
            && live.proposal.is_none()
            && device.psk.is_due(turn.now.wall_ms)
        {
            let Some(next) = next_number(device.psk.number) else {
                return Ok(());
            };
            let (proposal, content) = Proposal::new(
                &device.psk.current,
                next,
                account.cryptography(),
                &mut turn.rng,
            );
            live.proposal = Some(proposal);
            items::say_bytes(&mut live.session, psk::PROPOSE, content);
        }
        Ok(())
    }

    /// A session under the rescue key has begun: the two sides agree on a new psk. If the other side proves a psk that
    /// we hold, nobody has lost anything. Otherwise our state does not explain the rescue, because a thief with an
    /// older copy of that device's store can claim any number; so the user sees a notice.
    pub(super) fn rescue_begun(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        live: &mut Live,
        hello: &Hello,
    ) -> Result<(), LinkError> {
        let device = self
            .devices
            .get(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        let mut proofs = device.psk.proofs_of_theirs(&live.session);
        proofs.append(&mut live.proofs);
        if !hello.psk_proof.is_some_and(|proof| {
            let proof = PskProof::new(hello.psk_number, proof.into());
            proofs.contains(&proof)
        }) {
            self.doubt(turn, live.identity)?;
        }
        let device = self
            .devices
            .get(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        if account.device_id < live.device {
            let number = rescue_number(device.psk.number, hello.psk_number)?;
            let (proposal, content) = Proposal::new(
                &device.rescue_key.as_psk(),
                number,
                account.cryptography(),
                &mut turn.rng,
            );
            live.proposal = Some(proposal);
            items::say_bytes(&mut live.session, psk::PROPOSE, content);
        }
        Ok(())
    }

    /// Answers the other side's proposal. This batch commits the pending psk before the answer leaves.
    pub(super) fn psk_proposed(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        live: &mut Live,
        propose: &Bytes,
    ) -> Result<(), LinkError> {
        if account.device_id < live.device {
            return Err(PeerFault::OutOfPlace.into());
        }
        let device = self
            .devices
            .get_mut(&live.device)
            .ok_or(PeerFault::OutOfPlace)?;
        let (from, number) = match (&live.hello, live.rescue) {
            (Some(hello), true) => (
                device.rescue_key.as_psk(),
                rescue_number(device.psk.number, hello.psk_number)?,
            ),
            _ => (
                device.psk.current.clone(),
                next_number(device.psk.number).ok_or(PeerFault::BadItem)?,
            ),
        };
        let (pending, answer) = psk::answer(
            &from,
            number,
            propose,
            account.cryptography(),
            &mut turn.rng,
        )?;
        let before = device.psk.pending.replace(NumberedPsk {
            number,
            psk: pending,
        });
        device.save(turn.txn, live.device)?;
        if before.is_some() {
            turn.erased()?;
        }
        items::say_bytes(&mut live.session, psk::ANSWER, answer);
        Ok(())
    }

    /// Handles the answer to our proposal. This batch commits the new psk before *moved* leaves.
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
        self.share_prekey(turn, live.device)?;
        items::say_bytes(&mut live.session, psk::MOVED, psk::moved(number));
        Ok(())
    }

    /// The other side uses the new psk. False if the session was under the rescue key, which has served its purpose.
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

    /// A device uses the psk of this number: erases those before it.
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

impl Engine {
    /// Proposes in sessions that have been up until their psk became due.
    pub(super) fn propose_overdue(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let wall_ms = turn.now.wall_ms;
        let due = self
            .moving_on()
            .filter(|(psk, _)| psk.is_due(wall_ms))
            .map(|(_, id)| id);
        for id in due.collect::<Vec<LinkId>>() {
            if let Some(live) = self.links.live_mut(id) {
                self.owners
                    .people
                    .propose_if_due(&self.owners.account, turn, live)?;
            }
        }
        Ok(())
    }

    /// When a psk becomes due in a session that is up (monotonic milliseconds).
    pub(super) fn next_proposal_ms(&self, now: Now) -> Option<u64> {
        let due_ms = self.moving_on().map(|(psk, _)| psk.due_ms()).min()?;
        let left_ms = due_ms.saturating_sub(now.wall_ms).max(0) as u64;
        Some(now.mono_ms.saturating_add(left_ms))
    }

    /// The psks of those sessions in which it is ours to propose.
    fn moving_on(&self) -> impl Iterator<Item = (&PskChain, LinkId)> {
        let ours = self
            .owners
            .sessions
            .range((Excluded(self.owners.account.device_id), Unbounded));
        ours.filter_map(|(device, up)| {
            let State::Live(live) = &self.links.by_id.get(&up.link)?.state else {
                return None;
            };
            let psk = &self.owners.people.devices.get(device)?.psk;
            live.proposal.is_none().then_some((psk, up.link))
        })
    }
}

/// How far one side's psk number may lie above the other's for a rescue to believe it (`docs/PROTOCOL.md`
/// section 1): twenty years with a new psk each week.
const MAX_PSK_LEAD: u32 = 1_024;

/// The number that a rescue agrees on: above both sides' numbers, or above the lower one if the other is too high to
/// be believed. So no claim uses up the numbers, and a rescue still succeeds after an absurd one.
fn rescue_number(ours: u32, theirs: u32) -> Result<u32, PeerFault> {
    let (lower, higher) = (ours.min(theirs), ours.max(theirs));
    let from = if higher - lower > MAX_PSK_LEAD {
        lower
    } else {
        higher
    };
    next_number(from).ok_or(PeerFault::BadItem)
}

/// The number after this one, if there is one.
fn next_number(number: u32) -> Option<u32> {
    number.checked_add(1).filter(|next| *next < replay::RESCUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_rescue_agree_on_a_number_and_no_claim_uses_them_up() {
        let top = replay::RESCUE - 1;
        for (ours, theirs, agreed) in [
            (7, 7, Some(8)),
            (7, 5, Some(8)),
            (7, 7 + MAX_PSK_LEAD, Some(8 + MAX_PSK_LEAD)),
            (7, 8 + MAX_PSK_LEAD, Some(8)),
            (7, top, Some(8)),
            (7, u32::MAX, Some(8)),
            (top - 1, top - 1, Some(top)),
            (top, top, None),
        ] {
            assert_eq!(rescue_number(ours, theirs).ok(), agreed);
            assert_eq!(rescue_number(theirs, ours).ok(), agreed);
        }
    }
}
