//! Adding a contact: invitations of ours, and those of others that are being joined.

use std::collections::BTreeMap;

use hedgerow_node::api::{
    Call, ContactId, Invitation, InvitationId, InvitationState, JoinProblem, LinkSource,
    NewInvitation, NewJoin, Private, Refusal,
};
use qrcode::{EcLevel, QrCode};

use super::app::App;
use super::calendar::When;
use super::chats;
use super::dialog::Banner;
use super::place::{Pane, Place};
use super::scanning::Scanning;

/// The longest link that is looked at, in bytes.
const MAX_PASTED: usize = 4_096;

/// Everything about adding a contact.
#[derive(Default)]
pub struct Adding {
    /// Invitations of ours, the latest to expire first.
    pub invitations: Vec<InvitationRow>,
    /// The one that is shown.
    pub shown: Option<ShownInvitation>,
    /// Invitations of others that are being joined.
    pub joining: Vec<JoinRow>,
    /// What is typed or pasted.
    pub pasted: String,
    /// Counts up whenever `pasted` was changed by anything but typing: show it.
    pub pasted_set: u32,
    /// An invitation is being made, or a join is being begun.
    pub busy: bool,
    /// Why the last thing asked was not done.
    pub problem: Option<Refusal>,
    /// The camera.
    pub scanning: Scanning,
    /// What our camera has read, as long as it is what would be joined.
    scanned: Option<String>,
    known: Vec<Invitation>,
    /// Why joins make no progress, or have ended, and when they expire: of ended ones the node tells no
    /// more.
    problems: BTreeMap<InvitationId, (JoinProblem, i64)>,
    /// The invitation to show.
    shown_id: Option<InvitationId>,
}

/// An invitation of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Which.
    pub id: InvitationId,
    /// To be scanned by somebody present.
    pub in_person: bool,
    /// When it expires.
    pub expires: When,
    /// What has become of it.
    pub state: InvitationState,
    /// It can be shown and cancelled.
    pub open: bool,
}

/// The invitation that is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownInvitation {
    /// Which.
    pub id: InvitationId,
    /// The link. A secret until it is used.
    pub link: String,
    /// The same as a picture.
    pub qr: Qr,
    /// When it expires.
    pub expires: When,
    /// Minutes until then, rounded up.
    pub left_min: u64,
    /// To be scanned by somebody present, who then knows whose it is.
    pub in_person: bool,
}

/// A QR code.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Qr {
    /// Modules on each side, without the quiet zone: leave four modules white around it.
    pub side: usize,
    /// Dark modules, row by row.
    pub modules: Vec<bool>,
}

/// An invitation that is being joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    /// Which.
    pub id: InvitationId,
    /// What has become of it.
    pub state: InvitationState,
    /// Why it makes no progress, or has ended.
    pub problem: Option<JoinProblem>,
    /// When it expires.
    pub expires: When,
    /// It has ended: nothing is tried any more, and `CancelJoin` takes the row away.
    pub ended: bool,
}

/// Joins whose problems are remembered.
const MAX_PROBLEMS: usize = 64;

impl Qr {
    fn of(link: &str) -> Self {
        // Low correction: screens are not scratched, and fewer modules are scanned from further away.
        match QrCode::with_error_correction_level(link, EcLevel::L) {
            Ok(code) => Self {
                side: code.width(),
                modules: code
                    .to_colors()
                    .iter()
                    .map(|module| *module == qrcode::Color::Dark)
                    .collect(),
            },
            Err(_) => Self::default(),
        }
    }
}

impl App {
    /// Makes an invitation.
    pub(super) fn invite(&mut self, in_person: bool, valid_for_s: u64) {
        if !self.adding.busy {
            self.adding.busy = true;
            self.adding.problem = None;
            self.changed.adding = true;
            self.ask(Call::Invite(NewInvitation {
                valid_for_s,
                in_person,
            }));
        }
    }

    /// The invitation is made, or not.
    pub(super) fn hear_invited(&mut self, answer: Result<Invitation, Refusal>) {
        self.adding.busy = false;
        self.changed.adding = true;
        match answer {
            Ok(invitation) => {
                self.adding.shown_id = Some(invitation.id.clone());
                self.adding.known.retain(|known| known.id != invitation.id);
                self.adding.known.push(invitation);
                self.draw_adding();
            }
            Err(refusal) => self.refused_adding(refusal),
        }
    }

    /// All invitations, as they are now.
    pub(super) fn hear_invitations(&mut self, invitations: Vec<Invitation>) {
        if matches!(self.place, Place::Main(_)) {
            self.adding.known = invitations;
            self.draw_adding();
        }
    }

    /// Shows an invitation that is open.
    pub(super) fn show_invitation(&mut self, id: Option<InvitationId>) {
        self.adding.shown_id = id;
        self.draw_adding();
    }

    /// Cancels an invitation.
    pub(super) fn cancel_invitation(&mut self, id: InvitationId) {
        self.adding.shown_id.take_if(|shown| *shown == id);
        self.ask(Call::CancelInvitation(id));
        self.draw_adding();
    }

    /// Copies the link that is shown.
    pub(super) fn copy_link(&mut self) {
        if let Some(link) = self.adding.shown.as_ref().map(|shown| shown.link.clone()) {
            self.copy(link);
        }
    }

    /// The link to join is this now.
    pub(super) fn paste(&mut self, text: String) {
        self.adding.pasted = text;
        if self.adding.pasted.len() > MAX_PASTED {
            let end = self.adding.pasted.floor_char_boundary(MAX_PASTED);
            self.adding.pasted.truncate(end);
        }
        let adding = &mut self.adding;
        adding.scanned.take_if(|scanned| *scanned != adding.pasted);
        adding.problem = None;
        self.changed.adding = true;
    }

    /// What the camera has read: as good as the person before it who shows it.
    pub(super) fn take_scanned(&mut self, link: String) {
        self.take_link(link);
        self.adding.scanned = Some(self.adding.pasted.clone());
    }

    /// A link that was opened or scanned: shown, and joined only when the user says so.
    pub(super) fn take_link(&mut self, link: String) {
        self.paste(link);
        self.adding.pasted_set = self.adding.pasted_set.wrapping_add(1);
        if matches!(self.place, Place::Main(_)) {
            self.dialog = None;
            self.changed.dialog = true;
            self.go_to(Pane::Adding);
        }
    }

    /// Joins the link that is typed or pasted.
    pub(super) fn join(&mut self) {
        let link = self.adding.pasted.trim();
        if link.is_empty() || self.adding.busy {
            return;
        }
        let join = NewJoin {
            link: Private(link.to_owned()),
            source: match self.adding.scanned {
                Some(_) => LinkSource::Camera,
                None => LinkSource::Pasted,
            },
        };
        self.adding.busy = true;
        self.adding.problem = None;
        self.changed.adding = true;
        self.ask(Call::Join(join));
    }

    /// The join is begun, or not.
    pub(super) fn hear_joining(&mut self, answer: Result<InvitationId, Refusal>) {
        self.adding.busy = false;
        self.changed.adding = true;
        match answer {
            Ok(id) => {
                self.adding.problems.remove(&id);
                self.adding.pasted.clear();
                self.adding.scanned = None;
                self.adding.pasted_set = self.adding.pasted_set.wrapping_add(1);
                self.ask(Call::Invitations);
            }
            Err(refusal) => self.refused_adding(refusal),
        }
    }

    /// A join ended without a contact, or makes no progress.
    pub(super) fn hear_join_failed(&mut self, id: InvitationId, why: JoinProblem) {
        let adding = &mut self.adding;
        let known = adding.known.iter().find(|known| known.id == id);
        let expires_ms = known.map_or(self.now.wall_ms, |known| known.expires_ms);
        if adding.problems.len() == MAX_PROBLEMS {
            adding.problems.pop_first();
        }
        adding.problems.insert(id, (why, expires_ms));
        self.ask(Call::Invitations);
        self.draw_adding();
    }

    /// Gives a join up, or takes an ended one out of sight.
    pub(super) fn cancel_join(&mut self, id: InvitationId) {
        self.adding.problems.remove(&id);
        if self.adding.known.iter().any(|known| known.id == id) {
            self.ask(Call::CancelJoin(id));
        }
        self.draw_adding();
    }

    /// Somebody is a contact now.
    pub(super) fn hear_met(&mut self, id: &ContactId, invitation: &InvitationId) {
        self.adding.problems.remove(invitation);
        self.adding.shown_id.take_if(|shown| shown == invitation);
        self.met = Some(id.clone());
        self.ask(Call::Invitations);
        self.look_at(id);
    }

    /// The contact that was met is known by name now.
    pub(super) fn greet(&mut self) {
        let Some(known) = self.met.as_ref().and_then(|id| self.chats.known.get(id)) else {
            return;
        };
        let met = Banner::Met {
            id: known.contact.id.clone(),
            name: chats::name(&known.contact),
        };
        self.met = None;
        self.tell(met);
    }

    /// Draws the page.
    pub(super) fn draw_adding(&mut self) {
        let adding = &mut self.adding;
        let mut known: Vec<_> = adding.known.iter().collect();
        known.sort_by_key(|invitation| std::cmp::Reverse(invitation.expires_ms));
        let when = |invitation: &Invitation| self.calendar.when(invitation.expires_ms);
        let (joining, made): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|one| one.state == InvitationState::Joining);
        adding.invitations = made
            .iter()
            .map(|invitation| InvitationRow {
                id: invitation.id.clone(),
                in_person: invitation.in_person,
                expires: when(invitation),
                state: invitation.state,
                open: invitation.state == InvitationState::Open,
            })
            .collect();
        let trying = joining.iter().map(|invitation| JoinRow {
            id: invitation.id.clone(),
            state: invitation.state,
            problem: adding
                .problems
                .get(&invitation.id)
                .map(|(problem, _)| *problem),
            expires: when(invitation),
            ended: false,
        });
        let is_known = |id: &InvitationId| joining.iter().any(|known| known.id == *id);
        let ended = adding.problems.iter().filter(|(id, _)| !is_known(id));
        let ended = ended.filter_map(|(id, (problem, expires_ms))| {
            Some(JoinRow {
                id: id.clone(),
                state: ended_as(*problem)?,
                problem: Some(*problem),
                expires: self.calendar.when(*expires_ms),
                ended: true,
            })
        });
        adding.joining = trying.chain(ended).collect();
        let shown = made.into_iter().find(|invitation| {
            adding.shown_id.as_ref() == Some(&invitation.id)
                && invitation.state == InvitationState::Open
                && invitation.expires_ms > self.now.wall_ms
        });
        adding.shown = shown.and_then(|invitation| {
            let link = &invitation.link.as_ref()?.0;
            let drawn = adding.shown.take().filter(|shown| shown.link == *link);
            let left_ms = invitation
                .expires_ms
                .saturating_sub(self.now.wall_ms)
                .max(0);
            Some(ShownInvitation {
                id: invitation.id.clone(),
                qr: drawn.map_or_else(|| Qr::of(link), |shown| shown.qr),
                link: link.clone(),
                expires: when(invitation),
                left_min: (left_ms as u64).div_ceil(60_000),
                in_person: invitation.in_person,
            })
        });
        self.changed.adding = true;
    }

    fn refused_adding(&mut self, refusal: Refusal) {
        if !self.refused_by_state(&refusal) {
            self.adding.problem = Some(refusal);
        }
    }
}

/// What has become of an invitation whose join has ended so; `None` if it is still tried.
fn ended_as(problem: JoinProblem) -> Option<InvitationState> {
    match problem {
        JoinProblem::NoAnswer => None,
        JoinProblem::Used => Some(InvitationState::Used),
        JoinProblem::Expired => Some(InvitationState::Expired),
        JoinProblem::Cancelled
        | JoinProblem::Refused
        | JoinProblem::AlreadyContact
        | JoinProblem::NotTheInviter => Some(InvitationState::Cancelled),
    }
}

impl Adding {
    /// When what is shown changes with time alone: minutes count down.
    pub(super) fn next_change(&self, now_ms: i64) -> Option<u64> {
        let shown = self.shown_id.as_ref().filter(|_| self.shown.is_some())?;
        let expires_ms = self
            .known
            .iter()
            .find(|known| known.id == *shown)?
            .expires_ms;
        let left_ms = expires_ms.saturating_sub(now_ms).max(1) as u64;
        Some((left_ms - 1) % 60_000 + 1)
    }
}
