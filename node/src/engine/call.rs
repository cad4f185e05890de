//! Calls: each is answered exactly once, after the commit of its batch.

use hedgerow_sync::store::StorageError;

use super::contacts::Kept;
use super::fact::FactKind;
use super::fault::CallError;
use super::{CallId, Effects as _, Engine, Owners, Turn, View};
use crate::api::{Call, Private, Reply, typed};

impl Owners {
    fn set_name(&mut self, turn: &mut Turn<'_>, name: &Private) -> Result<Reply, CallError> {
        let name = typed::own_name(&name.0)?;
        if name != self.account.told.name {
            self.account.told.name = name;
            turn.erased()?;
            self.people
                .name_changed(&self.account, turn, self.account.identity());
            self.fact_changed(turn, FactKind::Profile)?;
        }
        Ok(Reply::Me(self.me()))
    }
}

impl Engine {
    /// Executes a call, and answers it.
    pub(super) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        call: Call,
    ) -> Result<(), StorageError> {
        let answer = match self.perform(turn, id, call) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => return Ok(()),
            Err(CallError::Refused(refusal)) => Err(refusal),
            Err(CallError::Storage(error)) => return Err(error),
        };
        turn.out.answer(id, answer);
        Ok(())
    }

    /// Executes a call. Gives the answer, or nothing if a later turn answers.
    fn perform(
        &mut self,
        turn: &mut Turn<'_>,
        id: CallId,
        call: Call,
    ) -> Result<Option<Reply>, CallError> {
        let reply = match call {
            Call::Me => Ok(Reply::Me(self.owners.me())),
            Call::SetName(name) => self.owners.set_name(turn, &name),
            Call::SetReceipts(receipts) => self.owners.set_receipts(turn, receipts),
            Call::Invite(wish) => self.owners.invite(turn, &wish),
            Call::Invitations => Ok(Reply::Invitations(self.owners.people.list_invitations())),
            Call::CancelInvitation(id) => self.owners.people.cancel_invitation(turn, &id),
            Call::Join(new) => self.owners.join(turn, &new),
            Call::CancelJoin(id) => self.owners.cancel_join(turn, &id),
            Call::Contacts => Ok(Reply::Contacts(self.list_contacts(turn.now))),
            Call::Contact(id) => self.show_contact(&id, turn.now),
            Call::SafetyWords(id) => self.owners.people.safety_words(&self.owners.account, &id),
            Call::Ways(id) => {
                let identity = self.owners.people.contact_named(&id)?;
                let view = View::of(
                    &self.owners.account,
                    &self.owners.people,
                    &self.owners.sessions,
                );
                let ways = self
                    .owners
                    .reach
                    .ways(view, &self.links, identity, turn.now);
                Ok(Reply::Ways(ways))
            }
            Call::Verify(id, verified) => self.verify(turn, &id, verified),
            Call::Rename(id, alias) => self.rename(turn, &id, &alias),
            Call::Block(id, blocked) => self.block(turn, &id, blocked),
            Call::Remove(id) => self.remove(turn, &id, Kept::Nothing),
            Call::RemoveKeeping(id) => self.remove(turn, &id, Kept::Conversation),
            Call::Conversations => Ok(Reply::Conversations(
                self.owners.list_conversations(turn.txn, turn.now)?,
            )),
            Call::Conversation(id) => self.owners.show_conversation(turn, &id),
            Call::Send(id, message) => self.owners.send_message(turn, &id, &message),
            Call::Edit(id, message, text) => self.owners.edit(turn, &id, &message, &text),
            Call::Forward(id, message, to) => self.owners.forward(turn, &id, &message, &to),
            Call::SendDraft(id, draft) => self.owners.send_draft(turn, &id, &draft),
            Call::SetDraft(id, draft) => self.owners.set_draft(turn, &id, &draft),
            Call::KeepRecording(id, from, part) => {
                self.owners.keep_recording(turn, &id, from, &part)
            }
            Call::DropRecording(id) => self.owners.drop_recording(turn, &id),
            Call::Read(id, message) => self.owners.read_up_to(turn, &id, &message),
            Call::React(id, message, emoji) => self.owners.react(turn, &id, &message, &emoji),
            Call::Pin(id, message, pinned) => self.owners.pin(turn, &id, &message, pinned),
            Call::Notes => self.owners.notes(turn),
            Call::NewGroup(name) => self.owners.new_group(turn, &name),
            Call::InviteToGroup(id, contact) => self.owners.invite_to_group(turn, &id, &contact),
            Call::JoinGroup(id, message) => self.owners.join_group(turn, &id, &message),
            Call::DeclineGroup(id, message) => self.owners.decline_group(turn, &id, &message),
            Call::Members(id) => self.owners.list_members(turn, &id),
            Call::SetLevel(id, member, level) => self.owners.set_level(turn, &id, &member, level),
            Call::Holders(id, message) => self.owners.holders(turn, &id, &message),
            Call::Restart(id, without, name) => {
                self.owners
                    .restart_group(turn, &id, &without, name.as_ref())
            }
            Call::Object(id) => self.owners.object(turn, &id),
            Call::LeaveGroup(id) => self.owners.leave_group(turn, &id),
            Call::EraseConversation(id) => self.owners.erase_conversation(turn, &id),
            Call::Star(id, message, starred) => self.owners.star(turn, &id, &message, starred),
            Call::Mute(id, muted) => self.owners.mute(turn, &id, muted),
            Call::Archive(id, archived) => self.owners.archive(turn, &id, archived),
            Call::MarkUnread(id, unread) => self.owners.mark_unread(turn, &id, unread),
            Call::SetTimer(id, seconds) => self.owners.set_timer(turn, &id, seconds),
            Call::SendAgain(id, message) => self.owners.send_again(turn, &id, &message),
            Call::WantFile(id, message, wanted) => {
                self.owners.want_file(turn, &id, &message, wanted)
            }
            Call::CancelFile(id, message) => self.owners.cancel_file(turn, &id, &message),
            Call::FreeFile(id, message) => self.owners.free_file(turn, &id, &message),
            Call::Delete(id, message, for_all) => self.owners.delete(turn, &id, &message, for_all),
            Call::Status => Ok(Reply::Status(self.status(turn.txn, turn.now)?)),
            Call::SwitchCarrier(carrier, on) => self.owners.switch_carrier(turn, carrier, on),
            Call::AnnounceOver(carrier, announcing) => {
                self.owners.announce_over(turn, carrier, announcing)
            }
            Call::SetRadio(radio) => self.owners.set_radio(turn, radio),
            Call::AddRelay(relay) => self.owners.add_relay(turn, &relay),
            Call::SetRelayPaths(paths) => self.owners.set_relay_paths(turn, &paths),
            Call::RemoveRelay(relay) => self.owners.remove_relay(turn, &relay),
            Call::Carry(step) => return self.carry(turn, id, step),
        };
        reply.map(Some)
    }
}
