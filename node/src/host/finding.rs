//! Finds the process that owns a data directory and makes a client of it, or takes the directory. Every program that
//! uses a data directory begins here.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use tokio::time::timeout_at;

use super::{HostOptions, Local};
use crate::api::server::{Server, Token};
use crate::api::{Api, Refusal, Remote};
use crate::directory::{Directory, Hashing, Owner, OwnerInfo};
use crate::pictures::Decoder;
use crate::runtime::{NodeOptions, OnAir};

/// How long we wait for a directory that another process has for a moment, and how often we look.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// The user's data directory, as XDG names it; `None` if there is no home directory.
pub fn default_directory() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.data_dir().join("hedgerow"))
}

/// Where the API of the directory's owner is, if a process owns it.
///
/// # Errors
/// [`Refusal::Owned`] if the owner has not said yet, or has no API.
pub fn owner(path: &Path) -> Result<Option<OwnerInfo>, Refusal> {
    match Directory::owner(path)? {
        None => Ok(None),
        Some(Owner::Serving(info)) => Ok(Some(info)),
        Some(Owner::Silent) => Err(Refusal::Owned),
    }
}

/// A client of the node that owns the directory, if one does. Sends nothing yet.
///
/// # Errors
/// As [`owner`]; or the token cannot be read.
pub fn client(path: &Path) -> Result<Option<Remote>, Refusal> {
    match owner(path)? {
        None => Ok(None),
        Some(info) => {
            let token = Token::from_file(&Directory::token(path)?);
            let port = info.address.port();
            Ok(Some(Remote::new(port, token, info.version)?))
        }
    }
}

/// Takes the directory. Waits for another process that has it only for a moment, because it starts, stops or has no
/// API. A process that serves its API stays, so this refuses at once.
///
/// # Errors
/// As [`Local::own`].
pub async fn own(path: &Path, options: HostOptions) -> Result<Local, Refusal> {
    let patience = Instant::now() + PATIENCE;
    loop {
        match Local::own(path, options.clone()) {
            Err(Refusal::Owned) if Instant::now() < patience => {
                // A process that hangs counts as one that does not serve.
                if timeout_at(patience.into(), is_served(path)).await == Ok(true) {
                    return Err(Refusal::Owned);
                }
                tokio::time::sleep(PAUSE).await;
            }
            owned => return owned,
        }
    }
}

/// Whether the directory's owner answers, and is not about to leave.
async fn is_served(path: &Path) -> bool {
    let Ok(Some(remote)) = client(path) else {
        return false;
    };
    let leaves = |refusal: &Refusal| {
        matches!(
            refusal,
            Refusal::Unreachable | Refusal::Stopping | Refusal::NotAuthorised
        )
    };
    !remote.status().await.is_err_and(|refusal| leaves(&refusal))
}

/// Serves the API of a node in this process to other programs of the user, and tells them where. The task
/// ends when the node has departed and the answers under way are out.
///
/// # Errors
/// The directory cannot be written, or has departed.
pub fn serve(local: &Local, server: Server) -> Result<tokio::task::JoinHandle<()>, Refusal> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| Refusal::Bug)?;
    let token = Token::new(&random);
    let info = OwnerInfo {
        address: (std::net::Ipv4Addr::LOCALHOST, server.port()).into(),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    local.announce(&info, token.reveal())?;
    let departed = {
        let local = local.clone();
        async move { drop(local.departed().await) }
    };
    let api = std::sync::Arc::new(local.clone());
    let feed = local.feed().clone();
    Ok(tokio::spawn(server.run(api, feed, token, departed)))
}

impl HostOptions {
    /// How the product hosts a directory.
    pub fn shipped(on_air: OnAir) -> Self {
        Self {
            node: NodeOptions {
                on_air,
                record_to: None,
            },
            hashing: Hashing::SHIPPED,
            pictures: Decoder::of_this_program(),
        }
    }
}
