//! Calls: each is answered exactly once, after the commit of its batch.

use hedgerow_sync::store::StorageError;

use super::account::MAX_NAME;
use super::fact::FactKind;
use super::fault::CallError;
use super::{CallId, Effects as _, Engine, Turn, View};
use crate::api::{Call, Private, Refusal, Reply};

impl Engine {
    /// Does what is asked, and answers.
    pub(super) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        call: Call,
    ) -> Result<(), StorageError> {
        let answer = match self.perform(turn, call) {
            Ok(reply) => Ok(reply),
            Err(CallError::Refused(refusal)) => Err(refusal),
            Err(CallError::Storage(error)) => return Err(error),
        };
        turn.out.answer(id, answer);
        Ok(())
    }

    fn perform(&mut self, turn: &mut Turn<'_>, call: Call) -> Result<Reply, CallError> {
        match call {
            Call::Me => Ok(Reply::Me(self.me())),
            Call::SetName(name) => self.set_name(turn, &name),
            Call::Invite(wish) => self.invite(turn, &wish),
            Call::Invitations => Ok(Reply::Invitations(self.list_invitations())),
            Call::CancelInvitation(id) => self.cancel_invitation(turn, &id),
            Call::Join(new) => self.join(turn, &new),
            Call::CancelJoin(id) => self.cancel_join(turn, &id),
            Call::Contacts => Ok(Reply::Contacts(self.list_contacts(turn.txn, turn.now)?)),
            Call::Contact(id) => self.show_contact(turn, &id),
            Call::SafetyWords(id) => self.safety_words(&id),
            Call::Ways(id) => {
                let identity = self.contact_named(&id)?;
                let view = View::of(&self.account, &self.people, &self.links);
                let ways = self.reach.ways(view, &self.links, identity, turn.now);
                Ok(Reply::Ways(ways))
            }
            Call::Verify(id, verified) => self.verify(turn, &id, verified),
            Call::Rename(id, alias) => self.rename(turn, &id, &alias),
            Call::Block(id, blocked) => self.block(turn, &id, blocked),
            Call::Remove(id) => self.remove(turn, &id),
            Call::Send(id, text) => self.send_text(turn, &id, &text),
            Call::SendDraft(id, text) => self.send_draft(turn, &id, &text),
            Call::SetDraft(id, text) => self.set_draft(turn, &id, &text),
            Call::Read(id, message) => self.read_up_to(turn, &id, &message),
            Call::React(id, message, emoji) => self.react(turn, &id, &message, &emoji),
            Call::Pin(id, message, pinned) => self.pin(turn, &id, &message, pinned),
            Call::Status => Ok(Reply::Status(self.status(turn.txn, turn.now)?)),
            Call::SwitchCarrier(carrier, on) => self.switch_carrier(turn, carrier, on),
            Call::AnnounceOver(carrier, announcing) => {
                self.announce_over(turn, carrier, announcing)
            }
            Call::SetRadio(radio) => self.set_radio(turn, radio),
            Call::AddRelay(relay) => self.add_relay(turn, &relay),
            Call::SetRelayPaths(paths) => self.set_relay_paths(turn, &paths),
            Call::RemoveRelay(relay) => self.remove_relay(turn, &relay),
            Call::CarryExport(id) => self.carry_export(turn, &id),
            Call::CarryImport(parcel) => self.carry_import(turn, &parcel),
        }
    }

    fn set_name(&mut self, turn: &mut Turn<'_>, name: &Private) -> Result<Reply, CallError> {
        let name = checked_name(name)?;
        if name.is_empty() {
            return Err(Refusal::Empty.into());
        }
        if name != self.account.told.name {
            self.account.told.name = name;
            turn.erased()?;
            self.name_changed(turn, self.account.identity());
            self.fact_changed(turn, FactKind::Profile)?;
        }
        Ok(Reply::Me(self.me()))
    }
}

/// A name without white space around it, within its limit.
pub(super) fn checked_name(name: &Private) -> Result<String, Refusal> {
    let name = name.0.trim();
    if name.len() > MAX_NAME {
        return Err(Refusal::TooLong {
            limit_bytes: MAX_NAME as u64,
            actual_bytes: name.len() as u64,
        });
    }
    Ok(name.to_owned())
}
