//! Dialogs over everything else.

use std::mem::take;

use hedgerow_node::api::{
    Call, Carrier, ContactId, ConversationId, ExportFormat, HostCall, MemberId, MessageId,
    Passphrase, Private, Radio, Refusal, Version, WayState, WayStatus, Why, visible,
};

use super::arranging::MuteFor;
use super::banner::Banner;
use super::calendar::{Date, When};
use super::context::Context;
use super::deleting::Deleting;
use super::effect::{Effect, Request};
use super::exporting::Exporting;
use super::forwarding::Forwarding;
use super::group::{Inviting, Leaving};
use super::member::{MemberAsked, MemberChange};
use super::objecting::Objecting;
use super::outcome::Outcome;
use super::read_all::ReadAll;
use super::relays::RelayRow;
use super::restarting::Restarting;
use super::rows::Tick;
use super::storage::{Age, Dropping, OldFiles};
use super::strength::{Lack, NewPassphrase};
use super::timing::{TimerChanged, Timing};

/// Most characters that are shown of each text that a message had before.
const EARLIER: usize = 400;

/// What a person does with a dialog.
#[derive(Clone)]
pub enum DialogAction {
    /// Do what the dialog asks about.
    Confirm,
    /// Close the dialog and do nothing.
    Dismiss,
    /// In the dialog that deletes a message: for everybody, or on this device alone.
    Delete {
        /// For everybody.
        for_all: bool,
    },
    /// Mute the conversation for this time.
    Mute(MuteFor),
    /// In the dialog that forwards a message: show only conversations with names like this.
    FindReceiver(String),
    /// There, choose a conversation, or do not choose it any more.
    ChooseReceiver(ConversationId),
    /// In the dialog that invites into a group: show only contacts with names like this.
    FindCandidate(String),
    /// There, choose a contact, or do not choose it any more.
    ChooseCandidate(ContactId),
    /// In the dialog that starts a group again: leave this member out, or do not any more.
    LeaveOut(MemberId),
    /// In the dialog about a member of a group: ask before this is done with it.
    AskChange(MemberChange),
    /// In the dialog that leaves a group: whether what was written there goes from this device.
    Erases(bool),
    /// Set the timer of the conversation to this number of seconds; 0 switches it off.
    Timer(u64),
    /// In the dialog that frees old files: those that are as old as this.
    OlderThan(Age),
    /// In the dialog that writes a conversation into a file: in this format.
    Format(ExportFormat),
    /// There, whether files are saved beside it.
    WithFiles(bool),
    /// In the dialog that changes the passphrase: the user has typed the present one.
    Current(Passphrase),
    /// The user has typed the new one.
    New(Passphrase),
    /// The user has typed the new one again.
    NewRepeated(Passphrase),
    /// In the dialog that opens a page: copy its address.
    CopyLink,
    /// The calendar on screen shows these days.
    LookAt {
        /// The first.
        from: Date,
        /// How many.
        days: u8,
    },
}

/// The open dialog, if any.
#[derive(Default)]
pub struct DialogPage {
    /// The dialog; `None` if there is none.
    pub open: Option<Dialog>,
    changed: bool,
}

/// A dialog: one at a time.
#[derive(Clone)]
pub enum Dialog {
    /// Open a page of the web?
    OpenLink {
        /// The whole address.
        url: String,
        /// The host, in the letters that name servers see.
        host: String,
        /// Whether the host holds letters that look like others.
        foreign_letters: bool,
        /// Whether the page comes unencrypted, so that anybody on the way can read along.
        in_clear: bool,
    },
    /// Forget a contact and the direct chat?
    RemoveContact {
        /// Its id.
        id: ContactId,
        /// Its name.
        name: String,
    },
    /// Block a contact?
    BlockContact {
        /// Its id.
        id: ContactId,
        /// Its name.
        name: String,
    },
    /// Remove a relay?
    RemoveRelay(RelayRow),
    /// Use Bluetooth although it shows an address that never changes?
    ShowAddress {
        /// The settings of the radio if the user agrees.
        radio: Radio,
    },
    /// Destroy everything?
    Wipe {
        /// Whether the wipe is under way.
        busy: bool,
    },
    /// Mute a conversation, and for how long?
    Mute {
        /// Which.
        id: ConversationId,
        /// Its name.
        name: String,
    },
    /// Mark everything as read?
    ReadAll(ReadAll),
    /// Forward a message, and where to?
    Forward(Forwarding),
    /// Invite into a group, and whom?
    Invite(Inviting),
    /// Everything about a member of a group.
    Member(MemberAsked),
    /// Do this with a member of a group?
    ChangeMember(MemberAsked, MemberChange),
    /// Start a group again, and without whom?
    Restart(Restarting),
    /// Leave a group, or erase what is left of it?
    LeaveGroup(Leaving),
    /// Object to being suspended?
    Object(Objecting),
    /// After how long does what is written in a conversation disappear?
    Timing(Timing),
    /// Send although the timer has changed?
    TimerChanged(TimerChanged),
    /// Write a conversation into a file?
    Export(Exporting),
    /// Free the old files of a conversation?
    DropOld(Dropping),
    /// Delete a message, and for whom?
    DeleteMessage(Deleting),
    /// Everything about a message.
    MessageDetails(Details),
    /// Jump to which day?
    JumpToDate {
        /// The day of the first message in view.
        at: Date,
        /// The present day.
        today: Date,
        /// The conversation.
        conversation: ConversationId,
        /// For each day from this one on, whether it has messages, once the node has said so.
        written: Option<(Date, Vec<bool>)>,
    },
    /// The change of the passphrase.
    ChangePassphrase(ChangePassphrase),
    /// The list of keyboard shortcuts.
    Keys,
}

/// Everything about a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    /// Its id.
    pub id: MessageId,
    /// Its whole text; empty for a kind that this version cannot show.
    pub text: String,
    /// Who wrote it or, for ours, who it is for.
    pub name: String,
    /// Whether we wrote it.
    pub mine: bool,
    /// Pinned for everybody.
    pub pinned: bool,
    /// The texts that it had before it was edited, the oldest first, once the node has said so.
    pub earlier: Vec<Earlier>,
    /// The names of those who have no device that shows emoji on messages; empty if nobody.
    pub without_reactions: String,
    /// The names of those who have no device that shows pins; empty if nobody.
    pub without_pins: String,
    /// When its author says it was written.
    pub time: When,
    /// Whether that time is in the future, because its author's clock is ahead.
    pub ahead: bool,
    /// How far it has come; `None` for messages of others.
    pub tick: Option<Tick>,
    /// Why it is not delivered.
    pub why: Option<Why>,
    /// When the node next tries, if that is known.
    pub next: Option<When>,
    /// The carrier of the present session, if there is one.
    pub reachable: Option<Carrier>,
    /// For a message that waits: how each carrier stands with its recipients, once the node has said so.
    pub ways: Vec<WayRow>,
    pub(crate) waits_for: Vec<ContactId>,
}

/// A text that a message had before it was edited.
#[derive(Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The text.
    pub text: String,
    /// When its author says it was written.
    pub time: When,
}

/// How a carrier stands with a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct WayRow {
    /// The contact.
    pub contact: ContactId,
    /// The carrier.
    pub carrier: Carrier,
    /// Whether it is used, or why not.
    pub state: WayState,
    /// When the node next tries, if that is known.
    pub next: Option<When>,
}

/// The change of the passphrase.
#[derive(Clone)]
pub struct ChangePassphrase {
    /// The new passphrase.
    pub new: NewPassphrase,
    /// Whether everything for the change is there.
    pub may_go_on: bool,
    /// What was missing when the user tried to go on.
    pub lack: Option<Lack>,
    /// Counts up each time something was missing.
    pub asked: u32,
    /// Whether the change is under way.
    pub busy: bool,
    /// Why the node refused the change.
    pub problem: Option<Refusal>,
    pub(crate) current: Passphrase,
}

impl Default for ChangePassphrase {
    fn default() -> Self {
        Self {
            new: NewPassphrase::default(),
            may_go_on: false,
            lack: None,
            asked: 0,
            busy: false,
            problem: None,
            current: Passphrase::new(String::new()),
        }
    }
}

impl ChangePassphrase {
    fn look(&mut self) {
        self.may_go_on = self.new.may_go_on() && !self.current.is_empty() && !self.busy;
        self.problem = None;
        self.lack = None;
    }
}

/// As much of an earlier text as is shown.
fn beginning(text: &str) -> String {
    let shown: String = text.chars().take(EARLIER).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    visible::paragraph(&shown) + rest
}

impl DialogPage {
    /// Opens a dialog.
    pub(super) fn show(&mut self, dialog: Dialog) {
        self.open = Some(dialog);
        self.changed = true;
    }

    /// Closes the dialog, unless it is destroying everything.
    pub(super) fn dismiss(&mut self) {
        if !matches!(self.open, Some(Dialog::Wipe { busy: true })) {
            self.close();
        }
    }

    /// Closes the dialog.
    pub(super) fn close(&mut self) {
        self.changed |= self.open.take().is_some();
    }

    pub(super) fn act(&mut self, action: DialogAction, context: &Context) -> Vec<Outcome> {
        match action {
            DialogAction::Confirm => return self.confirm(context),
            DialogAction::Dismiss => self.dismiss(),
            DialogAction::CopyLink => {
                if let Some(Dialog::OpenLink { url, .. }) = &self.open {
                    let copy = Effect::Copy(Private(url.clone()));
                    self.close();
                    return vec![Outcome::Do(copy), Outcome::Tell(Banner::Copied)];
                }
            }
            DialogAction::Delete { for_all } => {
                if let Some(Dialog::DeleteMessage(deleting)) = self.open.clone() {
                    self.close();
                    return vec![deleting.delete(for_all)];
                }
            }
            DialogAction::Mute(how_long) => {
                if let Some(Dialog::Mute { id, .. }) = self.open.clone() {
                    self.close();
                    return vec![how_long.mute(id, context)];
                }
            }
            DialogAction::FindReceiver(text) => {
                if let Some(Dialog::Forward(forwarding)) = &mut self.open {
                    forwarding.find(&text, context);
                    self.changed = true;
                }
            }
            DialogAction::ChooseReceiver(id) => {
                if let Some(Dialog::Forward(forwarding)) = &mut self.open {
                    forwarding.choose(id, context);
                    self.changed = true;
                }
            }
            DialogAction::FindCandidate(text) => {
                if let Some(Dialog::Invite(inviting)) = &mut self.open {
                    inviting.choosing.find(&text, context);
                    self.changed = true;
                }
            }
            DialogAction::ChooseCandidate(id) => {
                if let Some(Dialog::Invite(inviting)) = &mut self.open {
                    inviting.choosing.choose(id, context);
                    self.changed = true;
                }
            }
            DialogAction::LeaveOut(id) => {
                if let Some(Dialog::Restart(restarting)) = &mut self.open {
                    restarting.choose(&id);
                    self.changed = true;
                }
            }
            DialogAction::AskChange(change) => {
                if let Some(Dialog::Member(asked)) = self.open.clone()
                    && asked.member.offers.has(change)
                {
                    self.show(Dialog::ChangeMember(asked, change));
                }
            }
            DialogAction::Erases(erases) => {
                if let Some(Dialog::LeaveGroup(leaving)) = &mut self.open {
                    leaving.erases = erases || !leaving.leaves;
                    self.changed = true;
                }
            }
            DialogAction::Timer(seconds) => {
                if let Some(Dialog::Timing(timing)) = self.open.clone() {
                    self.close();
                    return timing.set(seconds);
                }
            }
            DialogAction::OlderThan(age) => {
                if let Some(Dialog::DropOld(dropping)) = &mut self.open {
                    self.changed = true;
                    return vec![dropping.choose(age, context)];
                }
            }
            DialogAction::Format(format) => {
                if let Some(Dialog::Export(exporting)) = &mut self.open {
                    exporting.format = format;
                    self.changed = true;
                }
            }
            DialogAction::WithFiles(with_files) => {
                if let Some(Dialog::Export(exporting)) = &mut self.open {
                    exporting.with_files = with_files;
                    self.changed = true;
                }
            }
            DialogAction::LookAt { from, days } => {
                if let Some(Dialog::JumpToDate { conversation, .. }) = &self.open {
                    return vec![Outcome::ask(Request::Days {
                        conversation: conversation.clone(),
                        from,
                        begins_ms: context.calendar.days_ms(from, days),
                    })];
                }
            }
            DialogAction::Current(text) => {
                if let Some(Dialog::Object(objecting)) = &mut self.open {
                    objecting.type_passphrase(text);
                    self.changed = true;
                } else {
                    self.type_change(|change| change.current = text);
                }
            }
            DialogAction::New(text) => {
                let me = context.me.as_ref();
                let name = me.map_or("", |me| &me.name.0);
                self.type_change(|change| change.new.type_first(text, name));
            }
            DialogAction::NewRepeated(text) => {
                self.type_change(|change| change.new.type_second(text));
            }
        }
        Vec::new()
    }

    fn confirm(&mut self, context: &Context) -> Vec<Outcome> {
        self.changed = true;
        match self.open.take() {
            None
            | Some(
                Dialog::Mute { .. }
                | Dialog::Timing(_)
                | Dialog::DeleteMessage(_)
                | Dialog::Member(_)
                | Dialog::MessageDetails(_)
                | Dialog::JumpToDate { .. }
                | Dialog::Keys,
            ) => Vec::new(),
            Some(Dialog::OpenLink { url, .. }) => {
                vec![Outcome::Do(Effect::OpenUrl(Private(url)))]
            }
            Some(Dialog::ReadAll(asked)) => asked.agreed(),
            Some(Dialog::Forward(forwarding)) => forwarding.forward(),
            Some(Dialog::Invite(inviting)) => inviting.invite(),
            Some(Dialog::Restart(restarting)) => vec![restarting.agreed()],
            Some(Dialog::ChangeMember(asked, change)) => vec![asked.change(change)],
            Some(Dialog::LeaveGroup(leaving)) => leaving.agreed(),
            Some(Dialog::TimerChanged(changed)) => {
                let shown = Outcome::TimerShown(changed.conversation, changed.now_s);
                vec![shown, Outcome::Send]
            }
            Some(Dialog::DropOld(dropping)) => Vec::from_iter(dropping.agreed()),
            Some(Dialog::Export(exporting)) => vec![Outcome::Do(exporting.choose())],
            // What the user typed must not outlive the contact.
            Some(Dialog::RemoveContact { id, .. }) => {
                let contact = context.contacts.get(&id);
                let chat = contact.map(|contact| contact.conversation.clone());
                let drop_chat = chat.map(Outcome::DropChat);
                let remove = Outcome::ask(Call::Remove(id));
                drop_chat.into_iter().chain([remove]).collect()
            }
            Some(Dialog::BlockContact { id, .. }) => vec![Outcome::ask(Call::Block(id, true))],
            Some(Dialog::RemoveRelay(relay)) => {
                vec![Outcome::ask(Call::RemoveRelay(Private(relay.address)))]
            }
            Some(Dialog::ShowAddress { radio }) => vec![Outcome::ask(Call::SetRadio(radio))],
            Some(Dialog::Wipe { busy }) => {
                self.open = Some(Dialog::Wipe { busy: true });
                let wipe = (!busy).then(|| Outcome::ask(HostCall::Wipe));
                wipe.into_iter().collect()
            }
            Some(Dialog::Object(mut objecting)) => {
                let object = objecting.agreed();
                self.open = Some(Dialog::Object(objecting));
                Vec::from_iter(object)
            }
            Some(Dialog::ChangePassphrase(mut change)) => {
                let mut outcomes = Vec::new();
                if change.may_go_on {
                    let (current, new) = (change.current.clone(), change.new.chosen());
                    outcomes.push(Outcome::ask(HostCall::ChangePassphrase(current, new)));
                    change.busy = true;
                    change.may_go_on = false;
                } else if !change.busy {
                    change.lack = change.new.lack();
                    change.asked = change.asked.wrapping_add(1);
                }
                self.open = Some(Dialog::ChangePassphrase(change));
                outcomes
            }
        }
    }

    /// The user typed in the dialog that changes the passphrase.
    fn type_change(&mut self, type_it: impl FnOnce(&mut ChangePassphrase)) {
        if let Some(Dialog::ChangePassphrase(change)) = &mut self.open {
            type_it(change);
            change.look();
            self.changed = true;
        }
    }

    /// We have objected, or the node has refused it.
    pub(super) fn objected(&mut self, of: &ConversationId, problem: Option<Refusal>) {
        if let Some(Dialog::Object(objecting)) = &mut self.open
            && objecting.group == *of
        {
            self.changed = true;
            match problem {
                Some(refusal) => objecting.refused(refusal),
                None => self.open = None,
            }
        }
    }

    /// Handles the answer to the change of the passphrase.
    pub(super) fn passphrase_changed(&mut self, answer: Result<(), Refusal>) -> Option<Outcome> {
        let Some(Dialog::ChangePassphrase(change)) = &mut self.open else {
            return None;
        };
        self.changed = true;
        match answer {
            Ok(()) => {
                self.open = None;
                Some(Outcome::Tell(Banner::PassphraseChanged))
            }
            Err(refusal) => {
                change.busy = false;
                change.look();
                change.problem = Some(refusal);
                None
            }
        }
    }

    /// Takes over how the carriers stand with a contact.
    pub(super) fn know_ways(&mut self, contact: &ContactId, ways: &[WayStatus], context: &Context) {
        if let Some(Dialog::MessageDetails(details)) = &mut self.open
            && details.waits_for.contains(contact)
        {
            let next = |state| match state {
                WayState::NoAnswer { next_ms } => Some(context.calendar.when(next_ms)),
                _ => None,
            };
            let rows = ways.iter().map(|way| WayRow {
                contact: contact.clone(),
                carrier: way.carrier,
                state: way.state,
                next: next(way.state),
            });
            details.ways.retain(|row| row.contact != *contact);
            details.ways.extend(rows);
            self.changed = true;
        }
    }

    /// Takes over what old files there are.
    pub(super) fn know_old(&mut self, of: &ConversationId, before_ms: i64, found: OldFiles) {
        if let Some(Dialog::DropOld(dropping)) = &mut self.open {
            self.changed |= dropping.counted(of, before_ms, found);
        }
    }

    /// Takes over the texts that a message had, its present one last.
    pub(super) fn know_versions(
        &mut self,
        id: &MessageId,
        versions: &[Version],
        context: &Context,
    ) {
        if let Some(Dialog::MessageDetails(details)) = &mut self.open
            && details.id == *id
            && let Some((_, earlier)) = versions.split_last()
        {
            let earlier = earlier.iter().map(|version| Earlier {
                text: version
                    .text
                    .as_ref()
                    .map_or_else(String::new, |text| beginning(&text.0)),
                time: context.calendar.when(version.time_ms),
            });
            details.earlier = earlier.collect();
            self.changed = true;
        }
    }

    /// Takes over which days from this one on have messages.
    pub(super) fn know_days(&mut self, of: &ConversationId, from: Date, days: Vec<bool>) {
        if let Some(Dialog::JumpToDate {
            conversation,
            written,
            ..
        }) = &mut self.open
            && conversation == of
        {
            *written = Some((from, days));
            self.changed = true;
        }
    }

    /// The node refused a request, so no wipe is under way.
    pub(super) fn refused(&mut self) {
        if matches!(self.open, Some(Dialog::Wipe { busy: true })) {
            self.close();
        }
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
