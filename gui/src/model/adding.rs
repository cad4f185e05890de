//! Adding a contact: our invitations, and those of others that we are joining.

use std::collections::BTreeMap;
use std::mem::take;

use hedgerow_node::api::{
    Call, ContactId, Invitation, InvitationId, InvitationState, JoinProblem, LinkSource,
    NewInvitation, NewJoin, Private, Refusal, Room,
};
use qrcode::{EcLevel, QrCode};

use super::banner::Banner;
use super::calendar::When;
use super::context::Context;
use super::effect::{Announcement, Effect};
use super::face::Face;
use super::outcome::{Outcome, concerns_everything};
use super::place::Pane;
use super::scanning::{Scanning, ScanningAction};

/// The longest link that we look at, in bytes.
const MAX_PASTED: usize = 4_096;

/// The most joins whose problems we remember.
const MAX_PROBLEMS: usize = 64;

/// What a person does to add a contact.
#[derive(Clone)]
pub enum AddingAction {
    /// Make an invitation.
    Invite {
        /// Whether the user shows it to somebody present.
        in_person: bool,
        /// How long it is valid, in seconds.
        valid_for_s: u64,
    },
    /// Show an open invitation.
    ShowInvitation(InvitationId),
    /// Show no invitation.
    HideInvitation,
    /// Cancel an invitation.
    CancelInvitation(InvitationId),
    /// Copy the link on screen.
    CopyLink,
    /// Whether the invitation could be saved as a picture.
    PictureSaved(bool),
    /// The user has typed or pasted this link.
    Pasted(String),
    /// An action about the camera.
    Scanning(ScanningAction),
    /// Join by the typed or pasted link.
    Join,
    /// Give up a join.
    CancelJoin(InvitationId),
}

/// Everything about adding a contact.
#[derive(Default)]
pub struct Adding {
    /// Our invitations, the last to expire first.
    pub invitations: Vec<InvitationRow>,
    /// The invitation on screen.
    pub shown: Option<ShownInvitation>,
    /// Invitations of others that we are joining.
    pub joining: Vec<JoinRow>,
    /// The typed or pasted link.
    pub pasted: String,
    /// Counts up whenever something other than typing has changed `pasted`. The window must then show it.
    pub pasted_set: u32,
    /// A request to invite or to join is under way.
    pub busy: bool,
    /// Why the node refused the last request.
    pub problem: Option<Refusal>,
    /// Whether that request was the join.
    pub link_fails: bool,
    /// The camera.
    pub scanning: Scanning,
    /// The link that our camera has read, while it is the one to join.
    scanned: Option<String>,
    known: Vec<Invitation>,
    /// Why joins make no progress, or have ended, and when they expire. Kept here because the node forgets joins that
    /// have ended.
    problems: BTreeMap<InvitationId, (JoinProblem, i64)>,
    /// The invitation to show.
    shown_id: Option<InvitationId>,
    /// A new contact whose name we do not know yet.
    met: Option<ContactId>,
    changed: bool,
}

/// An invitation of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// Made for somebody present to scan.
    pub in_person: bool,
    /// Made for everybody in a room.
    pub is_room: bool,
    /// When it expires.
    pub expires: When,
    /// What has become of it.
    pub state: InvitationState,
    /// Whether it can be shown and cancelled.
    pub open: bool,
}

/// The invitation on screen.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownInvitation {
    /// Its id.
    pub id: InvitationId,
    /// The link. A secret until somebody uses it.
    pub link: String,
    /// The link as a QR code.
    pub qr: Qr,
    /// When it expires.
    pub expires: When,
    /// Minutes until then, rounded up.
    pub left_min: u64,
    /// Made for somebody present to scan, who then knows whose it is.
    pub in_person: bool,
    /// If it is for everybody in a room: for which group, and who has used it.
    pub room: Option<ShownRoom>,
}

/// What an invitation for a room tells while it is on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRoom {
    /// What the group is called.
    pub group: String,
    /// The names of those who have used it.
    pub joined: String,
    /// How many they are.
    pub count: u64,
    /// How many may use it.
    pub limit: u64,
}

impl ShownRoom {
    fn of(room: &Room, context: &Context) -> Self {
        let group = context.conversations.get(&room.group);
        let group = group.map(|known| &known.conversation);
        let joined = room.joined.iter().map(|id| context.contacts.name_of(id));
        let joined: Vec<String> = joined.filter(|name| !name.is_empty()).collect();
        Self {
            group: group.map_or_else(String::new, |group| {
                Face::of_conversation(group, context).name
            }),
            joined: joined.join(", "),
            count: room.joined.len() as u64,
            limit: u64::from(room.limit),
        }
    }
}

/// A QR code.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Qr {
    /// Modules on each side, without the quiet zone: leave four modules white around it.
    pub side: usize,
    /// Dark modules, row by row.
    pub modules: Vec<bool>,
}

/// An invitation that we are joining.
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
    /// It has ended: the node does not try any more, and `CancelJoin` removes the row.
    pub ended: bool,
}

impl Qr {
    fn of(link: &str) -> Self {
        // Low error correction: screens are not scratched, and a camera reads fewer modules from further away.
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

impl Adding {
    /// Shows the page.
    pub(super) fn show(&mut self, context: &Context) -> Vec<Outcome> {
        self.draw(context);
        vec![Outcome::ask(Call::Invitations), Outcome::Go(Pane::Adding)]
    }

    pub(super) fn act(&mut self, action: AddingAction, context: &Context) -> Vec<Outcome> {
        match action {
            AddingAction::Invite { .. } if self.busy => Vec::new(),
            AddingAction::Invite {
                in_person,
                valid_for_s,
            } => {
                self.begin();
                vec![Outcome::ask(Call::Invite(NewInvitation::for_one(
                    valid_for_s,
                    in_person,
                )))]
            }
            AddingAction::ShowInvitation(id) => {
                self.shown_id = Some(id);
                self.draw(context);
                Vec::new()
            }
            AddingAction::HideInvitation => {
                self.shown_id = None;
                self.draw(context);
                Vec::new()
            }
            AddingAction::CancelInvitation(id) => {
                self.shown_id.take_if(|shown| *shown == id);
                self.draw(context);
                vec![Outcome::ask(Call::CancelInvitation(id))]
            }
            AddingAction::CopyLink => match &self.shown {
                Some(shown) => vec![
                    Outcome::Do(Effect::Copy(Private(shown.link.clone()))),
                    Outcome::Tell(Banner::Copied),
                ],
                None => Vec::new(),
            },
            AddingAction::PictureSaved(kept) => vec![Outcome::Tell(Banner::PictureSaved(kept))],
            AddingAction::Pasted(text) => {
                self.paste(text);
                Vec::new()
            }
            AddingAction::Scanning(action) => {
                self.changed = true;
                match self.scanning.act(action) {
                    // Remember that our own camera has read this link, so that the join can count as in person.
                    Some(Private(link)) => {
                        let outcomes = self.take_link(link);
                        self.scanned = Some(self.pasted.clone());
                        outcomes
                    }
                    None => Vec::new(),
                }
            }
            AddingAction::Join => self.join().into_iter().collect(),
            AddingAction::CancelJoin(id) => {
                self.problems.remove(&id);
                let is_known = self.known.iter().any(|known| known.id == id);
                self.draw(context);
                let cancel = is_known.then(|| Outcome::ask(Call::CancelJoin(id)));
                cancel.into_iter().collect()
            }
        }
    }

    fn begin(&mut self) {
        self.busy = true;
        self.problem = None;
        self.link_fails = false;
        self.changed = true;
    }

    /// Changes the link to join.
    fn paste(&mut self, mut text: String) {
        text.truncate(text.floor_char_boundary(MAX_PASTED));
        self.pasted = text;
        let pasted = &self.pasted;
        self.scanned.take_if(|scanned| scanned != pasted);
        self.problem = None;
        self.changed = true;
    }

    /// Shows a link that was opened or scanned. It is joined only when the user says so.
    pub(super) fn take_link(&mut self, link: String) -> Vec<Outcome> {
        self.paste(link);
        self.pasted_set = self.pasted_set.wrapping_add(1);
        vec![Outcome::Dismiss, Outcome::Go(Pane::Adding)]
    }

    /// Joins by the typed or pasted link.
    fn join(&mut self) -> Option<Outcome> {
        let link = self.pasted.trim();
        if link.is_empty() || self.busy {
            return None;
        }
        let join = NewJoin {
            link: Private(link.to_owned()),
            source: match self.scanned {
                Some(_) => LinkSource::Camera,
                None => LinkSource::Pasted,
            },
        };
        self.begin();
        Some(Outcome::ask(Call::Join(join)))
    }

    /// Handles the answer to a request for an invitation.
    pub(super) fn invited(
        &mut self,
        answer: Result<Invitation, Refusal>,
        context: &Context,
    ) -> Option<Outcome> {
        self.busy = false;
        self.changed = true;
        match answer {
            Ok(invitation) => {
                self.shown_id = Some(invitation.id.clone());
                self.known.retain(|known| known.id != invitation.id);
                self.known.push(invitation);
                self.draw(context);
                None
            }
            Err(refusal) => self.refused(refusal),
        }
    }

    /// Handles the answer to a request to join.
    pub(super) fn joining(&mut self, answer: Result<InvitationId, Refusal>) -> Option<Outcome> {
        self.busy = false;
        self.changed = true;
        match answer {
            Ok(id) => {
                self.problems.remove(&id);
                self.pasted.clear();
                self.scanned = None;
                self.pasted_set = self.pasted_set.wrapping_add(1);
                Some(Outcome::ask(Call::Invitations))
            }
            Err(refusal) => {
                self.link_fails = true;
                self.refused(refusal)
            }
        }
    }

    fn refused(&mut self, refusal: Refusal) -> Option<Outcome> {
        if concerns_everything(&refusal) {
            return Some(Outcome::Refused(refusal));
        }
        self.problem = Some(refusal);
        None
    }

    /// Takes over the present list of all invitations.
    pub(super) fn know(&mut self, invitations: Vec<Invitation>, context: &Context) {
        self.known = invitations;
        self.draw(context);
    }

    /// A join ended without a contact, or makes no progress.
    pub(super) fn join_failed(
        &mut self,
        id: InvitationId,
        why: JoinProblem,
        context: &Context,
    ) -> Outcome {
        let known = self.known.iter().find(|known| known.id == id);
        let expires_ms = known.map_or(context.now.wall_ms, |known| known.expires_ms);
        if self.problems.len() == MAX_PROBLEMS {
            self.problems.pop_first();
        }
        self.problems.insert(id, (why, expires_ms));
        self.draw(context);
        Outcome::ask(Call::Invitations)
    }

    /// A meeting has made a contact.
    pub(super) fn met(&mut self, id: ContactId, invitation: &InvitationId) -> Vec<Outcome> {
        self.problems.remove(invitation);
        let mut known = self.known.iter();
        let is_room = known.any(|known| known.id == *invitation && known.room.is_some());
        // That of a room is for others, too.
        self.shown_id
            .take_if(|shown| shown == invitation && !is_room);
        self.met = Some(id.clone());
        vec![Outcome::ask(Call::Invitations), Outcome::LookAt(id)]
    }

    /// Once the name of the new contact is known: opens the conversation if the user waits for it, otherwise shows a
    /// notice.
    pub(super) fn greet(&mut self, context: &Context) -> Vec<Outcome> {
        let Some(id) = self.met.take() else {
            return Vec::new();
        };
        let contact = context.contacts.get(&id);
        let chat = contact.map(|contact| contact.conversation.clone());
        let Some(chat) = chat.filter(|chat| context.conversations.get(chat).is_some()) else {
            self.met = Some(id);
            return Vec::new();
        };
        let name = context.contacts.name_of(&id);
        if context.shows(Pane::Adding) && self.pasted.is_empty() && self.shown_id.is_none() {
            let name = Private(name);
            let told = Effect::Announce(Announcement::Met { name });
            return vec![Outcome::OpenChat(chat), Outcome::Do(told)];
        }
        vec![Outcome::Tell(Banner::Met { id, name })]
    }

    /// Draws the page.
    pub(super) fn draw(&mut self, context: &Context) {
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort_by_key(|invitation| std::cmp::Reverse(invitation.expires_ms));
        let when = |invitation: &Invitation| context.calendar.when(invitation.expires_ms);
        let (joining, made): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|one| one.state == InvitationState::Joining);
        self.invitations = made
            .iter()
            .map(|invitation| InvitationRow {
                id: invitation.id.clone(),
                in_person: invitation.in_person,
                is_room: invitation.room.is_some(),
                expires: when(invitation),
                state: invitation.state,
                open: invitation.state == InvitationState::Open,
            })
            .collect();
        let problem = |id| self.problems.get(id).map(|(problem, _)| *problem);
        let trying = joining.iter().map(|invitation| JoinRow {
            id: invitation.id.clone(),
            state: invitation.state,
            problem: problem(&invitation.id),
            expires: when(invitation),
            ended: false,
        });
        let is_known = |id: &InvitationId| joining.iter().any(|known| known.id == *id);
        let ended = self.problems.iter().filter(|(id, _)| !is_known(id));
        let ended = ended.filter_map(|(id, (problem, expires_ms))| {
            Some(JoinRow {
                id: id.clone(),
                state: ended_as(*problem)?,
                problem: Some(*problem),
                expires: context.calendar.when(*expires_ms),
                ended: true,
            })
        });
        self.joining = trying.chain(ended).collect();
        let now_ms = context.now.wall_ms;
        let shown = made.into_iter().find(|invitation| {
            self.shown_id.as_ref() == Some(&invitation.id)
                && invitation.state == InvitationState::Open
                && invitation.expires_ms > now_ms
        });
        self.shown = shown.and_then(|invitation| {
            let link = &invitation.link.as_ref()?.0;
            let drawn = self.shown.take().filter(|shown| shown.link == *link);
            let left_ms = invitation.expires_ms.saturating_sub(now_ms).max(0);
            Some(ShownInvitation {
                id: invitation.id.clone(),
                qr: drawn.map_or_else(|| Qr::of(link), |shown| shown.qr),
                link: link.clone(),
                expires: when(invitation),
                left_min: (left_ms as u64).div_ceil(60_000),
                in_person: invitation.in_person,
                room: invitation
                    .room
                    .as_ref()
                    .map(|room| ShownRoom::of(room, context)),
            })
        });
        self.changed = true;
    }

    /// When the page next changes with time alone, because minutes count down (milliseconds of the clock that never
    /// goes back).
    pub(super) fn due_ms(&self, context: &Context) -> Option<u64> {
        let shown = self
            .shown
            .as_ref()
            .filter(|_| context.shows(Pane::Adding))?;
        let known = self.known.iter().find(|known| known.id == shown.id)?;
        let left_ms = known.expires_ms.saturating_sub(context.now.wall_ms);
        let left_ms = left_ms.max(1) as u64;
        Some(context.now.monotonic_ms + (left_ms - 1) % 60_000 + 1)
    }

    /// Counts minutes down, and releases the camera when the user leaves the page.
    pub(super) fn settle(&mut self, context: &Context) -> Vec<Outcome> {
        if self.shown.is_some() && context.shows(Pane::Adding) {
            self.draw(context);
        }
        let (leaves, outcomes) = self.scanning.settle(context);
        self.changed |= leaves;
        outcomes
    }

    /// Forgets everything except the state of the camera, which must still be switched off.
    pub(super) fn forget(&mut self) {
        let mut scanning = take(&mut self.scanning);
        scanning.forget();
        *self = Self {
            scanning,
            changed: true,
            ..Self::default()
        };
    }

    pub(super) fn take_changed(&mut self) -> bool {
        take(&mut self.changed)
    }
}

/// The state of an invitation whose join has ended with this problem; `None` if the node still tries.
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
