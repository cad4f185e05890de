//! Everything that can be asked of a node: one row for each call, in one table.
//!
//! From a row come the variant of [`Call`] or [`HostCall`], which the engine, the recording and the window
//! use, the method of `Api`, the request of the client, the route of the server and its part of the OpenAPI
//! document.
//!
//! ```text
//! /// What it does, for programmers: the first paragraph is its summary in OpenAPI.
//! Name(what stands in the path; what stands in the body) -> Answer = method_of_api, METHOD "/v1/path", note;
//! ```
//!
//! The body is a JSON object of what stands after the semicolon. The note is optional: `own_body` says that
//! `server::wire` reads and writes the body in another way, `rewrites` that the call may rewrite the store and
//! takes as long as the disk needs. An answer is one of [`Reply`]; `()` is [`Reply::Done`].

use serde::{Deserialize, Serialize};

use super::*;
use crate::parcel::steps::{Step, Stepped};

/// Hands the table to a macro: first the calls that the engine answers, then those of its host.
macro_rules! calls {
    ($generate:ident) => {
        $generate! {
            engine {
                /// Who this node is.
                Me -> Me = me, GET "/v1/me";

                /// Change the name that contacts are told.
                SetName(; name: Private) -> Me = set_name, PUT "/v1/me";

                /// Tell contacts what is read from now on, and show what they have read; or neither. What was told stays
                /// told.
                SetReceipts(; receipts: bool) -> Me = set_receipts, PUT "/v1/receipts";

                /// Open and recently ended invitations, and the joins under way.
                Invitations -> Vec<Invitation> = invitations, GET "/v1/invitations";

                /// Make an invitation.
                Invite(; #[serde(flatten)] invitation: NewInvitation) -> Invitation
                    = invite, POST "/v1/invitations";

                /// Cancel an invitation.
                CancelInvitation(invitation: InvitationId;) -> ()
                    = cancel_invitation, DELETE "/v1/invitations/{invitation}";

                /// Join by a link: look for who made it, and meet; events say how it ends. The attempt goes on, and
                /// survives a restart, until it ends so.
                Join(; #[serde(flatten)] join: NewJoin) -> InvitationId = join, POST "/v1/joins";

                /// Give up a join.
                CancelJoin(invitation: InvitationId;) -> () = cancel_join, DELETE "/v1/joins/{invitation}";

                /// All contacts.
                Contacts -> Vec<Contact> = contacts, GET "/v1/contacts";

                /// One contact.
                Contact(contact: ContactId;) -> Contact = contact, GET "/v1/contacts/{contact}";

                /// Forget a contact and the conversation.
                Remove(contact: ContactId;) -> () = remove, DELETE "/v1/contacts/{contact}";

                /// Forget a contact and keep what was said: the conversation stays without members, and nobody can
                /// write there.
                RemoveKeeping(contact: ContactId;) -> Conversation
                    = remove_keeping, POST "/v1/contacts/{contact}/former";

                /// The twelve words to compare. They take long to compute: the engine answers with what they
                /// derive from, and its host computes them.
                SafetyWords(contact: ContactId;) -> SafetyWords
                    = safety_words, GET "/v1/contacts/{contact}/safety-words";

                /// How each carrier stands with a contact, the better ones first.
                Ways(contact: ContactId;) -> Vec<WayStatus> = ways, GET "/v1/contacts/{contact}/ways";

                /// Say that the safety words were compared, or take it back.
                Verify(contact: ContactId; verified: bool) -> Contact
                    = verify, PUT "/v1/contacts/{contact}/verified";

                /// Give a contact a name of one's own; an empty one takes it back.
                Rename(contact: ContactId; name: Private) -> Contact
                    = rename, PUT "/v1/contacts/{contact}/name";

                /// Block or unblock a contact; both redraw the beacon key.
                Block(contact: ContactId; blocked: bool) -> Contact
                    = block, PUT "/v1/contacts/{contact}/blocked";

                /// All conversations.
                Conversations -> Vec<Conversation> = conversations, GET "/v1/conversations";

                /// One conversation.
                Conversation(conversation: ConversationId;) -> Conversation
                    = conversation, GET "/v1/conversations/{conversation}";

                /// The notes to oneself, which the first call begins.
                Notes -> Conversation = notes, PUT "/v1/notes";

                /// Make a group, with ourselves as its only member and admin.
                NewGroup(; name: Private) -> Conversation = new_group, POST "/v1/groups";

                /// Invite a contact into a group. The invitation goes with their chat; events say who has come.
                InviteToGroup(conversation: ConversationId; contact: ContactId) -> MessageId
                    = invite_to_group, POST "/v1/conversations/{conversation}/invitations";

                /// Accept an invitation that a contact has sent. The group is here at once; we are in when the contact has
                /// heard of it.
                JoinGroup(conversation: ConversationId, message: MessageId;) -> Conversation
                    = join_group, PUT "/v1/conversations/{conversation}/messages/{message}/invitation";

                /// Decline an invitation that a contact has sent.
                DeclineGroup(conversation: ConversationId, message: MessageId;) -> ()
                    = decline_group, DELETE "/v1/conversations/{conversation}/messages/{message}/invitation";

                /// Everybody who is in a group, and ourselves.
                Members(conversation: ConversationId;) -> Vec<Member>
                    = members, GET "/v1/conversations/{conversation}/members";

                /// Appoint a member, lower an admin, or remove somebody. Answers with everybody who is in then.
                SetLevel(conversation: ConversationId, member: MemberId; level: MemberLevel) -> Vec<Member>
                    = set_level, PUT "/v1/conversations/{conversation}/members/{member}";

                /// Which members of a group have a message of ours, by what each has said itself or signed after it; and
                /// why not.
                Holders(conversation: ConversationId, message: MessageId;) -> Vec<Holding>
                    = holders, GET "/v1/conversations/{conversation}/messages/{message}/members";

                /// Make a group that continues another one without some of its people, and invite our contacts among the
                /// others. Each comes in by accepting; the old group is archived where somebody has. Its name is that of the
                /// old one if none is given.
                Restart(conversation: ConversationId; #[serde(default)] without: Vec<MemberId>, #[serde(default)] name: Option<Private>)
                    -> Restarted = restart, POST "/v1/conversations/{conversation}/restart";

                /// Leave a group. What was written there stays here until it is erased.
                LeaveGroup(conversation: ConversationId;) -> ()
                    = leave_group, POST "/v1/conversations/{conversation}/leave";

                /// Erase a conversation without members: notes to oneself, what is left of a chat with a former contact,
                /// or a group that we are not in.
                EraseConversation(conversation: ConversationId;) -> ()
                    = erase_conversation, DELETE "/v1/conversations/{conversation}";

                /// Write a message; it is durable when this answers, and delivered when an event says so.
                Send(conversation: ConversationId; #[serde(flatten)] message: NewMessage) -> MessageId
                    = send, POST "/v1/conversations/{conversation}/messages";

                /// Edit one of our own messages: this is its text from now on. A message takes 100 edits.
                Edit(conversation: ConversationId, message: MessageId; text: Private) -> ()
                    = edit, PUT "/v1/conversations/{conversation}/messages/{message}/text";

                /// Write the text of a message into other conversations, as new messages that name no origin:
                /// into all of them or into none. Its file goes with it, sealed anew for each: then the
                /// conversations before one that refuses have it.
                Forward(conversation: ConversationId, message: MessageId; to: Vec<ConversationId>)
                    -> Vec<MessageId>
                    = forward, POST "/v1/conversations/{conversation}/messages/{message}/forward";

                /// Write what was being written: as a message or an edit, and the draft is gone with it. Answers
                /// with the message, new or edited.
                SendDraft(conversation: ConversationId; #[serde(flatten)] draft: Draft) -> MessageId
                    = send_draft, POST "/v1/conversations/{conversation}/draft";

                /// Keep what is being written, of at most the length of a text that can be sent; an empty
                /// plain text takes it away. The conversation has it as `draft`. No event tells of it.
                SetDraft(conversation: ConversationId; #[serde(flatten)] draft: Draft) -> ()
                    = set_draft, PUT "/v1/conversations/{conversation}/draft";

                /// Keep a part of a voice note that is being recorded: the bytes of its file from `from` on, at most
                /// 64 KiB. They follow what is kept, or begin another one with byte 0. The conversation has its length
                /// as `recording`; it may have 4 MiB.
                KeepRecording(conversation: ConversationId, from: u64; part: Vec<u8>) -> ()
                    = keep_recording, PUT "/v1/conversations/{conversation}/recording/{from}", own_body;

                /// Forget the voice note that is being recorded, if there is one.
                DropRecording(conversation: ConversationId;) -> ()
                    = drop_recording, DELETE "/v1/conversations/{conversation}/recording";

                /// Everything up to and including this message has been seen.
                Read(conversation: ConversationId; message: MessageId) -> ()
                    = mark_read, PUT "/v1/conversations/{conversation}/read";

                /// Put one emoji on a message, in place of the one that we put there before; an empty one takes
                /// it back.
                React(conversation: ConversationId, message: MessageId; emoji: Private) -> ()
                    = react, PUT "/v1/conversations/{conversation}/messages/{message}/reaction";

                /// Pin a message for everybody in the conversation, or take it down. The last who did either
                /// decides.
                Pin(conversation: ConversationId, message: MessageId; pinned: bool) -> ()
                    = pin, PUT "/v1/conversations/{conversation}/messages/{message}/pinned";

                /// Star a message, or take the star off: on this device alone.
                Star(conversation: ConversationId, message: MessageId; starred: bool) -> ()
                    = star, PUT "/v1/conversations/{conversation}/messages/{message}/starred";

                /// Mute a conversation, so that nothing notifies of its messages; `null` takes it back.
                Mute(conversation: ConversationId; muted: Option<Muted>) -> Conversation
                    = mute, PUT "/v1/conversations/{conversation}/muted";

                /// Archive a conversation, or take it back. A message of somebody else brings it back, unless it is
                /// muted.
                Archive(conversation: ConversationId; archived: bool) -> Conversation
                    = archive, PUT "/v1/conversations/{conversation}/archived";

                /// Mark a conversation as unread, or take the mark back; so does reading there.
                MarkUnread(conversation: ConversationId; unread: bool) -> Conversation
                    = mark_unread, PUT "/v1/conversations/{conversation}/unread";

                /// Let what is written from now on disappear after so many seconds, from a minute to a year; 0 lets it
                /// stay.
                SetTimer(conversation: ConversationId; seconds: u64) -> ()
                    = set_timer, PUT "/v1/conversations/{conversation}/timer";

                /// Write a lapsed message anew, in place of the old one.
                SendAgain(conversation: ConversationId, message: MessageId;) -> MessageId
                    = send_again, POST "/v1/conversations/{conversation}/messages/{message}/again";

                /// Delete a message: on this device, or one of our own for everybody.
                Delete(conversation: ConversationId, message: MessageId; for_all: bool) -> Deletion
                    = delete, DELETE "/v1/conversations/{conversation}/messages/{message}";

                /// Ask for the file of a message, whatever loads by itself, or decline it. What was declined can be asked
                /// for as long as somebody has it.
                WantFile(conversation: ConversationId, message: MessageId; wanted: bool) -> ()
                    = want_file, PUT "/v1/conversations/{conversation}/messages/{message}/file/wanted";

                /// Take back the file of a message of ours that is on its way: what has come of it is deleted. One that
                /// has reached everybody is refused. One that nobody was offered goes without a trace.
                CancelFile(conversation: ConversationId, message: MessageId;) -> ()
                    = cancel_file, POST "/v1/conversations/{conversation}/messages/{message}/file/cancel";

                /// Free the room that the file of a message takes on this device; the message stays. A file of our own
                /// that has not reached everybody is refused.
                FreeFile(conversation: ConversationId, message: MessageId;) -> ()
                    = free_file, DELETE "/v1/conversations/{conversation}/messages/{message}/file";

                /// Switch a carrier on or off.
                SwitchCarrier(carrier: Carrier; on: bool) -> () = switch_carrier, PUT "/v1/carriers/{carrier}";

                /// Announce this device over a carrier, or only look for others there.
                AnnounceOver(carrier: Carrier; announcing: bool) -> ()
                    = announce_over, PUT "/v1/carriers/{carrier}/announcing";

                /// Say how Bluetooth is to use its radio, also after a restart. `status` has it.
                SetRadio(; #[serde(flatten)] radio: Radio) -> () = set_radio, PUT "/v1/radio";

                /// Use a relay: a multiaddress that ends with its name. `status` lists relays, those that are
                /// offered too.
                AddRelay(; address: Private) -> () = add_relay, POST "/v1/relays";

                /// Use a relay no more.
                RemoveRelay(; address: Private) -> () = remove_relay, DELETE "/v1/relays";

                /// Reach relays, and others, like this from now on. What goes on over relays begins anew.
                SetRelayPaths(; paths: RelayPaths) -> () = set_relay_paths, PUT "/v1/relays/paths";

            }
            host {
                /// Live state; works locked.
                Status -> NodeStatus = status, GET "/v1/status";

                /// Part of a conversation, at most `limit` messages, oldest first.
                Page(conversation: ConversationId; from: PageFrom, limit: u32) -> Page
                    = page, GET "/v1/conversations/{conversation}/messages", own_body;

                /// One message.
                Message(conversation: ConversationId, message: MessageId;) -> Message
                    = message, GET "/v1/conversations/{conversation}/messages/{message}";

                /// Part of the starred messages of all conversations, at most `limit`: those starred last first.
                Starred(; before: Option<u64>, limit: u32) -> StarredPage
                    = starred, GET "/v1/starred", own_body;

                /// The texts that a message had, its present one last; one if it was never edited.
                Versions(conversation: ConversationId, message: MessageId;) -> Vec<Version>
                    = versions, GET "/v1/conversations/{conversation}/messages/{message}/versions";

                /// Part of the messages of a conversation that have files, at most `limit`: the newest first.
                Files(conversation: ConversationId; before: Option<MessageId>, limit: u32) -> FilesPage
                    = files, GET "/v1/conversations/{conversation}/files", own_body;

                /// What takes room on this device.
                Storage -> StorageUse = storage, GET "/v1/storage";

                /// A small picture of the file of a message, at most 8 KiB. It is as its sender made it: decode it
                /// where it can do no harm.
                Preview(conversation: ConversationId, message: MessageId;) -> Vec<u8>
                    = preview, GET "/v1/conversations/{conversation}/messages/{message}/preview";

                /// Begin to make everything that this contact has not confirmed into parcels to carry by hand, files
                /// included. `GET /v1/parcels/{series}/{part}` gives each. None has more than `part_bytes` bytes of files,
                /// unless a single file is longer; without that it fits into a file of FAT.
                CarryOut(contact: ContactId; part_bytes: Option<u64>) -> Parcels
                    = carry_out, POST "/v1/contacts/{contact}/parcels";

                /// What is kept of a voice note that is being recorded.
                Recording(conversation: ConversationId;) -> Vec<u8>
                    = recording, GET "/v1/conversations/{conversation}/recording";

                /// Find messages by their present texts, the newest first, and conversations by their names.
                Find(; search: Search) -> SearchPage = search, GET "/v1/search", own_body;

                /// Open the store and go on the air; works locked.
                Unlock(; passphrase: Passphrase) -> () = unlock, POST "/v1/unlock", rewrites;

                /// Drop all keys, close the store and go off the air.
                Lock -> () = lock, POST "/v1/lock";

                /// Say whether this is the passphrase, for a program that has locked its screen: nothing
                /// changes.
                CheckPassphrase(; passphrase: Passphrase) -> ()
                    = check_passphrase, POST "/v1/passphrase/check";

                /// Object to what suspends us as an admin of a group: everybody who hears of it counts us as an admin again. It
                /// takes the passphrase, since whoever holds the device must not do it. Answers with everybody who is in then.
                Object(conversation: ConversationId; passphrase: Passphrase) -> Vec<Member>
                    = object, POST "/v1/conversations/{conversation}/objection";

                /// Change the passphrase: wrap the data key under another one.
                ChangePassphrase(; current: Passphrase, new: Passphrase) -> ()
                    = change_passphrase, PUT "/v1/passphrase";

                /// Rewrite the store under a fresh key, so that what was deleted can no longer be recovered. Without room
                /// for the copy it is refused, and the node goes on with the store it has.
                Erase -> () = erase, POST "/v1/erase", rewrites;

                /// Destroy the keys and all data, for good; works locked. The node stops.
                Wipe -> () = wipe, POST "/v1/wipe", own_body;

                /// Commit, close the store and release the data directory to a program, which says what it is
                /// called; works locked. The node stops.
                Handover(; to: String) -> () = handover, POST "/v1/handover";

                /// Commit, close the store and stop; works locked.
                Stop -> () = stop, POST "/v1/stop";
            }
        }
    };
}
#[cfg(feature = "runtime")]
pub(in crate::api) use calls;

macro_rules! enumerations {
    (
        engine { $(
            $(#[doc = $about:literal])*
            $call:ident $(( $($place:ident: $place_type:ty),* ; $($(#[$attribute:meta])* $field:ident: $field_type:ty),* ))?
                -> $answer:ty = $method:ident, $verb:ident $path:literal $(, $note:ident)?;
        )* }
        host { $(
            $(#[doc = $host_about:literal])*
            $host_call:ident $(( $($host_place:ident: $host_place_type:ty),* ; $($host_field:ident: $host_field_type:ty),* ))?
                -> $host_answer:ty = $host_method:ident, $host_verb:ident $host_path:literal $(, $host_note:ident)?;
        )* }
    ) => {
        /// A change or a look at live state; the engine answers each with exactly one [`Answer`].
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Call {
            /// Live state. [`HostCall::Status`] has it too.
            Status,
            /// A step for a parcel. Only a host takes it.
            Carry(Step),
            /// [`HostCall::Object`], after the host has checked the passphrase.
            Object(ConversationId),
            $(
                $(#[doc = $about])*
                $call $(( $($place_type,)* $($field_type),* ))?,
            )*
        }

        impl Call {
            /// Whether it changes nothing.
            pub fn only_looks(&self) -> bool {
                match self {
                    Self::Status | Self::Carry(Step::Files(_)) => true,
                    Self::Carry(_) | Self::Object(_) => false,
                    $(Self::$call { .. } => stringify!($verb) == "GET",)*
                }
            }
        }

        /// What the host of the engine does: it reads beside the engine, opens and closes its store, and ends it.
        /// These hold passphrases, so they are never recorded.
        #[derive(Debug, Clone)]
        pub enum HostCall {
            $(
                $(#[doc = $host_about])*
                $host_call $(( $($host_place_type,)* $($host_field_type),* ))?,
            )*
        }

        impl HostCall {
            /// Whether it changes nothing.
            pub fn only_looks(&self) -> bool {
                match self {
                    $(Self::$host_call { .. } => stringify!($host_verb) == "GET",)*
                }
            }
        }
    };
}
calls!(enumerations);

/// What is answered to a [`Call`] or [`HostCall`].
pub type Answer = Result<Reply, Refusal>;

/// What a reply holds, if it is the one that was expected.
macro_rules! replies {
    ($($reply:ident($type:ty),)*) => {
        /// A successful answer.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the answer of the calls that name its type")]
        #[expect(clippy::large_enum_variant, reason = "a message, the largest, is a common answer")]
        pub enum Reply {
            Done,
            $($reply($type),)*
        }

        impl From<()> for Reply {
            fn from((): ()) -> Self {
                Self::Done
            }
        }

        impl TryFrom<Reply> for () {
            type Error = Refusal;

            fn try_from(reply: Reply) -> Result<Self, Refusal> {
                match reply {
                    Reply::Done => Ok(()),
                    _ => Err(Refusal::Bug),
                }
            }
        }

        $(
            impl From<$type> for Reply {
                fn from(answer: $type) -> Self {
                    Self::$reply(answer)
                }
            }

            impl TryFrom<Reply> for $type {
                type Error = Refusal;

                fn try_from(reply: Reply) -> Result<Self, Refusal> {
                    match reply {
                        Reply::$reply(answer) => Ok(answer),
                        _ => Err(Refusal::Bug),
                    }
                }
            }
        )*
    };
}
replies! {
    Me(Me),
    Invitation(Invitation),
    Invitations(Vec<Invitation>),
    Joining(InvitationId),
    Contacts(Vec<Contact>),
    Contact(Contact),
    Conversations(Vec<Conversation>),
    Conversation(Conversation),
    SafetyWords(SafetyWords),
    Identities(Identities),
    Ways(Vec<WayStatus>),
    Sent(MessageId),
    Forwarded(Vec<MessageId>),
    Deletion(Deletion),
    Status(Status),
    Bytes(Vec<u8>),
    Stepped(Stepped),
    Parcels(Parcels),
    NodeStatus(NodeStatus),
    Page(Page),
    Message(Message),
    Starred(StarredPage),
    Versions(Vec<Version>),
    SearchPage(SearchPage),
    Files(FilesPage),
    Storage(StorageUse),
    Members(Vec<Member>),
    Holders(Vec<Holding>),
    Restarted(Restarted),
}
