//! Executes each command: one function for each group of the help.

use super::args::{
    Arguments, CarryAction, Command, Common, FormatName, Groups, InvitationAction, Keeping,
    Messages, Network, People, Programs, RelaysAction, Safety, Start,
};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::session::{self, Session};
use super::{
    annotating, arranging, ask, bluetooth, carriers, carry, chats, contacts, conversation, daemon,
    deleting, demo, drafts, editing, exporting, files, forwarding, groups, help, me, meeting, node,
    relays, removing, search, starring, storage, timing, waiting,
};
use crate::api::{Api, ExportFormat, Form};
use crate::host::finding;
use crate::runtime::OnAir;
use crate::words::tr;

/// Executes the command line.
pub async fn run(arguments: Arguments, output: Output) -> Result<(), Failure> {
    let common = &arguments.common;
    match arguments.command {
        Command::Start(command) => start(common, output, command).await,
        Command::People(command) => {
            let on_air = match command {
                People::Invite { .. } | People::Join { .. } => OnAir::Yes,
                _ => OnAir::No,
            };
            let session = Session::open(common, output, on_air).await?;
            let done = people(&session, output, command).await;
            closing(session, done).await
        }
        Command::Groups(Groups::Group { action }) => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = groups::group(session.api(), common, output, action).await;
            closing(session, done).await
        }
        Command::Messages(command) => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = messages(&session, output, command).await;
            closing(session, done).await
        }
        Command::Keeping(command) => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = keeping(session.api(), output, command).await;
            closing(session, done).await
        }
        Command::Network(command) => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = network(&session, output, command).await;
            closing(session, done).await
        }
        #[cfg(feature = "relay")]
        Command::Relay(relay) => super::relay::run(output, relay).await,
        Command::Safety(command) => safety(common, output, command).await,
        Command::Programs(command) => programs(common, output, command).await,
    }
}

async fn start(common: &Common, output: Output, command: Start) -> Result<(), Failure> {
    match command {
        Start::Demo { lines } => demo::demo(output, lines.as_deref()).await,
        Start::Init { name } => daemon::init(common, output, name).await,
        Start::Run {
            foreground,
            record_secrets_to,
            loopback,
        } => daemon::run(common, output, foreground, loopback, record_secrets_to).await,
        Start::Stop => node::stop(&session::must_run(common)?, output).await,
        Start::Status { name, message } => status(common, output, name, message).await,
        Start::Me { name, receipts } => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = me::me(session.api(), output, name, receipts).await;
            closing(session, done).await
        }
    }
}

async fn status(
    common: &Common,
    output: Output,
    name: Option<String>,
    message: Option<String>,
) -> Result<(), Failure> {
    let session = Session::open(common, output, OnAir::No).await?;
    let api = session.api();
    let done = match (name, message) {
        (None, None) => node::status(api, output, !session.is_ours()).await,
        (Some(name), None) => waiting::contact(api, output, &name).await,
        (name, Some(message)) => waiting::message(api, output, name.as_deref(), &message).await,
    };
    closing(session, done).await
}

async fn people(session: &Session, output: Output, command: People) -> Result<(), Failure> {
    let api = session.api();
    match command {
        People::Invite {
            valid,
            in_person,
            wait,
            into,
        } => {
            let into = into.as_deref();
            meeting::invite(session, output, &valid, in_person, into, wait).await
        }
        People::Join { link } => meeting::join(session, output, &link).await,
        People::Invitations { action } => match action {
            None | Some(InvitationAction::List) => meeting::list(api, output).await,
            Some(InvitationAction::Show { invitation }) => {
                meeting::show(api, output, &invitation).await
            }
            Some(InvitationAction::Cancel { invitation }) => {
                meeting::cancel(api, output, &invitation).await
            }
        },
        People::Contacts => contacts::list(api, output).await,
        People::Verify { name, yes, undo } => contacts::verify(api, output, &name, yes, undo).await,
        People::Rename { name, new_name } => contacts::rename(api, output, &name, new_name).await,
        People::Block { name, undo } => contacts::block(api, output, &name, undo).await,
        People::Remove { name, keep, yes } => removing::remove(api, output, &name, keep, yes).await,
    }
}

async fn messages(session: &Session, output: Output, command: Messages) -> Result<(), Failure> {
    let api = session.api();
    match command {
        Messages::Send { name, text, reply } => {
            conversation::send(session, output, &name, &text, reply.as_deref()).await
        }
        Messages::Edit {
            name,
            message,
            text,
        } => editing::edit(api, output, &name, &message, &text).await,
        Messages::Versions { name, message } => {
            editing::versions(api, output, &name, &message).await
        }
        Messages::Forward { name, message, to } => {
            forwarding::forward(api, output, &name, &message, &to).await
        }
        Messages::Draft {
            name,
            text,
            reply,
            edit,
            clear,
            send,
        } => {
            let change = match (clear, send) {
                (true, _) => drafts::Change::Clear,
                (_, true) => drafts::Change::Send,
                _ if text.is_none() && reply.is_none() && edit.is_none() => drafts::Change::Nothing,
                _ => drafts::Change::Set { text, reply, edit },
            };
            drafts::draft(api, output, &name, change).await
        }
        Messages::Read {
            name,
            follow,
            last,
            from,
            unread,
        } => {
            let start = match (from, unread) {
                (Some(date), _) => conversation::Start::Date(date),
                (None, true) => conversation::Start::Unread,
                (None, false) => conversation::Start::Last(last),
            };
            conversation::read(api, output, &name, start, follow).await
        }
        Messages::Search {
            words,
            kind,
            with,
            from,
            mine,
            since,
            until,
            last,
        } => {
            let narrow = search::Narrow {
                kind: kind.map(Into::into),
                with,
                from,
                mine,
                since,
                until,
            };
            search::search(api, output, &words.join(" "), narrow, last as usize).await
        }
        Messages::React {
            name,
            message,
            emoji,
            undo: _,
        } => annotating::react(api, output, &name, &message, emoji).await,
        Messages::Pin {
            name,
            message,
            undo,
        } => annotating::pin(api, output, &name, &message, !undo).await,
        Messages::Delete {
            name,
            message,
            for_all,
        } => deleting::delete(api, output, &name, &message, for_all).await,
        Messages::Attach {
            name,
            files: paths,
            caption,
            as_it_is,
            voice,
        } => {
            let form = match (as_it_is, voice) {
                (_, true) => Form::Voice,
                (true, false) => Form::AsItIs,
                (false, false) => Form::Cleaned,
            };
            files::attach(session, output, &name, &paths, caption.as_deref(), form).await
        }
        Messages::Save {
            name,
            message,
            path,
        } => files::save(api, output, &name, &message, path.as_deref()).await,
        Messages::Load {
            name,
            message,
            decline,
        } => files::load(api, output, &name, &message, !decline).await,
        Messages::Cancel { name, message } => files::cancel(api, output, &name, &message).await,
        Messages::Free {
            name: Some(name),
            message: Some(message),
            ..
        } => files::free(api, &name, &message).await,
        Messages::Free {
            name, older_than, ..
        } => {
            let older_than = older_than.unwrap_or_default();
            storage::free(api, output, name.as_deref(), &older_than).await
        }
        Messages::Storage => storage::show(api, output).await,
        Messages::Timer { name, span } => timing::timer(api, output, &name, span).await,
        Messages::Resend { name, message } => timing::resend(api, output, &name, &message).await,
        Messages::Carry { action } => match action {
            CarryAction::Export {
                names,
                path,
                part_size,
            } => carry::export(api, output, &names, &path, part_size).await,
            CarryAction::ExportAll { folder, part_size } => {
                carry::export_all(api, output, &folder, part_size).await
            }
            CarryAction::Import { paths } => carry::import(api, output, &paths).await,
        },
    }
}

async fn keeping(api: &dyn Api, output: Output, command: Keeping) -> Result<(), Failure> {
    match command {
        Keeping::List { archived } => chats::list(api, output, archived).await,
        Keeping::Mute { name, time } => arranging::mute(api, output, &name, &time).await,
        Keeping::Archive { name, undo } => arranging::archive(api, output, &name, !undo).await,
        Keeping::Unread { name, undo } => arranging::unread(api, output, &name, !undo).await,
        Keeping::Star {
            name,
            message,
            undo,
        } => starring::star(api, &name, &message, !undo).await,
        Keeping::Export {
            name,
            file,
            format,
            without_files,
            yes,
        } => {
            let format = format.map(|format| match format {
                FormatName::Html => ExportFormat::Html,
                FormatName::Json => ExportFormat::Json,
                FormatName::Text => ExportFormat::Text,
            });
            exporting::export(api, output, &name, &file, format, without_files, yes).await
        }
        Keeping::Starred { last } => starring::list(api, output, last).await,
    }
}

async fn network(session: &Session, output: Output, command: Network) -> Result<(), Failure> {
    let api = session.api();
    match command {
        Network::Carrier { carrier, state } => match carrier.zip(state) {
            Some((carrier, state)) => carriers::switch(api, output, carrier, state).await,
            None => carriers::list(api, output, carrier).await,
        },
        Network::Bluetooth {
            power,
            show_address,
            hide_address,
        } => {
            let shows = (show_address || hide_address).then_some(show_address);
            bluetooth::change(api, output, power, shows).await
        }
        Network::Relays { action } => match action {
            None | Some(RelaysAction::List) => relays::list(api, output).await,
            Some(RelaysAction::Add { address }) => relays::add(api, output, address).await,
            Some(RelaysAction::Paths { paths }) => relays::paths(api, output, paths).await,
            Some(RelaysAction::Remove { address }) => relays::remove(api, output, &address).await,
        },
    }
}

async fn safety(common: &Common, output: Output, command: Safety) -> Result<(), Failure> {
    match command {
        Safety::Lock => node::lock(&session::must_run(common)?, output).await,
        Safety::Unlock => {
            let remote = session::must_run(common)?;
            let passphrase = ask::passphrase(common, output, tr!("Passphrase"))?;
            node::unlock(&remote, output, passphrase).await
        }
        Safety::Passphrase {
            new_passphrase_file,
        } => {
            let session = Session::with_identity(common).await?;
            let current = ask::passphrase(common, output, tr!("Current passphrase"))?;
            let new = new_passphrase_file.as_deref().map(ask::from_file);
            // Only an unlocked node knows the name.
            let name = session.api().me().await.map(|me| me.name.0);
            let name = name.unwrap_or_default();
            let new = ask::new_passphrase(new.transpose()?, output, &name)?;
            let done = node::passphrase(session.api(), output, current, new).await;
            closing(session, done).await
        }
        Safety::Erase => {
            let session = Session::open(common, output, OnAir::No).await?;
            let done = node::erase(session.api(), output).await;
            closing(session, done).await
        }
        Safety::Wipe {
            destroy_everything: _,
        } => {
            let session = Session::to_wipe(common).await?;
            node::confirm_wipe(output, &session::directory(common)?)?;
            let done = node::wipe(session.api(), output).await;
            closing(session, done).await
        }
    }
}

async fn programs(common: &Common, output: Output, command: Programs) -> Result<(), Failure> {
    let measured = |error: anyhow::Error| Failure::found(Exit::Bug, "bench", format!("{error:#}."));
    match command {
        Programs::Api => {
            let path = session::directory(common)?;
            let info = finding::owner(&path)?.ok_or_else(session::not_running)?;
            node::api(output, info.address.port(), &path.join("token"));
            Ok(())
        }
        Programs::Completions { shell } => {
            let mut command = help::command();
            clap_complete::generate(shell, &mut command, "hedgerow", &mut std::io::stdout());
            Ok(())
        }
        Programs::Man { directory } => help::man(&directory),
        Programs::Bench(bench) => {
            match crate::bench::bench(&bench, output.is_json())
                .await
                .map_err(measured)?
            {
                true => Ok(()),
                false => {
                    let words = tr!("A row falls short of what it must reach.");
                    Err(Failure::found(Exit::Refused, "falls_short", words))
                }
            }
        }
        Programs::BenchPeer(peer) => crate::bench::serve(&peer).await.map_err(measured),
        #[cfg(feature = "relay")]
        Programs::BenchRelay => crate::bench::serve_relay().await.map_err(measured),
    }
}

/// Closes what the command opened, whether or not it succeeded.
async fn closing(session: Session, done: Result<(), Failure>) -> Result<(), Failure> {
    let closed = session.close().await;
    done.and(closed)
}
