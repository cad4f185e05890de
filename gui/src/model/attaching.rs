//! Files that are attached to what is being written. They belong to their conversation, whichever is open: they are
//! uploaded one after the other, and then each is a message, the first with the text as its caption.

use hedgerow_node::api::{
    Call, Carrier, ConversationId, Draft, MessageId, Refusal, Uploaded, visible,
};
use hedgerow_node::files::pace::about_s;
use hedgerow_node::pictures::{Kind, Metadata};

use super::banner::Banner;
use super::context::Context;
use super::effect::{Effect, Request, Ticket};
use super::outcome::Outcome;
use super::place::Pane;
use super::recording::Recording;
use super::strip::{
    Attached, Attachment, AttachmentState, Examined, FilePath, Pasted, SendingFiles, Source, Strip,
    Unfit,
};
use super::thread::{before, kept};
use super::thread_page::ThreadPage;

/// What a person does about files that are to be sent.
#[derive(Clone)]
pub enum AttachAction {
    /// Choose files for the open conversation.
    Choose,
    /// These were chosen, for that conversation.
    Add(ConversationId, Vec<FilePath>),
    /// This one was dropped on the window.
    Drop(FilePath),
    /// Attach the picture on the clipboard, if there is one and no text.
    Paste,
    /// This was on the clipboard, for that conversation; `None`: a picture that cannot be had.
    Pasted(ConversationId, Option<Pasted>),
    /// Files are held over the window, or not any more.
    Hover(bool),
    /// Do not send this one.
    Remove(Ticket),
    /// Send this one with all that it carries.
    AsItIs(Ticket),
    /// Send none of them now: the upload stops, and all is as before.
    Cancel,
}

/// When files that are attached get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// About so many seconds after they are sent, over this carrier.
    About {
        /// Rounded.
        seconds: u64,
        /// That of the present session.
        over: Carrier,
    },
    /// When the contact is near again.
    WhenNear,
}

/// Files of any conversation.
impl ThreadPage {
    /// The strip of the open conversation.
    pub fn strip(&self) -> Option<&Strip> {
        self.strips.get(self.id()?)
    }

    pub(super) fn attach(&mut self, action: AttachAction, context: &Context) -> Vec<Outcome> {
        let action = match action {
            AttachAction::Add(conversation, paths) => return vec![examine(conversation, paths)],
            AttachAction::Pasted(conversation, Some(picture)) => {
                return self.pasted(&conversation, picture);
            }
            AttachAction::Pasted(_, None) => return vec![Outcome::Tell(Banner::NotPasted)],
            action => action,
        };
        let is_shown = context.shows(Pane::Thread) && self.may_write();
        let open = self.id().filter(|_| is_shown).cloned();
        if let AttachAction::Drop(path) = action {
            self.hover(false);
            return vec![Outcome::ask(Request::Dropped {
                conversation: open,
                path,
            })];
        }
        let Some(id) = open else {
            return Vec::new();
        };
        match action {
            AttachAction::Choose => vec![Outcome::Do(Effect::ChooseFiles(id))],
            AttachAction::Paste => vec![Outcome::Do(Effect::LookForPicture(id))],
            AttachAction::Hover(over) => {
                self.hover(over);
                Vec::new()
            }
            AttachAction::Remove(ticket) => {
                let mut outcomes = vec![Outcome::Do(Effect::FocusDraft)];
                if let Some(strip) = self.strips.get_mut(&id)
                    && !strip.is_sending()
                {
                    let removed = strip.files.extract_if(.., |one| one.ticket == ticket);
                    outcomes.extend(removed.filter_map(|one| forget(&one, &id)));
                    self.strip_changed(&id);
                }
                outcomes
            }
            AttachAction::AsItIs(ticket) => {
                let strip = self.strips.get_mut(&id);
                let mut files = strip.into_iter().flat_map(|strip| &mut strip.files);
                if let Some(one) = files.find(|one| one.ticket == ticket && one.needs_consent()) {
                    one.as_it_is = true;
                    one.state = AttachmentState::Waits;
                    self.strip_changed(&id);
                }
                vec![Outcome::Do(Effect::FocusDraft)]
            }
            AttachAction::Cancel => self.cancel_files(&id),
            AttachAction::Add(..) | AttachAction::Pasted(..) | AttachAction::Drop(_) => Vec::new(),
        }
    }

    /// Files were looked at that are to be attached.
    pub(super) fn examined(&mut self, id: &ConversationId, files: Vec<Examined>) -> Vec<Outcome> {
        let mut looks = Vec::new();
        for Examined {
            path,
            name,
            size,
            kind,
        } in files
        {
            looks.extend(self.add(id, name.0, size, kind, Source::File(path)));
        }
        self.strip_changed(id);
        looks
    }

    /// A picture was pasted.
    fn pasted(&mut self, id: &ConversationId, picture: Pasted) -> Vec<Outcome> {
        let (name, size) = (Pasted::NAME.to_owned(), Ok(picture.0.len() as u64));
        let look = self.add(id, name, size, Kind::Png, Source::Pasted(picture));
        self.strip_changed(id);
        Vec::from_iter(look)
    }

    /// Attaches a file. Gives the request for what is in it beside a picture.
    fn add(
        &mut self,
        id: &ConversationId,
        name: String,
        size: Result<u64, Unfit>,
        kind: Kind,
        source: Source,
    ) -> Option<Outcome> {
        let ticket = self.ticket();
        let look = (kind.is_picture() && size.is_ok()).then(|| {
            let source = source.clone();
            Outcome::ask(Request::Look { ticket, source })
        });
        let strip = self.strips.entry(id.clone()).or_default();
        strip.files.push(Attachment {
            ticket,
            name: visible::label(&name).unwrap_or_default(),
            size: size.as_ref().map_or(0, |size| *size),
            carries: None,
            as_it_is: false,
            state: match size {
                Ok(_) if kind.may_name_its_author() => {
                    AttachmentState::Unfit(Unfit::Refused(Refusal::MayNameYou))
                }
                Ok(_) => AttachmentState::Waits,
                Err(unfit) => AttachmentState::Unfit(unfit),
            },
            what: Attached::File(source),
        });
        look
    }

    /// What a picture carries that is attached, as far as it can be decoded.
    pub(super) fn looked(&mut self, ticket: Ticket, carries: Vec<Metadata>) {
        let mut strips = self.strips.iter_mut();
        let found = strips.find_map(|(id, strip)| {
            let mut files = strip.files.iter_mut();
            Some((id.clone(), files.find(|one| one.ticket == ticket)?))
        });
        if let Some((id, one)) = found {
            one.carries = Some(carries);
            self.strip_changed(&id);
        }
    }

    /// When the attached files of the open conversation get there, if anybody is to get them.
    pub fn arrival(&self) -> Option<Arrival> {
        let (strip, face) = (self.strip()?, &self.open.as_ref()?.face);
        let files = strip.files.iter().filter(|one| one.is_fit());
        let bytes: u64 = files.map(|one| one.size).sum();
        if bytes == 0 || face.alone || face.blocked {
            return None;
        }
        match face.reachable {
            None => Some(Arrival::WhenNear),
            Some(over) => Some(Arrival::About {
                seconds: about_s(bytes, over)?,
                over,
            }),
        }
    }

    /// Sends the files of the open conversation with the text being written, if there are any to send.
    pub(super) fn send_files(&mut self, context: &Context) -> Option<Vec<Outcome>> {
        let thread = self.open.as_mut()?;
        let strip = self.strips.get_mut(&thread.id)?;
        if !strip.can_send() || thread.is_editing() {
            return None;
        }
        if !thread.may_send {
            return Some(Vec::new());
        }
        // From here on the strip has the text, which stays in the draft that is kept; what is shown is written since.
        let caption = thread.take_text(context);
        thread.caption = Some(caption.clone());
        strip.begin(caption);
        let id = thread.id.clone();
        let mut outcomes = kept(&id, thread.whole_draft());
        outcomes.extend(self.go_on(&id));
        Some(outcomes)
    }

    /// Asks for the next step.
    pub(super) fn go_on(&mut self, id: &ConversationId) -> Option<Outcome> {
        let ticket = self.ticket();
        let next = self.strips.get_mut(id)?.next(ticket, id);
        self.strip_changed(id);
        next.map(Outcome::ask)
    }

    /// The strip whose request this is, with its conversation.
    fn strip_at(&mut self, ticket: Ticket) -> Option<(ConversationId, &mut Strip)> {
        let mut strips = self.strips.iter_mut();
        let (id, strip) = strips.find(|(_, strip)| strip.is_at(ticket))?;
        Some((id.clone(), strip))
    }

    /// So many bytes of a file are uploaded.
    pub(super) fn upload_goes_on(&mut self, ticket: Ticket, bytes: u64) {
        if let Some((id, strip)) = self.strip_at(ticket)
            && let Some(one) = strip.uploading()
        {
            one.state = AttachmentState::Uploading(bytes);
            self.strip_changed(&id);
        }
    }

    /// A file is uploaded, or is not.
    pub(super) fn uploaded(
        &mut self,
        ticket: Ticket,
        answer: Result<Uploaded, Unfit>,
    ) -> Vec<Outcome> {
        let Some((id, strip)) = self.strip_at(ticket) else {
            return Vec::new();
        };
        let Some(one) = strip.uploading() else {
            return Vec::new();
        };
        match answer {
            Ok(uploaded) => {
                one.size = uploaded.size;
                if one.carries.is_some() || !uploaded.carries.is_empty() {
                    one.carries = Some(uploaded.carries);
                }
                one.state = AttachmentState::Uploaded(uploaded.id);
                Vec::from_iter(self.go_on(&id))
            }
            Err(unfit) => {
                one.state = AttachmentState::Unfit(unfit);
                let sending = strip.stop();
                self.keep_back(&id, sending)
            }
        }
    }

    /// A file is a message, or was refused. `None` if the request was about none.
    pub(super) fn file_sent(
        &mut self,
        ticket: Ticket,
        answer: &Result<MessageId, Refusal>,
    ) -> Option<Vec<Outcome>> {
        let (id, strip) = self.strip_at(ticket)?;
        let sent = |one: &Attachment| matches!(one.state, AttachmentState::Uploaded(_));
        let at = strip.files.iter().position(sent)?;
        let refusal = match answer {
            Ok(_) => {
                let mut outcomes = Vec::from_iter(forget(&strip.files.remove(at), &id));
                let sending = strip.sending.as_mut();
                let said = sending.and_then(|sending| {
                    sending.caption.take()?;
                    Some(sending.since.clone())
                });
                if let Some(since) = said {
                    outcomes.extend(self.caption_sent(&id, since));
                }
                if let Some(thread) = self.thread(&id) {
                    thread.follow();
                }
                outcomes.extend(self.go_on(&id));
                return Some(outcomes);
            }
            Err(refusal) => refusal.clone(),
        };
        if refusal == Refusal::NoSuchUpload {
            strip.files[at].state = AttachmentState::Unfit(Unfit::Refused(refusal.clone()));
        }
        let mut sending = strip.stop();
        let mut caption = sending.as_mut().and_then(|it| it.caption.as_mut());
        if let (Refusal::NoSuchMessage, Some(caption)) = (&refusal, &mut caption) {
            // What it answers has gone.
            caption.reply_to = None;
            caption.target_gone = true;
        }
        let shown_s = caption.and_then(|caption| caption.timer_s);
        let mut outcomes = self.keep_back(&id, sending);
        match (refusal, self.thread(&id)) {
            (Refusal::TimerChanged { now_s }, Some(thread)) => {
                if let Some(shown_s) = shown_s {
                    thread.timer_shown(shown_s);
                }
                outcomes.push(thread.ask_timer(now_s));
            }
            (refusal, _) => outcomes.push(Outcome::Refused(refusal)),
        }
        Some(outcomes)
    }

    fn cancel_files(&mut self, id: &ConversationId) -> Vec<Outcome> {
        let strip = self.strips.get_mut(id).filter(|strip| strip.can_cancel());
        let Some(sending) = strip.and_then(Strip::stop) else {
            return Vec::new();
        };
        let mut outcomes = vec![Outcome::ask(Request::StopUpload(sending.step))];
        outcomes.extend(self.keep_back(id, Some(sending)));
        outcomes.push(Outcome::Do(Effect::FocusDraft));
        outcomes
    }

    /// The text that no message has is a draft again.
    fn keep_back(&mut self, id: &ConversationId, sending: Option<SendingFiles>) -> Vec<Outcome> {
        self.strip_changed(id);
        let Some(SendingFiles {
            caption: Some(caption),
            since,
            ..
        }) = sending
        else {
            return Vec::new();
        };
        match self.thread(id) {
            Some(thread) => {
                thread.caption = None;
                thread.take_back(caption)
            }
            None => kept(id, before(caption, since)),
        }
    }

    /// The text that went with a file is a message: what was written since is the draft.
    fn caption_sent(&mut self, id: &ConversationId, since: Draft) -> Vec<Outcome> {
        let open = self.thread(id).map(|thread| {
            thread.caption = None;
            thread.present_draft()
        });
        kept(id, open.unwrap_or(since))
    }

    /// The open conversation has files on their way: what is shown of its draft was written since.
    pub(super) fn open_strip(&mut self) {
        let Some(thread) = self.open.as_mut() else {
            return;
        };
        let sending = self
            .strips
            .get(&thread.id)
            .and_then(|it| it.sending.as_ref());
        if let Some(sending) = sending
            && let Some(caption) = &sending.caption
        {
            thread.caption = Some(caption.clone());
            thread.show_draft(sending.since.clone());
        }
    }

    /// The open conversation is left: what was written since files are on their way waits with them.
    pub(super) fn leave_strip(&mut self) {
        if let Some(thread) = &self.open
            && let Some(strip) = self.strips.get_mut(&thread.id)
            && let Some(sending) = &mut strip.sending
        {
            sending.since = thread.present_draft();
        }
    }

    /// Lets go of pictures that were pasted and are not being sent.
    pub(super) fn forget_pasted(&mut self) {
        for strip in self.strips.values_mut() {
            strip.forget_pasted();
        }
        self.strips.retain(|_, strip| !strip.files.is_empty());
    }

    /// The node is gone, and all that was uploaded.
    pub(super) fn lose_uploads(&mut self) {
        let strips = self.strips.iter_mut();
        let lost = strips.filter_map(|(id, strip)| Some((id.clone(), strip.lose_node()?)));
        let lost = lost.filter(|(_, caption)| !is_nothing(caption));
        self.captions.extend(lost.collect::<Vec<_>>());
    }

    /// Files are held over the window, or not any more.
    fn hover(&mut self, over: bool) {
        if let Some(thread) = self.open.as_mut() {
            thread.hovered = over;
            thread.changed.rest = true;
        }
    }

    /// Takes over whether the files of the open conversation can be sent.
    pub(super) fn strip_changed(&mut self, id: &ConversationId) {
        let strip = self.strips.get(id);
        let recording = self.recording_of(id);
        let can_send =
            strip.is_some_and(Strip::can_send) || recording.is_some_and(Recording::can_be_sent);
        if strip.is_some_and(|strip| strip.files.is_empty() && !strip.is_sending()) {
            self.strips.remove(id);
        }
        if let Some(thread) = self.thread(id) {
            thread.know_files(can_send);
        }
    }
}

fn examine(conversation: ConversationId, paths: Vec<FilePath>) -> Outcome {
    Outcome::ask(Request::Examine {
        conversation,
        paths,
    })
}

/// What a voice note is kept as before it is sent is not needed any more.
fn forget(sent: &Attachment, id: &ConversationId) -> Option<Outcome> {
    let is_recording = matches!(sent.what, Attached::Recording { .. });
    is_recording.then(|| Outcome::ask(Call::DropRecording(id.clone())))
}

/// Nothing was written there.
fn is_nothing(draft: &Draft) -> bool {
    draft.text.0.is_empty() && draft.reply_to.is_none() && !draft.target_gone
}
