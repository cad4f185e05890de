//! Invites, joins, and lists both.

use std::time::Duration;

use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::api::{
    Api, Carrier, CarrierCondition, Contact, Event, Events, Invitation, InvitationState,
    JoinProblem, MAX_VALID_S, NewInvitation, Private, Refusal, RelayCondition, RelayPaths,
    RelayStatus, Status,
};
use crate::cli::contacts::shown;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::relays::status;
use crate::cli::session::Session;
use crate::cli::{ask, groups, screen, words};
use crate::words::{Phrase, codes, tr};

/// The longest link that we read from stdin, in bytes.
const MAX_LINK: u64 = 8_192;

/// The shortest beginning of an id that names an invitation. Anything shorter is a number.
const MIN_ID: usize = 4;

/// `hedgerow invite`.
pub async fn invite(
    session: &Session,
    output: Output,
    valid: &str,
    in_person: bool,
    into: Option<&str>,
    wait: bool,
) -> Result<(), Failure> {
    let valid_for_s = screen::parse_span(valid).filter(|span| *span <= MAX_VALID_S);
    let valid_for_s = valid_for_s.ok_or_else(|| {
        let words = tr!("Invalid duration. Examples: 30m, 24h, 7d (from 1s to 366d).");
        Failure::found(Exit::Usage, "bad_span", words)
    })?;
    let api = session.api();
    // Before the call, so that nobody joins in between.
    let mut events = api.events().await?;
    let group = match into {
        Some(name) => Some(groups::of_name(api, name).await?.id),
        None => None,
    };
    let wish = NewInvitation {
        valid_for_s,
        in_person,
        group,
    };
    let invitation = api.invite(wish).await?;
    let all = listed(api).await?;
    let number = all.iter().position(|one| one.id == invitation.id);
    display(
        api,
        output,
        &invitation,
        number.map_or(0, |before| before + 1),
    )
    .await?;
    if is_out_of_reach(&status(api).await?) {
        output.say(unreachable());
    }
    if session.is_ours() {
        output.say(tr!(
            "No node is running: `hedgerow run` has to run when they use it."
        ));
    }
    if !wait {
        return Ok(());
    }
    output.say(tr!(
        "Waiting for them. Ctrl-C ends the waiting, not the invitation."
    ));
    loop {
        let progress = spinner(output, tr!("Waiting"));
        let met = interruptible(met(api, &mut events, &invitation)).await;
        progress.finish_and_clear();
        let Some(contact) = met? else { return Ok(()) };
        output.data(&contact, |contact| {
            tr!("{name} is a contact now.", name = shown(contact))
        });
        if invitation.room.is_none() {
            return Ok(());
        }
    }
}

/// Whether an invitation would name no address: the user keeps to relays, and none is in use.
fn is_out_of_reach(status: &Status) -> bool {
    let is_told =
        |relay: &RelayStatus| !matches!(relay.state, RelayCondition::Off | RelayCondition::Offered);
    status.relay_paths != RelayPaths::Direct && !status.relays.iter().any(is_told)
}

/// Says that nobody can use an invitation, and what to do.
fn unreachable() -> Phrase {
    let words = tr!(
        "Nobody can use this invitation: contacts are reached only through relays, and none is in use."
    );
    let remedy = words::remedy(Carrier::Relay, CarrierCondition::Off, true);
    let again = tr!("Then invite again.");
    Phrase::joined(
        " ",
        [Some(words), remedy, Some(again)].into_iter().flatten(),
    )
}

/// Shows the link of an invitation and its number.
async fn display(
    api: &dyn Api,
    output: Output,
    invitation: &Invitation,
    number: usize,
) -> Result<(), Failure> {
    let link = invitation.link.as_ref().ok_or_else(|| ended(invitation))?;
    output.say(qr(link)?);
    output.data(invitation, |_| link.0.clone());
    let (number, until) = (number as u64, screen::time(invitation.expires_ms));
    let Some(room) = &invitation.room else {
        output.say(tr!(
            "Invitation {number}, for one person, until {until}. Anyone with the link can use it.",
            number = number,
            until = until
        ));
        return Ok(());
    };
    output.say(tr!(
        "Invitation {number}, for a room of up to {limit} people, until {until}. Anyone with the link can use it.",
        number = number,
        limit = u64::from(room.limit),
        until = until
    ));
    let mut names = Vec::with_capacity(room.joined.len());
    for contact in &room.joined {
        match api.contact(contact.clone()).await {
            Ok(contact) => names.push(shown(&contact)),
            // Removed since.
            Err(Refusal::NoSuchContact) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    if !names.is_empty() {
        output.say(tr!("Used by: {names}", names = names.join(", ")));
    }
    Ok(())
}

/// The next who uses an invitation; `None` if it ends.
async fn met(
    api: &dyn Api,
    events: &mut Events,
    made: &Invitation,
) -> Result<Option<Contact>, Failure> {
    while let Some(event) = events.next().await {
        match event {
            Event::Met {
                contact,
                invitation,
            } if invitation == made.id => {
                return Ok(Some(api.contact(contact).await?));
            }
            Event::Invitation { invitation } if invitation == made.id && made.room.is_some() => {
                let mut all = api.invitations().await?.into_iter();
                let is_open =
                    |one: Invitation| one.id == made.id && one.state == InvitationState::Open;
                if !all.any(is_open) {
                    return Ok(None);
                }
            }
            Event::Lock { locked: true } => return Err(Refusal::Locked.into()),
            _ => {}
        }
    }
    Err(Refusal::Stopping.into())
}

/// The link as a picture of block characters.
fn qr(link: &Private) -> Result<String, Failure> {
    let code = QrCode::new(&link.0).map_err(|_| Refusal::Bug)?;
    // Most terminals are dark, so we draw the light modules.
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(picture)
}

/// `hedgerow join`.
pub async fn join(session: &Session, output: Output, link: &str) -> Result<(), Failure> {
    let link = match link {
        "-" => ask::all_of_stdin(MAX_LINK)?,
        link => link.to_owned(),
    };
    let api = session.api();
    // Before the call, so that no event is lost in between.
    let events = api.events().await?;
    let id = api.join(Private(link.trim().to_owned()).into()).await?;
    let progress = spinner(output, tr!("Looking for the maker of the link"));
    let joined = interruptible(joined(api, events, &id, output, &progress)).await;
    progress.finish_and_clear();
    if matches!(&joined, Err(failure) if failure.exit() == Exit::Interrupted) {
        output.say(if session.is_ours() {
            tr!("Not met yet. `hedgerow run` goes on trying until the link expires.")
        } else {
            tr!("The node goes on trying until the link expires; `hedgerow invitations` shows how it stands.")
        });
    }
    let contact = joined?;
    output.data(&contact, |contact| {
        tr!("{name} is a contact now.", name = shown(contact))
    });
    if !contact.verified {
        output.say(tr!(
            "Compare the safety words when you can: `hedgerow verify {name}`.",
            name = shown(&contact)
        ));
    }
    Ok(())
}

async fn joined(
    api: &dyn Api,
    mut events: Events,
    id: &crate::api::InvitationId,
    output: Output,
    progress: &ProgressBar,
) -> Result<Contact, Failure> {
    while let Some(event) = events.next().await {
        match event {
            Event::Joined {
                contact,
                invitation,
            } if invitation == *id => {
                return Ok(api.contact(contact).await?);
            }
            Event::JoinFailed { invitation, why } if invitation == *id => {
                let words = codes::join_problem(why);
                if why != JoinProblem::NoAnswer {
                    return Err(Failure::found(Exit::Refused, code(why), words));
                }
                progress.set_message(output.said(&words));
            }
            Event::Lock { locked: true } => return Err(Refusal::Locked.into()),
            _ => {}
        }
    }
    Err(Refusal::Stopping.into())
}

fn code(problem: JoinProblem) -> &'static str {
    match problem {
        JoinProblem::NoAnswer => "no_answer",
        JoinProblem::Used => "used",
        JoinProblem::Cancelled => "cancelled",
        JoinProblem::Expired => "expired",
        JoinProblem::Refused => "refused",
        JoinProblem::AlreadyContact => "already_contact",
        JoinProblem::NotTheInviter => "not_the_inviter",
    }
}

/// Runs `work` until it is done or the user presses Ctrl-C.
async fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => {
            Err(Failure::found(Exit::Interrupted, "interrupted", tr!("Interrupted.")))
        }
    }
}

fn spinner(output: Output, message: Phrase) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
    let progress = ProgressBar::new_spinner()
        .with_style(style.expect("a template of our own"))
        .with_message(output.said(&message));
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}

/// All invitations, the oldest first: the place of one is its number.
async fn listed(api: &dyn Api) -> Result<Vec<Invitation>, Failure> {
    let mut invitations = api.invitations().await?;
    invitations.sort_by(|one, other| (one.made_ms, &one.id).cmp(&(other.made_ms, &other.id)));
    Ok(invitations)
}

/// The invitation with this number in the list, or with this beginning of its id; gives its number too.
async fn named(api: &dyn Api, name: &str) -> Result<(usize, Invitation), Failure> {
    let mut invitations = listed(api).await?.into_iter().enumerate();
    let number: Option<usize> = name.parse().ok().filter(|_| name.len() < MIN_ID);
    let id = name.to_lowercase();
    let mut found = invitations
        .by_ref()
        .map(|(before, invitation)| (before + 1, invitation))
        .filter(|(of, invitation)| match number {
            Some(number) => *of == number,
            None => name.len() >= MIN_ID && invitation.id.0.starts_with(&id),
        });
    match (found.next(), found.next()) {
        (Some(invitation), None) => Ok(invitation),
        _ => Err(Refusal::NoSuchInvitation.into()),
    }
}

/// `hedgerow invitations`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let invitations = listed(api).await?;
    let number = |of: &Invitation| invitations.iter().position(|one| one.id == of.id);
    let row = |invitation: &Invitation| {
        vec![
            (number(invitation).map_or(0, |before| before + 1) as u64).into(),
            codes::invitation(invitation.state),
            screen::time(invitation.expires_ms).into(),
            match (&invitation.room, invitation.in_person) {
                (Some(_), _) => tr!("room"),
                (None, true) => tr!("in person"),
                (None, false) => tr!("link"),
            },
            invitation.id.0.as_str().into(),
        ]
    };
    let head = [
        "#".into(),
        tr!("STATE"),
        tr!("EXPIRES"),
        tr!("KIND"),
        tr!("ID"),
    ];
    let nothing = tr!("No invitations. `hedgerow invite` makes one.");
    output.list(&invitations, &head, row, nothing);
    Ok(())
}

/// `hedgerow invitations show`.
pub async fn show(api: &dyn Api, output: Output, name: &str) -> Result<(), Failure> {
    let (number, invitation) = named(api, name).await?;
    display(api, output, &invitation, number).await
}

/// `hedgerow invitations cancel`.
pub async fn cancel(api: &dyn Api, output: Output, name: &str) -> Result<(), Failure> {
    let (_, invitation) = named(api, name).await?;
    let id = invitation.id.clone();
    match invitation.state {
        InvitationState::Open => api.cancel_invitation(id.clone()).await?,
        InvitationState::Joining => api.cancel_join(id.clone()).await?,
        _ => return Err(ended(&invitation)),
    }
    #[derive(serde::Serialize)]
    struct Cancelled {
        cancelled: crate::api::InvitationId,
    }
    output.data(&Cancelled { cancelled: id }, |_| tr!("Cancelled."));
    Ok(())
}

/// Why an invitation cannot be shown or cancelled.
fn ended(invitation: &Invitation) -> Failure {
    let (code, words) = match invitation.state {
        InvitationState::Used => ("used", tr!("This invitation has been used already.")),
        InvitationState::Cancelled => (
            "cancelled",
            tr!("This invitation has been cancelled already."),
        ),
        InvitationState::Expired => ("expired", tr!("This invitation has expired already.")),
        InvitationState::Open | InvitationState::Joining => (
            "not_ours",
            tr!("Somebody else made this invitation. Only its maker can show it."),
        ),
    };
    Failure::found(Exit::Refused, code, words)
}
