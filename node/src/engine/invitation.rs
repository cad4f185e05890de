//! Our invitations (`docs/PROTOCOL.md` section 10): we make, answer, cancel and end them.

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::handshake::Whole;
use hedgerow_transport::invitation::Invitation;
use hedgerow_transport::keys::{InvitationSecret, Psk, TagKey};
use hedgerow_transport::meeting::Declined;
use minicbor::{Decode, Encode};

use super::account::Account;
use super::fault::{CallError, LinkError, PeerFault};
use super::link::State;
use super::people::People;
use super::room::Room;
use super::{Now, Owners, Turn, rng};
use crate::api::{self, InvitationId, InvitationState, NewInvitation, Private, Refusal, Reply};
use crate::tables::{self, Table};

/// The most open invitations.
const MAX_INVITATIONS: usize = 64;

/// The most handshakes that one invitation answers.
const INVITATION_TRIES: u32 = 64;

/// The most handshakes that an invitation for a room answers.
const ROOM_TRIES: u32 = 1_024;

/// How long we still list an invitation that has ended, and answer joiners with the reason.
const AFTERLIFE_MS: i64 = 24 * 3_600_000;

/// The longest validity of an invitation, in seconds.
pub const MAX_VALID_S: u64 = 366 * 24 * 3_600;

/// The random name of an invitation that this device has made or is joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct InvitationKey(#[n(0)] pub u64);

impl InvitationKey {
    pub fn api_id(self) -> InvitationId {
        InvitationId(data_encoding::HEXLOWER.encode(&self.0.to_be_bytes()))
    }

    pub fn parse(id: &InvitationId) -> Option<InvitationKey> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(id.0.as_bytes())
            .ok()?;
        Some(InvitationKey(u64::from_be_bytes(bytes.try_into().ok()?)))
    }
}

/// What has become of an invitation of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Fate {
    #[n(0)]
    Open,
    #[n(1)]
    Used,
    #[n(2)]
    Cancelled,
    #[n(3)]
    Expired,
}

/// An invitation of ours.
#[derive(Encode, Decode)]
pub(crate) struct Made {
    #[cbor(n(0), with = "super::codec::fixed")]
    pub secret: InvitationSecret,
    /// The two keys that derive from the secret, kept because we try every first flight with them.
    #[cbor(n(1), with = "super::codec::fixed")]
    tag_key: TagKey,
    #[cbor(n(2), with = "super::codec::fixed")]
    psk: Psk,
    #[n(3)]
    link: String,
    #[n(4)]
    expires_ms: i64,
    #[n(5)]
    pub in_person: bool,
    #[n(6)]
    pub fate: Fate,
    /// When it ended, by our clock.
    #[n(7)]
    ended_ms: i64,
    /// The number of handshakes answered.
    #[n(8)]
    tries: u32,
    /// The device that used it.
    #[cbor(n(9), with = "super::codec::fixed_option", has_nil)]
    pub used_by: Option<DeviceId>,
    /// When it was made, by our clock.
    #[cbor(n(10), default)]
    made_ms: i64,
    /// What it is for if it is for many.
    #[n(11)]
    pub room: Option<Room>,
}

impl Made {
    /// Whether others may still use it.
    pub fn is_open(&self) -> bool {
        self.fate == Fate::Open
    }

    /// Whether we answer first flights under it: while it is open, and for a day after its end.
    pub fn answers(&self) -> bool {
        self.tries
            < match self.room {
                Some(_) => ROOM_TRIES,
                None => INVITATION_TRIES,
            }
    }

    /// Whether the device has used it, and may come again because it has lost our answer.
    pub fn was_used_by(&self, device: DeviceId) -> bool {
        match &self.room {
            Some(room) => room.was_used_by(device),
            None => self.used_by == Some(device),
        }
    }

    /// When it ends or has ended, by our clock.
    pub fn ends_ms(&self) -> i64 {
        self.next_change_ms()
    }

    pub fn tag_key(&self) -> &TagKey {
        &self.tag_key
    }

    /// Why this device cannot meet us by it; `None` if it can.
    pub fn declines(&self, device: DeviceId, wall_ms: i64) -> Option<Declined> {
        if self.was_used_by(device) {
            return None;
        }
        match self.fate {
            Fate::Open if wall_ms >= self.expires_ms => Some(Declined::Expired),
            Fate::Open => None,
            Fate::Used => Some(Declined::Used),
            Fate::Cancelled => Some(Declined::Cancelled),
            Fate::Expired => Some(Declined::Expired),
        }
    }

    /// Ends it, once.
    pub fn end(&mut self, fate: Fate, wall_ms: i64) {
        if self.is_open() {
            self.fate = fate;
            self.ended_ms = wall_ms;
        }
    }

    pub fn save(&self, txn: &mut dyn Txn, id: InvitationKey) -> Result<(), StorageError> {
        tables::save(txn, &Table::Invitations.key(&[&id.0.to_be_bytes()]), self)
    }

    fn view(&self, id: InvitationKey) -> api::Invitation {
        api::Invitation {
            id: id.api_id(),
            link: self.is_open().then(|| Private(self.link.clone())),
            made_ms: self.made_ms,
            expires_ms: self.expires_ms,
            in_person: self.in_person,
            state: match self.fate {
                Fate::Open => InvitationState::Open,
                Fate::Used => InvitationState::Used,
                Fate::Cancelled => InvitationState::Cancelled,
                Fate::Expired => InvitationState::Expired,
            },
            room: self.room.as_ref().map(Room::view),
        }
    }

    /// When time alone changes it next, by our wall clock: it expires, or we forget it.
    fn next_change_ms(&self) -> i64 {
        match self.fate {
            Fate::Open => self.expires_ms,
            Fate::Used | Fate::Cancelled | Fate::Expired => {
                self.ended_ms.saturating_add(AFTERLIFE_MS)
            }
        }
    }
}

impl Owners {
    pub(super) fn invite(
        &mut self,
        turn: &mut Turn<'_>,
        wish: &NewInvitation,
    ) -> Result<Reply, CallError> {
        let open = self
            .people
            .invitations
            .values()
            .filter(|made| made.is_open())
            .count();
        if open >= MAX_INVITATIONS {
            return Err(Refusal::TooManyInvitations {
                limit: MAX_INVITATIONS as u32,
            }
            .into());
        }
        let room = wish.group.as_ref().map(|group| self.open_room(group));
        let room = room.transpose()?;
        // What hangs on a wall, anybody may have hung there.
        let in_person = wish.in_person && room.is_none();
        let expires_s = (turn.now.wall_ms.max(0) as u64 / 1_000)
            .saturating_add(wish.valid_for_s.min(MAX_VALID_S));
        let secret = InvitationSecret::from_bytes(rng::bytes(turn.rng));
        let invitation = Invitation {
            secret: secret.clone(),
            inviter: self.people.inviter_hash(&self.account),
            expires_s,
            addresses: self.reach.invited_to(&self.account),
            in_person,
        };
        let link = invitation.link().map_err(|_| Refusal::Bug)?;
        let id = InvitationKey(turn.rng.next_u64());
        let made = Made {
            tag_key: secret.tag_key(),
            psk: secret.psk(),
            secret,
            link: link.to_string(),
            expires_ms: expires_s as i64 * 1_000,
            in_person,
            fate: Fate::Open,
            ended_ms: 0,
            tries: 0,
            used_by: None,
            made_ms: turn.now.wall_ms,
            room,
        };
        made.save(turn.txn, id)?;
        let view = made.view(id);
        self.people.invitations.insert(id, made);
        #[cfg(feature = "simulation")]
        self.people.hints.changed();
        turn.pending.invitations.insert(id);
        Ok(Reply::Invitation(view))
    }
}

impl People {
    pub(super) fn list_invitations(&self) -> Vec<api::Invitation> {
        let made = self.invitations.iter().map(|(id, made)| made.view(*id));
        let joining = self.joinings.iter().map(|(id, joining)| joining.view(*id));
        made.chain(joining).collect()
    }

    pub(super) fn cancel_invitation(
        &mut self,
        turn: &mut Turn<'_>,
        id: &InvitationId,
    ) -> Result<Reply, CallError> {
        let id = InvitationKey::parse(id).ok_or(Refusal::NoSuchInvitation)?;
        let made = self
            .invitations
            .get_mut(&id)
            .ok_or(Refusal::NoSuchInvitation)?;
        if made.is_open() {
            made.end(Fate::Cancelled, turn.now.wall_ms);
            made.save(turn.txn, id)?;
            turn.pending.invitations.insert(id);
        }
        Ok(Reply::Done)
    }

    /// Opens a joiner's first flight, commits its nonce and answers.
    pub(super) fn answer_joiner(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        id: InvitationKey,
        whole: Whole,
    ) -> Result<(Vec<u8>, State), LinkError> {
        let hash = self.inviter_hash(account);
        let made = self.invitations.get_mut(&id).ok_or(PeerFault::Handshake)?;
        let nonce = Table::InvitationNonces.key(&[&id.0.to_be_bytes(), &whole.nonce()]);
        if !made.answers() || turn.txn.get(&nonce)?.is_some() {
            return Err(PeerFault::Handshake.into());
        }
        let invited =
            whole.open_invited(&account.secrets.device_key, &hash, &made.psk, &mut turn.rng)?;
        made.tries += 1;
        made.save(turn.txn, id)?;
        turn.txn.put(&nonce, &[])?;
        let (flight, answered) = invited.answer(&mut turn.rng)?;
        Ok((flight, State::Answered(id, Box::new(answered))))
    }

    /// Ends invitations whose time is over, and forgets those that ended a day ago.
    pub(super) fn end_invitations(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let wall_ms = turn.now.wall_ms;
        let due: Vec<_> = self
            .invitations
            .iter()
            .filter(|(_, made)| made.next_change_ms() <= wall_ms)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(made) = self.invitations.get_mut(&id) else {
                continue;
            };
            if made.is_open() {
                made.end(Fate::Expired, wall_ms);
                made.save(turn.txn, id)?;
            } else {
                self.invitations.remove(&id);
                turn.txn
                    .remove(&Table::Invitations.key(&[&id.0.to_be_bytes()]))?;
                tables::remove_all(
                    turn.txn,
                    &Table::InvitationNonces.key(&[&id.0.to_be_bytes()]),
                )?;
            }
            turn.pending.invitations.insert(id);
        }
        Ok(())
    }

    /// When an invitation ends or is forgotten.
    pub(super) fn next_invitation_end_ms(&self, now: Now) -> Option<u64> {
        let next = self.invitations.values().map(Made::next_change_ms).min()?;
        Some(
            now.mono_ms
                .saturating_add(next.saturating_sub(now.wall_ms).max(0) as u64),
        )
    }
}
