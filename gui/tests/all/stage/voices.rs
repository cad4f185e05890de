//! How the played node handles voice notes.

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use super::Node;

/// What an uploaded recording is called here.
pub const RECORDED: &str = "recorded";

/// Bytes of a recording that plays for a second.
pub const SECOND: usize = 10;

impl Node {
    /// What comes of a request about voice notes.
    pub(super) fn handles_voices(&mut self, request: Request) -> Option<Update> {
        Some(match request {
            Request::KeepRecording {
                ticket,
                conversation,
                from,
                part,
            } => {
                let answer = match &self.refuses_recordings {
                    Some(refusal) => Err(refusal.clone()),
                    None => {
                        let kept = self.recordings.entry(conversation.clone()).or_default();
                        kept.truncate(if from == 0 { 0 } else { kept.len() });
                        assert_eq!(kept.len() as u64, from, "it goes on where it ended");
                        kept.extend(part.0);
                        self.talk(&conversation)?.conversation.recording = 1;
                        Ok(())
                    }
                };
                Update::PartKept(ticket, answer)
            }
            Request::Recording(conversation) => {
                let kept = self.recordings.get(&conversation).map(|kept| {
                    let voice = Voice {
                        duration_ms: (kept.len() / SECOND) as u32 * 1_000,
                        waveform: vec![9; 64],
                    };
                    (kept.len() as u64, voice)
                });
                Update::Recording(conversation, kept)
            }
            Request::UploadRecording {
                ticket,
                conversation,
            } => {
                let kept = self.recordings.get(&conversation);
                let answer = match (kept, &self.refuses_uploads) {
                    (Some(kept), None) => Ok(Uploaded {
                        id: UploadId(RECORDED.into()),
                        name: Private(String::new()),
                        size: kept.len() as u64,
                        carries: Vec::new(),
                        cleaned: true,
                        preview: false,
                        voice: None,
                    }),
                    (None, _) => Err(Unfit::Refused(Refusal::NoFile)),
                    (_, Some(refusal)) => Err(Unfit::Refused(refusal.clone())),
                };
                Update::Uploaded(ticket, answer)
            }
            Request::Voice { ticket, .. } => {
                let sound = Sound(vec![0; 48_000].into());
                Update::Voice(ticket, (!self.cannot_decode).then_some(sound))
            }
            Request::Call(Call::DropRecording(conversation)) => {
                self.recordings.remove(&conversation);
                self.talk(&conversation)?.conversation.recording = 0;
                Update::Event(Event::Conversation { conversation })
            }
            _ => return None,
        })
    }
}
