//! The command line: the first client of the API.
//!
//! `args` is what can be typed, `help` the list of it, `words` what is typed about each code, `session` which node a command
//! talks to; the other files are the commands, by what they are about.

mod annotating;
mod args;
mod ask;
mod bluetooth;
mod carriers;
mod carry;
mod contacts;
mod conversation;
mod daemon;
mod demo;
mod failure;
mod help;
mod me;
mod meeting;
mod node;
mod output;
#[cfg(feature = "relay")]
mod relay;
mod relays;
mod screen;
pub(crate) mod session;
mod table;
mod waiting;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::FromArgMatches;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use args::{Arguments, CarryAction, Command, InvitationAction, RelaysAction};
use conversation::Start;
use failure::{Exit, Failure};
use output::Output;
use session::Session;

use crate::directory::{forbid_core_dumps, forbid_tracing};
use crate::host::finding;
use crate::runtime::OnAir;
use crate::words::tr;

/// The whole program: reads the command line, does what it says, and says how it ended.
pub fn main() -> ExitCode {
    // Before anything secret is read; what it says waits until there is a log.
    let forbidden = forbid_core_dumps().and(forbid_tracing());
    let arguments = Arguments::from_arg_matches(&help::command().get_matches())
        .unwrap_or_else(|error| error.exit());
    let output = Output::new(arguments.common.json, arguments.common.language());
    log_to_stderr(&arguments);
    if let Err(error) = forbidden {
        tracing::warn!(kind = ?error.kind(), "a crash could leave secrets in a core dump");
    }
    match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| Failure::file(tr!("The program cannot start"), &error))
        .and_then(|runtime| {
            let done = runtime.block_on(run(arguments, output));
            // Threads that wait for a terminal would hold it up for ever.
            runtime.shutdown_background();
            done
        }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if output.is_json() {
                eprintln!("{}", failure.json());
            } else {
                eprintln!("{}", output.lines(&failure.words()));
            }
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Threads for sockets and the API; the engine has one of its own.
const WORKERS: usize = 2;

async fn run(arguments: Arguments, output: Output) -> Result<(), Failure> {
    let common = &arguments.common;
    match arguments.command {
        Command::Demo { lines } => demo::demo(output, lines.as_deref()).await,
        Command::Bench(bench) => match crate::bench::bench(&bench, output.is_json()).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let words = tr!("A row falls short of what it must reach.");
                Err(Failure::found(Exit::Refused, "falls_short", words))
            }
            Err(error) => Err(Failure::found(Exit::Bug, "bench", format!("{error:#}."))),
        },
        Command::BenchPeer(peer) => crate::bench::serve(&peer)
            .await
            .map_err(|error| Failure::found(Exit::Bug, "bench", format!("{error:#}."))),
        #[cfg(feature = "relay")]
        Command::BenchRelay => crate::bench::serve_relay()
            .await
            .map_err(|error| Failure::found(Exit::Bug, "bench", format!("{error:#}."))),
        Command::Init { name } => daemon::init(common, output, name).await,
        Command::Run {
            foreground,
            record_secrets_to,
            loopback,
        } => daemon::run(common, output, foreground, loopback, record_secrets_to).await,
        #[cfg(feature = "relay")]
        Command::Relay(relay) => relay::run(output, relay).await,
        Command::Completions { shell } => {
            let mut command = help::command();
            clap_complete::generate(shell, &mut command, "hedgerow", &mut std::io::stdout());
            Ok(())
        }
        Command::Man { directory } => help::man(&directory),
        Command::Api => {
            let path = session::directory(common)?;
            let info = finding::owner(&path)?.ok_or_else(session::not_running)?;
            node::api(output, info.address.port(), &path.join("token"));
            Ok(())
        }
        Command::Lock => node::lock(&session::must_run(common)?, output).await,
        Command::Unlock => {
            let remote = session::must_run(common)?;
            let passphrase = ask::passphrase(common, output, tr!("Passphrase"))?;
            node::unlock(&remote, output, passphrase).await
        }
        Command::Stop => node::stop(&session::must_run(common)?, output).await,
        Command::Passphrase {
            new_passphrase_file,
        } => {
            let session = Session::with_identity(common).await?;
            let current = ask::passphrase(common, output, tr!("Current passphrase"))?;
            let new = new_passphrase_file.as_deref().map(ask::from_file);
            // Known to a node that is unlocked.
            let name = session.api().me().await.map(|me| me.name.0);
            let name = name.unwrap_or_default();
            let new = ask::new_passphrase(new.transpose()?, output, &name)?;
            let done = node::passphrase(session.api(), output, current, new).await;
            closing(session, done).await
        }
        Command::Wipe {
            destroy_everything: _,
        } => {
            let session = Session::to_wipe(common).await?;
            node::confirm_wipe(output, &session::directory(common)?)?;
            let done = node::wipe(session.api(), output).await;
            closing(session, done).await
        }
        Command::Status {
            name: None,
            message: None,
        } => {
            let session = match finding::client(&session::directory(common)?)? {
                Some(remote) => Session::Running(remote),
                None => Session::open(common, output, OnAir::No).await?,
            };
            let done = node::status(session.api(), output, !session.is_ours()).await;
            closing(session, done).await
        }
        Command::Invite { .. } | Command::Join { .. } => {
            let session = Session::open(common, output, OnAir::Yes).await?;
            let done = meet(&session, output, arguments.command).await;
            closing(session, done).await
        }
        command => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = ask_node(&session, output, command).await;
            closing(session, done).await
        }
    }
}

/// The commands for which a node of one's own goes on the air.
async fn meet(session: &Session, output: Output, command: Command) -> Result<(), Failure> {
    match command {
        Command::Invite {
            valid,
            in_person,
            wait,
        } => meeting::invite(session, output, &valid, in_person, wait).await,
        Command::Join { link } => meeting::join(session, output, &link).await,
        _ => Err(crate::api::Refusal::Bug.into()),
    }
}

/// The commands that any unlocked node can answer.
async fn ask_node(session: &Session, output: Output, command: Command) -> Result<(), Failure> {
    let api = session.api();
    match command {
        Command::Invitations { action } => match action {
            None | Some(InvitationAction::List) => meeting::list(api, output).await,
            Some(InvitationAction::Show { invitation }) => {
                meeting::show(api, output, &invitation).await
            }
            Some(InvitationAction::Cancel { invitation }) => {
                meeting::cancel(api, output, &invitation).await
            }
        },
        Command::Me { name } => me::me(api, output, name).await,
        Command::Contacts => contacts::list(api, output).await,
        Command::Verify { name, yes, undo } => {
            contacts::verify(api, output, &name, yes, undo).await
        }
        Command::Rename { name, new_name } => contacts::rename(api, output, &name, new_name).await,
        Command::Block { name, undo } => contacts::block(api, output, &name, undo).await,
        Command::Remove { name, yes } => contacts::remove(api, output, &name, yes).await,
        Command::Send { name, text } => conversation::send(session, output, &name, &text).await,
        Command::React {
            name,
            message,
            emoji,
            undo: _,
        } => annotating::react(api, output, &name, &message, emoji).await,
        Command::Pin {
            name,
            message,
            undo,
        } => annotating::pin(api, output, &name, &message, !undo).await,
        Command::Read {
            name,
            follow,
            last,
            from,
            unread,
        } => {
            let start = match (from, unread) {
                (Some(date), _) => Start::Date(date),
                (None, true) => Start::Unread,
                (None, false) => Start::Last(last),
            };
            conversation::read(api, output, &name, start, follow).await
        }
        Command::Status {
            name,
            message: Some(message),
        } => waiting::message(api, output, name.as_deref(), &message).await,
        Command::Status {
            name: Some(name),
            message: None,
        } => waiting::contact(api, output, &name).await,
        Command::Erase => node::erase(api, output).await,
        Command::Carrier { carrier, state } => match carrier.zip(state) {
            Some((carrier, state)) => carriers::switch(api, output, carrier, state).await,
            None => carriers::list(api, output, carrier).await,
        },
        Command::Bluetooth {
            power,
            show_address,
            hide_address,
        } => {
            let shows = (show_address || hide_address).then_some(show_address);
            bluetooth::change(api, output, power, shows).await
        }
        Command::Relays { action } => match action {
            None | Some(RelaysAction::List) => relays::list(api, output).await,
            Some(RelaysAction::Add { address }) => relays::add(api, output, address).await,
            Some(RelaysAction::Paths { paths }) => relays::paths(api, output, paths).await,
            Some(RelaysAction::Remove { address }) => relays::remove(api, output, &address).await,
        },
        Command::Carry { action } => match action {
            CarryAction::Export { name, file } => carry::export(api, output, &name, &file).await,
            CarryAction::Import { file } => carry::import(api, output, &file).await,
        },
        _ => Err(crate::api::Refusal::Bug.into()),
    }
}

/// Closes what the command opened, however it went.
async fn closing(session: Session, done: Result<(), Failure>) -> Result<(), Failure> {
    let closed = session.close().await;
    done.and(closed)
}

fn log_to_stderr(arguments: &Arguments) {
    let foreground = matches!(
        arguments.command,
        Command::Run {
            foreground: true,
            ..
        }
    );
    // Prefixes of targets: `hedgerow` stands for all crates of the project. Others log addresses and names,
    // so they have to be asked for by name.
    let level = match &arguments.common.log {
        Some(level) if level.parse::<LevelFilter>().is_ok() => format!("hedgerow={level}"),
        Some(filter) => filter.clone(),
        None if foreground => "hedgerow=info".to_owned(),
        None => "hedgerow=error".to_owned(),
    };
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("hedgerow=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
