//! The thread that has the node, from the start to the end of the application.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use futures_util::StreamExt;
use hedgerow_node::api::{HostCall, Refusal};
use hedgerow_node::host::{Departure, HostOptions, finding};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle as Task;
use tokio::time::{Instant, sleep, timeout};

use super::asking::{Asking, Lane, decline, lane};
use super::session::{self, Session};
use super::uploading::Stopped;
use crate::model::{Departed, Request, Update};

/// The most requests that wait. The view-model has few under way at once.
const MAX_REQUESTS: usize = 256;

/// Threads for sockets and reads; the engine has one of its own.
const THREADS: usize = 2;

/// How long the changes that the user has requested may take at the end.
const LAST_CHANGES: Duration = Duration::from_secs(5);

/// How long the process that took the directory may take to say where it is.
const SUCCESSOR: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long the application waits at its end for the store to be closed.
const END: Duration = Duration::from_secs(15);

/// Where the data are, and how to host them.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory.
    pub directory: PathBuf,
    /// How to host it while it is ours.
    pub host: HostOptions,
    /// Where files of messages are saved; nowhere if the user has no home.
    pub downloads: Option<PathBuf>,
    /// The name that we give to a process when we ask it to hand the directory over.
    pub name: String,
}

pub(super) type Tell = Arc<dyn Fn(Update) + Send + Sync>;

/// The worker.
pub struct Worker {
    requests: mpsc::Sender<Request>,
    tell: Tell,
    stop: watch::Sender<bool>,
    ended: std_mpsc::Receiver<()>,
}

impl Worker {
    /// Starts the thread. It does nothing until a request to [open](Request::Open), and calls `tell` from its threads.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(
        options: Options,
        tell: impl Fn(Update) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()?;
        let tell: Tell = Arc::new(tell);
        let (requests, asked) = mpsc::channel(MAX_REQUESTS);
        let (stop, stopping) = watch::channel(false);
        let (end, ended) = std_mpsc::channel();
        let desk = Desk {
            options,
            tell: tell.clone(),
            asked,
            stopping,
        };
        std::thread::Builder::new()
            .name("node".into())
            .spawn(move || {
                runtime.block_on(desk.run());
                // A task that hashes a passphrase cannot be stopped, and we need not wait for it.
                runtime.shutdown_background();
                // The application may have stopped waiting.
                let _ = end.send(());
            })?;
        Ok(Self {
            requests,
            tell,
            stop,
            ended,
        })
    }

    /// Queues a request. Its update comes even if the worker has stopped.
    pub fn ask(&self, request: impl Into<Request>) {
        if let Err(
            mpsc::error::TrySendError::Full(request) | mpsc::error::TrySendError::Closed(request),
        ) = self.requests.try_send(request.into())
            && let Some(update) = decline(request, Refusal::Unreachable)
        {
            (self.tell)(update);
        }
    }

    /// Finishes the requested changes, closes the store and waits for that, some seconds at most. True if the store is
    /// closed.
    pub fn stop(&self) -> bool {
        self.stop.send_replace(true);
        self.ended.recv_timeout(END).is_ok()
    }
}

/// The state of the thread.
struct Desk {
    options: Options,
    tell: Tell,
    asked: mpsc::Receiver<Request>,
    stopping: watch::Receiver<bool>,
}

/// How a session ends.
enum End {
    /// The application ends.
    Stop,
    /// Everything is destroyed.
    Wiped,
    /// The node has gone.
    Departed(Departed),
    /// Its owner has released the directory for us.
    Released,
    /// We cannot go on: the node does not understand us, or has lost its data.
    Failed(Refusal),
}

impl Desk {
    async fn run(mut self) {
        while self.asked_to_open().await {
            self.be_open().await;
        }
    }

    /// Waits for a request to open. False if the application ends instead.
    async fn asked_to_open(&mut self) -> bool {
        loop {
            let request = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stop| *stop) => return false,
                request = self.asked.recv() => request,
            };
            match request {
                None => return false,
                Some(Request::Open) => return true,
                Some(Request::Host(HostCall::Wipe)) => {
                    let wiped = self.unless_stopped(session::wipe(&self.options)).await;
                    self.say(wiped.map(|wiped| match wiped {
                        Ok(()) => Update::Wiped,
                        Err(refusal) => Update::Refused(refusal),
                    }));
                }
                Some(request) => self.say(decline(request, Refusal::Stopping)),
            }
        }
    }

    /// Keeps a node, and finds it again after each loss, until there is none to find.
    async fn be_open(&mut self) {
        let mut opened = self.unless_stopped(Session::open(&self.options)).await;
        loop {
            let session = match opened {
                None => return,
                Some(Err(refusal)) => return self.say(Some(Update::NotOpened(refusal))),
                Some(Ok(session)) => session,
            };
            opened = match self.live(session).await {
                End::Stop => return,
                End::Wiped => return self.say(Some(Update::Wiped)),
                End::Failed(refusal) => {
                    return self.say(Some(Update::NotOpened(refusal)));
                }
                End::Departed(Departed::Stopped) => {
                    self.say(Some(Update::Departed(Departed::Stopped)));
                    return self.say(Some(Update::NotOpened(Refusal::Stopping)));
                }
                End::Departed(departed) => {
                    let is_taken = matches!(departed, Departed::HandedOver(_));
                    self.say(Some(Update::Departed(departed)));
                    let again = async {
                        if is_taken {
                            successor(&self.options).await;
                        }
                        Session::open(&self.options).await
                    };
                    self.unless_stopped(again).await
                }
                End::Released => self.unless_stopped(Session::own(&self.options)).await,
            };
        }
    }

    async fn unless_stopped<T>(&self, job: impl Future<Output = T>) -> Option<T> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => None,
            done = job => Some(done),
        }
    }

    /// Executes requests at a node and reports its events, until the node or the application ends.
    async fn live(&mut self, session: Session) -> End {
        // Listen before we report the node, so that no event is lost between looking and listening.
        let mut events = match session.api.events().await {
            Ok(events) => events,
            // Another search would find the same node.
            Err(refusal @ Refusal::OtherVersion { .. }) => return End::Failed(refusal),
            Err(_) => return End::Departed(Departed::Lost),
        };
        let asking = Asking {
            api: session.api.clone(),
            local: session.local.clone(),
            directory: self.options.directory.clone().into(),
            tell: self.tell.clone(),
            stopped: Arc::new(Stopped::default()),
            pictures: self.options.host.pictures.clone(),
            downloads: self.options.downloads.clone().map(Into::into),
        };
        let (wiped, mut is_wiped) = watch::channel(false);
        let mut lanes = Lanes::new(&asking, &self.tell);
        self.say(Some(Update::Opened {
            mode: session.mode,
            found: session.found,
        }));
        let departed = async {
            match &session.local {
                Some(owned) => owned.node.departed().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(departed);
        let mut stopping = self.stopping.clone();
        let end = loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break End::Stop,
                Ok(_) = is_wiped.wait_for(|wiped| *wiped) => break End::Wiped,
                departure = &mut departed => break match departure {
                    Departure::Wiped => End::Wiped,
                    Departure::Stopped => End::Departed(Departed::Stopped),
                    Departure::HandedOver(to) => End::Departed(Departed::HandedOver(to)),
                    Departure::Failed(fault) => End::Failed(Refusal::Storage { fault }),
                },
                request = self.asked.recv() => match request {
                    None => break End::Stop,
                    Some(Request::Open) => {}
                    Some(Request::TakeOver) => {
                        if session.local.is_none() {
                            lanes.finish().await;
                            match session.api.handover(self.options.name.clone()).await {
                                Ok(()) => break End::Released,
                                Err(refusal) => (self.tell)(Update::Refused(refusal)),
                            }
                        }
                    }
                    Some(Request::Host(HostCall::Wipe)) => {
                        let (asking, tell) = (asking.clone(), self.tell.clone());
                        let wiped = wiped.clone();
                        tokio::spawn(async move {
                            match asking.perform(HostCall::Wipe.into()).await {
                                Some(Update::Wiped) => drop(wiped.send_replace(true)),
                                Some(update) => tell(update),
                                None => {}
                            }
                        });
                    }
                    Some(request) => lanes.put(request),
                },
                event = events.next() => match event {
                    Some(event) => (self.tell)(Update::Event(event)),
                    // A node of our own says why it departed.
                    None if session.local.is_some() => {
                        events = Box::pin(futures_util::stream::pending());
                    }
                    None => break End::Departed(Departed::Lost),
                },
            }
        };
        match &end {
            End::Stop => {
                // Execute the requests from before the end.
                while let Ok(request) = self.asked.try_recv() {
                    lanes.put(request);
                }
                lanes.finish().await;
                if let Some(owned) = &session.local {
                    owned.stop().await;
                }
            }
            _ => {
                if let Some(owned) = &session.local {
                    owned.last_answers().await;
                }
            }
        }
        end
    }

    fn say(&self, update: Option<Update>) {
        if let Some(update) = update {
            (self.tell)(update);
        }
    }
}

/// Waits, some seconds at most, for the process that has taken the directory to say where it is.
async fn successor(options: &Options) {
    let patience = Instant::now() + SUCCESSOR;
    while Instant::now() < patience {
        if let Ok(Some(_)) = finding::owner(&options.directory) {
            return;
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The requests under way at one node.
struct Lanes {
    asking: Asking,
    tell: Tell,
    reads: mpsc::Sender<Request>,
    changes: mpsc::Sender<Request>,
    changing: Task<()>,
}

impl Lanes {
    fn new(asking: &Asking, tell: &Tell) -> Self {
        let (reads, _) = one_by_one(asking, tell);
        let (changes, changing) = one_by_one(asking, tell);
        Self {
            asking: asking.clone(),
            tell: tell.clone(),
            reads,
            changes,
            changing,
        }
    }

    fn put(&self, request: Request) {
        let queue = match lane(&request) {
            Lane::Read => &self.reads,
            Lane::Change => &self.changes,
            Lane::Slow => {
                let (asking, tell) = (self.asking.clone(), self.tell.clone());
                tokio::spawn(async move {
                    if let Some(update) = asking.perform(request).await {
                        tell(update);
                    }
                });
                return;
            }
        };
        if let Err(full) = queue.try_send(request)
            && let Some(update) = decline(full.into_inner(), Refusal::Unreachable)
        {
            (self.tell)(update);
        }
    }

    /// Waits for the requested changes, some seconds at most.
    async fn finish(&mut self) {
        let (changes, changing) = one_by_one(&self.asking, &self.tell);
        drop(std::mem::replace(&mut self.changes, changes));
        let last = std::mem::replace(&mut self.changing, changing);
        // We do not wait for a node that hangs.
        let _ = timeout(LAST_CHANGES, last).await;
    }
}

/// A queue that executes its requests one after the other.
fn one_by_one(asking: &Asking, tell: &Tell) -> (mpsc::Sender<Request>, Task<()>) {
    let (queue, mut asked) = mpsc::channel(MAX_REQUESTS);
    let (asking, tell) = (asking.clone(), tell.clone());
    let task = tokio::spawn(async move {
        while let Some(request) = asked.recv().await {
            if let Some(update) = asking.perform(request).await {
                tell(update);
            }
        }
    });
    (queue, task)
}
