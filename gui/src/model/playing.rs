//! The voice note that plays: one of a message, or the one that is to be sent. One plays at a time, and only in the
//! conversation that is open.

use hedgerow_node::api::{ConversationId, FileState, Message, MessageId, Voice};

use super::banner::Banner;
use super::effect::{Effect, Request, Ticket};
use super::outcome::Outcome;
use super::sound::{Play, Played, Sound, Tempo};
use super::thread::Thread;
use super::thread_page::ThreadPage;

/// What plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voiced {
    /// The voice note of a message.
    Message(MessageId),
    /// The one that is to be sent.
    Recording,
}

/// What a person does with what plays, and what the loudspeaker reports.
#[derive(Clone)]
pub enum PlayingAction {
    /// Play it, or pause it.
    Toggle(Voiced),
    /// Play it from there on, 0 to 1.
    Seek(Voiced, f32),
    /// Play at another tempo.
    NextTempo,
    /// The loudspeaker reports of this play.
    Report(Ticket, Played),
}

/// How far a voice note is that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayStage {
    /// It is being decoded.
    Fetching,
    /// It plays.
    Playing,
    /// It waits.
    Paused,
}

/// A voice note that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnPlayer {
    /// Where it is.
    pub conversation: ConversationId,
    /// Which.
    pub what: Voiced,
    /// How far it is.
    pub stage: PlayStage,
    /// Where it plays, in milliseconds from its beginning.
    pub place_ms: u32,
    /// How long it is, and how loud.
    pub voice: Voice,
    ticket: Ticket,
}

/// The player.
#[derive(Default)]
pub struct Playing {
    /// What plays, or waits to.
    pub on: Option<OnPlayer>,
    /// How fast.
    pub tempo: Tempo,
    tickets: u64,
    changed: bool,
}

impl Playing {
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn act(&mut self, action: PlayingAction, page: &ThreadPage) -> Vec<Outcome> {
        match action {
            PlayingAction::Toggle(what) => self.toggle(what, page),
            PlayingAction::Seek(what, part) => self.seek(what, part, page),
            PlayingAction::NextTempo => {
                self.tempo = self.tempo.next();
                self.changed = true;
                vec![play(Play::At(self.tempo))]
            }
            PlayingAction::Report(ticket, played) => self.reported(ticket, played, page),
        }
    }

    fn toggle(&mut self, what: Voiced, page: &ThreadPage) -> Vec<Outcome> {
        let Some(on) = self.on.as_mut().filter(|on| on.what == what) else {
            return self.begin(what, 0.0, page);
        };
        self.changed = true;
        match on.stage {
            PlayStage::Fetching => self.stop(),
            PlayStage::Playing => {
                on.stage = PlayStage::Paused;
                vec![play(Play::Pause)]
            }
            PlayStage::Paused => {
                on.stage = PlayStage::Playing;
                vec![play(Play::GoOn)]
            }
        }
    }

    fn seek(&mut self, what: Voiced, part: f32, page: &ThreadPage) -> Vec<Outcome> {
        let Some(on) = self.on.as_mut().filter(|on| on.what == what) else {
            return self.begin(what, part, page);
        };
        on.place_ms = place_ms(on.voice.duration_ms, part);
        self.changed = true;
        match on.stage {
            PlayStage::Fetching => Vec::new(),
            PlayStage::Playing | PlayStage::Paused => vec![play(Play::Seek(on.place_ms))],
        }
    }

    /// Has it decoded. What played before falls silent.
    fn begin(&mut self, what: Voiced, part: f32, page: &ThreadPage) -> Vec<Outcome> {
        let mut outcomes = self.stop();
        let Some(thread) = page.open.as_ref() else {
            return outcomes;
        };
        let conversation = thread.id.clone();
        let voice = match &what {
            Voiced::Message(id) => {
                let message = thread.window.find(id).map(|one| &one.message);
                message.and_then(playable).cloned()
            }
            Voiced::Recording => page.recording_of(&conversation).map(|it| Voice {
                duration_ms: it.duration_ms,
                waveform: it.waveform(),
            }),
        };
        let Some(voice) = voice else {
            return outcomes;
        };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.on = Some(OnPlayer {
            conversation: conversation.clone(),
            what: what.clone(),
            stage: PlayStage::Fetching,
            place_ms: place_ms(voice.duration_ms, part),
            voice,
            ticket,
        });
        self.changed = true;
        outcomes.push(Outcome::ask(Request::Voice {
            ticket,
            conversation,
            what,
        }));
        outcomes
    }

    /// It is decoded, or cannot be.
    pub(super) fn know(&mut self, ticket: Ticket, sound: Option<Sound>) -> Vec<Outcome> {
        let is_awaited =
            |on: &&mut OnPlayer| on.ticket == ticket && on.stage == PlayStage::Fetching;
        let Some(on) = self.on.as_mut().filter(is_awaited) else {
            return Vec::new();
        };
        self.changed = true;
        let Some(sound) = sound else {
            self.on = None;
            return vec![Outcome::Tell(Banner::NotPlayed)];
        };
        on.stage = PlayStage::Playing;
        vec![play(Play::Begin {
            ticket,
            sound,
            from_ms: on.place_ms,
            tempo: self.tempo,
        })]
    }

    fn reported(&mut self, ticket: Ticket, played: Played, page: &ThreadPage) -> Vec<Outcome> {
        let Some(on) = self.on.as_mut().filter(|on| on.ticket == ticket) else {
            return Vec::new();
        };
        self.changed = true;
        match played {
            Played::Place(at_ms) => {
                on.place_ms = at_ms.min(on.voice.duration_ms);
                Vec::new()
            }
            Played::Ended => {
                let next = match &on.what {
                    Voiced::Message(id) => page.open.as_ref().and_then(|it| after(it, id)),
                    Voiced::Recording => None,
                };
                match next {
                    Some(next) => self.begin(Voiced::Message(next), 0.0, page),
                    None => self.stop(),
                }
            }
            Played::Silent(why) => {
                self.on = None;
                vec![Outcome::Tell(Banner::Silent(why))]
            }
        }
    }

    /// Falls silent, if anything plays.
    pub(super) fn stop(&mut self) -> Vec<Outcome> {
        match self.on.take() {
            Some(_) => {
                self.changed = true;
                vec![play(Play::Stop)]
            }
            None => Vec::new(),
        }
    }

    /// A message has gone: it is not heard any longer.
    pub(super) fn message_gone(&mut self, id: &MessageId) -> Vec<Outcome> {
        let on = self.on.as_ref();
        match on.is_some_and(|on| matches!(&on.what, Voiced::Message(what) if what == id)) {
            true => self.stop(),
            false => Vec::new(),
        }
    }

    /// Falls silent when the conversation is left, what played there has gone, or the microphone would hear it.
    pub(super) fn settle(&mut self, page: &ThreadPage) -> Vec<Outcome> {
        let Some(on) = &self.on else {
            return Vec::new();
        };
        let is_open = page.id() == Some(&on.conversation);
        let is_there = match &on.what {
            // One that is only out of sight is there.
            Voiced::Message(id) => {
                let open = page.open.as_ref();
                let loaded = open.and_then(|thread| thread.window.find(id));
                loaded.is_none_or(|one| playable(&one.message).is_some())
            }
            Voiced::Recording => page
                .recording_of(&on.conversation)
                .is_some_and(|recording| recording.can_be_heard()),
        };
        match is_open && is_there && !page.listens() {
            true => Vec::new(),
            false => self.stop(),
        }
    }
}

/// The voice note of a message, if it has one that is here.
fn playable(message: &Message) -> Option<&Voice> {
    let file = message.file.as_ref();
    file.filter(|file| file.state == FileState::Here)?
        .voice
        .as_ref()
}

/// The next voice note after this message.
fn after(thread: &Thread, id: &MessageId) -> Option<MessageId> {
    let loaded = thread.window.iter().map(|one| &one.message);
    let mut later = loaded.skip_while(|message| message.id != *id).skip(1);
    let next = later.find(|message| playable(message).is_some())?;
    Some(next.id.clone())
}

fn place_ms(duration_ms: u32, part: f32) -> u32 {
    (duration_ms as f32 * part.clamp(0.0, 1.0)) as u32
}

fn play(what: Play) -> Outcome {
    Outcome::Do(Effect::Play(what))
}
