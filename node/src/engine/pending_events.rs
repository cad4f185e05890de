//! The events of a batch, gathered and told once at its end.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::{DeviceId, EntryId, IdentityId, LogId, Seq, SpaceId};
use hedgerow_sync::membership::Level;
use hedgerow_sync::page;
use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::CarrierKind;

use super::conversations::{self, Kind};
use super::groups::{self, Line, Noted};
use super::invitation::InvitationKey;
use super::people::contact;
use super::{Effects as _, Owners, Turn, conversation, delivery, reading};
use crate::api::{Event, JoinProblem};

/// The most messages of one conversation for which a batch tells an event each. For more it tells their number.
const MAX_SINGLE: usize = 16;

/// What has happened in the batch.
#[derive(Debug, Default)]
pub(crate) struct PendingEvents {
    /// Contacts about whom something changed.
    pub contacts: BTreeSet<IdentityId>,
    /// Contacts that are gone.
    pub removed: BTreeSet<IdentityId>,
    /// Invitations that changed, made or being joined.
    pub invitations: BTreeSet<InvitationKey>,
    /// Meetings that succeeded: with whom, by which invitation, and whether we joined.
    pub met: Vec<(IdentityId, InvitationKey, bool)>,
    /// Joins that failed, or make no progress.
    pub join_problems: Vec<(InvitationKey, JoinProblem)>,
    /// Carriers that changed.
    pub carriers: BTreeSet<CarrierKind>,
    /// Conversations that changed.
    pub conversations: BTreeSet<SpaceId>,
    /// Conversations that are gone, and not with a contact.
    pub erased: BTreeSet<SpaceId>,
    /// Conversations of which some messages are shown now and were not, or the other way round.
    pub reshown: BTreeSet<SpaceId>,
    /// Changes of who is in groups.
    pub memberships: Vec<(SpaceId, Line)>,
    /// New messages, by conversation: runs of a log, and whether they are ours.
    pub messages: BTreeMap<SpaceId, Vec<Run>>,
    /// Messages with other reactions or pins than before, by conversation.
    pub annotated: BTreeMap<SpaceId, BTreeSet<EntryId>>,
    /// Messages that are gone from this device, by conversation.
    pub gone: BTreeMap<SpaceId, BTreeSet<EntryId>>,
    /// The last of our messages in a conversation that a device has acknowledged.
    pub delivered: BTreeMap<(SpaceId, DeviceId), EntryId>,
    /// How far a device says that its user has read a log of ours.
    pub read: BTreeMap<(SpaceId, DeviceId, LogId), Seq>,
}

/// New messages of one log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    /// The first.
    pub first: EntryId,
    /// How many.
    pub count: u64,
    pub is_ours: bool,
}

impl Run {
    fn holds(&self, entry: EntryId) -> bool {
        let end = self.first.seq.0 + self.count;
        self.first.log == entry.log && (self.first.seq.0..end).contains(&entry.seq.0)
    }
}

impl PendingEvents {
    /// Whether nothing has happened.
    fn is_empty(&self) -> bool {
        let PendingEvents {
            contacts,
            removed,
            invitations,
            met,
            join_problems,
            carriers,
            conversations,
            erased,
            reshown,
            memberships,
            messages,
            annotated,
            gone,
            delivered,
            read,
        } = self;
        contacts.is_empty()
            && removed.is_empty()
            && invitations.is_empty()
            && met.is_empty()
            && join_problems.is_empty()
            && carriers.is_empty()
            && conversations.is_empty()
            && erased.is_empty()
            && reshown.is_empty()
            && memberships.is_empty()
            && messages.is_empty()
            && annotated.is_empty()
            && gone.is_empty()
            && delivered.is_empty()
            && read.is_empty()
    }

    /// Adds new messages. If they continue a run of the same log, they become part of it.
    pub fn message(&mut self, space: SpaceId, run: Run) {
        let runs = self.messages.entry(space).or_default();
        let open = runs.iter_mut().find(|open| {
            open.first.log == run.first.log && open.first.seq.0 + open.count == run.first.seq.0
        });
        match open {
            Some(open) => open.count += run.count,
            None => runs.push(run),
        }
    }

    /// Takes back the event of a message that is gone. Returns whether it had not been told yet.
    pub fn take_back(&mut self, space: SpaceId, entry: EntryId) -> bool {
        let runs = self.messages.get_mut(&space).into_iter();
        let mut runs = runs.filter_map(|runs| {
            let at = runs.iter().position(|run| run.holds(entry))?;
            Some((runs, at))
        });
        let Some((runs, at)) = runs.next() else {
            return false;
        };
        let run = runs.remove(at);
        let count = entry.seq.0 - run.first.seq.0;
        let mut next = run.first;
        next.seq.0 = entry.seq.0 + 1;
        let before = Run { count, ..run };
        let after = Run {
            first: next,
            count: run.count - count - 1,
            ..run
        };
        runs.extend([before, after].into_iter().filter(|run| run.count > 0));
        if let Some(annotated) = self.annotated.get_mut(&space) {
            annotated.remove(&entry);
        }
        true
    }

    /// Drops the events of a conversation that is gone.
    pub fn forget(&mut self, space: SpaceId) {
        self.conversations.remove(&space);
        self.reshown.remove(&space);
        self.memberships.retain(|(of, _)| *of != space);
        self.messages.remove(&space);
        self.annotated.remove(&space);
        self.gone.remove(&space);
        self.delivered.retain(|(of, _), _| *of != space);
        self.read.retain(|(of, ..), _| *of != space);
    }
}

impl Owners {
    /// Tells what has happened in the batch.
    pub(super) fn emit_events(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        if turn.pending.is_empty() {
            return Ok(());
        }
        let mut news = std::mem::take(turn.pending);
        for (identity, invitation, joined) in news.met {
            let (contact, invitation) = (contact::api_id(identity), invitation.api_id());
            turn.out.event(match joined {
                true => Event::Joined {
                    contact,
                    invitation,
                },
                false => Event::Met {
                    contact,
                    invitation,
                },
            });
        }
        for (invitation, why) in news.join_problems {
            turn.out.event(Event::JoinFailed {
                invitation: invitation.api_id(),
                why,
            });
        }
        for (space, runs) in news.messages {
            if runs.is_empty() {
                continue;
            }
            let Some(known) = self.conversations.get_mut(space) else {
                continue;
            };
            // Our clock, not theirs: with a wrong clock they could keep a conversation on top.
            known.active_ms = turn.now.wall_ms;
            let is_theirs = runs.iter().any(|run| !run.is_ours);
            if is_theirs && known.settings.written_to(turn.now.wall_ms) {
                news.conversations.insert(space);
            }
            known.save(turn.txn, space)?;
            let kind = known.kind;
            reading::arrived(turn.txn, space, runs.iter().filter(|run| !run.is_ours))?;
            self.tell_messages(turn, space, kind, &runs)?;
        }
        for (space, line) in news.memberships {
            let changed = match line.what {
                Noted::Level { who, now, .. } | Noted::Suspended { who, now } => Some((who, now)),
                Noted::Objected { who } | Noted::Restored { who } => {
                    Some((who, Level::ADMIN.code()))
                }
                Noted::Timer { .. } | Noted::Continues { .. } | Noted::GoesOn { .. } => None,
            };
            if let Some((who, now)) = changed {
                turn.out.event(Event::Membership {
                    conversation: conversations::api_id(space),
                    member: groups::member_id(who),
                    level: groups::level(now),
                    by: line.by.map(groups::member_id),
                });
            }
        }
        for space in news.reshown {
            turn.out.event(Event::Messages {
                conversation: conversations::api_id(space),
                count: 0,
            });
        }
        for (space, targets) in news.annotated {
            let conversation = conversations::api_id(space);
            if targets.len() > MAX_SINGLE {
                turn.out.event(Event::Messages {
                    conversation,
                    count: 0,
                });
                continue;
            }
            for target in targets {
                turn.out.event(Event::MessageChanged {
                    conversation: conversation.clone(),
                    id: conversation::message_id(target),
                });
            }
        }
        for (space, entries) in news.gone {
            let conversation = conversations::api_id(space);
            if entries.len() > MAX_SINGLE {
                turn.out.event(Event::Messages {
                    conversation,
                    count: 0,
                });
                continue;
            }
            for entry in entries {
                turn.out.event(Event::MessageGone {
                    conversation: conversation.clone(),
                    id: conversation::message_id(entry),
                });
            }
        }
        for ((space, device), last) in news.delivered {
            let (Some(_), Some(owner)) = (
                self.conversations.get(space),
                self.people.devices.get(&device),
            ) else {
                continue;
            };
            // The last acknowledged entry may be an annotation; the event names a message.
            let Some(row) = page::last_row(turn.txn, space, last)? else {
                continue;
            };
            let members = self.conversations.members_of(space);
            let recipients = self.recipients(turn.txn, turn.now, space, members)?;
            turn.out.event(Event::Delivered {
                conversation: conversations::api_id(space),
                contact: contact::api_id(owner.identity),
                device: delivery::device_name(device),
                id: conversation::message_id(row),
                queued: recipients.queued,
            });
        }
        // A user who does not tell is not shown either.
        let read = news
            .read
            .into_iter()
            .filter(|_| self.account.settings.receipts);
        for ((space, device, log), seq) in read {
            // In a group it goes by another name there.
            let device = match groups::contact_of(turn.txn, space, device)? {
                Some(contact) => self.people.devices_of(contact).next().unwrap_or(device),
                None => device,
            };
            let owner = self.people.devices.get(&device);
            let row = page::last_row(turn.txn, space, EntryId { log, seq })?;
            if let (Some(owner), Some(row)) = (owner, row) {
                turn.out.event(Event::Read {
                    conversation: conversations::api_id(space),
                    contact: contact::api_id(owner.identity),
                    device: delivery::device_name(device),
                    id: conversation::message_id(row),
                });
            }
        }
        for space in news.erased {
            turn.out.event(Event::ConversationErased {
                conversation: conversations::api_id(space),
            });
        }
        for identity in news.contacts.difference(&news.removed) {
            turn.out.event(Event::Contact {
                contact: contact::api_id(*identity),
            });
        }
        for identity in &news.removed {
            turn.out.event(Event::Removed {
                contact: contact::api_id(*identity),
            });
        }
        // After contacts that are gone: a conversation may be left of one.
        for space in news.conversations {
            turn.out.event(Event::Conversation {
                conversation: conversations::api_id(space),
            });
        }
        for invitation in news.invitations {
            turn.out.event(Event::Invitation {
                invitation: invitation.api_id(),
            });
        }
        for kind in news.carriers {
            if let Some(carrier) = self.reach.carriers().get(&kind) {
                let state = carrier.state;
                turn.out.event(Event::Carrier {
                    carrier: kind,
                    state,
                });
            }
        }
        Ok(())
    }

    fn tell_messages(
        &self,
        turn: &mut Turn<'_>,
        space: SpaceId,
        kind: Kind,
        runs: &[Run],
    ) -> Result<(), StorageError> {
        let conversation = conversations::api_id(space);
        let count: u64 = runs.iter().map(|run| run.count).sum();
        if count > MAX_SINGLE as u64 {
            turn.out.event(Event::Messages {
                conversation,
                count,
            });
            return Ok(());
        }
        for run in runs {
            let author = kind.author(run.first.log.device, self.account.device_id);
            let author = author.map(|author| groups::author_id(turn.txn, space, author));
            let author = author.transpose()?;
            for step in 0..run.count {
                let mut entry = run.first;
                entry.seq.0 += step;
                turn.out.event(Event::Message {
                    conversation: conversation.clone(),
                    id: conversation::message_id(entry),
                    author: author.clone(),
                });
            }
        }
        Ok(())
    }
}
