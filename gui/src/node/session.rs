//! A node that the worker has found: in this process, or in the one that owns the directory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hedgerow_node::api::server::Server;
use hedgerow_node::api::{Api, Passphrase, Refusal, StorageFault};
use hedgerow_node::directory::Contents;
use hedgerow_node::host::{Local, finding};
use tokio::task::JoinHandle;

use super::worker::Options;
use crate::model::{Found, Mode};

/// How long we wait for a process that starts or ends, and how often we look.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// How long a stopped node may take for its answers to other programs.
const ANSWERS: Duration = Duration::from_secs(3);

/// A node.
pub(super) struct Session {
    pub mode: Mode,
    pub found: Found,
    pub api: Arc<dyn Api>,
    /// The node, if it is in this process.
    pub local: Option<Owned>,
}

/// A node in this process. It serves other programs of the user too.
#[derive(Clone)]
pub(super) struct Owned {
    pub node: Local,
    serving: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
}

impl Session {
    /// Finds the node, or takes the directory. Waits for a process that is just starting or ending.
    pub async fn open(options: &Options) -> Result<Self, Refusal> {
        let patience = Instant::now() + PATIENCE;
        loop {
            match Self::attempt(options).await {
                Err(
                    Refusal::Owned
                    | Refusal::Unreachable
                    | Refusal::NotAuthorised
                    | Refusal::Stopping,
                ) if Instant::now() < patience => tokio::time::sleep(PAUSE).await,
                opened => return opened,
            }
        }
    }

    /// Takes the directory, which its owner has just released.
    pub async fn own(options: &Options) -> Result<Self, Refusal> {
        let node = finding::own(&options.directory, options.host.clone()).await?;
        let found = match node.contents()? {
            Contents::Nothing => Found::Nothing,
            Contents::Identity { .. } => Found::Locked,
        };
        let owned = Owned {
            node: node.clone(),
            serving: Arc::default(),
        };
        if found == Found::Locked {
            owned.serve().await?;
        }
        Ok(Self {
            mode: Mode::Own,
            found,
            api: Arc::new(node),
            local: Some(owned),
        })
    }

    async fn attempt(options: &Options) -> Result<Self, Refusal> {
        let path: &Path = &options.directory;
        let Some(owner) = finding::owner(path)? else {
            return Self::own(options).await;
        };
        let remote = finding::client(path)?.ok_or(Refusal::Unreachable)?;
        let status = remote.status().await?;
        Ok(Self {
            mode: Mode::Client {
                version: owner.version,
            },
            found: match status.locked {
                true => Found::Locked,
                false => Found::Open,
            },
            api: Arc::new(remote),
            local: None,
        })
    }
}

/// Destroys everything in a directory that cannot be opened, for example a damaged one.
pub(super) async fn wipe(options: &Options) -> Result<(), Refusal> {
    // An owner that does not answer still has the directory, so taking it fails with the reason.
    if let Ok(Some(remote)) = finding::client(&options.directory)
        && remote.wipe().await.is_ok()
    {
        return Ok(());
    }
    let node = finding::own(&options.directory, options.host.clone()).await?;
    node.wipe().await
}

impl Owned {
    /// Makes an identity, and opens it.
    pub async fn create(&self, passphrase: Passphrase, name: String) -> Result<(), Refusal> {
        self.node.create(passphrase, name).await?;
        self.serve().await
    }

    /// Serves other programs of the user, if it does not yet.
    async fn serve(&self) -> Result<(), Refusal> {
        let server = Server::bind().await.map_err(|_| Refusal::Storage {
            fault: StorageFault::Io,
        })?;
        let mut serving = self.serving.lock().unwrap_or_else(|lock| lock.into_inner());
        if serving.is_none() {
            *serving = Some(finding::serve(&self.node, server)?);
        }
        Ok(())
    }

    /// Commits, closes the store and releases the directory.
    pub async fn stop(&self) {
        // It is fine if the node has departed already.
        let _ = self.node.stop().await;
        self.last_answers().await;
    }

    /// Waits until the answers to other programs are out.
    pub async fn last_answers(&self) {
        let serving = self
            .serving
            .lock()
            .unwrap_or_else(|lock| lock.into_inner())
            .take();
        if let Some(serving) = serving {
            // We do not wait for a program that does not read its answer.
            let _ = tokio::time::timeout(ANSWERS, serving).await;
        }
    }
}
