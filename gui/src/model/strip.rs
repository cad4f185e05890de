//! The files above what is being written: how far each is, and which request comes next.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use hedgerow_node::api::{ConversationId, Draft, NewMessage, Private, Refusal, UploadId};
use hedgerow_node::pictures::{Kind, Metadata};

use super::effect::{Question, Request, Ticket};

/// The path of a file of the user.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePath(pub PathBuf);

/// The path may name a person.
impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilePath")
    }
}

/// A picture from the clipboard. Its bytes, as PNG, are in memory and in no file.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted(pub Arc<[u8]>);

/// What is seen in it stays out of logs.
impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pasted")
    }
}

impl Pasted {
    /// What such a picture is called.
    pub const NAME: &str = "picture.png";
}

/// Where the bytes are of what is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file of the user.
    File(FilePath),
    /// On the clipboard, when it was pasted.
    Pasted(Pasted),
}

/// A file of the user that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Where it is.
    pub path: FilePath,
    /// What it is called.
    pub name: Private,
    /// Its bytes, or why it cannot be sent.
    pub size: Result<u64, Unfit>,
    /// What it is, by its first bytes.
    pub kind: Kind,
}

/// Why a file cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It is longer than any file that can be sent.
    TooLong,
    /// It is a directory.
    Directory,
    /// It cannot be read, or is no ordinary file.
    Unreadable,
    /// The node refuses it. It can be tried again.
    Refused(Refusal),
}

/// A file in the strip above the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which.
    pub ticket: Ticket,
    /// What it is called.
    pub name: String,
    /// Its bytes; 0 while it could not be looked at.
    pub size: u64,
    /// How far it is.
    pub state: AttachmentState,
    /// What was found in a picture beside its pixels; `None` while nobody has looked, and for other files.
    pub carries: Option<Vec<Metadata>>,
    /// It goes with all that it carries, as its user says. Otherwise a picture is encoded anew, without that.
    pub as_it_is: bool,
    /// Where its bytes are.
    pub what: Attached,
}

/// What is attached.
#[derive(Clone, PartialEq, Eq)]
pub enum Attached {
    /// A file of the user, or a picture that was pasted.
    File(Source),
    /// What was recorded in this conversation.
    Recording {
        /// How long it is, in milliseconds.
        duration_ms: u32,
        /// All of it is kept.
        is_complete: bool,
    },
}

/// How far a file is that is attached.
#[derive(Clone, PartialEq, Eq)]
pub enum AttachmentState {
    /// It waits to be sent.
    Waits,
    /// So many bytes of it are uploaded.
    Uploading(u64),
    /// It is uploaded, and waits for the others.
    Uploaded(UploadId),
    /// It is not sent.
    Unfit(Unfit),
}

/// The files that are attached in a conversation.
#[derive(Default)]
pub struct Strip {
    /// In the order in which they are sent.
    pub files: Vec<Attachment>,
    pub(super) sending: Option<SendingFiles>,
}

/// Files that are on their way into messages.
pub(super) struct SendingFiles {
    /// The text that goes with the first, until that is a message: until then it is kept in the draft, too.
    pub caption: Option<Draft>,
    /// What was written since, while the conversation is not open.
    pub since: Draft,
    timer_s: Option<u64>,
    /// What was attached later waits for the next time.
    last: Ticket,
    /// The request under way.
    pub step: Ticket,
}

impl Strip {
    /// They are being sent.
    pub fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// They can still be kept back.
    pub fn can_cancel(&self) -> bool {
        let mut files = self.files.iter();
        files.any(|one| matches!(one.state, AttachmentState::Uploading(_)))
    }

    /// There is something to send now.
    pub(super) fn can_send(&self) -> bool {
        !self.is_sending() && self.files.iter().any(Attachment::is_fit)
    }

    pub(super) fn begin(&mut self, caption: Draft) {
        let Some(last) = self.files.iter().map(|one| one.ticket).max() else {
            return;
        };
        for one in self.files.iter_mut().filter(|one| one.is_fit()) {
            if let AttachmentState::Unfit(_) = one.state {
                one.state = AttachmentState::Waits;
            }
        }
        self.sending = Some(SendingFiles {
            timer_s: caption.timer_s,
            caption: Some(caption),
            since: Draft::text(""),
            last,
            step: last,
        });
    }

    /// The next request, of which there is one at a time: all are uploaded before the first is sent.
    pub(super) fn next(
        &mut self,
        ticket: Ticket,
        conversation: &ConversationId,
    ) -> Option<Request> {
        let sending = self.sending.as_mut()?;
        sending.step = ticket;
        let mut wanted = self
            .files
            .iter_mut()
            .filter(|one| one.ticket <= sending.last);
        if let Some(one) = wanted.find(|one| one.state == AttachmentState::Waits) {
            let request = match &one.what {
                Attached::File(source) => Request::Upload {
                    ticket,
                    source: source.clone(),
                    as_it_is: one.as_it_is,
                },
                // Its last part is being kept.
                Attached::Recording { is_complete, .. } if !is_complete => return None,
                Attached::Recording { .. } => Request::UploadRecording {
                    ticket,
                    conversation: conversation.clone(),
                },
            };
            one.state = AttachmentState::Uploading(0);
            return Some(request);
        }
        let uploaded = self.files.iter().find_map(|one| match &one.state {
            AttachmentState::Uploaded(id) => Some(id.clone()),
            _ => None,
        });
        let Some(uploaded) = uploaded else {
            self.sending = None;
            return None;
        };
        let caption = sending.caption.as_ref();
        Some(Request::SendFile {
            of: Question {
                ticket,
                conversation: conversation.clone(),
            },
            message: NewMessage {
                text: caption.map_or_else(|| Private(String::new()), |one| one.text.clone()),
                reply_to: caption.and_then(|one| one.reply_to.clone()),
                timer_s: sending.timer_s,
                file: Some(uploaded),
            },
        })
    }

    /// Sends no more. Gives what was being sent.
    pub(super) fn stop(&mut self) -> Option<SendingFiles> {
        let sending = self.sending.take()?;
        for one in &mut self.files {
            if let AttachmentState::Uploading(_) = one.state {
                one.state = AttachmentState::Waits;
            }
        }
        Some(sending)
    }

    /// The node that had the uploads is gone. Gives the text that no message has.
    pub(super) fn lose_node(&mut self) -> Option<Draft> {
        for one in &mut self.files {
            if let AttachmentState::Uploaded(_) = one.state {
                one.state = AttachmentState::Waits;
            }
        }
        self.stop()?.caption
    }

    pub(super) fn is_at(&self, ticket: Ticket) -> bool {
        let sending = self.sending.as_ref();
        sending.is_some_and(|sending| sending.step == ticket)
    }

    /// Lets go of pictures that were pasted and are not being sent: a locked screen must not hold them.
    pub(super) fn forget_pasted(&mut self) {
        if !self.is_sending() {
            let is_pasted = |what: &Attached| matches!(what, Attached::File(Source::Pasted(_)));
            self.files.retain(|one| !is_pasted(&one.what));
        }
    }

    /// The recording among them.
    pub(super) fn recording(&mut self) -> Option<&mut Attachment> {
        let mut files = self.files.iter_mut();
        files.find(|one| matches!(one.what, Attached::Recording { .. }))
    }

    pub(super) fn uploading(&mut self) -> Option<&mut Attachment> {
        let mut files = self.files.iter_mut();
        files.find(|one| matches!(one.state, AttachmentState::Uploading(_)))
    }
}

impl Attachment {
    /// It can be sent, or tried again.
    pub(super) fn is_fit(&self) -> bool {
        match &self.state {
            AttachmentState::Unfit(Unfit::Refused(_)) => !self.needs_consent(),
            AttachmentState::Unfit(_) => false,
            _ => true,
        }
    }

    /// It goes only if its user says that it may go as it is.
    pub fn needs_consent(&self) -> bool {
        let AttachmentState::Unfit(Unfit::Refused(refusal)) = &self.state else {
            return false;
        };
        matches!(refusal, Refusal::MayNameYou | Refusal::NotCleaned { .. })
    }
}
