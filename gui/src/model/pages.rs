//! All pages, and the updates of the node for each.

use std::collections::BTreeMap;

use hedgerow_node::api::{
    Call, Contact, ContactId, Conversation, ConversationId, Event, Message, Refusal, Status,
    StorageFault,
};

use super::adding::Adding;
use super::banner::Banner;
use super::chats::Chats;
use super::context::Context;
use super::dialog::DialogPage;
use super::founding::Founding;
use super::group::GroupPage;
use super::looking::Looking;
use super::media::Media;
use super::network::NetworkPage;
use super::notifier::Notifier;
use super::outcome::Outcome;
use super::person::PersonPage;
use super::picker::PickerPage;
use super::place::{Changed, Pane};
use super::playing::Playing;
use super::searching::Searching;
use super::settings::Settings;
use super::starred::Starred;
use super::storage::Storage;
use super::thread_page::ThreadPage;
use super::update::{Chat, NotSaved, Overview, Update};
use super::viewer::ViewerPage;

/// The pages. Each has its own state, and none sees another.
#[derive(Default)]
pub struct Pages {
    /// The list.
    pub chats: Chats,
    /// The open conversation.
    pub thread: ThreadPage,
    /// The picker of emoji.
    pub picker: PickerPage,
    /// The search.
    pub searching: Searching,
    /// The starred messages.
    pub starred: Starred,
    /// What files take.
    pub storage: Storage,
    /// The files of a conversation.
    pub media: Media,
    /// The viewer of pictures.
    pub viewer: ViewerPage,
    /// The voice note that plays.
    pub playing: Playing,
    /// Adding a contact.
    pub adding: Adding,
    /// Making a group.
    pub founding: Founding,
    /// The page of a group.
    pub group: GroupPage,
    /// The page of a contact.
    pub person: PersonPage,
    /// The network page.
    pub network: NetworkPage,
    /// The settings.
    pub settings: Settings,
    /// The dialog.
    pub dialog: DialogPage,
    pub(super) notifier: Notifier,
    pub(super) looking: Looking,
}

impl Pages {
    /// What has changed on the pages since the last call.
    pub(super) fn take_changed(&mut self) -> Changed {
        let thread = self.thread.take_changed();
        Changed {
            chats: self.chats.take_changed(),
            thread: thread.rest,
            rows: thread.rows,
            picker: self.picker.take_changed(),
            searching: self.searching.take_changed(),
            starred: self.starred.take_changed(),
            storage: self.storage.take_changed(),
            media: self.media.take_changed(),
            viewer: self.viewer.take_changed(),
            playing: self.playing.take_changed(),
            adding: self.adding.take_changed(),
            founding: self.founding.take_changed(),
            group: self.group.take_changed(),
            person: self.person.take_changed(),
            network: self.network.take_changed(),
            node: self.settings.take_changed(),
            dialog: self.dialog.take_changed(),
            ..Changed::default()
        }
    }

    /// When something becomes due on one of the pages.
    pub(super) fn due_ms(&self, context: &Context) -> Option<u64> {
        let due = [
            self.looking.due_ms(),
            self.chats.arranged.due_ms,
            self.thread.due_ms(),
            self.adding.due_ms(context),
            self.network.due_ms(context),
        ];
        due.into_iter().flatten().min()
    }

    /// Does what has become due.
    pub(super) fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        // The picker makes sense only in a conversation.
        if !context.shows(Pane::Thread) {
            self.picker.close();
        }
        let mut outcomes = self.adding.settle(context);
        if context.is_inside() {
            let mute_ends_ms = self.chats.arranged.due_ms;
            if mute_ends_ms.is_some_and(|due| due <= context.now.monotonic_ms) {
                outcomes.extend(self.draw_chats(context));
            }
            outcomes.extend(self.thread.settle(context));
            outcomes.extend(self.thread.settle_recording(context));
            outcomes.extend(self.playing.settle(&self.thread));
            outcomes.extend(self.media.settle(context));
            outcomes.extend(self.viewer.settle());
            outcomes.extend(self.looking.settle(context));
            outcomes.extend(self.network.settle(context));
        }
        outcomes
    }

    /// Draws everything that shows contacts and conversations.
    pub(super) fn draw(&mut self, context: &Context) -> Option<Outcome> {
        self.thread.draw(context);
        self.person.draw(context);
        self.group.draw(context);
        self.founding.draw(context);
        self.network.draw(context);
        self.draw_chats(context)
    }

    /// Draws everything that shows a contact.
    fn draw_contact(&mut self, id: &ContactId, context: &Context) -> Option<Outcome> {
        let open = self.thread.open.as_ref();
        if open.is_some_and(|thread| thread.members.contains(id)) {
            self.thread.draw(context);
        }
        let person = self.person.open.as_ref();
        if person.is_some_and(|person| person.id == *id) {
            self.person.draw(context);
        }
        self.founding.draw(context);
        self.network.draw(context);
        self.draw_chats(context)
    }

    /// Draws everything that shows a conversation.
    fn draw_conversation(&mut self, id: &ConversationId, context: &Context) -> Option<Outcome> {
        if self.thread.id() == Some(id) {
            self.thread.draw(context);
        }
        if self.group.id() == Some(id) {
            self.group.draw(context);
        }
        self.person.draw(context);
        self.network.draw(context);
        self.draw_chats(context)
    }

    pub(super) fn draw_chats(&mut self, context: &Context) -> Option<Outcome> {
        self.chats.draw(self.thread.id(), context)
    }

    /// Draws all times again, because another day has begun.
    pub(super) fn turn(&mut self, context: &Context) -> Option<Outcome> {
        self.thread.draw_rows(context);
        self.adding.draw(context);
        self.draw(context)
    }

    /// Passes an answer of the node to the page that asked.
    pub(super) fn handle(&mut self, update: Update, context: &mut Context) -> Vec<Outcome> {
        match update {
            Update::PassphraseChanged(answer) => {
                Vec::from_iter(self.dialog.passphrase_changed(answer))
            }
            Update::Erased(answer) => self.settings.erased(answer),
            Update::StorageUsed(bytes) => {
                self.settings.counted(bytes);
                Vec::new()
            }
            Update::ExportGoesOn(files) => vec![Outcome::Tell(Banner::Exporting(files))],
            Update::Exported(said) => {
                vec![Outcome::Tell(said.map_or(Banner::Exported, Banner::Told))]
            }
            Update::Carried(said) => vec![Outcome::Tell(Banner::Told(said))],
            Update::Examined(conversation, files) => self.thread.examined(&conversation, files),
            Update::Looked(ticket, carries) => {
                self.thread.looked(ticket, carries);
                Vec::new()
            }
            Update::UploadGoesOn(ticket, bytes) => {
                self.thread.upload_goes_on(ticket, bytes);
                Vec::new()
            }
            Update::Uploaded(ticket, answer) => self.thread.uploaded(ticket, answer),
            Update::FileSaved(conversation, id, answer) => {
                if let Some(thread) = self.thread.thread(&conversation) {
                    thread.file_saved(&id, context);
                }
                self.viewer.file_saved(&conversation, &id, context);
                vec![match answer {
                    Ok(path) => Outcome::Tell(Banner::FileSaved(path)),
                    Err(NotSaved::Place) => Outcome::Tell(Banner::FileNotSaved),
                    Err(NotSaved::Refused(refusal)) => Outcome::Refused(refusal),
                }]
            }
            Update::PartKept(ticket, answer) => self.thread.part_kept(ticket, answer),
            Update::Sent(of, answer) => self.thread.sent(&of, answer, context),
            // Drop other answers: we asked before the door closed.
            _ if !context.is_inside() => Vec::new(),
            Update::Overview(overview) => self.overview(overview, context),
            Update::Contact(contact) => self.contact(contact, context),
            Update::Conversation(chat) => self.chat(*chat, context),
            Update::Status(status) => {
                self.status(&status, context);
                for contact in status.contacts {
                    self.learn_contact(contact, context);
                }
                for conversation in status.conversations {
                    let known = context.conversations.get(&conversation.id);
                    let newest = known.and_then(|known| known.newest.clone());
                    self.learn(conversation, newest, context);
                }
                Vec::from_iter(self.draw(context))
            }
            Update::Me(me) => {
                self.settings.renamed(&me);
                context.me = Some(me);
                Vec::new()
            }
            Update::Page(of, answer) => self.thread.page(&of, answer, context),
            Update::Message(of, answer) => {
                Vec::from_iter(self.thread.message(&of, answer, context))
            }
            Update::Searched(ticket, answer) => self.searching.told(ticket, answer, context),
            Update::Starred(ticket, answer) => {
                Vec::from_iter(self.starred.told(ticket, answer, context))
            }
            Update::Preview(conversation, id, picture) => {
                let picture = picture.as_ref();
                if let Some(thread) = self.thread.thread(&conversation) {
                    thread.know_preview(&id, picture, context);
                }
                self.media
                    .know_preview(&conversation, &id, picture, context);
                self.viewer
                    .know_preview(&conversation, &id, picture, context);
                Vec::new()
            }
            Update::Recording(conversation, kept) => {
                self.thread.know_recording(conversation, kept);
                Vec::new()
            }
            Update::Voice(ticket, sound) => self.playing.know(ticket, sound),
            Update::Storage(used) => {
                self.storage.know(used, context);
                Vec::new()
            }
            Update::OldCounted(conversation, before_ms, found) => {
                self.dialog.know_old(&conversation, before_ms, found);
                Vec::new()
            }
            Update::DropGoesOn(conversation, freed) => {
                self.storage.goes_on(&conversation, freed, context);
                Vec::new()
            }
            Update::OldDropped(conversation, answer) => {
                self.storage.dropped(&conversation, answer, context)
            }
            Update::Picture(conversation, id, picture) => {
                self.viewer.know_whole(&conversation, &id, picture);
                Vec::new()
            }
            Update::File(conversation, _, Ok(message)) => {
                self.media.know(&conversation, &message, context);
                self.viewer.know(&conversation, &message, context);
                Vec::new()
            }
            Update::File(conversation, id, Err(Refusal::NoSuchMessage)) => {
                self.media.message_gone(&conversation, &id, context);
                self.viewer.message_gone(&conversation, &id, context);
                Vec::new()
            }
            Update::File(_, _, Err(refusal)) => vec![Outcome::Refused(refusal)],
            Update::Files { of, before, answer } => {
                let before = before.as_ref();
                self.viewer.know_files(&of, before, &answer, context);
                Vec::from_iter(self.media.told(&of, before, answer, context))
            }
            Update::Forwarded => vec![Outcome::Tell(Banner::Forwarded)],
            Update::SafetyWords(words) => {
                self.person.know_words(words);
                Vec::new()
            }
            Update::Ways(contact, ways) => {
                self.dialog.know_ways(&contact, &ways, context);
                Vec::new()
            }
            Update::Versions(id, versions) => {
                self.dialog.know_versions(&id, &versions, context);
                Vec::new()
            }
            Update::Days(conversation, from, written) => {
                self.dialog.know_days(&conversation, from, written);
                Vec::new()
            }
            Update::Invited(answer) => Vec::from_iter(self.adding.invited(answer, context)),
            Update::Invitations(invitations) => {
                self.adding.know(invitations, context);
                Vec::new()
            }
            Update::Joining(answer) => Vec::from_iter(self.adding.joining(answer)),
            Update::GroupMade(Ok(chat)) => {
                let group = chat.conversation.id.clone();
                let mut outcomes = self.chat(*chat, context);
                outcomes.extend(self.founding.made(&group, context));
                outcomes
            }
            Update::GroupMade(Err(refusal)) => Vec::from_iter(self.founding.refused(refusal)),
            Update::Restarted(chat) => {
                let group = chat.conversation.id.clone();
                let mut outcomes = self.chat(*chat, context);
                outcomes.push(Outcome::OpenChat(group));
                outcomes
            }
            Update::Members(id, members) => {
                self.group.know(&id, members);
                Vec::new()
            }
            Update::Objected(id, answer) => {
                let problem = match answer {
                    Ok(members) => {
                        self.group.know(&id, members);
                        None
                    }
                    Err(refusal) => Some(refusal),
                };
                self.dialog.objected(&id, problem);
                Vec::new()
            }
            Update::InvitationAnswered(chat, id, answer) => {
                if let Some(thread) = self.thread.thread(&chat) {
                    thread.invitation_answered(id, answer.is_ok(), context);
                }
                match answer {
                    Ok(group) => group.map_or_else(Vec::new, |group| self.chat(*group, context)),
                    Err(refusal) => vec![Outcome::Refused(refusal)],
                }
            }
            Update::InvitedIntoGroup => vec![Outcome::Tell(Banner::InvitedIntoGroup)],
            Update::RelayAdded(answer) => Vec::from_iter(self.network.relay_added(answer)),
            Update::RelayPathsSet(wanted, answer) => {
                Vec::from_iter(self.network.paths_set(&wanted, answer))
            }
            // The router handles these.
            _ => Vec::new(),
        }
    }

    /// Handles an event of the node.
    pub(super) fn event(&mut self, event: Event, context: &Context) -> Vec<Outcome> {
        match event {
            Event::MessageGone { conversation, id } => {
                self.thread.message_gone(&conversation, &id, context);
                self.media.message_gone(&conversation, &id, context);
                self.viewer.message_gone(&conversation, &id, context);
                self.thread.look(&conversation);
                let mut outcomes = self.playing.message_gone(&id);
                outcomes.extend(self.notifier.gone(&conversation, &id));
                self.looking.conversations.want(conversation);
                return outcomes;
            }
            Event::Message { conversation, .. } | Event::Messages { conversation, .. } => {
                self.thread.look(&conversation);
                self.viewer.look(&conversation);
                self.looking.conversations.want(conversation);
            }
            Event::MessageChanged { conversation, id } => {
                let known = context.conversations.get(&conversation);
                let newest = known.and_then(|known| known.newest.as_ref());
                let is_newest = newest.is_some_and(|newest| newest.id == id);
                if is_newest {
                    self.looking.conversations.want(conversation.clone());
                }
                self.media.message_changed(&conversation, &id);
                self.viewer.message_changed(&conversation, &id);
                // What the newest says now is told by the answer.
                let withdrawn = (!is_newest).then(|| self.notifier.gone(&conversation, &id));
                self.thread.message_changed(&conversation, id);
                return withdrawn.flatten().into_iter().collect();
            }
            Event::FileProgress {
                conversation,
                id,
                device,
                bytes,
            } => {
                self.media.message_changed(&conversation, &id);
                self.viewer.message_changed(&conversation, &id);
                if let Some(thread) = self.thread.thread(&conversation) {
                    thread.file_progress(id, device, bytes, context);
                }
            }
            Event::Read {
                conversation,
                device,
                id,
                ..
            } => {
                if let Some(thread) = self.thread.thread(&conversation) {
                    thread.read(&device, &id, context);
                }
                self.looking.conversations.want(conversation);
            }
            Event::Delivered {
                conversation,
                device,
                id,
                ..
            } => {
                if let Some(thread) = self.thread.thread(&conversation) {
                    thread.delivered(&device, &id, context);
                }
                self.looking.conversations.want(conversation);
            }
            Event::Conversation { conversation } => {
                self.looking.conversations.want(conversation);
                self.network.look();
            }
            Event::Membership { conversation, .. } => {
                self.thread.membership_changed(&conversation);
                let members = self.group.look(&conversation);
                self.looking.conversations.want(conversation);
                self.network.look();
                return Vec::from_iter(members);
            }
            Event::ConversationErased { .. } => self.looking.everything.want(),
            // Messages in its conversations may wait for another reason now.
            Event::Contact { contact } => {
                let mut members = Vec::new();
                for conversation in context.conversations.of(&contact) {
                    members.extend(self.group.look(conversation));
                    self.looking.conversations.want(conversation.clone());
                }
                self.looking.contacts.want(contact);
                self.network.look();
                return members;
            }
            Event::Removed { contact } => return vec![Outcome::Forget(contact)],
            Event::Met {
                contact,
                invitation,
            }
            | Event::Joined {
                contact,
                invitation,
            } => return self.adding.met(contact, &invitation),
            Event::JoinFailed { invitation, why } => {
                return vec![self.adding.join_failed(invitation, why, context)];
            }
            Event::Invitation { .. } => return vec![Outcome::ask(Call::Invitations)],
            Event::Carrier { carrier, state } => self.network.know_carrier(carrier, state),
            Event::Missed => {
                self.looking.everything.want();
                self.thread.reload();
                self.viewer.reload();
                self.network.look();
                let members = self.group.id().and_then(|id| self.group.look(id));
                let media = self.media.reload(context);
                let invitations = Outcome::ask(Call::Invitations);
                let looks = media.into_iter().chain(members);
                return looks.chain([invitations]).collect();
            }
            Event::Disk { full: true } => {
                return vec![Outcome::Tell(Banner::Storage(StorageFault::Full))];
            }
            Event::Disk { full: false } => return vec![Outcome::StoreWorks],
            // The door handles this.
            Event::Lock { .. } => {}
        }
        Vec::new()
    }

    /// Takes over the present state of a contact.
    fn contact(&mut self, contact: Contact, context: &mut Context) -> Vec<Outcome> {
        if context.conversations.get(&contact.conversation).is_none() {
            let chat = contact.conversation.clone();
            self.looking.conversations.want(chat);
        }
        let id = contact.id.clone();
        self.learn_contact(contact, context);
        let mut outcomes = vec![Outcome::StoreWorks];
        outcomes.extend(self.draw_contact(&id, context));
        outcomes.extend(self.adding.greet(context));
        outcomes
    }

    /// Takes over the present state of a conversation, and its newest message.
    fn chat(&mut self, chat: Chat, context: &mut Context) -> Vec<Outcome> {
        let Chat {
            conversation,
            newest,
        } = chat;
        let id = conversation.id.clone();
        let unread_before = context.conversations.unread_of(&id).unwrap_or(0);
        let has_come = conversation.unread > unread_before
            && newest.as_ref().is_some_and(|newest| !newest.is_mine());
        for member in &conversation.members {
            if context.contacts.get(member).is_none() {
                self.looking.contacts.want(member.clone());
            }
        }
        let opens = self.chats.arranged.takes_notes(&conversation);
        self.learn(conversation, newest.clone(), context);
        let mut outcomes = vec![Outcome::StoreWorks];
        outcomes.extend(self.draw_conversation(&id, context));
        outcomes.extend(opens.then(|| Outcome::OpenChat(id.clone())));
        outcomes.extend(self.notify(&id, newest, has_come, context));
        outcomes.extend(self.adding.greet(context));
        outcomes
    }

    /// Takes over the present state of everything.
    fn overview(&mut self, overview: Overview, context: &mut Context) -> Vec<Outcome> {
        self.looking.everything.landed();
        self.status(&overview.status, context);
        let mut outcomes = vec![Outcome::StoreWorks];
        let (contacts, conversations) = (overview.status.contacts, overview.status.conversations);
        let people = contacts.iter().map(|contact| contact.id.clone()).collect();
        context.contacts.retain(&people);
        let chats = conversations.iter().map(|one| one.id.clone()).collect();
        context.conversations.retain(&chats);
        for contact in contacts {
            self.learn_contact(contact, context);
        }
        let mut newest: BTreeMap<_, _> = overview.newest.into_iter().collect();
        for conversation in conversations {
            let (id, newest) = (conversation.id.clone(), newest.remove(&conversation.id));
            let before = context.conversations.unread_of(&id);
            let has_come = before.is_some_and(|before| conversation.unread > before);
            self.learn(conversation, newest.clone(), context);
            outcomes.extend(self.notify(&id, newest, has_come, context));
        }
        let open = self.thread.id();
        let gone = open.filter(|id| !chats.contains(*id)).cloned();
        outcomes.extend(gone.map(Outcome::DropChat));
        let group = self.group.id();
        let gone = group.filter(|id| !chats.contains(*id)).cloned();
        outcomes.extend(gone.map(Outcome::DropChat));
        outcomes.extend(self.notifier.retain(&chats));
        let person = self.person.open.as_ref().map(|person| &person.id);
        let gone = person.filter(|id| !people.contains(*id)).cloned();
        outcomes.extend(gone.map(Outcome::Forget));
        outcomes.extend(self.draw(context));
        outcomes.extend(self.thread.come_back(context));
        outcomes.extend(self.adding.greet(context));
        outcomes
    }

    fn learn_contact(&mut self, contact: Contact, context: &mut Context) {
        self.looking.contacts.landed(&contact.id, context);
        context.contacts.learn(contact);
    }

    fn learn(
        &mut self,
        conversation: Conversation,
        newest: Option<Message>,
        context: &mut Context,
    ) {
        self.looking.conversations.landed(&conversation.id, context);
        let chat = Chat {
            conversation,
            newest,
        };
        let id = chat.conversation.id.clone();
        if context.conversations.learn(chat) {
            self.thread.draft_changed_elsewhere(&id, context);
        }
    }

    /// Notifies of the newest message if it has come, and otherwise keeps the notification of it true.
    fn notify(
        &mut self,
        id: &ConversationId,
        newest: Option<Message>,
        has_come: bool,
        context: &Context,
    ) -> Option<Outcome> {
        match has_come {
            true => self.notifier.came(id, newest, self.thread.id(), context),
            false => self.notifier.learn(id, newest.as_ref(), context),
        }
    }

    /// Takes over the live state.
    fn status(&mut self, status: &Status, context: &mut Context) {
        self.network.know(status);
        if context.me.as_ref() != Some(&status.me) {
            self.settings.know(&status.me, context);
            context.me = Some(status.me.clone());
        }
    }

    /// Forgets a contact that is gone, and the direct chat with it.
    pub(super) fn forget_contact(
        &mut self,
        id: &ContactId,
        context: &mut Context,
    ) -> Option<Outcome> {
        let mut withdrawn = None;
        if let Some(contact) = context.contacts.forget(id) {
            context.conversations.forget(&contact.conversation);
            self.looking.conversations.forget(&contact.conversation);
            self.thread.strips.remove(&contact.conversation);
            self.drop_chat(&contact.conversation);
            withdrawn = self.notifier.forget(&contact.conversation);
        }
        self.looking.contacts.forget(id);
        self.person.forget(id);
        self.network.draw(context);
        withdrawn
    }

    /// Closes a conversation if it is open, and forgets what was typed there.
    pub(super) fn drop_chat(&mut self, id: &ConversationId) {
        if self.thread.id() == Some(id) {
            self.thread.drop();
        }
        self.group.drop_chat(id);
        self.searching.drops(id);
        self.media.drop_chat(id);
        self.viewer.drop_chat(id);
    }

    /// Whether something lies over the open conversation.
    pub(super) fn cover_conversation(&self) -> bool {
        self.dialog.open.is_some() || self.viewer.open.is_some() || self.picker.open.is_some()
    }

    /// Whether a pane has something to show.
    pub(super) fn is_full(&self, pane: Pane) -> bool {
        match pane {
            Pane::Thread => self.thread.open.is_some(),
            Pane::Person => self.person.open.is_some(),
            Pane::Group => self.group.open.is_some(),
            Pane::Search => self.searching.open.is_some(),
            Pane::Media => self.media.is_open(),
            _ => true,
        }
    }

    /// Forgets everything that a locked screen must not hold.
    pub(super) fn forget(&mut self) {
        self.chats = Chats::default();
        self.looking = Looking::default();
        self.thread.drop();
        self.thread.forget_pasted();
        self.picker.forget();
        self.searching.close();
        self.starred.forget();
        self.storage.forget();
        self.media.forget();
        self.viewer.forget();
        self.adding.forget();
        self.founding.forget();
        self.group.close();
        self.person.close();
        self.network = NetworkPage::default();
        self.settings.forget();
        self.dialog.close();
    }
}
