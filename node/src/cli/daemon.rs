//! Makes an identity, and runs the node as a process that stays.

use std::path::PathBuf;

use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::server::Server;
use crate::api::{Api, Event, Refusal, visible};
use crate::cli::args::Common;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, can_ask};
use crate::cli::{ask, me, session};
use crate::directory::Contents;
use crate::host::{Departure, HostOptions, Local, finding};
use crate::runtime::OnAir;
use crate::words::{codes, tr};

/// `hedgerow init`.
pub async fn init(common: &Common, output: Output, name: String) -> Result<(), Failure> {
    let path = session::directory(common)?;
    if finding::owner(&path)?.is_some() {
        return Err(Refusal::IdentityExists.into());
    }
    if path.exists()
        && Local::own(&path, HostOptions::shipped(OnAir::No))?.contents()? != Contents::Nothing
    {
        return Err(Refusal::IdentityExists.into());
    }
    let name = match name {
        name if !name.is_empty() => name,
        _ if can_ask() => ask::line(
            output,
            tr!("Your name, as contacts will see it").then(": ", ""),
        )?,
        _ => {
            let words = tr!("Enter the name your contacts will see, with --name.");
            return Err(Failure::found(Exit::Usage, "no_name", words));
        }
    };
    let name = me::own_name(&name)?;
    let passphrase = ask::new_passphrase(ask::given(common)?, output, &name)?;
    // Only now, so that a refused name or passphrase leaves no directory behind.
    let local = Local::own(&path, HostOptions::shipped(OnAir::No))?;
    local.create(passphrase, name).await?;
    output.data(&local.me().await?, me::shown);
    output.say(tr!(
        "The identity is in {path}. Next: `hedgerow run`, `hedgerow unlock`, `hedgerow invite`.",
        path = path.display()
    ));
    local.stop().await?;
    Ok(())
}

/// `hedgerow run`.
pub async fn run(
    common: &Common,
    output: Output,
    foreground: bool,
    loopback: bool,
    record_to: Option<PathBuf>,
) -> Result<(), Failure> {
    let path = session::directory(common)?;
    // Before any work that a signal could interrupt.
    let signal = |kind| {
        signal(kind).map_err(|error| Failure::file(tr!("The system gives no signals"), &error))
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let on_air = if loopback {
        OnAir::Loopback
    } else {
        OnAir::Yes
    };
    if record_to.is_some() {
        output.say(tr!(
            "Recording: the file holds messages and secrets in clear. Delete it afterwards."
        ));
    }
    let mut options = HostOptions::shipped(on_air);
    options.node.record_to = record_to;
    let local = session::own(&path, options).await?;
    if local.contents()? == Contents::Nothing {
        return Err(Refusal::NoIdentity.into());
    }
    let passphrase = ask::given(common)?;
    let server = Server::bind()
        .await
        .map_err(|error| Failure::file(tr!("There is no port for the API"), &error))?;
    let serving = finding::serve(&local, server)?;
    if foreground {
        let events = local.events().await?;
        tokio::spawn(tell(events));
    }
    match passphrase {
        Some(passphrase) => local.unlock(passphrase).await?,
        None => tracing::info!("locked: `hedgerow unlock` opens it"),
    }
    let departure = tokio::select! {
        departure = local.departed() => departure,
        _ = interrupt.recv() => stop(&local).await?,
        _ = terminate.recv() => stop(&local).await?,
    };
    // The client that asked for it still gets its answer.
    let _ = serving.await;
    match departure {
        Departure::Stopped => tracing::info!("stopped"),
        Departure::Wiped => {
            output.say(tr!(
                "Everything here was destroyed, as asked for over the API."
            ));
        }
        Departure::HandedOver(to) => {
            let to = visible::name(&to);
            output.say(tr!("The data directory was handed over to {to}.", to = to));
        }
        Departure::Failed(fault) => return Err(Refusal::Storage { fault }.into()),
    }
    Ok(())
}

async fn stop(local: &Local) -> Result<Departure, Failure> {
    local.stop().await?;
    Ok(Departure::Stopped)
}

/// Logs in readable lines what happens, without names and texts, because people keep logs and pass them on.
async fn tell(mut events: crate::api::Events) {
    while let Some(event) = events.next().await {
        match event {
            Event::Message { author: None, .. } => tracing::info!("a message was written"),
            Event::Message {
                author: Some(_), ..
            } => tracing::info!("a message has come"),
            Event::Messages { count, .. } => tracing::info!("{count} messages have come"),
            Event::MessageGone { .. } => tracing::debug!("a message is gone"),
            Event::MessageChanged { .. } => tracing::debug!("a message looks different"),
            Event::FileProgress { .. } => tracing::trace!("more of a file has come or gone"),
            Event::Delivered { queued, .. } => tracing::info!("delivered; {queued} still queued"),
            Event::Read { .. } => tracing::debug!("a contact has read"),
            Event::Conversation { .. } => tracing::debug!("a conversation changed"),
            Event::Membership { .. } => tracing::info!("who is in a group has changed"),
            Event::ConversationErased { .. } => tracing::info!("a conversation was erased"),
            Event::Contact { .. } => tracing::debug!("a contact changed"),
            Event::Removed { .. } => tracing::info!("a contact was removed"),
            Event::Met { .. } => tracing::info!("somebody used an invitation: a new contact"),
            Event::Joined { .. } => tracing::info!("an invitation was joined: a new contact"),
            Event::JoinFailed { why, .. } => {
                tracing::info!("joining: {}", codes::join_problem(why))
            }
            Event::Invitation { .. } => tracing::debug!("an invitation changed"),
            Event::Carrier { carrier, state } => {
                tracing::info!(
                    "{}: {}",
                    codes::carrier(carrier),
                    codes::condition(carrier, state, true)
                )
            }
            Event::Lock { locked: true } => tracing::info!("locked: off the air"),
            Event::Lock { locked: false } => tracing::info!("unlocked: on the air"),
            Event::Disk { full: true } => {
                tracing::warn!("the disk is full: off the air, deletions alone get through")
            }
            Event::Disk { full: false } => tracing::info!("the disk has room again"),
            Event::Missed => tracing::warn!("too much happened at once to list it"),
        }
    }
}
