//! The files of a device: what its keeper does for the engine, and what is noted of that.

use hedgerow_node::api::{ConversationId, FileState, MessageId, UploadId, Voice};
use hedgerow_node::engine::{Input, conversation};
use hedgerow_node::files::extent::Extent;
use hedgerow_node::files::work::{FileCommand, FileEvent};
use hedgerow_sync::store::Store;

use super::{Device, Running};
use crate::world::happening::File;
use crate::world::noted::What;

/// The waveform of every voice note. It goes with the message.
const WAVEFORM: [u8; 64] = [128; 64];

impl Device {
    /// Its user picks a file for a message.
    pub(super) fn pick_file(
        &mut self,
        message: u64,
        file: File,
        running: &mut Running,
    ) -> UploadId {
        let extent = Extent::of(file.bytes).expect("the scenario was checked");
        let mut upload = self.disk.files.make_up(message, extent);
        upload.voice = file.voice_ms.map(|duration_ms| Voice {
            duration_ms,
            waveform: WAVEFORM.to_vec(),
        });
        let id = upload.id.clone();
        let sealed = Input::File(FileEvent::Sealed(upload));
        running.waiting.push_back(sealed);
        id
    }

    /// Its keeper does what the engine asks for.
    pub(super) fn keep_file(&mut self, at_us: u64, command: FileCommand) -> Option<FileEvent> {
        let event = self.disk.keep_file(command)?;
        match &event {
            FileEvent::Read(ticket, index, _) => {
                let message = self.disk.files.message(ticket.name)?;
                if let Some(end) = self.links.get_mut(&ticket.link) {
                    end.files.insert(message);
                }
                let bytes = ticket.extent.chunk(*index) as u64;
                self.note(at_us, What::ChunkSent { message, bytes });
            }
            FileEvent::Synced(ticket, chunks) => {
                let message = self.disk.files.message(ticket.name)?;
                let kept = What::FileKept {
                    message,
                    bytes: ticket.extent.up_to(*chunks),
                    is_whole: *chunks == ticket.extent.chunks(),
                };
                self.note(at_us, kept);
            }
            _ => {}
        }
        Some(event)
    }

    /// Whether nothing of the file of a message is here, so that a user would ask for it.
    pub(super) fn lacks_file(&self, chat: &ConversationId, id: &MessageId) -> bool {
        let read = self
            .disk
            .read(|reader| Ok(conversation::message(reader, chat, id).ok()));
        let message = read.expect("a store in memory does not fail");
        let file = message.and_then(|message| message.file);
        file.is_some_and(|file| {
            matches!(
                file.state,
                FileState::Offered { .. }
                    | FileState::NoRoom { .. }
                    | FileState::Loading { bytes: 0 }
            )
        })
    }
}
