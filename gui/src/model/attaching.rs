//! Files that are attached to what is being written. They belong to their conversation, whichever is open: they are
//! uploaded one after the other, and then each is a message, the first with the text as its caption.

use hedgerow_node::api::{
    Call, Carrier, ConversationId, Draft, MessageId, Refusal, Uploaded, visible,
};
use hedgerow_node::pictures::Metadata;

use super::context::Context;
use super::effect::{Effect, Request, Ticket};
use super::outcome::Outcome;
use super::place::Pane;
use super::rates::about_s;
use super::recording::Recording;
use super::strip::{Attached, Attachment, AttachmentState, Examined, FilePath, Strip, Unfit};
use super::thread::kept;
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
        if let AttachAction::Add(conversation, paths) = action {
            return vec![examine(conversation, paths)];
        }
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
            AttachAction::Cancel => self.cancel_files(&id, context),
            AttachAction::Add(..) | AttachAction::Drop(_) => Vec::new(),
        }
    }

    /// Files were looked at that are to be attached.
    pub(super) fn examined(&mut self, id: &ConversationId, files: Vec<Examined>) -> Vec<Outcome> {
        let mut looks = Vec::new();
        for file in files {
            let ticket = self.ticket();
            if file.kind.is_picture() && file.size.is_ok() {
                let path = file.path.clone();
                looks.push(Outcome::ask(Request::Look { ticket, path }));
            }
            let strip = self.strips.entry(id.clone()).or_default();
            strip.files.push(Attachment {
                ticket,
                name: visible::label(&file.name.0).unwrap_or_default(),
                size: file.size.as_ref().map_or(0, |size| *size),
                carries: None,
                as_it_is: false,
                state: match file.size {
                    Ok(_) if file.kind.may_name_its_author() => {
                        AttachmentState::Unfit(Unfit::Refused(Refusal::MayNameYou))
                    }
                    Ok(_) => AttachmentState::Waits,
                    Err(unfit) => AttachmentState::Unfit(unfit),
                },
                what: Attached::File(file.path),
            });
        }
        self.strip_changed(id);
        looks
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
        // From here on the strip has the text, and the draft is what is written since.
        strip.begin(thread.take_text(context));
        let id = thread.id.clone();
        let mut outcomes = kept(&id, thread.present_draft());
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
        context: &Context,
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
                let caption = strip.stop().and_then(|(_, caption)| caption);
                self.keep_back(&id, caption, context)
            }
        }
    }

    /// A file is a message, or was refused. `None` if the request was about none.
    pub(super) fn file_sent(
        &mut self,
        ticket: Ticket,
        answer: &Result<MessageId, Refusal>,
        context: &Context,
    ) -> Option<Vec<Outcome>> {
        let (id, strip) = self.strip_at(ticket)?;
        let sent = |one: &Attachment| matches!(one.state, AttachmentState::Uploaded(_));
        let at = strip.files.iter().position(sent)?;
        let refusal = match answer {
            Ok(_) => {
                let forgotten = forget(&strip.files.remove(at), &id);
                if let Some(sending) = &mut strip.sending {
                    sending.caption = None;
                }
                if let Some(thread) = self.thread(&id) {
                    thread.follow();
                }
                return Some(forgotten.into_iter().chain(self.go_on(&id)).collect());
            }
            Err(refusal) => refusal.clone(),
        };
        if refusal == Refusal::NoSuchUpload {
            strip.files[at].state = AttachmentState::Unfit(Unfit::Refused(refusal.clone()));
        }
        let mut caption = strip.stop().and_then(|(_, caption)| caption);
        if let (Refusal::NoSuchMessage, Some(caption)) = (&refusal, &mut caption) {
            // What it answers has gone.
            caption.reply_to = None;
            caption.target_gone = true;
        }
        let shown_s = caption.as_ref().and_then(|caption| caption.timer_s);
        let mut outcomes = self.keep_back(&id, caption, context);
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

    fn cancel_files(&mut self, id: &ConversationId, context: &Context) -> Vec<Outcome> {
        let strip = self.strips.get_mut(id).filter(|strip| strip.can_cancel());
        let Some((step, caption)) = strip.and_then(Strip::stop) else {
            return Vec::new();
        };
        let mut outcomes = vec![Outcome::ask(Request::StopUpload(step))];
        outcomes.extend(self.keep_back(id, caption, context));
        outcomes.push(Outcome::Do(Effect::FocusDraft));
        outcomes
    }

    /// The text that no message has is a draft again.
    fn keep_back(
        &mut self,
        id: &ConversationId,
        caption: Option<Draft>,
        context: &Context,
    ) -> Vec<Outcome> {
        self.strip_changed(id);
        match caption {
            Some(caption) if !is_nothing(&caption) => self.take_back(id, caption, context),
            _ => Vec::new(),
        }
    }

    /// The node is gone, and all that was uploaded.
    pub(super) fn lose_uploads(&mut self) {
        let strips = self.strips.iter_mut();
        let lost = strips.filter_map(|(id, strip)| Some((id.clone(), strip.lose_node()?)));
        let lost = lost.filter(|(_, caption)| !is_nothing(caption));
        self.rescued.extend(lost.collect::<Vec<_>>());
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
