//! The channel that an invitation opens, in which two people become contacts (`docs/PROTOCOL.md` section 10).

use bytes::Bytes;
use hedgerow_sync::id::{DeviceId, IdentityId};
use hedgerow_sync::space;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{Address, LinkId};
use hedgerow_transport::invitation::inviter_key_hash;
use hedgerow_transport::keys::PublicKey;
use hedgerow_transport::meeting::{self, Acquaintance, Declined, Introduction, MeetingFault};
use hedgerow_transport::relay::RelayKey;
use hedgerow_transport::session::Session;

use super::account::Account;
use super::conversations::{Conversation, Kind};
use super::fact::Versions;
use super::fault::{LinkError, PeerFault};
use super::invitation::InvitationKey;
use super::joining::Joining;
use super::link::{Link, State};
use super::people::People;
use super::people::contact::Contact;
use super::people::device::Device;
use super::people::psk::PskChain;
use super::reach::dialling::Target;
use super::reach::endpoint::Endpoint;
use super::{Engine, Owners, Turn, draft, items};
use crate::api::JoinProblem;

/// How long the inviter waits before it dials. The joiner dials first, because it knows that the meeting is over.
const INVITER_PAUSE_MS: u64 = 3_000;

/// A meeting's open channel.
pub(crate) struct Meeting {
    invitation: InvitationKey,
    pub session: Session,
    /// As the joiner: the state that the inviter's answer completes.
    joiner: Option<meeting::Meeting>,
}

impl Meeting {
    pub fn as_inviter(invitation: InvitationKey, session: Session) -> Meeting {
        Meeting {
            invitation,
            session,
            joiner: None,
        }
    }
}

impl Owners {
    /// As the joiner: says who we are.
    pub(super) fn begin_joining(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
        mut session: Session,
    ) -> Result<Meeting, LinkError> {
        let joining = self.people.joinings.get(&id).ok_or(PeerFault::OutOfPlace)?;
        let (joiner, content) = meeting::Meeting::new(
            &joining.invitation,
            &self.introduction()?,
            self.account.cryptography(),
            &mut turn.rng,
        );
        items::say_bytes(&mut session, meeting::MEET, content);
        Ok(Meeting {
            invitation: id,
            session,
            joiner: Some(joiner),
        })
    }

    /// Takes in what arrived in a meeting. False if the meeting is over.
    pub(super) fn meeting_bytes(
        &mut self,
        turn: &mut Turn<'_>,
        link: &mut Link,
        meeting: &mut Meeting,
        bytes: &[u8],
    ) -> Result<bool, LinkError> {
        for item in meeting.session.receive(bytes)? {
            match (item.kind, meeting.joiner.take()) {
                (meeting::MEET, None) if !link.proven => {
                    link.proven = true;
                    self.handle_meet(turn, meeting, &item.content)?;
                }
                (meeting::MET, Some(joiner)) => {
                    link.proven = true;
                    let endpoint = link
                        .attempt
                        .as_ref()
                        .map(|attempt| attempt.endpoint.clone());
                    self.handle_met(turn, meeting, joiner, endpoint, &item.content)?;
                    return Ok(false);
                }
                (meeting::NOT_MET, Some(_)) => {
                    link.proven = true;
                    self.declined(turn, meeting.invitation, Declined::decode(&item.content)?)?;
                    return Ok(false);
                }
                (meeting::MEET | meeting::MET | meeting::NOT_MET, _) => {
                    return Err(PeerFault::OutOfPlace.into());
                }
                (_, joiner) => meeting.joiner = joiner,
            }
        }
        Ok(true)
    }

    /// As the inviter: handles who joins. This batch commits the contact, and that the invitation is used, before the
    /// answer leaves.
    fn handle_meet(
        &mut self,
        turn: &mut Turn<'_>,
        meeting: &mut Meeting,
        content: &Bytes,
    ) -> Result<(), LinkError> {
        let me = self.introduction()?;
        self.shut_room(turn, meeting.invitation)?;
        let made = self
            .people
            .invitations
            .get(&meeting.invitation)
            .ok_or(PeerFault::OutOfPlace)?;
        let (joiner, answer) = meeting::answer(
            &made.secret,
            &meeting.session,
            &me,
            content,
            self.account.cryptography(),
            &mut turn.rng,
        )?;
        let device = DeviceId(joiner.device.device_id());
        let identity = IdentityId(*joiner.peer.devices.identity());
        self.people
            .refuse_others_devices(&self.account, identity, &joiner.peer.devices)?;
        let again = made.was_used_by(device);
        let declined = match self.people.contacts.get(&identity) {
            _ if identity == self.account.identity() => return Err(PeerFault::OutOfPlace.into()),
            Some(contact) if contact.blocked => Some(Declined::Blocked),
            _ => made.declines(device, turn.now.wall_ms),
        };
        let declined = match declined {
            None if !again && self.is_established(turn, identity)? => Some(Declined::Known),
            other => other,
        };
        if let Some(declined) = declined {
            items::say_bytes(&mut meeting.session, meeting::NOT_MET, declined.encode());
            return Ok(());
        }
        // The first person to use an invitation need not be the one it was for, even if it was shown in person.
        let verified = false;
        self.befriend(
            turn,
            &joiner,
            verified,
            Some(meeting.invitation),
            None,
            None,
        )?;
        let key = meeting.session.peer_key();
        self.came_by(turn, meeting.invitation, identity, (device, key))?;
        if !again {
            turn.pending.met.push((identity, meeting.invitation, false));
        }
        items::say_bytes(&mut meeting.session, meeting::MET, answer);
        self.reach
            .want(Target::Device(device), turn.now.mono_ms + INVITER_PAUSE_MS);
        Ok(())
    }

    /// As the joiner: the inviter has added us.
    fn handle_met(
        &mut self,
        turn: &mut Turn<'_>,
        meeting: &Meeting,
        joiner: meeting::Meeting,
        endpoint: Option<Endpoint>,
        content: &Bytes,
    ) -> Result<(), LinkError> {
        let inviter = match joiner.finish(&meeting.session, content) {
            Ok(inviter) => inviter,
            Err(MeetingFault::NotTheInviter) => {
                return self
                    .join_failed(turn, meeting.invitation, JoinProblem::NotTheInviter)
                    .map_err(Into::into);
            }
            Err(fault) => return Err(fault.into()),
        };
        let identity = IdentityId(*inviter.peer.devices.identity());
        if self
            .people
            .refuse_others_devices(&self.account, identity, &inviter.peer.devices)
            .is_err()
        {
            let problem = JoinProblem::NotTheInviter;
            return Ok(self.join_failed(turn, meeting.invitation, problem)?);
        }
        let seen = self
            .people
            .joinings
            .get(&meeting.invitation)
            .is_some_and(Joining::is_in_person);
        // If two people join each other's invitations at once, the keys from the lower identity's invitation stay.
        let crossed =
            self.people.contacts.contains_key(&identity) && identity > self.account.identity();
        if !crossed && !self.is_established(turn, identity)? {
            let met_under = self.people.joinings.get(&meeting.invitation);
            let met_under = met_under.map(|joining| joining.invitation.secret.relay_key());
            self.befriend(turn, &inviter, seen, None, endpoint, met_under)?;
        } else if seen && let Some(contact) = self.people.contacts.get_mut(&identity) {
            contact.verified = true;
            contact.save(turn.txn, identity)?;
        }
        self.joining_over(turn, meeting.invitation)?;
        turn.pending.met.push((identity, meeting.invitation, true));
        self.reach.want(
            Target::Device(DeviceId(inviter.device.device_id())),
            turn.now.mono_ms,
        );
        Ok(())
    }

    fn declined(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
        why: Declined,
    ) -> Result<(), StorageError> {
        let problem = match why {
            Declined::Used => JoinProblem::Used,
            Declined::Cancelled => JoinProblem::Cancelled,
            Declined::Expired => JoinProblem::Expired,
            Declined::Blocked => JoinProblem::Refused,
            Declined::Known => JoinProblem::AlreadyContact,
        };
        self.join_failed(turn, id, problem)
    }

    fn join_failed(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
        problem: JoinProblem,
    ) -> Result<(), StorageError> {
        turn.pending.join_problems.push((id, problem));
        self.joining_over(turn, id)
    }

    /// Makes a contact of the other side, or gives fresh keys to one that was never established.
    fn befriend(
        &mut self,
        turn: &mut Turn<'_>,
        met: &Acquaintance,
        verified: bool,
        joined_by: Option<InvitationKey>,
        endpoint: Option<Endpoint>,
        met_under: Option<RelayKey>,
    ) -> Result<(), StorageError> {
        let identity = IdentityId(*met.peer.devices.identity());
        let id = DeviceId(met.device.device_id());
        let draft = match self.conversations.direct(identity) {
            Some(before) => draft::Kept::load(turn.txn, before)?,
            None => None,
        };
        self.conversations.remove_with(turn, identity)?;
        self.forget_device(turn, id)?;
        let kind = Kind::Direct { with: identity };
        let secret = met.keys.direct_space.clone();
        let chat = Conversation::new(kind, secret, turn.now.wall_ms);
        let space = self.conversations.begin(turn, chat)?;
        if let Some(draft) = draft {
            draft.save_text(turn.txn, space)?;
        }
        let alias = self
            .people
            .contacts
            .get(&identity)
            .map(|before| before.alias.clone());
        let contact = Contact {
            own_name: met.peer.name.clone(),
            alias: alias.unwrap_or_default(),
            verified,
            blocked: false,
            older_state: false,
            device_list: met.peer.devices.encode().into(),
            devices: met.peer.devices.devices().copied().collect(),
            former_name: None,
        };
        contact.save(turn.txn, identity)?;
        self.people.contacts.insert(identity, contact);
        self.people.name_changed(&self.account, turn, identity);
        let mut held = Versions::default();
        held.raise(
            super::fact::FactKind::DeviceList,
            met.peer.devices.version(),
        );
        let device = Device {
            identity,
            device_key: met.device.key,
            tag_key: met.keys.tag.clone(),
            bundle_tag_key: met.keys.bundle_tag.clone(),
            rescue_key: met.keys.rescue.clone(),
            pair_beacon_key: met.keys.pair_beacon.clone(),
            psk: PskChain::new(met.keys.psk.clone(), turn.now.wall_ms),
            held,
            given: Versions::default(),
            beacon_key: None,
            addresses: met
                .peer
                .addresses
                .iter()
                .map(|address| address.0.clone())
                .collect(),
            good: endpoint
                .iter()
                .map(|endpoint| endpoint.told().text())
                .collect(),
            clock_offset_ms: 0,
            last_seen_ms: None,
            prekey: None,
            joined_by,
            gone: false,
            relay_names: None,
            met_under: met_under.map(|key| key.name()),
            features: None,
        };
        device.save(turn.txn, id)?;
        self.people.devices.insert(id, device);
        if let Some(couriering) = &mut self.couriering {
            couriering.know_more();
        }
        #[cfg(feature = "simulation")]
        self.people.hints.changed();
        self.reach.beacons_changed();
        self.reach.announcement_changed();
        turn.pending.contacts.insert(identity);
        Ok(())
    }

    /// Whether a contact is established: there was a session with it, or its conversation has entries.
    fn is_established(&self, turn: &Turn<'_>, identity: IdentityId) -> Result<bool, StorageError> {
        for (space, _) in self.conversations.with(identity) {
            let summary = space::summary(turn.txn, space)?;
            if summary.is_some_and(|summary| summary.entries > 0) {
                return Ok(true);
            }
        }
        let devices = &self.people.devices;
        let was_seen = |id| {
            devices
                .get(&id)
                .is_some_and(|one| one.last_seen_ms.is_some())
        };
        Ok(devices.of(identity).any(was_seen))
    }

    /// What we tell about ourselves in a meeting.
    fn introduction(&self) -> Result<Introduction, StorageError> {
        Ok(Introduction {
            devices: self.account.device_list.clone(),
            name: self.account.told.name.clone(),
            addresses: self
                .reach
                .own_addresses(&self.account)
                .into_iter()
                .map(Address)
                .collect(),
        })
    }
}

impl People {
    /// The hash by which our invitations name us.
    pub(super) fn inviter_hash(&self, account: &Account) -> [u8; 16] {
        inviter_key_hash(&account.identity().0, &account.device_keys)
    }

    /// If the maker of an invitation is a contact: whether that contact is blocked.
    pub(super) fn maker(&self, inviter: &[u8; 16]) -> Option<bool> {
        self.contacts.iter().find_map(|(identity, contact)| {
            let made = contact
                .devices
                .iter()
                .any(|device| inviter_key_hash(&identity.0, device) == *inviter);
            made.then_some(contact.blocked)
        })
    }
}

impl Engine {
    /// Ends the other meetings by an invitation, so that an earlier attempt of the joiner has no effect after this one: all, or those
    /// of a device and those that have not yet shown whose they are.
    pub(super) fn end_other_meetings(
        &mut self,
        turn: &mut Turn<'_>,
        this: Option<LinkId>,
        invitation: InvitationKey,
        of: Option<PublicKey>,
    ) {
        let others: Vec<LinkId> = self
            .links
            .by_id
            .iter()
            .filter(|(id, link)| Some(**id) != this && link.is_of_invitation(invitation, of))
            .map(|(id, _)| *id)
            .collect();
        for id in others {
            if let Some(link) = self.links.by_id.remove(&id) {
                self.end_link(turn, id, link);
            }
        }
    }
}

impl Link {
    /// Whether this is an accepted link of a meeting by this invitation, perhaps of a device.
    fn is_of_invitation(&self, invitation: InvitationKey, device: Option<PublicKey>) -> bool {
        match &self.state {
            State::Answered(of, _) => *of == invitation,
            State::Meeting(meeting) => {
                meeting.joiner.is_none()
                    && meeting.invitation == invitation
                    && device.is_none_or(|device| device == meeting.session.peer_key())
            }
            _ => false,
        }
    }
}
