//! The pages of the settings: the user's own name, the passphrase, the store.

use std::mem::take;

use hedgerow_node::api::{Call, HostCall, Me, Private, Refusal};

use super::banner::Banner;
use super::context::Context;
use super::dialog::{ChangePassphrase, Dialog};
use super::effect::Request;
use super::outcome::Outcome;
use super::place::{Pane, SettingsPage};
use super::storage::Storage;

/// What a person does in the settings.
#[derive(Clone)]
pub enum SettingsAction {
    /// The user has typed this own name.
    OwnName(String),
    /// Save the own name.
    SaveOwnName,
    /// Tell contacts what is read, and show what they have read; or neither.
    Receipts(bool),
    /// Open the dialog that changes the passphrase.
    ChangePassphrase,
    /// Rewrite the store, so that nobody can recover deleted data.
    Erase,
}

/// What the pages show beside preferences.
#[derive(Default)]
pub struct Settings {
    /// The own name, as typed so far.
    pub own_name: String,
    /// The bytes of the data directory, once counted.
    pub storage_bytes: Option<u64>,
    /// Whether the node is rewriting the store.
    pub erasing: bool,
    changed: bool,
}

impl Settings {
    /// Shows a page.
    pub(super) fn show(&self, page: SettingsPage) -> Vec<Outcome> {
        let count = page == SettingsPage::Storage;
        let count = count.then(|| [Outcome::ask(Request::StorageUsed), Storage::look()]);
        let go = Outcome::Go(Pane::Settings(page));
        count.into_iter().flatten().chain([go]).collect()
    }

    pub(super) fn act(&mut self, action: SettingsAction) -> Option<Outcome> {
        match action {
            SettingsAction::OwnName(name) => {
                self.own_name = name;
                self.changed = true;
                None
            }
            SettingsAction::SaveOwnName => {
                let name = self.own_name.trim().to_owned();
                Some(Outcome::ask(Call::SetName(Private(name))))
            }
            SettingsAction::Receipts(receipts) => Some(Outcome::ask(Call::SetReceipts(receipts))),
            SettingsAction::ChangePassphrase => {
                let change = ChangePassphrase::default();
                Some(Outcome::Show(Dialog::ChangePassphrase(change)))
            }
            SettingsAction::Erase if self.erasing => None,
            SettingsAction::Erase => {
                self.erasing = true;
                self.changed = true;
                Some(Outcome::ask(HostCall::Erase))
            }
        }
    }

    /// Takes over the user's own identity, but does not overwrite a name that the user is typing.
    pub(super) fn know(&mut self, me: &Me, context: &Context) {
        let before = context.me.as_ref();
        if before.is_none_or(|before| before.name.0 == self.own_name) {
            self.own_name.clone_from(&me.name.0);
        }
        self.changed = true;
    }

    /// The node has changed the name.
    pub(super) fn renamed(&mut self, me: &Me) {
        self.own_name.clone_from(&me.name.0);
        self.changed = true;
    }

    /// Handles the answer to a request to rewrite the store.
    pub(super) fn erased(&mut self, answer: Result<(), Refusal>) -> Vec<Outcome> {
        self.erasing = false;
        self.changed = true;
        let told = match answer {
            Ok(()) => Outcome::Tell(Banner::Erased),
            Err(refusal) => Outcome::Refused(refusal),
        };
        vec![told, Outcome::ask(Request::StorageUsed)]
    }

    /// Takes over the bytes of the data directory.
    pub(super) fn counted(&mut self, bytes: u64) {
        self.storage_bytes = Some(bytes);
        self.changed = true;
    }

    /// Forgets what a locked screen must not hold.
    pub(super) fn forget(&mut self) {
        *self = Self {
            storage_bytes: self.storage_bytes,
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}
