//! Connections that have not shown the token yet, which any user of this machine can open: they are few, they end
//! soon, and they never take the place of one that has shown it.

use std::collections::VecDeque;
use std::future::{self, Future};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

/// Connections served at once that have shown the token.
const MAX_CONNECTIONS: usize = 64;
/// Connections served at once that have not. The oldest gives way to a new one.
const MAX_VISITORS: usize = 64;
/// How long one stays at least, so that a flood cannot drive out a program that is about to show the token.
const LEAST_STAY: Duration = Duration::from_millis(50);
/// How long one may take to show the token.
const MOST_STAY: Duration = Duration::from_secs(3);

/// All connections of a server.
pub(super) struct Visitors {
    places: Arc<Semaphore>,
    waiting: Mutex<VecDeque<Arc<Waiting>>>,
    /// One of those that wait has gone.
    gone: Notify,
}

/// A connection.
#[derive(Clone)]
pub(super) struct Visitor {
    all: Arc<Visitors>,
    waiting: Arc<Waiting>,
    place: Arc<OnceCell<OwnedSemaphorePermit>>,
}

struct Waiting {
    /// Until then it does not give way.
    stays_until: Instant,
    sent_away: Notify,
}

impl Visitors {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Visitors {
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            waiting: Mutex::default(),
            gone: Notify::new(),
        })
    }

    /// Waits until one more connection can be accepted; until then it waits in the kernel's queue.
    pub(super) async fn room(&self) {
        // A client that shows the token needs one of these.
        drop(self.places.acquire().await);
        loop {
            let full = Some(self.waiting()).filter(|waiting| waiting.len() >= MAX_VISITORS);
            let oldest = full.and_then(|waiting| Some(waiting.front()?.stays_until));
            let Some(oldest) = oldest else { return };
            tokio::select! {
                () = sleep_until(oldest) => return,
                () = self.gone.notified() => {}
            }
        }
    }

    /// A connection has been accepted. The oldest gives way to it if there are too many.
    pub(super) fn enter(self: &Arc<Self>) -> Visitor {
        let waiting = Arc::new(Waiting {
            stays_until: Instant::now() + LEAST_STAY,
            sent_away: Notify::new(),
        });
        let mut all = self.waiting();
        if all.len() >= MAX_VISITORS
            && let Some(oldest) = all.pop_front()
        {
            oldest.sent_away.notify_one();
        }
        all.push_back(waiting.clone());
        drop(all);
        Visitor {
            all: self.clone(),
            waiting,
            place: Arc::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arc<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visitor {
    /// It has shown the token: from now on it has a place of its own.
    pub(super) async fn admit(&self) {
        let place = async {
            self.waits_no_more();
            let place = self.all.places.clone().acquire_owned().await;
            place.expect("nobody closes the semaphore")
        };
        self.place.get_or_init(|| place).await;
    }

    /// Serves the connection until it ends, or is sent away without having shown the token.
    pub(super) async fn serve<T>(&self, connection: impl Future<Output = T>) {
        let late = async {
            sleep(MOST_STAY).await;
            if !self.waits_no_more() {
                future::pending::<()>().await;
            }
        };
        tokio::select! {
            _ = connection => {}
            () = late => {}
            () = self.waiting.sent_away.notified() => {}
        }
        self.waits_no_more();
    }

    /// Takes it out of those that wait. Says whether it was one of them.
    fn waits_no_more(&self) -> bool {
        let mut all = self.all.waiting();
        let before = all.len();
        all.retain(|one| !Arc::ptr_eq(one, &self.waiting));
        let was_one = all.len() < before;
        if was_one {
            self.all.gone.notify_one();
        }
        was_one
    }
}
