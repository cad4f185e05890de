//! The node that a command talks to: the one that owns the data directory or, if no process does, one of its own
//! while the command runs.

use std::path::{Path, PathBuf};

use crate::api::{Api, Refusal, Remote};
use crate::cli::args::Common;
use crate::cli::ask;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::directory::Contents;
use crate::host::{HostOptions, Local, finding};
use crate::runtime::OnAir;
use crate::words::tr;

/// A node to talk to.
pub enum Session {
    /// Another process owns the directory.
    Running(Remote),
    /// This command owns it.
    Ours(Local),
}

impl Session {
    /// Finds the running node, or asks for the passphrase and opens the directory.
    pub async fn open(common: &Common, output: Output, on_air: OnAir) -> Result<Self, Failure> {
        let path = directory(common)?;
        if let Some(remote) = finding::client(&path)? {
            return Ok(Self::Running(remote));
        }
        let local = own(&path, HostOptions::shipped(on_air)).await?;
        must_hold_identity(&local)?;
        local
            .unlock(ask::passphrase(common, output, tr!("Passphrase"))?)
            .await?;
        Ok(Self::Ours(local))
    }

    /// Finds the running node, or takes the directory without opening it, so that a damaged one can be wiped too.
    /// Refuses an empty directory.
    pub async fn to_wipe(common: &Common) -> Result<Self, Failure> {
        let session = Self::locked(common).await?;
        match &session {
            Self::Ours(local) if local.contents() == Ok(Contents::Nothing) => {
                Err(Refusal::NoIdentity.into())
            }
            _ => Ok(session),
        }
    }

    /// Finds the running node, or takes the directory without opening it.
    async fn locked(common: &Common) -> Result<Self, Failure> {
        let path = directory(common)?;
        Ok(match finding::client(&path)? {
            Some(remote) => Self::Running(remote),
            None => Self::Ours(own(&path, HostOptions::shipped(OnAir::No)).await?),
        })
    }

    /// The same, if there is an identity to unlock.
    pub async fn with_identity(common: &Common) -> Result<Self, Failure> {
        let session = Self::locked(common).await?;
        if let Self::Ours(local) = &session {
            must_hold_identity(local)?;
        }
        Ok(session)
    }

    /// The API of the node.
    pub fn api(&self) -> &dyn Api {
        match self {
            Self::Running(remote) => remote,
            Self::Ours(local) => local,
        }
    }

    /// Whether this command itself runs the node.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }

    /// Closes what this command opened.
    pub async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Running(_) => Ok(()),
            Self::Ours(local) => match local.stop().await {
                // Wiping leaves nothing to close.
                Err(Refusal::Stopping) => Ok(()),
                ended => Ok(ended?),
            },
        }
    }
}

/// Refuses a directory without an identity. Call it before you ask for a passphrase, which would unlock nothing.
fn must_hold_identity(local: &Local) -> Result<(), Failure> {
    match local.contents()? {
        Contents::Nothing => Err(Refusal::NoIdentity.into()),
        Contents::Identity { .. } => Ok(()),
    }
}

/// A client of the running node; an error that says what to do if none runs.
pub fn must_run(common: &Common) -> Result<Remote, Failure> {
    finding::client(&directory(common)?)?.ok_or_else(not_running)
}

/// The failure if no node runs.
pub fn not_running() -> Failure {
    let words = tr!("No node is running here. `hedgerow run` starts one.");
    Failure::found(Exit::NoNode, "not_running", words)
}

/// Takes the directory. Waits for another command that has it only for a moment.
pub async fn own(path: &Path, options: HostOptions) -> Result<Local, Failure> {
    if !path.exists() {
        // `Local::own` would make the directory.
        return Err(Refusal::NoIdentity.into());
    }
    Ok(finding::own(path, options).await?)
}

/// The data directory that the command line, the environment or XDG names.
pub fn directory(common: &Common) -> Result<PathBuf, Failure> {
    let given = common.data_dir.clone();
    given.or_else(finding::default_directory).ok_or_else(|| {
        let words = tr!("There is no home directory to keep the data in. Give --data-dir.");
        Failure::found(Exit::Usage, "no_home", words)
    })
}
