//! The one list of everything that can be asked of a node.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;

use super::types::*;

/// What happens from the moment of asking on; it ends when the node does.
pub type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The most messages of one page.
pub const MAX_PAGE: u32 = 500;

/// A node, in this process or in another one.
///
/// While a node is locked it answers [`Api::status`], [`Api::unlock`], [`Api::wipe`],
/// [`Api::handover`], [`Api::stop`] and [`Api::events`]; all else is refused with
/// [`Refusal::Locked`].
#[async_trait]
pub trait Api: Send + Sync {
    /// Makes a call of the engine. The methods below are the same by name, with their own types.
    async fn call(&self, call: Call) -> Answer;

    /// Part of a conversation, at most `limit` messages (1 to [`MAX_PAGE`]), oldest first.
    async fn page(&self, contact: &ContactId, from: PageFrom, limit: u32) -> Result<Page, Refusal>;

    /// One message of a conversation.
    async fn message(&self, contact: &ContactId, id: &MessageId) -> Result<Message, Refusal>;

    /// What happens from now on.
    async fn events(&self) -> Result<Events, Refusal>;

    /// Live state; works locked.
    async fn status(&self) -> Result<NodeStatus, Refusal>;

    /// Opens the store and goes on the air.
    async fn unlock(&self, passphrase: Passphrase) -> Result<(), Refusal>;

    /// Drops all keys, closes the store and goes off the air.
    async fn lock(&self) -> Result<(), Refusal>;

    /// Says whether this is the passphrase, for a program that has locked its screen: the node stays as
    /// it is.
    async fn check_passphrase(&self, passphrase: Passphrase) -> Result<(), Refusal>;

    /// Wraps the data key under another passphrase.
    async fn change_passphrase(&self, current: Passphrase, new: Passphrase) -> Result<(), Refusal>;

    /// Rewrites the store under a fresh key, so that what was deleted cannot be dug out of free space.
    /// Without room for the copy it is refused, and the node goes on with the store it has.
    async fn erase(&self) -> Result<(), Refusal>;

    /// Destroys the keys and everything in the data directory, for good; works locked. The node
    /// stops.
    async fn wipe(&self) -> Result<(), Refusal>;

    /// Commits, closes the store and releases the data directory to another process, which says
    /// who it is. The node stops.
    async fn handover(&self, to: String) -> Result<(), Refusal>;

    /// Commits, closes the store and stops the node.
    async fn stop(&self) -> Result<(), Refusal>;

    /// Who this node is.
    async fn me(&self) -> Result<Me, Refusal> {
        match self.call(Call::Me).await? {
            Reply::Me(me) => Ok(me),
            _ => Err(Refusal::Bug),
        }
    }

    /// Changes the name that contacts are told.
    async fn set_name(&self, name: Private) -> Result<Me, Refusal> {
        match self.call(Call::SetName(name)).await? {
            Reply::Me(me) => Ok(me),
            _ => Err(Refusal::Bug),
        }
    }

    /// Makes an invitation.
    async fn invite(&self, invitation: NewInvitation) -> Result<Invitation, Refusal> {
        match self.call(Call::Invite(invitation)).await? {
            Reply::Invitation(invitation) => Ok(invitation),
            _ => Err(Refusal::Bug),
        }
    }

    /// Open and recently ended invitations, and the joins under way.
    async fn invitations(&self) -> Result<Vec<Invitation>, Refusal> {
        match self.call(Call::Invitations).await? {
            Reply::Invitations(invitations) => Ok(invitations),
            _ => Err(Refusal::Bug),
        }
    }

    /// Cancels an invitation.
    async fn cancel_invitation(&self, id: InvitationId) -> Result<(), Refusal> {
        done(self.call(Call::CancelInvitation(id)).await)
    }

    /// Begins to meet the maker of a link; [`Event::Joined`] or [`Event::JoinFailed`] follow.
    async fn join(&self, link: Private) -> Result<InvitationId, Refusal> {
        match self.call(Call::Join(link)).await? {
            Reply::Joining(id) => Ok(id),
            _ => Err(Refusal::Bug),
        }
    }

    /// Gives up a join.
    async fn cancel_join(&self, id: InvitationId) -> Result<(), Refusal> {
        done(self.call(Call::CancelJoin(id)).await)
    }

    /// All contacts.
    async fn contacts(&self) -> Result<Vec<Contact>, Refusal> {
        match self.call(Call::Contacts).await? {
            Reply::Contacts(contacts) => Ok(contacts),
            _ => Err(Refusal::Bug),
        }
    }

    /// One contact.
    async fn contact(&self, id: ContactId) -> Result<Contact, Refusal> {
        contact(self.call(Call::Contact(id)).await)
    }

    /// The twelve words to compare with a contact.
    async fn safety_words(&self, id: ContactId) -> Result<SafetyWords, Refusal> {
        match self.call(Call::SafetyWords(id)).await? {
            Reply::SafetyWords(words) => Ok(words),
            _ => Err(Refusal::Bug),
        }
    }

    /// How each carrier stands with a contact, the better ones first.
    async fn ways(&self, id: ContactId) -> Result<Vec<WayStatus>, Refusal> {
        match self.call(Call::Ways(id)).await? {
            Reply::Ways(ways) => Ok(ways),
            _ => Err(Refusal::Bug),
        }
    }

    /// Says that the words were compared, or takes it back.
    async fn verify(&self, id: ContactId, verified: bool) -> Result<Contact, Refusal> {
        contact(self.call(Call::Verify(id, verified)).await)
    }

    /// Gives a contact a name of one's own; an empty one takes it back.
    async fn rename(&self, id: ContactId, alias: Private) -> Result<Contact, Refusal> {
        contact(self.call(Call::Rename(id, alias)).await)
    }

    /// Blocks or unblocks a contact.
    async fn block(&self, id: ContactId, blocked: bool) -> Result<Contact, Refusal> {
        contact(self.call(Call::Block(id, blocked)).await)
    }

    /// Forgets a contact and the conversation.
    async fn remove(&self, id: ContactId) -> Result<(), Refusal> {
        done(self.call(Call::Remove(id)).await)
    }

    /// Writes a text; it is durable when this returns.
    async fn send(&self, to: ContactId, text: Private) -> Result<MessageId, Refusal> {
        match self.call(Call::Send(to, text)).await? {
            Reply::Sent(id) => Ok(id),
            _ => Err(Refusal::Bug),
        }
    }

    /// Keeps a text that is being written, of at most the length of one that can be sent; an empty one
    /// takes it away. [`Contact::draft`] has it. No event tells of it.
    async fn set_draft(&self, contact: ContactId, text: Private) -> Result<(), Refusal> {
        done(self.call(Call::SetDraft(contact, text)).await)
    }

    /// The reader has seen everything up to and including this message.
    async fn mark_read(&self, contact: ContactId, upto: MessageId) -> Result<(), Refusal> {
        done(self.call(Call::Read(contact, upto)).await)
    }

    /// Switches a carrier on or off.
    async fn switch_carrier(&self, carrier: Carrier, on: bool) -> Result<(), Refusal> {
        done(self.call(Call::SwitchCarrier(carrier, on)).await)
    }

    /// Announces this device over a carrier, or only looks for others there.
    async fn announce_over(&self, carrier: Carrier, announcing: bool) -> Result<(), Refusal> {
        done(self.call(Call::AnnounceOver(carrier, announcing)).await)
    }

    /// Uses the radio in this way, also after a restart. [`Status::radio`] has it.
    async fn set_radio(&self, radio: Radio) -> Result<(), Refusal> {
        done(self.call(Call::SetRadio(radio)).await)
    }

    /// Uses a relay: a multiaddress that ends with its name.
    async fn add_relay(&self, address: Private) -> Result<(), Refusal> {
        done(self.call(Call::AddRelay(address)).await)
    }

    /// Uses a relay no more.
    async fn remove_relay(&self, address: Private) -> Result<(), Refusal> {
        done(self.call(Call::RemoveRelay(address)).await)
    }

    /// Reaches relays, and others, like this from now on. What goes on over relays begins anew.
    async fn set_relay_paths(&self, paths: RelayPaths) -> Result<(), Refusal> {
        done(self.call(Call::SetRelayPaths(paths)).await)
    }

    /// Seals everything a contact has not acknowledged into a parcel.
    async fn carry_export(&self, to: ContactId) -> Result<Vec<u8>, Refusal> {
        match self.call(Call::CarryExport(to)).await? {
            Reply::Parcel(parcel) => Ok(parcel),
            _ => Err(Refusal::Bug),
        }
    }

    /// Takes in a parcel that a contact made.
    async fn carry_import(&self, parcel: Vec<u8>) -> Result<Imported, Refusal> {
        match self.call(Call::CarryImport(parcel)).await? {
            Reply::Imported(imported) => Ok(imported),
            _ => Err(Refusal::Bug),
        }
    }
}

fn done(answer: Answer) -> Result<(), Refusal> {
    match answer? {
        Reply::Done => Ok(()),
        _ => Err(Refusal::Bug),
    }
}

fn contact(answer: Answer) -> Result<Contact, Refusal> {
    match answer? {
        Reply::Contact(contact) => Ok(contact),
        _ => Err(Refusal::Bug),
    }
}
