//! The file of a message: how it stands, how fast it comes or goes, and what can be done with it now.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_node::api::{
    Call, Carrier, DeviceId, FileState, Message, MessageFile, MessageId, visible,
};
use hedgerow_node::words;
use unicode_segmentation::UnicodeSegmentation;

use super::answering::Authors;
use super::context::Context;
use super::effect::Request;
use super::outcome::Outcome;
use super::pictures::{Pictures, is_picture};
use super::previews::{Picture, Preview, Previews};
use super::thread::Thread;

/// The longest name that is shown whole, in characters as people count them; of a longer one the middle is left out.
const LONGEST_NAME: usize = 48;

/// This much of the end of a longer name is shown: what is said to be in the file stands there.
const END_OF_NAME: usize = 14;

/// The rate of a file is shown once the file has been on its way for this long.
const RATE_AFTER_MS: u64 = 1_000;

/// A file rests when nothing more of it has come for this long.
const RESTS_AFTER_MS: u64 = 4_000;

/// What a person does with the file of a message.
#[derive(Clone)]
pub enum FileAction {
    /// Ask for it, whatever loads by itself.
    Load(MessageId),
    /// Do not load it, or no further.
    Decline(MessageId),
    /// Save it among the downloads.
    Save(MessageId),
    /// Take one of ours back that is on its way.
    Cancel(MessageId),
    /// Free the room that it takes on this device.
    Free(MessageId),
    /// Show the picture as large as the window.
    View(MessageId),
}

/// The file of a message, as it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct FileCard {
    /// What its sender calls it, safe to show.
    pub name: String,
    /// The same, without its middle if it is long.
    pub short_name: String,
    /// What the node says about it.
    pub file: MessageFile,
    /// How many bytes are here, or of ours at the device that has most of them, while it is on its way.
    pub under_way: Option<u64>,
    /// How fast that goes.
    pub pace: Option<Pace>,
    /// The names of those who declined ours.
    pub declined_by: String,
    /// What can be done with it now.
    pub offers: Offers,
    /// It is being saved.
    pub saving: bool,
    /// Its small picture.
    pub preview: Preview,
    /// The viewer shows it.
    pub is_picture: bool,
}

/// A file where there is room for one line.
pub(super) fn on_one_line(file: &MessageFile) -> String {
    match &file.voice {
        Some(voice) => format!("🎤 {}", words::files::duration(voice.duration_ms)),
        None => format!("📎 {}", visible::name(&file.name.0)),
    }
}

/// What can be done with a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offers {
    /// It can be asked for.
    pub load: bool,
    /// It is loading, and can be stopped.
    pub stop: bool,
    /// It can be declined.
    pub decline: bool,
    /// It is ours and on its way, and can be taken back.
    pub cancel: bool,
    /// It is here, and can be saved.
    pub save: bool,
    /// Its room can be freed.
    pub free: bool,
}

/// How fast the bytes of a file come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bytes in a second.
    pub rate: u64,
    /// The rest takes so long at that rate, in seconds.
    pub left_s: u64,
    /// The carrier of the conversation's session.
    pub over: Option<Carrier>,
}

impl FileCard {
    pub(super) fn of(
        message: &Message,
        authors: &Authors,
        over: Option<Carrier>,
        files: &ThreadFiles,
    ) -> Option<Self> {
        let file = message.file.as_ref()?;
        let is_ours = message.is_mine();
        let name = visible::label(&file.name.0).unwrap_or_default();
        let under_way = under_way(file, is_ours);
        let declined = file.held.iter().filter(|held| held.declined);
        let declined: BTreeSet<_> = declined.map(|held| authors.name(&held.contact)).collect();
        Some(Self {
            short_name: without_middle(&name),
            name,
            under_way,
            pace: under_way.and_then(|bytes| files.pace(&message.id, file.size - bytes, over)),
            declined_by: Vec::from_iter(declined).join(", "),
            offers: Offers::of(file, is_ours),
            saving: files.saving.contains(&message.id),
            preview: match file.preview {
                true => files.previews.of(&message.id),
                false => Preview::Nothing,
            },
            is_picture: is_picture(message),
            file: file.clone(),
        })
    }
}

impl Offers {
    fn of(file: &MessageFile, is_ours: bool) -> Self {
        let is_here = file.state == FileState::Here;
        let waits = matches!(
            file.state,
            FileState::Offered { .. } | FileState::NoRoom { .. }
        );
        let is_gone = matches!(
            file.state,
            FileState::Declined | FileState::Damaged | FileState::Freed
        );
        Self {
            load: !is_ours && (waits || is_gone),
            stop: !is_ours && matches!(file.state, FileState::Loading { .. }),
            decline: !is_ours && waits,
            cancel: is_ours && is_here && !file.held.is_empty() && !file.is_delivered(),
            save: is_here,
            free: is_here && is_elsewhere(file, is_ours),
        }
    }
}

/// Whether this is not the only copy of a file of ours.
fn is_elsewhere(file: &MessageFile, is_ours: bool) -> bool {
    !is_ours || (!file.held.is_empty() && file.is_delivered())
}

/// Whether the file of a message can be freed on this device.
pub(crate) fn may_be_freed(message: &Message) -> bool {
    let file = message.file.as_ref();
    file.is_some_and(|file| Offers::of(file, message.is_mine()).free)
}

/// How many bytes have come, if more are to follow.
fn under_way(file: &MessageFile, is_ours: bool) -> Option<u64> {
    let bytes = match file.state {
        FileState::Loading { bytes } => bytes,
        FileState::Here if is_ours => {
            let goes = file.held.iter().filter(|held| !held.declined);
            goes.map(|held| held.bytes).max()?
        }
        _ => return None,
    };
    (0 < bytes && bytes < file.size).then_some(bytes)
}

/// A name that fits on two lines of a card. Its end stays, so that nothing hides what kind of file it is.
fn without_middle(name: &str) -> String {
    let letters: Vec<&str> = name.graphemes(true).collect();
    let Some(left_out) = letters
        .len()
        .checked_sub(LONGEST_NAME)
        .filter(|more| *more > 0)
    else {
        return name.to_owned();
    };
    let end = letters.len() - END_OF_NAME;
    let begin = end - left_out - 1;
    format!("{}…{}", letters[..begin].concat(), letters[end..].concat())
}

/// What the messages of a conversation do not say about their files: how they come, which are being saved, and their
/// small pictures.
#[derive(Default)]
pub(super) struct ThreadFiles {
    tracks: BTreeMap<MessageId, Track>,
    saving: BTreeSet<MessageId>,
    pub previews: Previews,
}

/// How a file has come so far.
struct Track {
    device: Option<DeviceId>,
    began_ms: u64,
    last_ms: u64,
    bytes: u64,
    /// Bytes in a second, evened out.
    rate: Option<u64>,
}

impl ThreadFiles {
    /// So many bytes are at a device; `None` is ours.
    fn progress(&mut self, id: &MessageId, device: Option<DeviceId>, bytes: u64, now_ms: u64) {
        let begun = Track {
            device: device.clone(),
            began_ms: now_ms,
            last_ms: now_ms,
            bytes,
            rate: None,
        };
        let Some(track) = self.tracks.get_mut(id) else {
            self.tracks.insert(id.clone(), begun);
            return;
        };
        // Several devices fetch it: the one that began tells the rate, as long as it goes on.
        if track.device != device && !track.rests(now_ms) {
            return;
        }
        if track.device != device || bytes < track.bytes || track.rests(now_ms) {
            *track = begun;
            return;
        }
        let passed_ms = now_ms - track.last_ms;
        let more = (bytes - track.bytes).saturating_mul(1_000);
        if let Some(now) = more.checked_div(passed_ms) {
            track.rate = Some(track.rate.map_or(now, |before| before / 4 * 3 + now / 4));
            (track.last_ms, track.bytes) = (now_ms, bytes);
        }
    }

    /// It is to be saved. False if it is being saved already.
    pub fn saves(&mut self, id: &MessageId) -> bool {
        self.saving.insert(id.clone())
    }

    /// It is saved, or could not be. False if it was not to be.
    pub fn saved(&mut self, id: &MessageId) -> bool {
        self.saving.remove(id)
    }

    fn pace(&self, id: &MessageId, rest: u64, over: Option<Carrier>) -> Option<Pace> {
        let track = self.tracks.get(id)?;
        let rate = track.rate.filter(|rate| *rate > 0)?;
        let is_settled = track.last_ms - track.began_ms >= RATE_AFTER_MS;
        is_settled.then(|| Pace {
            rate,
            left_s: rest.div_ceil(rate),
            over,
        })
    }

    /// When the rate of a file that rests is to be told no more.
    pub fn due_ms(&self) -> Option<u64> {
        let last = self.tracks.values().map(|track| track.last_ms).min();
        last.map(|last_ms| last_ms + RESTS_AFTER_MS)
    }

    /// Forgets the rates of files that rest. Tells whether there were any.
    pub fn forget_resting(&mut self, now_ms: u64) -> bool {
        let before = self.tracks.len();
        self.tracks.retain(|_, track| !track.rests(now_ms));
        self.tracks.len() < before
    }
}

impl Track {
    fn rests(&self, now_ms: u64) -> bool {
        now_ms >= self.last_ms + RESTS_AFTER_MS
    }
}

/// The files of its messages.
impl Thread {
    /// A person does something with the file of a message.
    pub(super) fn act_on_file(&mut self, action: FileAction, context: &Context) -> Vec<Outcome> {
        let conversation = self.id.clone();
        let call = match action {
            FileAction::Load(id) => Call::WantFile(conversation, id, true),
            FileAction::Decline(id) => Call::WantFile(conversation, id, false),
            FileAction::Cancel(id) => Call::CancelFile(conversation, id),
            FileAction::Free(id) => Call::FreeFile(conversation, id),
            FileAction::View(id) => {
                let loaded = self.window.iter().map(|one| &one.message);
                let pictures = Pictures::of(conversation, loaded, &id);
                return pictures.map(Outcome::View).into_iter().collect();
            }
            FileAction::Save(id) => {
                if !self.files.saves(&id) {
                    return Vec::new();
                }
                self.draw_rows(context);
                return vec![Outcome::ask(Request::SaveFile { conversation, id })];
            }
        };
        vec![Outcome::ask(call)]
    }

    /// The file of a message is saved, or could not be.
    pub(super) fn file_saved(&mut self, id: &MessageId, context: &Context) {
        if self.files.saved(id) {
            self.draw_rows(context);
        }
    }

    /// More of a file has come to this device, or to another one.
    pub(super) fn file_progress(
        &mut self,
        id: MessageId,
        device: Option<DeviceId>,
        bytes: u64,
        context: &Context,
    ) {
        let now_ms = context.now.monotonic_ms;
        self.files.progress(&id, device, bytes, now_ms);
        self.message_changed(id);
    }

    /// Asks for the small pictures nearest to what is in view.
    pub(super) fn fetch_previews(&mut self, context: &Context) -> Vec<Outcome> {
        let with_previews = self.window.iter().enumerate().filter(|(_, one)| {
            let file = one.message.file.as_ref();
            file.is_some_and(|file| file.preview)
        });
        let mut with_previews: Vec<_> = with_previews.collect();
        let at = match &self.reading.in_view {
            Some(id) => self.window.iter().position(|one| one.message.id == *id),
            None => None,
        };
        let at = at.unwrap_or(self.window.len());
        with_previews.sort_by_key(|(place, _)| place.abs_diff(at));
        let nearest = with_previews.iter().map(|(_, one)| &one.message.id);
        let wanted = self.files.previews.want(nearest);
        if wanted.has_forgotten {
            self.draw_rows(context);
        }
        let conversation = &self.id;
        let requests = wanted.ask.into_iter().map(|id| Request::Preview {
            conversation: conversation.clone(),
            id,
        });
        requests.map(Outcome::ask).collect()
    }

    /// The small picture of a message is decoded, or cannot be.
    pub(super) fn know_preview(
        &mut self,
        id: &MessageId,
        picture: Option<&Picture>,
        context: &Context,
    ) {
        if self.files.previews.told(id, picture) {
            self.draw_rows(context);
        }
    }

    /// Tells no rate of a file that rests.
    pub(super) fn rest_files(&mut self, context: &Context) {
        if self.files.forget_resting(context.now.monotonic_ms) {
            self.draw_rows(context);
        }
    }
}

#[cfg(test)]
mod tests {
    use hedgerow_node::api::{Private, Voice};

    use super::*;

    #[test]
    fn the_end_of_a_long_name_is_never_left_out() {
        assert_eq!(without_middle("notes.txt"), "notes.txt");
        let long = format!("{}.pdf.exe", "x".repeat(100));
        let short = without_middle(&long);
        assert_eq!(short.graphemes(true).count(), LONGEST_NAME);
        assert!(short.starts_with("xxxx") && short.ends_with(".pdf.exe") && short.contains('…'));
    }

    #[test]
    fn a_voice_note_is_called_by_its_length_where_there_is_room_for_one_line() {
        let mut file = MessageFile {
            name: Private("voice note.ogg".into()),
            size: 1_000,
            media_type: None,
            preview: false,
            voice: None,
            state: FileState::Here,
            held: Vec::new(),
        };
        assert_eq!(on_one_line(&file), "📎 voice note.ogg");
        file.voice = Some(Voice {
            duration_ms: 67_200,
            waveform: Vec::new(),
        });
        assert_eq!(on_one_line(&file), "🎤 1:08");
    }

    #[test]
    fn the_rate_is_told_after_a_second_and_not_of_a_file_that_rests() {
        let (id, mut files) = (MessageId("aa-01-1".into()), ThreadFiles::default());
        for (at_ms, bytes) in [(0, 0), (500, 500_000), (1_000, 1_000_000)] {
            assert_eq!(files.pace(&id, 4_000_000, None), None);
            files.progress(&id, None, bytes, at_ms);
        }
        let pace = files.pace(&id, 4_000_000, Some(Carrier::Lan));
        let expected = Pace {
            rate: 1_000_000,
            left_s: 4,
            over: Some(Carrier::Lan),
        };
        assert_eq!(pace, Some(expected));
        assert!(!files.forget_resting(4_999) && files.due_ms() == Some(5_000));
        assert!(files.forget_resting(5_000) && files.due_ms().is_none());
    }
}
