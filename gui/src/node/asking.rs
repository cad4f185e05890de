//! How each request of the view-model is done, and what is told of it.

use std::path::Path;
use std::sync::Arc;

use hedgerow_node::api::{Api, Message, NodeStatus, PageFrom, Refusal, Status};

use super::session::Owned;
use crate::model::{Chat, News, Overview, Request};

/// Who has to wait for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Reads: one after the other.
    Read,
    /// Changes: one after the other, in the order they were asked for.
    Change,
    /// What hashes, searches or rewrites: nobody waits for it.
    Slow,
}

/// Where a request belongs.
pub(super) fn lane(request: &Request) -> Lane {
    match request {
        Request::Overview
        | Request::Status
        | Request::Contact(_)
        | Request::Page { .. }
        | Request::Message { .. }
        | Request::SafetyWords(_)
        | Request::Ways(_)
        | Request::Invitations
        | Request::StorageUsed => Lane::Read,
        Request::Open
        | Request::TakeOver
        | Request::Create { .. }
        | Request::Unlock(_)
        | Request::CheckPassphrase(_)
        | Request::ChangePassphrase { .. }
        | Request::Wipe
        | Request::Erase
        | Request::Invite(_) => Lane::Slow,
        Request::Lock
        | Request::Send { .. }
        | Request::MarkRead { .. }
        | Request::SetDraft { .. }
        | Request::Verify(..)
        | Request::Rename(..)
        | Request::Block(..)
        | Request::Remove(_)
        | Request::SetName(_)
        | Request::CancelInvitation(_)
        | Request::Join(_)
        | Request::CancelJoin(_)
        | Request::SwitchCarrier(..)
        | Request::AnnounceOver(..)
        | Request::SetRadio(_)
        | Request::AddRelay(_)
        | Request::RemoveRelay(_)
        | Request::SetRelayPaths(_) => Lane::Change,
    }
}

/// Asks one node.
#[derive(Clone)]
pub(super) struct Asking {
    pub api: Arc<dyn Api>,
    pub local: Option<Owned>,
    pub directory: Arc<Path>,
}

impl Asking {
    /// Does it, and says what is to be told, if anything.
    pub async fn perform(&self, request: Request) -> Option<News> {
        let api = &*self.api;
        let done = match request {
            // The worker itself does these.
            Request::Open | Request::TakeOver => return None,
            Request::Create { name, passphrase } => {
                let created = match &self.local {
                    Some(owned) => owned.create(passphrase, name.0).await,
                    None => Err(Refusal::IdentityExists),
                };
                return Some(News::Created(created));
            }
            Request::Unlock(passphrase) => {
                return Some(News::Unlocked(api.unlock(passphrase).await));
            }
            Request::CheckPassphrase(passphrase) => {
                return Some(News::Checked(api.check_passphrase(passphrase).await));
            }
            Request::ChangePassphrase { current, new } => {
                let changed = api.change_passphrase(current, new).await;
                return Some(News::PassphraseChanged(changed));
            }
            Request::Erase => return Some(News::Erased(api.erase().await)),
            Request::Page { of, from, limit } => {
                let answer = api.page(of.contact.clone(), from, limit).await;
                return Some(News::Page(of, answer));
            }
            Request::Message { of, id } => {
                let answer = api.message(of.contact.clone(), id.clone()).await;
                return Some(News::Message(of, answer));
            }
            Request::Send { of, text } => {
                let answer = api.send(of.contact.clone(), text).await;
                return Some(News::Sent(of, answer));
            }
            Request::Invite(invitation) => {
                return Some(News::Invited(api.invite(invitation).await));
            }
            Request::Join(link) => return Some(News::Joining(api.join(link).await)),
            Request::AddRelay(address) => {
                return Some(News::RelayAdded(api.add_relay(address).await));
            }
            Request::SetRelayPaths(paths) => {
                let answer = api.set_relay_paths(paths.clone()).await;
                return Some(News::RelayPathsSet(paths, answer));
            }

            Request::Wipe => api.wipe().await.map(|()| Some(News::Wiped)),
            Request::Lock => api.lock().await.map(|()| None),
            Request::Overview => overview(api).await.map(|news| Some(News::Overview(news))),
            Request::Status => status(api).await.map(|status| Some(News::Status(status))),
            Request::Contact(id) => match api.contact(id).await {
                Ok(contact) => self.chat(contact).await.map(Some),
                // An event has told that it is gone.
                Err(Refusal::NoSuchContact) => Ok(None),
                Err(refusal) => Err(refusal),
            },
            Request::MarkRead { contact, upto } => {
                api.mark_read(contact, upto).await.map(|()| None)
            }
            Request::SetDraft { contact, text } => match api.set_draft(contact, text).await {
                // It was removed while something was being written.
                Ok(()) | Err(Refusal::NoSuchContact) => Ok(None),
                Err(refusal) => Err(refusal),
            },
            Request::SafetyWords(id) => {
                let words = api.safety_words(id).await;
                words.map(|words| Some(News::SafetyWords(words)))
            }
            Request::Ways(id) => match api.ways(id.clone()).await {
                Ok(ways) => Ok(Some(News::Ways(id, ways))),
                // A process of an older version owns the directory, and does not know.
                Err(Refusal::NoSuchContact | Refusal::OtherVersion { .. }) => Ok(None),
                Err(refusal) => Err(refusal),
            },
            Request::Verify(id, verified) => match api.verify(id, verified).await {
                Ok(contact) => self.chat(contact).await.map(Some),
                Err(refusal) => Err(refusal),
            },
            Request::Rename(id, alias) => match api.rename(id, alias).await {
                Ok(contact) => self.chat(contact).await.map(Some),
                Err(refusal) => Err(refusal),
            },
            Request::Block(id, blocked) => match api.block(id, blocked).await {
                Ok(contact) => self.chat(contact).await.map(Some),
                Err(refusal) => Err(refusal),
            },
            Request::Remove(id) => api.remove(id).await.map(|()| None),
            Request::SetName(name) => api.set_name(name).await.map(|me| Some(News::Me(me))),
            Request::Invitations => {
                let invitations = api.invitations().await;
                invitations.map(|invitations| Some(News::Invitations(invitations)))
            }
            Request::CancelInvitation(id) => api.cancel_invitation(id).await.map(|()| None),
            Request::CancelJoin(id) => api.cancel_join(id).await.map(|()| None),
            Request::SwitchCarrier(carrier, on) => {
                api.switch_carrier(carrier, on).await.map(|()| None)
            }
            Request::AnnounceOver(carrier, announcing) => {
                api.announce_over(carrier, announcing).await.map(|()| None)
            }
            Request::SetRadio(radio) => match api.set_radio(radio).await {
                Ok(()) => status(api).await.map(|status| Some(News::Status(status))),
                Err(refusal) => Err(refusal),
            },
            Request::RemoveRelay(address) => api.remove_relay(address).await.map(|()| None),
            Request::StorageUsed => {
                let directory = self.directory.clone();
                let counted = tokio::task::spawn_blocking(move || bytes_in(&directory)).await;
                Ok(counted.ok().flatten().map(News::StorageUsed))
            }
        };
        done.unwrap_or_else(|refusal| Some(News::Refused(refusal)))
    }

    async fn chat(&self, contact: hedgerow_node::api::Contact) -> Result<News, Refusal> {
        let newest = newest(&*self.api, &contact).await?;
        Ok(News::Contact(Box::new(Chat { contact, newest })))
    }
}

/// What is told of a request that nobody can do now.
pub(super) fn decline(request: Request, refusal: Refusal) -> Option<News> {
    match request {
        Request::Create { .. } => Some(News::Created(Err(refusal))),
        Request::Unlock(_) => Some(News::Unlocked(Err(refusal))),
        Request::CheckPassphrase(_) => Some(News::Checked(Err(refusal))),
        Request::ChangePassphrase { .. } => Some(News::PassphraseChanged(Err(refusal))),
        Request::Erase => Some(News::Erased(Err(refusal))),
        Request::Page { of, .. } => Some(News::Page(of, Err(refusal))),
        Request::Message { of, .. } => Some(News::Message(of, Err(refusal))),
        Request::Send { of, .. } => Some(News::Sent(of, Err(refusal))),
        Request::Invite(_) => Some(News::Invited(Err(refusal))),
        Request::Join(_) => Some(News::Joining(Err(refusal))),
        Request::AddRelay(_) => Some(News::RelayAdded(Err(refusal))),
        Request::SetRelayPaths(paths) => Some(News::RelayPathsSet(paths, Err(refusal))),
        _ => Some(News::Refused(refusal)),
    }
}

async fn overview(api: &dyn Api) -> Result<Overview, Refusal> {
    let status = status(api).await?;
    let mut found = Vec::with_capacity(status.contacts.len());
    for contact in &status.contacts {
        if let Some(message) = newest(api, contact).await? {
            found.push((contact.id.clone(), message));
        }
    }
    Ok(Overview {
        status,
        newest: found,
    })
}

async fn status(api: &dyn Api) -> Result<Status, Refusal> {
    let NodeStatus { open, .. } = api.status().await?;
    open.ok_or(Refusal::Locked)
}

async fn newest(
    api: &dyn Api,
    contact: &hedgerow_node::api::Contact,
) -> Result<Option<Message>, Refusal> {
    if contact.messages == 0 {
        return Ok(None);
    }
    match api.page(contact.id.clone(), PageFrom::Newest, 1).await {
        Ok(page) => Ok(page.messages.into_iter().next()),
        Err(Refusal::NoSuchContact) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The bytes of the files in a directory.
fn bytes_in(directory: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(directory).ok()?;
    let lengths = entries.filter_map(|entry| entry.ok()?.metadata().ok());
    Some(lengths.map(|file| file.len()).sum())
}
