//! How the played node handles files.

use std::cmp::Reverse;

use hedgerow_gui::model::*;
use hedgerow_node::api::*;

use hedgerow_node::pictures::{Kind, Metadata, Pixels};

use super::Node;
use super::voices::RECORDED;

/// The bytes of any file of the user.
const SIZE: u64 = 4_096;

/// A picture whose name begins like this cannot be decoded.
pub const BROKEN: &str = "broken";

/// A hill in front of a sky, of the colours of its name: upright if the name says so.
pub fn paint(name: &str, side: u32) -> Picture {
    let (width, height) = match name.starts_with("tall") {
        true => (side * 2 / 3, side),
        false => (side, side * 2 / 3),
    };
    let hue = name.bytes().fold(0_u8, u8::wrapping_add);
    let pixel = |at: u32| {
        let (x, y) = (at % width * 255 / width, at / width * 255 / height);
        let hill = 110 + x.abs_diff(150) / 2;
        match y < hill {
            true => [160 + hue / 8, 190, 255 - (y / 3) as u8, 255],
            false => [60 + hue / 4, 150 - (y / 3) as u8, 70, 255],
        }
    };
    Picture::new(Pixels {
        width,
        height,
        rgba: (0..width * height).flat_map(pixel).collect(),
    })
}

fn add(to: &mut FilesUse, bytes: u64) {
    to.files += 1;
    to.bytes += bytes;
}

/// What a file is: here its name tells.
fn kind(path: &FilePath) -> Kind {
    match path.0.extension().and_then(|ending| ending.to_str()) {
        Some("jpg") => Kind::Jpeg,
        Some("pdf") => Kind::Pdf,
        Some("mp4") => Kind::Video,
        _ => Kind::Other,
    }
}

/// What is to be sent: how it is called, and what it is.
fn named(source: &Source) -> (String, Kind) {
    match source {
        Source::File(path) => {
            let name = path.0.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), kind(path))
        }
        Source::Pasted(_) => (Pasted::NAME.into(), Kind::Png),
    }
}

impl Node {
    /// What comes of a request about files.
    pub(super) fn handles_files(&mut self, request: Request, now: Now) -> Option<Update> {
        Some(match request {
            Request::Examine {
                conversation,
                paths,
            } => {
                let look = |path: FilePath| {
                    let name = path.0.file_name().expect("a name").to_string_lossy();
                    let unfit = self.unfit.get(name.as_ref()).cloned();
                    Examined {
                        name: Private(name.into_owned()),
                        size: unfit.map_or(Ok(SIZE), Err),
                        kind: kind(&path),
                        path,
                    }
                };
                Update::Examined(conversation, paths.into_iter().map(look).collect())
            }
            Request::Upload {
                ticket,
                source,
                as_it_is,
            } => {
                let (name, kind) = named(&source);
                let answer = match &self.refuses_uploads {
                    None if kind.may_name_its_author() && !as_it_is => {
                        Err(Unfit::Refused(Refusal::MayNameYou))
                    }
                    Some(refusal) => Err(Unfit::Refused(refusal.clone())),
                    None => Ok(Uploaded {
                        id: UploadId(name.clone()),
                        name: Private(name),
                        size: SIZE,
                        carries: Vec::new(),
                        cleaned: !as_it_is && kind.is_picture(),
                        preview: false,
                        voice: None,
                    }),
                };
                Update::Uploaded(ticket, answer)
            }
            Request::SendFile { of, message } => {
                let talk = self.talk(&of.conversation)?;
                let draft = Draft {
                    reply_to: message.reply_to,
                    timer_s: message.timer_s,
                    ..Draft::text(message.text.0)
                };
                let answer = talk.send(&draft, now.wall_ms);
                if let (Ok(id), Some(UploadId(name))) = (&answer, message.file) {
                    match name.as_str() {
                        RECORDED => talk.attach_voice(id, 1, FileState::Here),
                        name => talk.attach(id, name, SIZE, FileState::Here),
                    }
                }
                Update::Sent(of, answer)
            }
            Request::SaveFile { conversation, id } => {
                let file = self.talk(&conversation)?.message(&id)?.file.as_ref()?;
                let path = format!("/home/fay/Downloads/{}", file.name.0);
                Update::FileSaved(conversation, id, Ok(Private(path)))
            }
            Request::Look { ticket, source } => {
                let found = match named(&source).0.as_str() {
                    name if name.starts_with("roof") => vec![Metadata::Place, Metadata::Exif],
                    name if name.starts_with("bare") || name == Pasted::NAME => Vec::new(),
                    _ => vec![Metadata::Exif],
                };
                Update::Looked(ticket, found)
            }
            Request::Host(HostCall::Storage) => Update::Storage(self.used()),
            Request::CountOld {
                conversation,
                before_ms,
            } => {
                let found = self.old(&conversation, before_ms).0;
                Update::OldCounted(conversation, before_ms, found)
            }
            Request::DropOld {
                conversation,
                before_ms,
            } => {
                let (freed, ids) = self.old(&conversation, before_ms);
                for id in ids {
                    let file = self.talk(&conversation)?.message(&id)?.file.as_mut()?;
                    file.state = FileState::Freed;
                }
                Update::OldDropped(conversation, Ok(freed))
            }
            Request::Picture { conversation, id } => {
                let file = self.talk(&conversation)?.message(&id)?.file.as_ref()?;
                let picture = (!file.name.0.starts_with(BROKEN)).then(|| paint(&file.name.0, 900));
                Update::Picture(conversation, id, picture)
            }
            Request::File { conversation, id } => {
                let message = self.talk(&conversation)?.message(&id).cloned();
                Update::File(conversation, id, message.ok_or(Refusal::NoSuchMessage))
            }
            Request::Files {
                conversation: of,
                before,
                limit,
            } => {
                let talk = self.talk(&of)?;
                let end = before.as_ref().map_or(talk.messages.len(), |before| {
                    talk.place(&Some(before.clone())).expect("it is there")
                });
                let with_files = (0..end).rev().map(|at| talk.at(at));
                let with_files = with_files.filter(|message| message.file.is_some());
                let mut messages: Vec<_> = with_files.collect();
                let is_more = messages.len() > limit as usize;
                messages.truncate(limit as usize);
                let last = messages.last().map(|last| last.id.clone());
                let older = last.filter(|_| is_more);
                let answer = Ok(FilesPage { messages, older });
                Update::Files { of, before, answer }
            }
            Request::Preview { conversation, id } => {
                let file = self.talk(&conversation)?.message(&id)?.file.as_ref()?;
                let preview = (!file.name.0.starts_with(BROKEN)).then(|| paint(&file.name.0, 320));
                Update::Preview(conversation, id, preview)
            }
            Request::Call(Call::WantFile(conversation, id, wanted)) => {
                let state = match wanted {
                    true => FileState::Loading { bytes: 0 },
                    false => FileState::Declined,
                };
                self.changes_file(conversation, id, state)?
            }
            Request::Call(Call::CancelFile(conversation, id)) => {
                self.changes_file(conversation, id, FileState::Cancelled)?
            }
            Request::Call(Call::FreeFile(conversation, id)) => {
                self.changes_file(conversation, id, FileState::Freed)?
            }
            _ => return None,
        })
    }

    /// What the files that are here take.
    fn used(&self) -> StorageUse {
        let used = self.talks.values().map(|talk| {
            let mut used = UsedByConversation {
                conversation: talk.conversation.id.clone(),
                pictures: FilesUse::default(),
                others: FilesUse::default(),
                undelivered: FilesUse::default(),
            };
            for message in &talk.messages {
                let file = message.file.as_ref();
                let Some(file) = file.filter(|file| file.state == FileState::Here) else {
                    continue;
                };
                let kind = match file.preview {
                    true => &mut used.pictures,
                    false => &mut used.others,
                };
                add(kind, file.size);
                if message.is_mine() && !file.is_delivered() {
                    add(&mut used.undelivered, file.size);
                }
            }
            used
        });
        let with_files = used.filter(|used| used.pictures.files + used.others.files > 0);
        let mut conversations: Vec<_> = with_files.collect();
        conversations.sort_by_key(|used| Reverse(used.pictures.bytes + used.others.bytes));
        StorageUse {
            free: 52_300_000_000,
            store: 4_096,
            conversations,
        }
    }

    /// The files from before this moment: how many, and which can be freed.
    fn old(&self, of: &ConversationId, before_ms: i64) -> (OldFiles, Vec<MessageId>) {
        let (mut found, mut ids) = (OldFiles::default(), Vec::new());
        let talks = self.talks.values();
        let talk = talks.filter(|talk| talk.conversation.id == *of);
        let messages = talk.flat_map(|talk| &talk.messages);
        for message in messages.filter(|message| message.time_ms < before_ms) {
            let file = message.file.as_ref();
            let Some(file) = file.filter(|file| file.state == FileState::Here) else {
                continue;
            };
            if message.is_mine() && !file.is_delivered() {
                add(&mut found.kept, file.size);
            } else {
                add(&mut found.free, file.size);
                ids.push(message.id.clone());
            }
        }
        (found, ids)
    }

    fn changes_file(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        state: FileState,
    ) -> Option<Update> {
        let message = self.talk(&conversation)?.message(&id)?;
        message.file.as_mut()?.state = state;
        Some(Update::Event(Event::MessageChanged { conversation, id }))
    }
}
