//! Files that nodes of a world send.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::World;
use crate::api::{Call, Message, MessageId, NewMessage, Private, Reply, UploadId};
use crate::engine::Input;
use crate::files::extent::Extent;
use crate::files::work::{FileEvent, Upload};

impl World {
    /// Gives a node a sealed file of `size` bytes, different from all others, which a message can name.
    ///
    /// # Panics
    /// The file is too long.
    pub fn upload(&mut self, node: usize, name: &str, size: u64) -> UploadId {
        let upload = self.sealed(node, name, size);
        let id = upload.id.clone();
        self.nodes[node].input(Input::File(FileEvent::Sealed(upload)));
        id
    }

    /// A sealed file in the keeper of a node.
    ///
    /// # Panics
    /// The file is too long.
    pub fn sealed(&mut self, node: usize, name: &str, size: u64) -> Upload {
        let extent = Extent::of(size).expect("it is not too long");
        self.uploads += 1;
        let mut rng = ChaCha20Rng::seed_from_u64(self.uploads);
        let id = UploadId(format!("upload {}", self.uploads));
        let files = &mut self.nodes[node].files;
        files.made_up(id, name, extent, &mut rng)
    }

    /// Sends a file of `size` bytes to a contact.
    ///
    /// # Panics
    /// The node refuses.
    pub fn send_file(&mut self, from: usize, to: usize, name: &str, size: u64) -> MessageId {
        let upload = self.upload(from, name, size);
        let message = NewMessage {
            text: Private(String::new()),
            reply_to: None,
            timer_s: None,
            file: Some(upload),
        };
        let chat = self.chat(from, to);
        match self.ask(from, Call::Send(chat, message)) {
            Ok(Reply::Sent(id)) => id,
            other => panic!("not sent: {other:?}"),
        }
    }

    /// A message of a chat, if it is there.
    pub fn message(&mut self, node: usize, with: usize, id: &MessageId) -> Option<Message> {
        let mut messages = self.messages(node, with).into_iter();
        messages.find(|message| message.id == *id)
    }
}

#[cfg(feature = "runtime")]
mod in_the_clear {
    use bytes::Bytes;
    use futures_util::stream;
    use hedgerow_sync::store::Store;

    use super::*;
    use crate::api::{ConversationId, Download, Refusal};
    use crate::engine::files::stored_file;
    use crate::files::cipher::Cipher;
    use crate::files::extent::{CHUNK, CLEAR_CHUNK};
    use crate::files::tree;

    impl World {
        /// Seals a file for a node, for a message to name.
        ///
        /// # Panics
        /// The file is too long.
        pub fn upload_bytes(&mut self, node: usize, name: &str, clear: &[u8]) -> UploadId {
            let mut upload = self.sealed(node, name, clear.len() as u64);
            let cipher = Cipher::new(&upload.key);
            let count = upload.extent.chunks();
            let mut sealed = Vec::new();
            upload.hashes.clear();
            for index in 0..count {
                let start = index as usize * CLEAR_CHUNK;
                let end = clear.len().min(start + CLEAR_CHUNK);
                let mut chunk = clear[start..end].to_vec();
                cipher.seal(index, index + 1 == count, &mut chunk);
                upload.hashes.push(tree::hash(index, count, &chunk));
                sealed.extend(chunk);
            }
            self.nodes[node].files.put(upload.stored, sealed);
            let id = upload.id.clone();
            self.nodes[node].input(Input::File(FileEvent::Sealed(upload)));
            id
        }

        /// The file of a message, in the clear.
        ///
        /// # Errors
        /// As [`Api::download`](crate::api::Api::download).
        ///
        /// # Panics
        /// The sealed file is not the one that was sealed.
        pub fn download(
            &mut self,
            node: usize,
            conversation: &ConversationId,
            message: &MessageId,
        ) -> Result<Download, Refusal> {
            let node = &self.nodes[node];
            let found = node
                .storage
                .read(|reader| Ok(stored_file(reader, conversation, message)));
            let found = found.expect("memory does not fail")?;
            let sealed = node.files.get(found.stored).ok_or(Refusal::FileNotHere)?;
            let cipher = Cipher::new(&found.key);
            let count = found.extent.chunks();
            let chunks = (0..).zip(sealed.chunks(CHUNK));
            let clear = chunks.flat_map(|(index, chunk)| {
                let mut chunk = chunk.to_vec();
                let clear = cipher.open(index, index + 1 == count, &mut chunk);
                clear.expect("it was sealed here").to_vec()
            });
            let clear: Vec<u8> = clear.collect();
            Ok(Download {
                name: Private(found.name),
                media_type: found.media_type.map(Private),
                size: found.extent.clear(),
                bytes: Box::pin(stream::iter([Ok(Bytes::from(clear))])),
            })
        }
    }
}
