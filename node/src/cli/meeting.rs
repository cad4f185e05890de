//! Inviting, joining, and the list of both.

use std::time::Duration;

use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::api::{
    Api, Contact, Event, Events, Invitation, InvitationState, JoinProblem, NewInvitation, Private,
    Refusal,
};
use crate::cli::contacts::shown;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::{ask, screen};
use crate::words::{Phrase, codes, tr};

/// The longest link that is read from stdin.
const MAX_LINK: u64 = 8_192;

/// `hedgerow invite`.
pub async fn invite(
    session: &Session,
    output: Output,
    valid: &str,
    in_person: bool,
) -> Result<(), Failure> {
    let valid_for_s = screen::parse_span(valid).ok_or_else(|| {
        let words = tr!("This is not a span of time. Write it as 30m, 24h or 7d.");
        Failure::found(Exit::Usage, "bad_span", words)
    })?;
    let api = session.api();
    let events = api.events().await?;
    let invitation = api
        .invite(NewInvitation {
            valid_for_s,
            in_person,
        })
        .await?;
    let link = invitation.link.clone().ok_or(Refusal::Bug)?;
    output.say(qr(&link)?);
    output.data(&invitation, |_| link.0.clone());
    let until = screen::time(invitation.expires_ms);
    output.say(tr!(
        "Good for one person, until {until}. Whoever has the link can use it.",
        until = until
    ));
    if session.is_ours() {
        // Nobody else answers here: the invitation can be used while this waits, or a node runs.
        output.say(tr!(
            "Waiting for them; Ctrl-C ends the waiting, and `hedgerow run` takes it up again."
        ));
        let progress = spinner(output, tr!("Waiting"));
        let met = interruptible(met(api, events, &invitation)).await;
        progress.finish_and_clear();
        let contact = met?;
        output.data(&contact, |contact| {
            tr!("{name} is a contact now.", name = shown(contact))
        });
    }
    Ok(())
}

async fn met(api: &dyn Api, mut events: Events, made: &Invitation) -> Result<Contact, Failure> {
    while let Some(event) = events.next().await {
        match event {
            Event::Met {
                contact,
                invitation,
            } if invitation == made.id => {
                return Ok(api.contact(contact).await?);
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
    // Terminals are mostly dark: the light modules are the ones that are drawn.
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
    // Before the call, so that no answer falls between.
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

/// `hedgerow invitations`.
pub async fn list(api: &dyn Api, output: Output) -> Result<(), Failure> {
    let invitations = api.invitations().await?;
    let row = |invitation: &Invitation| {
        vec![
            invitation.id.0.as_str().into(),
            codes::invitation(invitation.state),
            screen::time(invitation.expires_ms).into(),
            match invitation.in_person {
                true => tr!("in person"),
                false => tr!("link"),
            },
        ]
    };
    let head = [tr!("ID"), tr!("STATE"), tr!("EXPIRES"), tr!("KIND")];
    output.list(
        &invitations,
        &head,
        row,
        tr!("No invitations. `hedgerow invite` makes one."),
    );
    Ok(())
}

/// `hedgerow invitations cancel`.
pub async fn cancel(api: &dyn Api, output: Output, id: &str) -> Result<(), Failure> {
    let invitations = api.invitations().await?;
    let mut found = invitations
        .into_iter()
        .filter(|one| one.id.0.starts_with(&id.to_lowercase()));
    let (Some(invitation), None) = (found.next(), found.next()) else {
        return Err(Refusal::NoSuchInvitation.into());
    };
    let joining = invitation.state == InvitationState::Joining;
    let id = invitation.id;
    if joining {
        api.cancel_join(id.clone()).await?;
    } else {
        api.cancel_invitation(id.clone()).await?;
    }
    #[derive(serde::Serialize)]
    struct Cancelled {
        cancelled: crate::api::InvitationId,
    }
    output.data(&Cancelled { cancelled: id }, |_| tr!("Cancelled."));
    Ok(())
}
