//! Notices about the whole program: a failing store, another process, the result of a request.

use std::mem::take;

use hedgerow_node::api::{ContactId, Private, Refusal, StorageFault};
use hedgerow_node::words::Phrase;

use super::context::Context;
use super::sound::Silent;
use super::update::Mode;

/// A notice.
#[derive(Clone, PartialEq, Eq)]
pub enum Banner {
    /// The store has failed; stays until it works again.
    Storage(StorageFault),
    /// Another process owns the directory: we are its client.
    Client {
        /// Its version.
        version: String,
    },
    /// The directory was taken over from another process.
    TookOver,
    /// Another process took it. This is the name that it gives itself.
    HandedOver(String),
    /// The process that owned it has gone; the directory is ours now.
    OwnerGone,
    /// The node refused a request.
    Refused(Refusal),
    /// A meeting has made a contact.
    Met {
        /// Who.
        id: ContactId,
        /// The name that the contact gives itself.
        name: String,
    },
    /// The text is on the clipboard.
    Copied,
    /// The file of a message is saved there.
    FileSaved(Private),
    /// What the node says of what was asked.
    Told(Phrase),
    /// The file of a message could not be saved.
    FileNotSaved,
    /// The picture on the clipboard cannot be had.
    NotPasted,
    /// A voice note cannot be decoded.
    NotPlayed,
    /// Nothing is heard or played.
    Silent(Silent),
    /// Whether the picture could be written into the chosen file.
    PictureSaved(bool),
    /// A conversation is being written into a file, and so many files are saved beside it.
    Exporting(u64),
    /// The conversation is written into the chosen file.
    Exported,
    /// Old files are freed, of so many bytes.
    OldFilesFreed(u64),
    /// The message stands in other conversations, too.
    Forwarded,
    /// Invitations into a group stand in the chats with those who are invited.
    InvitedIntoGroup,
    /// The passphrase has changed.
    PassphraseChanged,
    /// Deleted data are gone for good.
    Erased,
}

impl Banner {
    /// How long it is shown, in milliseconds; `None`: until the user dismisses it or another one replaces it.
    fn lasts_ms(&self) -> Option<u64> {
        match self {
            Self::Storage(_) | Self::Exporting(_) => None,
            Self::Copied
            | Self::PictureSaved(true)
            | Self::Exported
            | Self::Forwarded
            | Self::PassphraseChanged
            | Self::Erased
            | Self::Met { .. } => Some(4_000),
            _ => Some(8_000),
        }
    }
}

/// The line.
#[derive(Default)]
pub struct BannerLine {
    /// What it says, if anything.
    pub shown: Option<Banner>,
    until_ms: Option<u64>,
    changed: bool,
}

impl BannerLine {
    /// When the line goes by itself, on the clock that never goes back (milliseconds).
    pub(super) fn due_ms(&self) -> Option<u64> {
        self.until_ms
    }

    /// Shows a notice. The notice of a failing store stays in front, because the user must know it first.
    pub(super) fn tell(&mut self, banner: Banner, context: &Context) {
        let is_hidden =
            matches!(self.shown, Some(Banner::Storage(_))) && !matches!(banner, Banner::Storage(_));
        if !is_hidden && self.shown.as_ref() != Some(&banner) {
            let now_ms = context.now.monotonic_ms;
            self.until_ms = banner.lasts_ms().map(|lasts| now_ms + lasts);
            self.shown = Some(banner);
            self.changed = true;
        }
    }

    /// The worker has found a node: shows what is new about it.
    pub(super) fn opened(&mut self, mode: &Mode, took_over: bool, lost: bool, context: &Context) {
        let was_client = matches!(self.shown, Some(Banner::Client { .. }));
        match mode {
            Mode::Client { version } => {
                let version = version.clone();
                self.tell(Banner::Client { version }, context);
            }
            Mode::Own if took_over => self.tell(Banner::TookOver, context),
            Mode::Own if lost => self.tell(Banner::OwnerGone, context),
            Mode::Own if was_client => self.dismiss(),
            Mode::Own => {}
        }
    }

    /// The store works: removes the notice that it fails.
    pub(super) fn store_works(&mut self) {
        if matches!(self.shown, Some(Banner::Storage(_))) {
            self.dismiss();
        }
    }

    /// Removes the notice.
    pub(super) fn dismiss(&mut self) {
        self.until_ms = None;
        self.changed |= self.shown.take().is_some();
    }

    /// Removes a notice that a locked screen must not show.
    pub(super) fn forget(&mut self) {
        if !matches!(self.shown, Some(Banner::Storage(_) | Banner::Client { .. })) {
            self.dismiss();
        }
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
