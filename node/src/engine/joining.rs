//! Joining by somebody's invitation (`docs/PROTOCOL.md` section 10). A join continues, also over restarts, until the
//! two are contacts, the inviter declines, or the user gives up.

use hedgerow_sync::store::{StorageError, Txn};
use hedgerow_transport::handshake::Joining as Flight;
use hedgerow_transport::invitation::{Invitation, LinkError};
use minicbor::{Decode, Encode};

use super::account::Account;
use super::fault::CallError;
use super::invitation::InvitationKey;
use super::link::State;
use super::people::People;
use super::reach::dialling::Target;
use super::reach::endpoint::Endpoint;
use super::{Owners, Turn};
use crate::api::{
    self, InvitationId, InvitationState, JoinProblem, LinkSource, NewJoin, Refusal, Reply,
};
use crate::tables::{self, Table};

/// The most invitations joined at once.
const MAX_JOININGS: usize = 64;

/// An invitation that we are joining.
pub(crate) struct Joining {
    pub invitation: Invitation,
    link: String,
    /// Whether our own camera has read it.
    seen: bool,
    /// When it began, by our clock.
    began_ms: i64,
    /// Whether the user already knows that nobody answers.
    pub told_no_answer: bool,
}

/// The row of a [`Joining`].
#[derive(Encode, Decode)]
struct JoiningRecord {
    #[n(0)]
    link: String,
    #[n(1)]
    seen: bool,
    #[cbor(n(2), default)]
    began_ms: i64,
}

impl Joining {
    /// Reads all rows of the table.
    pub fn load(
        reader: &dyn hedgerow_sync::store::Reader,
    ) -> Result<Vec<(InvitationKey, Joining)>, StorageError> {
        let records: Vec<(Vec<u8>, JoiningRecord)> = tables::load_all(reader, Table::Joinings)?;
        records
            .into_iter()
            .map(|(key, record)| {
                let id = u64::from_be_bytes(key.try_into().map_err(|_| tables::damaged())?);
                let invitation = Invitation::parse(&record.link).map_err(|_| tables::damaged())?;
                Ok((
                    InvitationKey(id),
                    Joining {
                        invitation,
                        link: record.link,
                        seen: record.seen,
                        began_ms: record.began_ms,
                        told_no_answer: false,
                    },
                ))
            })
            .collect()
    }

    fn save(&self, txn: &mut dyn Txn, id: InvitationKey) -> Result<(), StorageError> {
        let record = JoiningRecord {
            link: self.link.clone(),
            seen: self.seen,
            began_ms: self.began_ms,
        };
        tables::save(txn, &Table::Joinings.key(&[&id.0.to_be_bytes()]), &record)
    }

    /// Whether our camera has read it from the screen of the person who showed it. What the link says of itself is no
    /// proof.
    pub fn is_in_person(&self) -> bool {
        self.seen && self.invitation.in_person
    }

    pub fn endpoints(&self) -> Vec<Endpoint> {
        Endpoint::parse_all(self.invitation.addresses.iter().map(|address| &address.0))
    }

    pub fn view(&self, id: InvitationKey) -> api::Invitation {
        api::Invitation {
            id: id.api_id(),
            link: None,
            made_ms: self.began_ms,
            expires_ms: i64::try_from(self.invitation.expires_s)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000),
            in_person: self.is_in_person(),
            state: InvitationState::Joining,
            room: None,
        }
    }
}

impl Owners {
    pub(super) fn join(&mut self, turn: &mut Turn<'_>, new: &NewJoin) -> Result<Reply, CallError> {
        let NewJoin { link, source } = new;
        let seen = *source == LinkSource::Camera;
        let invitation = Invitation::parse(&link.0).map_err(|error| match error {
            LinkError::NewerVersion => Refusal::NewerLink,
            LinkError::NotAnInvitation | LinkError::Damaged => Refusal::BadLink,
        })?;
        if invitation.inviter == self.people.inviter_hash(&self.account) {
            return Err(Refusal::OwnLink.into());
        }
        if let Some(blocked) = self.people.maker(&invitation.inviter) {
            return Err(if blocked {
                Refusal::Blocked
            } else {
                Refusal::AlreadyContact
            }
            .into());
        }
        let mut joinings = self.people.joinings.iter_mut();
        let known = joinings.find(|(_, joining)| {
            let known = &joining.invitation;
            (&known.secret, &known.inviter) == (&invitation.secret, &invitation.inviter)
        });
        if let Some((id, joining)) = known {
            let id = *id;
            if seen && !joining.is_in_person() {
                joining.invitation = invitation;
                joining.link = link.0.trim().to_owned();
                joining.seen = true;
                joining.save(turn.txn, id)?;
            }
            self.reach
                .refresh_target(Target::Inviter(id), turn.now.mono_ms);
            return Ok(Reply::Joining(id.api_id()));
        }
        if self.people.joinings.len() >= MAX_JOININGS {
            return Err(Refusal::TooManyInvitations {
                limit: MAX_JOININGS as u32,
            }
            .into());
        }
        let id = InvitationKey(turn.rng.next_u64());
        let joining = Joining {
            invitation,
            link: link.0.trim().to_owned(),
            seen,
            began_ms: turn.now.wall_ms,
            told_no_answer: false,
        };
        joining.save(turn.txn, id)?;
        self.people.joinings.insert(id, joining);
        self.reach.want(Target::Inviter(id), turn.now.mono_ms);
        turn.pending.invitations.insert(id);
        Ok(Reply::Joining(id.api_id()))
    }

    pub(super) fn cancel_join(
        &mut self,
        turn: &mut Turn<'_>,
        id: &InvitationId,
    ) -> Result<Reply, CallError> {
        let id = InvitationKey::parse(id).ok_or(Refusal::NoSuchInvitation)?;
        if !self.people.joinings.contains_key(&id) {
            return Err(Refusal::NoSuchInvitation.into());
        }
        self.joining_over(turn, id)?;
        Ok(Reply::Done)
    }

    /// Forgets a join that has ended in any way.
    pub(super) fn joining_over(
        &mut self,
        turn: &mut Turn<'_>,
        id: InvitationKey,
    ) -> Result<(), StorageError> {
        self.people.joinings.remove(&id);
        self.reach.drop_target(Target::Inviter(id));
        turn.pending.invitations.insert(id);
        turn.txn
            .remove(&Table::Joinings.key(&[&id.0.to_be_bytes()]))
    }
}

impl People {
    /// Begins a meeting: makes the first flight.
    pub(super) fn dial_inviter(
        &mut self,
        account: &Account,
        turn: &mut Turn<'_>,
        id: InvitationKey,
    ) -> Option<(State, Vec<u8>)> {
        let invitation = &self.joinings.get(&id)?.invitation;
        let (joining, flight) = Flight::new(
            &account.secrets.device_key,
            &invitation.inviter,
            &invitation.secret.tag_key(),
            &invitation.secret.psk(),
            &mut turn.rng,
        );
        Some((State::Joining(id, Box::new(joining)), flight))
    }

    /// Nobody answered in a whole round of attempts. Tells the user, once for each join.
    pub(super) fn inviter_silent(&mut self, turn: &mut Turn<'_>, id: InvitationKey) {
        if let Some(joining) = self.joinings.get_mut(&id)
            && !std::mem::replace(&mut joining.told_no_answer, true)
        {
            turn.pending.join_problems.push((id, JoinProblem::NoAnswer));
        }
    }
}
