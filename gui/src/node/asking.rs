//! Executes the requests of the view-model, and reports the answers.

use std::path::Path;
use std::sync::Arc;

use hedgerow_node::api::{
    Answer, Api, Call, Conversation, ConversationId, HostCall, Message, PageFrom, Refusal, Reply,
};
use hedgerow_node::carry;
use hedgerow_node::export::Circumstances;
use hedgerow_node::pictures::Decoder;
use hedgerow_node::words::{Language, Phrase, exports};
use jiff::tz::TimeZone;

use super::carrying;
use super::exporting::{self, Fault};
use super::freeing;
use super::saving;
use super::session::Owned;
use super::uploading::{self, How, Stopped};
use super::viewing;
use super::voices;
use super::worker::Tell;
use crate::model::{Chat, NotSaved, Overview, Request, Unfit, Update};

/// The queue of a request: which requests wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Reads: one after the other.
    Read,
    /// Changes: one after the other, in the order they were asked for.
    Change,
    /// Requests that hash, search or rewrite. No other request waits for them.
    Slow,
}

/// The starred messages that one question asks for.
const STARRED: u32 = 30;

/// The lane of a request.
pub(super) fn lane(request: &Request) -> Lane {
    match request {
        Request::Overview
        | Request::Page { .. }
        | Request::Message { .. }
        | Request::Starred { .. }
        | Request::File { .. }
        | Request::Files { .. }
        | Request::Days { .. }
        | Request::StorageUsed
        | Request::Examine { .. }
        | Request::Host(HostCall::Status | HostCall::Versions(..) | HostCall::Storage) => {
            Lane::Read
        }
        // An invitation may wait until a carrier has an address.
        Request::Call(Call::Invite(_)) => Lane::Slow,
        Request::Call(call) if call.only_looks() => Lane::Read,
        Request::Call(_)
        | Request::Send { .. }
        | Request::SendFile { .. }
        | Request::KeepRecording { .. }
        | Request::Host(HostCall::Lock) => Lane::Change,
        Request::Open
        | Request::TakeOver
        | Request::Create { .. }
        | Request::Search { .. }
        | Request::Export { .. }
        | Request::CarryOut { .. }
        | Request::CarryAllOut(_)
        | Request::CarryIn(_)
        | Request::Dropped { .. }
        | Request::SaveFile { .. }
        | Request::Preview { .. }
        | Request::Picture { .. }
        | Request::CountOld { .. }
        | Request::Look { .. }
        | Request::DropOld { .. }
        | Request::Upload { .. }
        | Request::UploadRecording { .. }
        | Request::Recording(_)
        | Request::Voice { .. }
        | Request::StopUpload(_)
        | Request::Host(_) => Lane::Slow,
    }
}

/// Asks one node.
#[derive(Clone)]
pub(super) struct Asking {
    pub api: Arc<dyn Api>,
    pub local: Option<Owned>,
    pub directory: Arc<Path>,
    pub downloads: Option<Arc<Path>>,
    pub tell: Tell,
    pub pictures: Decoder,
    pub stopped: Arc<Stopped>,
}

impl Asking {
    /// Executes a request. Gives the update to report, if any.
    pub async fn perform(&self, request: Request) -> Option<Update> {
        let api = &*self.api;
        match request {
            // The worker itself handles these.
            Request::Open | Request::TakeOver => None,
            Request::Create { name, passphrase } => {
                let created = match &self.local {
                    Some(owned) => owned.create(passphrase, name.0).await,
                    None => Err(Refusal::IdentityExists),
                };
                Some(Update::Created(created))
            }
            Request::Call(call) => {
                let answer = match api.call(call.clone()).await {
                    Ok(Reply::Conversation(conversation)) => {
                        return Some(match (call, self.chat(conversation).await) {
                            (Call::NewGroup(_), Update::Conversation(chat)) => {
                                Update::GroupMade(Ok(chat))
                            }
                            (Call::JoinGroup(chat, message), Update::Conversation(group)) => {
                                Update::InvitationAnswered(chat, message, Ok(Some(group)))
                            }
                            (_, update) => update,
                        });
                    }
                    Ok(Reply::Restarted(made)) => {
                        return Some(match self.chat(made.group).await {
                            Update::Conversation(group) => Update::Restarted(group),
                            update => update,
                        });
                    }
                    // The status shows the change.
                    Ok(Reply::Done) if matches!(call, Call::SetRadio(_)) => {
                        api.call(Call::Status).await
                    }
                    answer => answer,
                };
                told(call, answer)
            }
            Request::Host(call) => told_by_host(&call, api.host(call.clone()).await),
            Request::Page { of, from, limit } => {
                let answer = api.page(of.conversation.clone(), from, limit).await;
                Some(Update::Page(of, answer))
            }
            Request::Message { of, id } => {
                let answer = api.message(of.conversation.clone(), id).await;
                Some(Update::Message(of, answer))
            }
            Request::Days {
                conversation,
                from,
                begins_ms,
            } => Some(match days(api, &conversation, &begins_ms).await {
                Ok(written) => Update::Days(conversation, from, written),
                Err(refusal) => Update::Refused(refusal),
            }),
            Request::Search { ticket, search } => {
                Some(Update::Searched(ticket, api.search(search).await))
            }
            Request::Starred { ticket, before } => {
                Some(Update::Starred(ticket, api.starred(before, STARRED).await))
            }
            Request::Send { of, draft } => {
                let answer = api.send_draft(of.conversation.clone(), draft).await;
                Some(Update::Sent(of, answer))
            }
            Request::Overview => Some(match overview(api).await {
                Ok(overview) => Update::Overview(overview),
                Err(refusal) => Update::Refused(refusal),
            }),
            Request::Export {
                to,
                language,
                now_ms,
            } => {
                let chosen = language.as_deref();
                let circumstances = Circumstances {
                    language: chosen.map_or_else(Language::of_system, |code| {
                        Language::of_locale(code).unwrap_or_default()
                    }),
                    zone: TimeZone::system(),
                    now_ms,
                };
                let tell = self.tell.clone();
                let saved = move |files| tell(Update::ExportGoesOn(files));
                Some(
                    match exporting::write(api, &to, circumstances, saved).await {
                        Ok(said) => Update::Exported(said),
                        Err(Fault::File(error)) => {
                            Update::Exported(Some(exports::unusable(&to.path, &error)))
                        }
                        Err(Fault::Refused(refusal)) => Update::Refused(refusal),
                    },
                )
            }
            Request::CarryOut { contact, path } => {
                Some(carried(carrying::out(api, contact, path).await))
            }
            Request::CarryAllOut(folder) => Some(carried(carrying::all_out(api, folder).await)),
            Request::CarryIn(paths) => Some(carried(carrying::into_here(api, paths).await)),
            Request::Dropped { path, .. } if carry::is_parcel(&path.0) => {
                Some(carried(carrying::into_here(api, vec![path]).await))
            }
            Request::Dropped { conversation, path } => {
                let examined = uploading::examine(vec![path]).await;
                Some(Update::Examined(conversation?, examined))
            }
            Request::Examine {
                conversation,
                paths,
            } => {
                let examined = uploading::examine(paths).await;
                Some(Update::Examined(conversation, examined))
            }
            Request::Look { ticket, source } => {
                let carries = uploading::carries(&self.pictures, source).await?;
                Some(Update::Looked(ticket, carries))
            }
            Request::Upload {
                ticket,
                source,
                as_it_is,
            } => {
                let tell = self.tell.clone();
                let told = move |bytes| tell(Update::UploadGoesOn(ticket, bytes));
                let how = How { ticket, as_it_is };
                let uploaded = uploading::upload(api, &self.stopped, how, &source, told).await;
                Some(Update::Uploaded(ticket, uploaded))
            }
            Request::UploadRecording {
                ticket,
                conversation,
            } => {
                let stopped = &self.stopped;
                let uploaded = voices::upload(api, stopped, ticket, conversation).await;
                Some(Update::Uploaded(ticket, uploaded))
            }
            Request::KeepRecording {
                ticket,
                conversation,
                from,
                part,
            } => {
                let kept = api.keep_recording(conversation, from, part.0).await;
                Some(Update::PartKept(ticket, kept))
            }
            Request::Recording(conversation) => {
                let of = conversation.clone();
                let kept = voices::recording(api, &self.pictures, of).await;
                Some(Update::Recording(conversation, kept))
            }
            Request::Voice {
                ticket,
                conversation,
                what,
            } => {
                let sound = voices::sound(api, &self.pictures, conversation, what).await;
                Some(Update::Voice(ticket, sound))
            }
            Request::StopUpload(ticket) => {
                self.stopped.stop(ticket);
                None
            }
            Request::SendFile { of, message } => {
                let answer = api.send(of.conversation.clone(), message).await;
                Some(Update::Sent(of, answer))
            }
            Request::SaveFile { conversation, id } => {
                let saved = match &self.downloads {
                    Some(to) => saving::save(api, conversation.clone(), id.clone(), to).await,
                    None => Err(NotSaved::Place),
                };
                Some(Update::FileSaved(conversation, id, saved))
            }
            Request::File { conversation, id } => {
                let answer = api.message(conversation.clone(), id.clone()).await;
                Some(Update::File(conversation, id, answer))
            }
            Request::Files {
                conversation: of,
                before,
                limit,
            } => {
                let answer = api.files(of.clone(), before.clone(), limit).await;
                Some(Update::Files { of, before, answer })
            }
            Request::CountOld {
                conversation,
                before_ms,
            } => Some(match freeing::count(api, &conversation, before_ms).await {
                Ok(found) => Update::OldCounted(conversation, before_ms, found),
                Err(refusal) => Update::Refused(refusal),
            }),
            Request::DropOld {
                conversation,
                before_ms,
            } => {
                let of = conversation.clone();
                let told = |freed| (self.tell)(Update::DropGoesOn(of.clone(), freed));
                let freed = freeing::free(api, &conversation, before_ms, told).await;
                Some(Update::OldDropped(conversation, freed))
            }
            Request::Picture { conversation, id } => {
                let (of, which) = (conversation.clone(), id.clone());
                let picture = viewing::picture(api, &self.pictures, of, which).await;
                Some(Update::Picture(conversation, id, picture))
            }
            Request::Preview { conversation, id } => {
                let (of, which) = (conversation.clone(), id.clone());
                let preview = viewing::preview(api, &self.pictures, of, which).await;
                Some(Update::Preview(conversation, id, preview))
            }
            Request::StorageUsed => {
                let directory = self.directory.clone();
                let counted = tokio::task::spawn_blocking(move || bytes_in(&directory)).await;
                counted.ok().flatten().map(Update::StorageUsed)
            }
        }
    }

    async fn chat(&self, conversation: Conversation) -> Update {
        match newest(&*self.api, &conversation).await {
            Ok(newest) => Update::Conversation(Box::new(Chat {
                conversation,
                newest,
            })),
            Err(refusal) => Update::Refused(refusal),
        }
    }
}

/// The update for the answer to a call.
fn told(call: Call, answer: Answer) -> Option<Update> {
    Some(match (call, answer) {
        (Call::Invite(_), answer) => Update::Invited(answer.and_then(Reply::try_into)),
        (Call::Join(_), answer) => Update::Joining(answer.and_then(Reply::try_into)),
        (Call::NewGroup(_), Err(refusal)) => Update::GroupMade(Err(refusal)),
        (Call::DeclineGroup(chat, message), Ok(_)) => {
            Update::InvitationAnswered(chat, message, Ok(None))
        }
        (Call::JoinGroup(chat, message) | Call::DeclineGroup(chat, message), Err(refusal)) => {
            Update::InvitationAnswered(chat, message, Err(refusal))
        }
        (Call::Members(group) | Call::SetLevel(group, ..), Ok(Reply::Members(members))) => {
            Update::Members(group, members)
        }
        (Call::InviteToGroup(..), Ok(_)) => Update::InvitedIntoGroup,
        (Call::AddRelay(_), answer) => Update::RelayAdded(answer.map(drop)),
        (Call::SetRelayPaths(paths), answer) => Update::RelayPathsSet(paths, answer.map(drop)),
        (Call::Forward(..), Ok(_)) => Update::Forwarded,
        (Call::Ways(contact), Ok(Reply::Ways(ways))) => Update::Ways(contact, ways),
        (_, Ok(Reply::Me(me))) => Update::Me(me),
        (_, Ok(Reply::Contact(contact))) => Update::Contact(contact),
        (_, Ok(Reply::Status(status))) => Update::Status(status),
        (_, Ok(Reply::SafetyWords(words))) => Update::SafetyWords(words),
        (_, Ok(Reply::Invitations(invitations))) => Update::Invitations(invitations),
        (_, Ok(_)) => return None,
        // An event has reported that the contact is gone, and the chat with it. The user may have written
        // meanwhile.
        (Call::Contact(_) | Call::Ways(_), Err(Refusal::NoSuchContact))
        | (
            Call::Conversation(_) | Call::SetDraft(..) | Call::Members(_),
            Err(Refusal::NoSuchConversation),
        ) => {
            return None;
        }
        // A process of an older version owns the directory, and does not know this call.
        (Call::Ways(_), Err(Refusal::OtherVersion { .. })) => return None,
        (_, Err(refusal)) => Update::Refused(refusal),
    })
}

/// The update for the answer to a call of the host.
fn told_by_host(call: &HostCall, answer: Answer) -> Option<Update> {
    Some(match (call, answer) {
        (HostCall::Unlock(_), answer) => Update::Unlocked(answer.map(drop)),
        (HostCall::CheckPassphrase(_), answer) => Update::Checked(answer.map(drop)),
        (HostCall::Object(group, _), answer) => {
            let members = answer.and_then(Vec::try_from);
            Update::Objected(group.clone(), members)
        }
        (HostCall::ChangePassphrase(..), answer) => Update::PassphraseChanged(answer.map(drop)),
        (HostCall::Erase, answer) => Update::Erased(answer.map(drop)),
        (HostCall::Wipe, Ok(_)) => Update::Wiped,
        // The message went meanwhile, or a process of an older version owns the directory.
        (
            HostCall::Versions(..),
            Err(Refusal::NoSuchMessage | Refusal::NoText | Refusal::OtherVersion { .. }),
        ) => return None,
        (HostCall::Versions(_, id), Ok(Reply::Versions(versions))) => {
            Update::Versions(id.clone(), versions)
        }
        (_, Ok(Reply::Storage(used))) => Update::Storage(used),
        (_, Ok(Reply::NodeStatus(status))) => match status.open {
            Some(status) => Update::Status(status),
            None => Update::Refused(Refusal::Locked),
        },
        (_, Ok(_)) => return None,
        (_, Err(refusal)) => Update::Refused(refusal),
    })
}

/// The update for a request that nobody can execute now.
pub(super) fn decline(request: Request, refusal: Refusal) -> Option<Update> {
    match request {
        Request::Create { .. } => Some(Update::Created(Err(refusal))),
        Request::Call(call) => told(call, Err(refusal)),
        Request::Host(call) => told_by_host(&call, Err(refusal)),
        Request::Page { of, .. } => Some(Update::Page(of, Err(refusal))),
        Request::Message { of, .. } => Some(Update::Message(of, Err(refusal))),
        Request::Search { ticket, .. } => Some(Update::Searched(ticket, Err(refusal))),
        Request::Starred { ticket, .. } => Some(Update::Starred(ticket, Err(refusal))),
        Request::Send { of, .. } => Some(Update::Sent(of, Err(refusal))),
        Request::SendFile { of, .. } => Some(Update::Sent(of, Err(refusal))),
        Request::Upload { ticket, .. } | Request::UploadRecording { ticket, .. } => {
            Some(Update::Uploaded(ticket, Err(Unfit::Refused(refusal))))
        }
        Request::Preview { conversation, id } => Some(Update::Preview(conversation, id, None)),
        Request::Picture { conversation, id } => Some(Update::Picture(conversation, id, None)),
        Request::KeepRecording { ticket, .. } => Some(Update::PartKept(ticket, Err(refusal))),
        Request::Recording(conversation) => Some(Update::Recording(conversation, None)),
        Request::Voice { ticket, .. } => Some(Update::Voice(ticket, None)),
        Request::Look { .. } => None,
        Request::DropOld { conversation, .. } => {
            Some(Update::OldDropped(conversation, Err(refusal)))
        }
        Request::File { conversation, id } => Some(Update::File(conversation, id, Err(refusal))),
        Request::Files {
            conversation: of,
            before,
            ..
        } => Some(Update::Files {
            of,
            before,
            answer: Err(refusal),
        }),
        Request::SaveFile { conversation, id } => Some(Update::FileSaved(
            conversation,
            id,
            Err(NotSaved::Refused(refusal)),
        )),
        _ => Some(Update::Refused(refusal)),
    }
}

async fn overview(api: &dyn Api) -> Result<Overview, Refusal> {
    let status = api.status().await?.open.ok_or(Refusal::Locked)?;
    let mut found = Vec::with_capacity(status.conversations.len());
    for conversation in &status.conversations {
        if let Some(message) = newest(api, conversation).await? {
            found.push((conversation.id.clone(), message));
        }
    }
    Ok(Overview {
        status,
        newest: found,
    })
}

async fn newest(api: &dyn Api, conversation: &Conversation) -> Result<Option<Message>, Refusal> {
    if conversation.messages == 0 {
        return Ok(None);
    }
    match api.page(conversation.id.clone(), PageFrom::Newest, 1).await {
        Ok(page) => Ok(page.messages.into_iter().next()),
        Err(Refusal::NoSuchConversation) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// For each day, whether anybody wrote. Asks once for each day with messages.
async fn days(
    api: &dyn Api,
    conversation: &ConversationId,
    begins_ms: &[i64],
) -> Result<Vec<bool>, Refusal> {
    let count = begins_ms.len().saturating_sub(1);
    let mut written = vec![false; count];
    let mut day = 0;
    while day < count {
        let from = PageFrom::Date(begins_ms[day]);
        let page = api.page(conversation.clone(), from, 1).await?;
        let Some(next) = page.messages.first() else {
            break;
        };
        let begun = begins_ms.partition_point(|begins| *begins <= next.time_ms);
        if begun > count {
            break;
        }
        // In the order of the conversation, a message may follow one with a later time.
        if begun > day {
            day = begun - 1;
            written[day] = true;
        }
        day += 1;
    }
    Ok(written)
}

/// The bytes of the files in a directory, and in those within it.
fn bytes_in(directory: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(directory).ok()?;
    let bytes = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        match entry.file_type().ok()?.is_dir() {
            true => bytes_in(&entry.path()),
            false => Some(entry.metadata().ok()?.len()),
        }
    });
    Some(bytes.sum())
}

fn carried(said: Result<Phrase, Refusal>) -> Update {
    said.map_or_else(Update::Refused, Update::Carried)
}
