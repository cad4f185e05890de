//! The node that a command talks to: the one that owns the data directory, or, if nobody does, one
//! of its own for as long as the command takes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;

use crate::api::server::Token;
use crate::api::{Api, Refusal, Remote};
use crate::cli::args::Common;
use crate::cli::ask;
use crate::cli::failure::{Exit, Failure};
use crate::directory::{Directory, Hashing, Owner, OwnerInfo};
use crate::host::{HostOptions, Local};
use crate::runtime::{NodeOptions, OnAir};

/// How long a command waits for another one to leave the directory, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// A node to talk to.
pub enum Session {
    /// Another process owns the directory.
    Running(Remote),
    /// This command owns it.
    Ours(Local),
}

impl Session {
    /// Finds the node, or opens the directory, asking for the passphrase.
    pub async fn open(common: &Common, on_air: OnAir) -> Result<Self, Failure> {
        let path = directory(common)?;
        if let Some(remote) = running(&path)? {
            return Ok(Self::Running(remote));
        }
        let local = own(&path, options(on_air, None)).await?;
        local
            .unlock(ask::passphrase(common, "Passphrase: ")?)
            .await?;
        Ok(Self::Ours(local))
    }

    /// Finds the node, or owns the directory without opening it, whatever is in it: a damaged one can
    /// still be wiped.
    pub async fn locked(common: &Common) -> Result<Self, Failure> {
        let path = directory(common)?;
        Ok(match running(&path)? {
            Some(remote) => Self::Running(remote),
            None => Self::Ours(own(&path, options(OnAir::No, None)).await?),
        })
    }

    /// What to ask.
    pub fn api(&self) -> &dyn Api {
        match self {
            Self::Running(remote) => remote,
            Self::Ours(local) => local,
        }
    }

    /// Whether nobody but this command runs the node.
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

/// A client of the node that owns the directory, if one does.
pub fn running(path: &Path) -> Result<Option<Remote>, Failure> {
    match owner(path)? {
        None => Ok(None),
        Some(info) => {
            let token = Directory::token(path).map_err(Refusal::from)?;
            Ok(Some(Remote::new(
                info.address.port(),
                Token::from_file(&token),
            )?))
        }
    }
}

/// Where the API of the directory's owner is, if somebody owns it.
pub fn owner(path: &Path) -> Result<Option<OwnerInfo>, Failure> {
    match Directory::owner(path).map_err(Refusal::from)? {
        None => Ok(None),
        Some(Owner::Serving(info)) => Ok(Some(info)),
        Some(Owner::Silent) => Err(Refusal::Owned.into()),
    }
}

/// A client of the running node; an error that says what to do if none runs.
pub fn must_run(common: &Common) -> Result<Remote, Failure> {
    running(&directory(common)?)?.ok_or_else(not_running)
}

/// No node runs.
pub fn not_running() -> Failure {
    let words = "No node is running here. `hedgerow run` starts one.";
    Failure::found(Exit::NoNode, "not_running", words)
}

/// Takes the directory. Another command that has it for a moment is waited for.
pub async fn own(path: &Path, options: HostOptions) -> Result<Local, Failure> {
    if !path.exists() {
        // Owning makes the directory; looking for an identity should not.
        return Err(Refusal::NoIdentity.into());
    }
    let patience = Instant::now() + PATIENCE;
    loop {
        match Local::own(path, options.clone()) {
            Err(Refusal::Owned) if Instant::now() < patience => {
                tokio::time::sleep(PAUSE).await;
            }
            owned => return Ok(owned?),
        }
    }
}

/// How the product hosts a directory.
pub fn options(on_air: OnAir, record_to: Option<PathBuf>) -> HostOptions {
    HostOptions {
        node: NodeOptions { on_air, record_to },
        hashing: Hashing::SHIPPED,
    }
}

/// The data directory that the command line, the environment or XDG names.
pub fn directory(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(path) = &common.data_dir {
        return Ok(path.clone());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        let words = "There is no home directory to keep the data in. Give --data-dir.";
        Failure::found(Exit::Usage, "no_home", words)
    })?;
    Ok(strategy.data_dir().join("hedgerow"))
}
