//! Files in messages (`docs/PROTOCOL.md` sections 4 and 16), and calls about them.

use hedgerow_sync::id::{DeviceId, EntryId, LogId, SpaceId};
use hedgerow_sync::page::{self, Placed};
use hedgerow_sync::store::{Reader, StorageError};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::fetching::new_name;
use super::loading::UNVERIFIED;
use super::row::{self, FileRow, Held, State};
use super::{Files, MAX_UPLOADS, Owners, Turn};
use crate::api::{
    ContactId, ConversationId, FileHeld, FileState, MessageFile, MessageId, Offered, Private,
    Refusal, Reply, UploadId, Voice,
};
use crate::engine::content::Content;
use crate::engine::conversation::parse_message_id;
use crate::engine::conversations::{Conversation, Kind};
use crate::engine::fault::CallError;
use crate::engine::links::Errand;
use crate::engine::{Effects as _, conversations, delivery};
use crate::files::extent::{BARS, Extent, MAX_PREVIEW, MAX_VOICE_MS};
use crate::files::tree::FileId;
use crate::files::work::{FileCommand, FileKey, StoredName, Upload};
use crate::search::marks::Mark;

/// The longest name of a file, in bytes.
const MAX_FILE_NAME: usize = 255;

/// The longest type of a file, in bytes.
const MAX_MEDIA_TYPE: usize = 127;

/// What a message says of its file.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct FilePart {
    /// The hash of its sealed bytes.
    #[n(0)]
    id: ByteArray<32>,
    /// The key that opens it.
    #[n(1)]
    key: ByteArray<32>,
    /// Its bytes in the clear.
    #[n(2)]
    size: u64,
    #[n(3)]
    pub name: String,
    #[n(4)]
    media_type: Option<String>,
    /// A small picture of it.
    #[n(5)]
    preview: Option<ByteVec>,
    /// What it is as a voice note.
    #[n(6)]
    voice: Option<VoicePart>,
}

/// What a message says of its voice note.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
struct VoicePart {
    /// How long it plays, in milliseconds.
    #[n(0)]
    duration_ms: u32,
    /// How loud its parts are.
    #[n(1)]
    waveform: ByteVec,
}

impl VoicePart {
    fn is_sound(&self) -> bool {
        (1..=MAX_VOICE_MS).contains(&self.duration_ms) && self.waveform.len() <= BARS
    }

    fn of(voice: Voice) -> VoicePart {
        VoicePart {
            duration_ms: voice.duration_ms,
            waveform: ByteVec::from(voice.waveform),
        }
    }

    fn told(&self) -> Voice {
        Voice {
            duration_ms: self.duration_ms,
            waveform: self.waveform.to_vec(),
        }
    }
}

impl FilePart {
    /// Whether it keeps the limits.
    pub fn is_sound(&self) -> bool {
        let is_short = |text: &Option<String>| match text {
            Some(text) => (1..=MAX_MEDIA_TYPE).contains(&text.len()),
            None => true,
        };
        Extent::of(self.size).is_some()
            && (1..=MAX_FILE_NAME).contains(&self.name.len())
            && is_short(&self.media_type)
            && self
                .preview
                .as_ref()
                .is_none_or(|preview| preview.len() <= MAX_PREVIEW)
            && self.voice.as_ref().is_none_or(VoicePart::is_sound)
    }

    fn of(upload: &Upload, id: FileId) -> FilePart {
        FilePart {
            id: ByteArray::from(id.0),
            key: ByteArray::from(upload.key.0),
            size: upload.extent.clear(),
            name: upload.name.clone(),
            media_type: upload.media_type.clone(),
            preview: upload.preview.clone().map(ByteVec::from),
            voice: upload.voice.clone().map(VoicePart::of),
        }
    }

    /// Whether its sender calls it a picture.
    pub fn is_picture(&self) -> bool {
        self.mark() == Mark::Picture
    }

    /// By which kind search finds it.
    pub fn mark(&self) -> Mark {
        Mark::of_file(self.media_type.as_deref(), self.voice.is_some())
    }

    /// The name that search finds it by. All voice notes have the same one, which is no word of anybody.
    pub fn searched_name(&self) -> Option<&str> {
        self.voice.is_none().then_some(&self.name)
    }

    pub fn id(&self) -> FileId {
        FileId(*self.id)
    }

    /// What the file goes by in a conversation, in a message of this author.
    fn name_in(&self, kind: Kind, author: DeviceId) -> FileId {
        row::name_in(kind, author, self.id())
    }

    /// What a hostile contact claims of a file.
    #[cfg(test)]
    pub fn claimed(id: &[u8], size: u64) -> FilePart {
        FilePart {
            id: ByteArray::from(<[u8; 32]>::try_from(id).expect("32 bytes")),
            key: ByteArray::from([0; 32]),
            size,
            name: "claimed".to_owned(),
            media_type: None,
            preview: None,
            voice: None,
        }
    }

    /// What a hostile contact claims of a voice note.
    #[cfg(test)]
    pub fn claimed_voice(duration_ms: u32, bars: usize) -> FilePart {
        let waveform = vec![255; bars];
        FilePart {
            voice: Some(VoicePart::of(Voice {
                duration_ms,
                waveform,
            })),
            ..FilePart::claimed(&[7; 32], 1_000)
        }
    }
}

/// Where the sealed file of a message is, and what opens it.
#[derive(Debug)]
pub struct Stored {
    /// What its sender calls it.
    pub name: String,
    /// Its type, as its sender says.
    pub media_type: Option<String>,
    /// The name of the sealed file.
    pub stored: StoredName,
    /// What opens it.
    pub key: FileKey,
    /// How long it is.
    pub extent: Extent,
}

/// Finds the sealed file of a message.
///
/// # Errors
/// There is no such message, it has no file, the file is not here, or the store failed.
pub fn stored_file(
    reader: &dyn Reader,
    id: &ConversationId,
    message: &MessageId,
) -> Result<Stored, Refusal> {
    let (space, file, part) = said_of_file(reader, id, message)?;
    let row = FileRow::load(reader, space, file)?;
    let row = row.filter(|row| row.state == State::Here);
    let row = row.ok_or(Refusal::FileNotHere)?;
    Ok(Stored {
        stored: row.stored(),
        key: FileKey(*part.key),
        extent: row.extent()?,
        name: part.name,
        media_type: part.media_type,
    })
}

/// The small picture that came with a message.
///
/// # Errors
/// There is no such message, or no such picture in it; the store failed.
pub fn preview(
    reader: &dyn Reader,
    id: &ConversationId,
    message: &MessageId,
) -> Result<Vec<u8>, Refusal> {
    let (_, _, part) = said_of_file(reader, id, message)?;
    part.preview.map(Vec::from).ok_or(Refusal::NoFile)
}

fn said_of_file(
    reader: &dyn Reader,
    id: &ConversationId,
    message: &MessageId,
) -> Result<(SpaceId, FileId, FilePart), Refusal> {
    let space = conversations::parse_id(id).ok_or(Refusal::NoSuchConversation)?;
    let known = Conversation::load(reader, space)?.ok_or(Refusal::NoSuchConversation)?;
    let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
    page::row_place(reader, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
    let row = page::entry(reader, space, entry)?.ok_or(Refusal::NoSuchMessage)?;
    let part = Content::of(&row).and_then(|content| content.file);
    let part = part.ok_or(Refusal::NoFile)?;
    Ok((space, part.name_in(known.kind, entry.log.device), part))
}

/// The file of a message of this author as the API shows it. `is_verified`: the author is.
pub(crate) fn file_of(
    reader: &dyn Reader,
    (space, kind): (SpaceId, Kind),
    author: DeviceId,
    part: &FilePart,
    is_verified: bool,
    recipients: impl Iterator<Item = (DeviceId, ContactId)>,
) -> Result<MessageFile, StorageError> {
    let id = part.name_in(kind, author);
    let row = FileRow::load(reader, space, id)?;
    let mut held = Vec::new();
    let state = match &row {
        None => FileState::Missing,
        Some(row) => {
            let extent = row.extent()?;
            for (device, contact) in recipients.filter(|_| row.is_ours) {
                let has = Held::load(reader, space, id, device)?;
                held.push(FileHeld {
                    contact,
                    device: delivery::device_name(device),
                    bytes: has.map_or(0, |has| extent.clear_up_to(has.chunks)),
                    declined: has.is_some_and(|has| has.is_declined),
                });
            }
            match (row.state, row.free) {
                (State::Here, _) => FileState::Here,
                (State::Declined, _) => FileState::Declined,
                (State::Damaged, _) => FileState::Damaged,
                (State::Freed, _) => FileState::Freed,
                (State::Cancelled, _) => FileState::Cancelled,
                (_, Some(free)) => FileState::NoRoom { free },
                (State::Asked, None) => FileState::Loading {
                    bytes: extent.clear_up_to(row.here),
                },
                (State::Wanted, None) => {
                    if !row::may_load(extent.clear()) {
                        let why = Offered::Large;
                        FileState::Offered { why }
                    } else if !is_verified && extent.clear() > UNVERIFIED {
                        let why = Offered::Unverified;
                        FileState::Offered { why }
                    } else if !row.is_within_quota(reader, space, 0)? {
                        let why = Offered::Quota;
                        FileState::Offered { why }
                    } else {
                        let bytes = extent.clear_up_to(row.here);
                        FileState::Loading { bytes }
                    }
                }
            }
        }
    };
    Ok(MessageFile {
        name: Private(part.name.clone()),
        size: part.size,
        media_type: part.media_type.clone().map(Private),
        preview: part.preview.is_some(),
        voice: part.voice.as_ref().map(VoicePart::told),
        state,
        held,
    })
}

impl Files {
    /// A file waits for a message from now on. The oldest gives way if there are too many.
    pub(super) fn offer(&mut self, turn: &mut Turn<'_>, upload: Upload) {
        if self.uploads.len() >= MAX_UPLOADS
            && let Some(oldest) = self.uploads.pop_front()
        {
            turn.out.file(FileCommand::Remove(oldest.stored));
        }
        self.uploads.push_back(upload);
    }

    /// What a message says of a file that waits.
    pub fn part(&self, id: &UploadId) -> Result<FilePart, Refusal> {
        let mut uploads = self.uploads.iter();
        let upload = uploads.find(|upload| upload.id == *id);
        let upload = upload.ok_or(Refusal::NoSuchUpload)?;
        let id = crate::files::tree::id(&upload.hashes).ok_or(Refusal::Bug)?;
        let part = FilePart::of(upload, id);
        match part.is_sound() {
            true => Ok(part),
            false => Err(Refusal::BadName),
        }
    }
}

impl Owners {
    /// A message of ours has taken a file that waited for it.
    pub(in crate::engine) fn attached(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        entry: EntryId,
        upload: &UploadId,
    ) -> Result<(), CallError> {
        let uploads = &mut self.files.uploads;
        let at = uploads.iter().position(|one| one.id == *upload);
        let upload = at.and_then(|at| uploads.remove(at)).ok_or(Refusal::Bug)?;
        let id = crate::files::tree::id(&upload.hashes).ok_or(Refusal::Bug)?;
        let place = page::row_place(turn.txn, space, entry)?.ok_or(Refusal::Bug)?;
        let kind = self.conversations.get(space).map(|known| known.kind);
        let kind = kind.ok_or(Refusal::Bug)?;
        let row = FileRow::new(place, upload.stored, upload.extent, State::Here);
        let row = row.within(kind, id);
        let file = row::name_in(kind, entry.log.device, id);
        row.save(turn.txn, space, file, None)?;
        row::save_hashes(turn.txn, space, file, &upload.hashes)?;
        row::attach(turn.txn, space, entry, file)?;
        // Notes have nobody who could fetch it; into a group people may come.
        if kind.is_group() || !self.is_delivered(turn, space, file)? {
            row::await_delivery(turn.txn, space, file)?;
        }
        Ok(())
    }

    /// Notes the file of a row that has come.
    pub(in crate::engine) fn file_arrived(
        &mut self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        entry: &Placed,
    ) -> Result<(), StorageError> {
        let Some(part) = Content::of(entry).and_then(|content| content.file) else {
            return Ok(());
        };
        let author = entry.id.log.device;
        let own = LogId {
            device: self.conversations.us(space, self.account.device_id),
            ..self.account.own_log()
        };
        let Some(kind) = self.conversations.get(space).map(|known| known.kind) else {
            return Ok(());
        };
        let (id, place) = (part.name_in(kind, author), entry.place());
        let is_own = entry.id.log == own;
        match FileRow::load(turn.txn, space, id)? {
            // A message that lapsed was written anew.
            Some(before) if is_own => {
                let mut row = before.clone();
                row::detach(turn.txn, space, row.entry()?)?;
                row.moved_to(place);
                row.save(turn.txn, space, id, Some(&before))?;
                row::attach(turn.txn, space, entry.id, id)
            }
            // A second message with the same file gives no second copy of it.
            Some(_) => Ok(()),
            // It waits in `attached` for the file that its user has given.
            None if is_own => Ok(()),
            None => {
                let Some(extent) = Extent::of(part.size) else {
                    return Ok(());
                };
                let row = FileRow::new(place, new_name(turn), extent, State::Wanted);
                let row = row.within(kind, part.id());
                row.save(turn.txn, space, id, None)?;
                row::attach(turn.txn, space, entry.id, id)?;
                turn.errands.push(Errand::Fetch);
                Ok(())
            }
        }
    }

    /// Asks for the file of a message, or declines it.
    pub(in crate::engine) fn want_file(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
        wanted: bool,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let file = row::of_message(turn.txn, space, entry)?.ok_or(Refusal::NoFile)?;
        let row = FileRow::load(turn.txn, space, file)?.ok_or(Refusal::NoFile)?;
        if row.is_ours {
            return Err(Refusal::NoFile.into());
        }
        if row.state == State::Cancelled {
            return Err(Refusal::FileCancelled.into());
        }
        if row.state == State::Here && !wanted {
            return Err(Refusal::FileHere.into());
        }
        if row.state == State::Here {
            return Ok(Reply::Done);
        }
        let (stored, anew) = (row.stored(), new_name(turn));
        self.change_row(turn, space, file, |row| {
            row.free = None;
            row.state = match wanted {
                true => State::Asked,
                false => {
                    row.begins_anew(anew);
                    State::Declined
                }
            };
        })?;
        match wanted {
            true => turn.errands.push(Errand::AskFile(space, file)),
            false => {
                turn.errands.push(Errand::StopFile(space, file));
                turn.out.file(FileCommand::Remove(stored));
            }
        }
        Ok(Reply::Done)
    }

    /// Frees the room that the file of a message takes; its message stays.
    pub(in crate::engine) fn free_file(
        &mut self,
        turn: &mut Turn<'_>,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<Reply, CallError> {
        let (space, _) = self.conversations.named(id)?;
        let entry = parse_message_id(message).ok_or(Refusal::NoSuchMessage)?;
        let file = row::of_message(turn.txn, space, entry)?.ok_or(Refusal::NoFile)?;
        let row = FileRow::load(turn.txn, space, file)?.ok_or(Refusal::NoFile)?;
        if row.state != State::Here {
            return Err(Refusal::FileNotHere.into());
        }
        if row.is_ours && !self.is_delivered(turn, space, file)? {
            return Err(Refusal::FileNotDelivered.into());
        }
        let stored = row.stored();
        self.change_row(turn, space, file, |row| {
            row.state = State::Freed;
            row.here = 0;
        })?;
        turn.out.file(FileCommand::Remove(stored));
        Ok(Reply::Done)
    }

    /// Removes the file of a message that is removed.
    pub(in crate::engine) fn forget_file(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        entry: EntryId,
    ) -> Result<(), StorageError> {
        let Some(file) = row::of_message(turn.txn, space, entry)? else {
            return Ok(());
        };
        row::detach(turn.txn, space, entry)?;
        if let Some(stored) = row::forget(turn.txn, space, file)? {
            turn.out.file(FileCommand::Remove(stored));
            turn.errands.push(Errand::StopFile(space, file));
        }
        Ok(())
    }
}

/// Removes all files of a space.
pub(in crate::engine) fn forget_all(
    turn: &mut Turn<'_>,
    space: SpaceId,
) -> Result<(), StorageError> {
    for (file, row) in row::all(turn.txn, space)? {
        row::detach(turn.txn, space, row.entry()?)?;
        row::forget(turn.txn, space, file)?;
        turn.out.file(FileCommand::Remove(row.stored()));
        turn.errands.push(Errand::StopFile(space, file));
    }
    Ok(())
}

/// Takes the file off a message for a while, so that it stays while what the message says is removed.
pub(in crate::engine) fn set_aside(
    turn: &mut Turn<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<Option<FileId>, StorageError> {
    let file = row::of_message(turn.txn, space, entry)?;
    if file.is_some() {
        row::detach(turn.txn, space, entry)?;
    }
    Ok(file)
}

/// Gives a message its file back.
pub(in crate::engine) fn put_back(
    turn: &mut Turn<'_>,
    space: SpaceId,
    entry: EntryId,
    file: Option<FileId>,
) -> Result<(), StorageError> {
    match file {
        Some(file) => row::attach(turn.txn, space, entry, file),
        None => Ok(()),
    }
}
