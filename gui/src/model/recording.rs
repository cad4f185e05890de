//! A voice note that is recorded for the open conversation. The node keeps it part by part, so that a lock, a crash or
//! another conversation costs nothing that was kept: it is there to be heard and sent when the conversation is opened.

use hedgerow_node::api::{Call, ConversationId, Private, Refusal, Voice};

use super::banner::Banner;
use super::context::Context;
use super::effect::{Effect, Request, Ticket};
use super::outcome::Outcome;
use super::place::Pane;
use super::sound::{Heard, Record};
use super::strip::{Attached, Attachment, AttachmentState, Strip};
use super::thread::Thread;
use super::thread_page::ThreadPage;

/// A button that is let go of earlier than this was not held: recording goes on by itself.
const HELD_MS: u32 = 500;

/// The strokes of a waveform.
const STROKES: usize = 64;

/// Nothing softer than this is shown as loud: what a quiet room sounds like.
const QUIET: u16 = 255;

/// What a person does to record, and what the microphone reports.
#[derive(Clone)]
pub enum RecordingAction {
    /// Record. A button is held down for it, or recording goes on by itself.
    Begin {
        /// A button is held down.
        held: bool,
    },
    /// Go on without the button.
    Lock,
    /// The button is let go of: what it recorded is sent.
    Release,
    /// Listen no more for now.
    Pause,
    /// Listen again.
    GoOn,
    /// Forget what was recorded.
    Discard,
    /// The microphone reports of this recording.
    Report(Ticket, Heard),
}

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingState {
    /// The microphone is being opened.
    Opening,
    /// It listens.
    Hearing,
    /// It waits, and can go on.
    Paused,
    /// It is complete, and can be heard, sent or forgotten.
    Kept,
    /// It is to be sent, and its last parts are being kept.
    Ending,
}

/// A voice note that is recorded, or was and is not sent.
pub struct Recording {
    /// Where it is to be sent.
    pub conversation: ConversationId,
    /// How far it is.
    pub state: RecordingState,
    /// The button is held down for it.
    pub held: bool,
    /// How long it is, in milliseconds.
    pub duration_ms: u32,
    /// What the microphone is called, once it listens.
    pub microphone: Option<Private>,
    /// How loud each tenth of a second was; of one that was kept, its waveform.
    loudness: Vec<u16>,
    ticket: Ticket,
    /// Bytes that were heard so far.
    bytes: u64,
    /// Parts that the node has not answered for.
    keeping: usize,
    /// It has refused one: nothing behind it can be kept.
    refused: bool,
}

impl Recording {
    fn new(conversation: ConversationId, state: RecordingState, ticket: Ticket) -> Self {
        Self {
            conversation,
            state,
            held: false,
            duration_ms: 0,
            microphone: None,
            loudness: Vec::new(),
            ticket,
            bytes: 0,
            keeping: 0,
            refused: false,
        }
    }

    /// The microphone is in use.
    pub(super) fn listens(&self) -> bool {
        matches!(
            self.state,
            RecordingState::Opening | RecordingState::Hearing
        )
    }

    /// There is something to send, and it is not being sent.
    pub(super) fn can_be_sent(&self) -> bool {
        self.state != RecordingState::Ending && self.duration_ms > 0
    }

    /// There is something to hear.
    pub fn can_be_heard(&self) -> bool {
        let rests = matches!(self.state, RecordingState::Paused | RecordingState::Kept);
        rests && self.duration_ms > 0
    }

    /// How loud it was, compared with the loudest: while it is recorded the last moments, and then all of it.
    pub fn waveform(&self) -> Vec<u8> {
        let all = match self.listens() {
            true => &self.loudness[self.loudness.len().saturating_sub(STROKES)..],
            false => &self.loudness[..],
        };
        let strokes = all.len().min(STROKES);
        let loudest = all.iter().copied().max().unwrap_or(0).max(QUIET);
        let stroke = |number: usize| {
            let part = number * all.len() / strokes..(number + 1) * all.len() / strokes;
            let loudness = all[part].iter().copied().max().unwrap_or(0);
            (u32::from(loudness) * 255 / u32::from(loudest)) as u8
        };
        (0..strokes).map(stroke).collect()
    }
}

/// The recording of the open conversation.
impl ThreadPage {
    /// The one of this conversation that is not being sent.
    pub fn recording_of(&self, id: &ConversationId) -> Option<&Recording> {
        let recording = self.recording.as_ref()?;
        let is_it = recording.conversation == *id && recording.state != RecordingState::Ending;
        is_it.then_some(recording)
    }

    /// The microphone is in use.
    pub(super) fn listens(&self) -> bool {
        self.recording.as_ref().is_some_and(Recording::listens)
    }

    pub(super) fn record(&mut self, action: RecordingAction, context: &Context) -> Vec<Outcome> {
        match action {
            RecordingAction::Begin { held } => self.begin_recording(held, context),
            RecordingAction::Lock => {
                if let Some(recording) = &mut self.recording {
                    recording.held = false;
                }
                self.recording_changed();
                Vec::new()
            }
            RecordingAction::Release => match &mut self.recording {
                Some(recording) if recording.held => {
                    recording.held = false;
                    let was_held = recording.duration_ms >= HELD_MS;
                    self.recording_changed();
                    match was_held {
                        true => vec![Outcome::Send],
                        false => Vec::new(),
                    }
                }
                _ => Vec::new(),
            },
            RecordingAction::Pause => self.pause_recording(),
            RecordingAction::GoOn => match &mut self.recording {
                Some(recording) if recording.state == RecordingState::Paused => {
                    recording.state = RecordingState::Hearing;
                    self.recording_changed();
                    vec![record(Record::GoOn)]
                }
                _ => Vec::new(),
            },
            RecordingAction::Discard => self.discard_recording(),
            RecordingAction::Report(ticket, heard) => self.heard(ticket, heard),
        }
    }

    /// A voice note can be begun in the open conversation.
    pub fn may_record(&self) -> bool {
        let is_editing = self.open.as_ref().is_some_and(Thread::is_editing);
        let is_free = self.recording.is_none() && !self.is_recording_attached();
        self.may_write() && is_free && !is_editing
    }

    fn begin_recording(&mut self, held: bool, context: &Context) -> Vec<Outcome> {
        let can_begin = context.shows(Pane::Thread) && self.may_record();
        let Some(id) = self.id().filter(|_| can_begin).cloned() else {
            return Vec::new();
        };
        let ticket = self.ticket();
        let mut recording = Recording::new(id, RecordingState::Opening, ticket);
        recording.held = held;
        self.recording = Some(recording);
        self.recording_changed();
        vec![record(Record::Begin(ticket))]
    }

    fn pause_recording(&mut self) -> Vec<Outcome> {
        match &mut self.recording {
            Some(recording) if recording.listens() => {
                recording.state = RecordingState::Paused;
                recording.held = false;
                self.recording_changed();
                vec![record(Record::Pause)]
            }
            _ => Vec::new(),
        }
    }

    fn discard_recording(&mut self) -> Vec<Outcome> {
        let is_there = |it: &mut Recording| it.state != RecordingState::Ending;
        let Some(recording) = self.recording.take_if(is_there) else {
            return Vec::new();
        };
        self.recording_changed();
        vec![
            record(Record::Stop),
            Outcome::ask(Call::DropRecording(recording.conversation)),
            Outcome::Do(Effect::FocusDraft),
        ]
    }

    /// The microphone reports.
    fn heard(&mut self, ticket: Ticket, heard: Heard) -> Vec<Outcome> {
        let recording = self.recording.as_mut();
        let Some(recording) = recording.filter(|recording| recording.ticket == ticket) else {
            return Vec::new();
        };
        let mut outcomes = Vec::new();
        match heard {
            Heard::By(microphone) => {
                recording.microphone = Some(microphone);
                if recording.state == RecordingState::Opening {
                    recording.state = RecordingState::Hearing;
                }
            }
            Heard::Loudness(loudness, duration_ms) => {
                recording.loudness.push(loudness);
                recording.duration_ms = duration_ms;
            }
            Heard::Part(part) if !recording.refused && !part.0.is_empty() => {
                let from = recording.bytes;
                recording.bytes += part.0.len() as u64;
                recording.keeping += 1;
                outcomes.push(Outcome::ask(Request::KeepRecording {
                    ticket,
                    conversation: recording.conversation.clone(),
                    from,
                    part,
                }));
            }
            Heard::Part(_) => {}
            Heard::Ended if recording.state == RecordingState::Ending => {
                recording.microphone = None;
                return self.end_recording();
            }
            Heard::Ended => recording.state = RecordingState::Kept,
            Heard::Silent(why) => {
                outcomes.push(Outcome::Tell(Banner::Silent(why)));
                outcomes.extend(self.break_off());
            }
        }
        self.recording_changed();
        outcomes
    }

    /// Nothing more is heard. What is kept can still be sent.
    fn break_off(&mut self) -> Vec<Outcome> {
        let Some(recording) = &mut self.recording else {
            return Vec::new();
        };
        let is_sent = recording.state == RecordingState::Ending;
        recording.state = RecordingState::Kept;
        recording.held = false;
        recording.microphone = None;
        if is_sent {
            recording.state = RecordingState::Ending;
            return self.end_recording();
        }
        self.recording.take_if(|recording| recording.bytes == 0);
        self.recording_changed();
        Vec::new()
    }

    /// A part is kept, or is not.
    pub(super) fn part_kept(
        &mut self,
        ticket: Ticket,
        answer: Result<(), Refusal>,
    ) -> Vec<Outcome> {
        let recording = self.recording.as_mut();
        let Some(recording) = recording.filter(|recording| recording.ticket == ticket) else {
            return Vec::new();
        };
        recording.keeping -= 1;
        match answer {
            Ok(()) => self.end_recording(),
            Err(_) if recording.refused => self.end_recording(),
            Err(refusal) => {
                recording.refused = true;
                let mut outcomes = vec![record(Record::Stop), Outcome::Refused(refusal)];
                outcomes.extend(self.break_off());
                outcomes
            }
        }
    }

    /// Has a recording sent that was to be, once it is complete and kept.
    fn end_recording(&mut self) -> Vec<Outcome> {
        let is_complete = |recording: &mut Recording| {
            recording.state == RecordingState::Ending
                && recording.microphone.is_none()
                && recording.keeping == 0
        };
        let Some(recording) = self.recording.take_if(is_complete) else {
            return Vec::new();
        };
        let id = recording.conversation;
        let strip = self.strips.get_mut(&id);
        if let Some(one) = strip.and_then(Strip::recording)
            && let Attached::Recording { is_complete, .. } = &mut one.what
        {
            *is_complete = true;
            one.size = recording.bytes;
        }
        Vec::from_iter(self.go_on(&id))
    }

    /// Attaches the recording of the open conversation, which is to be sent now.
    pub(super) fn attach_recording(&mut self) -> Vec<Outcome> {
        let open = self.open.as_ref();
        let open = open.filter(|thread| thread.may_send && !thread.is_editing());
        let Some(id) = open.map(|thread| thread.id.clone()) else {
            return Vec::new();
        };
        let recording = self.recording.as_mut();
        let Some(recording) = recording.filter(|it| it.conversation == id && it.can_be_sent())
        else {
            return Vec::new();
        };
        let is_complete = recording.state == RecordingState::Kept && recording.keeping == 0;
        let (ticket, duration_ms) = (recording.ticket, recording.duration_ms);
        let size = recording.bytes;
        let mut outcomes = Vec::new();
        if is_complete {
            self.recording = None;
        } else {
            if recording.state == RecordingState::Kept {
                recording.microphone = None;
            } else {
                outcomes.push(record(Record::End));
            }
            recording.state = RecordingState::Ending;
            recording.held = false;
        }
        let strip = self.strips.entry(id.clone()).or_default();
        strip.files.push(Attachment {
            ticket,
            name: String::new(),
            size,
            state: AttachmentState::Waits,
            carries: None,
            as_it_is: false,
            what: Attached::Recording {
                duration_ms,
                is_complete,
            },
        });
        self.strip_changed(&id);
        outcomes
    }

    /// A recording is attached already in the open conversation.
    fn is_recording_attached(&self) -> bool {
        let mut files = self.strip().into_iter().flat_map(|strip| &strip.files);
        files.any(|one| matches!(one.what, Attached::Recording { .. }))
    }

    /// Pauses when the window is not in front, lets go of a conversation that is left, and asks for what is kept of the
    /// one that is opened.
    pub(super) fn settle_recording(&mut self, context: &Context) -> Vec<Outcome> {
        let open = self.id().cloned();
        let mut outcomes = Vec::new();
        let recorded = self.recording.as_ref().map(|it| &it.conversation);
        if recorded.is_some_and(|id| Some(id) != open.as_ref()) {
            outcomes.extend(self.leave_recording());
        }
        if !context.presence.focused {
            outcomes.extend(self.pause_recording());
        }
        if self.looked_for_recording == open {
            return outcomes;
        }
        self.looked_for_recording = None;
        let Some(id) = open else { return outcomes };
        let known = context.conversations.get(&id);
        let is_kept = known.is_some_and(|known| known.conversation.recording > 0);
        if is_kept && self.recording.is_none() && !self.is_recording_attached() {
            self.looked_for_recording = Some(id.clone());
            outcomes.push(Outcome::ask(Request::Recording(id)));
        }
        outcomes
    }

    /// Lets go of the microphone. What was recorded stays with the node.
    pub(super) fn leave_recording(&mut self) -> Vec<Outcome> {
        let is_left = |it: &mut Recording| it.state != RecordingState::Ending;
        match self.recording.take_if(is_left) {
            Some(recording) => {
                self.recording_changed();
                let is_on = recording.state != RecordingState::Kept;
                is_on.then(|| record(Record::Stop)).into_iter().collect()
            }
            None => Vec::new(),
        }
    }

    /// What the node has kept of a recording; `None` if nothing of it can be heard.
    pub(super) fn know_recording(&mut self, id: ConversationId, kept: Option<(u64, Voice)>) {
        let is_wanted = self.id() == Some(&id) && self.recording.is_none();
        let Some((bytes, voice)) = kept.filter(|_| is_wanted && !self.is_recording_attached())
        else {
            return;
        };
        let ticket = self.ticket();
        let mut recording = Recording::new(id, RecordingState::Kept, ticket);
        recording.bytes = bytes;
        recording.duration_ms = voice.duration_ms;
        recording.loudness = voice.waveform.into_iter().map(u16::from).collect();
        self.recording = Some(recording);
        self.recording_changed();
    }

    /// The node is gone, and cannot keep any more.
    pub(super) fn lose_recording(&mut self) -> Vec<Outcome> {
        let Some(recording) = self.recording.take() else {
            return Vec::new();
        };
        if recording.state == RecordingState::Ending
            && let Some(strip) = self.strips.get_mut(&recording.conversation)
        {
            strip
                .files
                .retain(|one| !matches!(one.what, Attached::Recording { .. }));
        }
        self.recording_changed();
        vec![record(Record::Stop)]
    }

    fn recording_changed(&mut self) {
        if let Some(id) = self.id().cloned() {
            self.strip_changed(&id);
        }
    }
}

fn record(what: Record) -> Outcome {
    Outcome::Do(Effect::Record(what))
}
