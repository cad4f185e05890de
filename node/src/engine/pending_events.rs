//! What has happened in a batch that somebody may want to hear of, told once at its end.

use std::collections::{BTreeMap, BTreeSet};

use hedgerow_sync::id::{EntryId, IdentityId};
use hedgerow_sync::page;
use hedgerow_transport::carrier::CarrierKind;

use super::invitation::InvitationKey;
use super::people::contact;
use super::{Effects as _, Owners, Turn, conversation, delivery, reading, reconciling};
use crate::api::{Event, JoinProblem};
use hedgerow_sync::store::StorageError;

/// Messages of one contact that are told one by one; more are told as a number.
const MAX_SINGLE: usize = 16;

/// What has happened since the last telling.
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
    /// New messages, by contact: runs of a log, and whether they are ours.
    pub messages: BTreeMap<IdentityId, Vec<Run>>,
    /// Messages of which something else is said now, by contact.
    pub annotated: BTreeMap<IdentityId, BTreeSet<EntryId>>,
    /// The last of our messages that a contact has acknowledged.
    pub delivered: BTreeMap<IdentityId, EntryId>,
}

/// New messages of one log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    /// The first.
    pub first: EntryId,
    /// How many.
    pub count: u64,
    pub mine: bool,
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
            messages,
            annotated,
            delivered,
        } = self;
        contacts.is_empty()
            && removed.is_empty()
            && invitations.is_empty()
            && met.is_empty()
            && join_problems.is_empty()
            && carriers.is_empty()
            && messages.is_empty()
            && annotated.is_empty()
            && delivered.is_empty()
    }

    /// New messages; those that go on where the last ones of the same log ended are one run with them.
    pub fn message(&mut self, identity: IdentityId, run: Run) {
        let runs = self.messages.entry(identity).or_default();
        let open = runs.iter_mut().find(|open| {
            open.first.log == run.first.log && open.first.seq.0 + open.count == run.first.seq.0
        });
        match open {
            Some(open) => open.count += run.count,
            None => runs.push(run),
        }
    }
}

impl Owners {
    /// Tells what the batch has brought.
    pub(super) fn emit_events(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        if turn.pending.is_empty() {
            return Ok(());
        }
        let news = std::mem::take(turn.pending);
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
        for (identity, runs) in news.messages {
            if let Some(contact) = self.people.contacts.get_mut(&identity) {
                // Never their clock, with which a contact would stay on top.
                contact.active_ms = turn.now.wall_ms;
                contact.save(turn.txn, identity)?;
                let space = reconciling::space_id(&contact.space);
                reading::arrived(turn.txn, space, runs.iter().filter(|run| !run.mine))?;
            }
            tell_messages(turn, identity, &runs);
        }
        for (identity, targets) in news.annotated {
            let contact = contact::api_id(identity);
            if targets.len() > MAX_SINGLE {
                turn.out.event(Event::Messages { contact, count: 0 });
                continue;
            }
            for target in targets {
                turn.out.event(Event::MessageChanged {
                    contact: contact.clone(),
                    id: conversation::message_id(target),
                });
            }
        }
        for (identity, last) in news.delivered {
            let Some(contact) = self.people.contacts.get(&identity) else {
                continue;
            };
            // The last that was acknowledged may be an annotation; a person is told of messages.
            let space = reconciling::space_id(&contact.space);
            let Some(row) = page::last_row(turn.txn, space, last)? else {
                continue;
            };
            let queued = delivery::queued(turn.txn, &self.people, identity)?;
            turn.out.event(Event::Delivered {
                contact: contact::api_id(identity),
                id: conversation::message_id(row),
                queued,
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
}

fn tell_messages(turn: &mut Turn<'_>, identity: IdentityId, runs: &[Run]) {
    let contact = contact::api_id(identity);
    let count: u64 = runs.iter().map(|run| run.count).sum();
    if count > MAX_SINGLE as u64 {
        turn.out.event(Event::Messages { contact, count });
        return;
    }
    for run in runs {
        for step in 0..run.count {
            let mut entry = run.first;
            entry.seq.0 += step;
            let id = conversation::message_id(entry);
            turn.out.event(Event::Message {
                contact: contact.clone(),
                id,
                mine: run.mine,
            });
        }
    }
}
