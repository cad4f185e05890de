//! The links of a carrier: what links of every kind have in common (`docs/PROTOCOL.md` section 13).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use super::gate::{Gate, Prefix};
use super::{Address, CarrierEvent, CarrierState, DialId, Ending, EventSink, LinkId, LinkIds};

/// The links and dial attempts of one carrier, shared by its tasks.
#[derive(Debug)]
pub struct Links<S, L> {
    sink: S,
    /// The runtime of the carrier's tasks.
    pub runtime: Handle,
    ids: LinkIds,
    state: Mutex<State<L>>,
    max_dials: usize,
    dialling: AtomicUsize,
    /// Links whose end has not been reported yet.
    alive: AtomicUsize,
    /// Notified when one of them is gone.
    gone: Notify,
}

#[derive(Debug)]
struct State<L> {
    on: bool,
    links: BTreeMap<LinkId, Arc<L>>,
    gate: Gate,
}

/// The part of a link that commands reach.
pub trait Controls: Send + Sync + 'static {
    /// The other end is recognised.
    fn recognise(&self);

    /// Ends the link. After [`Ending::Now`] its task finishes soon.
    fn end(&self, ending: Ending);
}

/// How a link came up.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    /// We dialled it.
    Dialled(DialId),
    /// The other side dialled: a stranger with this prefix.
    Accepted(Prefix),
}

/// What the carrier last reported about itself.
#[derive(Debug, Default)]
pub struct Reported {
    state: Option<CarrierState>,
    addresses: Vec<Address>,
}

impl<S: EventSink, L: Controls> Links<S, L> {
    /// No links, switched on, within the tokio runtime of the caller. `seed` decides which stranger to evict.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(sink: S, ids: LinkIds, max_dials: usize, seed: [u8; 32]) -> Self {
        Self {
            sink,
            runtime: Handle::current(),
            ids,
            state: Mutex::new(State {
                on: true,
                links: BTreeMap::new(),
                gate: Gate::new(seed),
            }),
            max_dials,
            dialling: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            gone: Notify::new(),
        }
    }

    /// An id for a new link.
    pub fn next_id(&self) -> LinkId {
        self.ids.next_id()
    }

    /// A link, while it is up.
    pub fn link(&self, link: LinkId) -> Option<Arc<L>> {
        self.state().links.get(&link).cloned()
    }

    /// Records that the other end of a link is recognised, so the link is no longer a stranger's.
    pub fn recognise(&self, link: LinkId) {
        self.state().gate.leave(link);
        if let Some(link) = self.link(link) {
            link.recognise();
        }
    }

    /// Ends a link.
    pub fn end(&self, link: LinkId, ending: Ending) {
        if let Some(link) = self.link(link) {
            link.end(ending);
        }
    }

    /// Ends all links.
    pub fn end_all(&self) {
        for link in self.state().links.values() {
            link.end(Ending::Now);
        }
    }

    /// Whether links may come up.
    pub fn is_on(&self) -> bool {
        self.state().on
    }

    /// Switches the carrier. Off: no new link comes up, and all links end. On: links may come up.
    pub fn switch(&self, on: bool) {
        self.state().on = on;
        if !on {
            self.end_all();
        }
    }

    /// Counts a dial attempt, which must later be [over](Self::dial_over); false if the carrier is off or there are
    /// too many.
    pub fn begin_dial(&self) -> bool {
        // One thread executes all commands, so no other attempt begins in between.
        let begins = self.is_on() && self.dialling() < self.max_dials;
        if begins {
            self.dialling.fetch_add(1, Ordering::Relaxed);
        }
        begins
    }

    /// Counts the end of a dial attempt.
    pub fn dial_over(&self) {
        self.dialling.fetch_sub(1, Ordering::Relaxed);
    }

    /// Dial attempts that run.
    pub fn dialling(&self) -> usize {
        self.dialling.load(Ordering::Relaxed)
    }

    /// Adds a link, reports it, and runs `life` in a task of its own; when `life` ends, the task reports the end.
    /// The returned receiver completes once the owner has received the event; a listener accepts no further link
    /// before. `None` if the carrier is off by now.
    ///
    /// A stranger may evict another. What `life` owns is dropped before the end is reported.
    pub fn enter(
        self: &Arc<Self>,
        id: LinkId,
        link: Arc<L>,
        origin: Origin,
        from: Option<Address>,
        life: impl Future<Output = ()> + Send + 'static,
    ) -> Option<oneshot::Receiver<()>> {
        let dial = {
            let mut state = self.state();
            if !state.on {
                return None;
            }
            state.links.insert(id, link);
            self.alive.fetch_add(1, Ordering::AcqRel);
            match origin {
                Origin::Dialled(dial) => Some(dial),
                Origin::Accepted(prefix) => {
                    if let Some(victim) = state.gate.admit(id, prefix)
                        && let Some(victim) = state.links.get(&victim)
                    {
                        victim.end(Ending::Now);
                    }
                    None
                }
            }
        };
        let up = CarrierEvent::Up {
            link: id,
            dial,
            from,
        };
        let (told, reported) = oneshot::channel();
        let links = self.clone();
        // Spawned before the event is sent, since the caller may be cancelled while it waits: every link in the map has
        // a task that removes it.
        self.runtime.spawn(async move {
            if links.tell(up).await.is_none() {
                links.end(id, Ending::Now);
            }
            // The waiting caller may be gone.
            let _ = told.send(());
            life.await;
            {
                let mut state = links.state();
                state.gate.leave(id);
                state.links.remove(&id);
            }
            // If the owner is gone, nothing remains to do.
            let _ = links.tell(CarrierEvent::Down { link: id }).await;
            links.alive.fetch_sub(1, Ordering::AcqRel);
            links.gone.notify_one();
        });
        Some(reported)
    }

    /// Whether the end of every link has been reported.
    pub fn are_gone(&self) -> bool {
        self.alive.load(Ordering::Acquire) == 0
    }

    /// Waits until the end of a link has been reported. For one task at a time.
    pub async fn gone(&self) {
        self.gone.notified().await;
    }

    /// Hands over an event. `None` if the owner is gone: the carrier must then end.
    pub async fn tell(&self, event: CarrierEvent) -> Option<()> {
        self.sink.hand(event).await.then_some(())
    }

    fn state(&self) -> MutexGuard<'_, State<L>> {
        // No code panics while it holds the lock; even then each field would be valid by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reported {
    /// The state that was reported last.
    pub fn state(&self) -> Option<CarrierState> {
        self.state
    }

    /// Reports those of these that have changed. `None` if the owner is gone.
    pub async fn tell<S: EventSink, L: Controls>(
        &mut self,
        links: &Links<S, L>,
        state: CarrierState,
        addresses: Vec<Address>,
    ) -> Option<()> {
        if self.addresses != addresses {
            self.addresses.clone_from(&addresses);
            links.tell(CarrierEvent::Addresses(addresses)).await?;
        }
        if self.state != Some(state) {
            self.state = Some(state);
            links.tell(CarrierEvent::State(state)).await?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::super::gate::MAX_STRANGERS_A_PREFIX;
    use super::*;

    /// A link that lives until it is ended.
    #[derive(Default)]
    struct Quiet {
        ending: Notify,
    }

    impl Controls for Quiet {
        fn recognise(&self) {}

        fn end(&self, _: Ending) {
            self.ending.notify_one();
        }
    }

    type Events = mpsc::Receiver<CarrierEvent>;

    fn links() -> (Arc<Links<mpsc::Sender<CarrierEvent>, Quiet>>, Events) {
        let (sink, events) = mpsc::channel(1_000);
        let links = Links::new(sink, LinkIds::default(), 2, [7; 32]);
        (Arc::new(links), events)
    }

    /// Brings a link up.
    fn enter(
        links: &Arc<Links<mpsc::Sender<CarrierEvent>, Quiet>>,
        origin: Origin,
    ) -> Option<LinkId> {
        let (id, link) = (links.next_id(), Arc::new(Quiet::default()));
        let lives = link.clone();
        let life = async move { lives.ending.notified().await };
        links.enter(id, link, origin, None, life).map(|_| id)
    }

    async fn down(events: &mut Events) -> LinkId {
        loop {
            match events.recv().await.expect("the carrier lives") {
                CarrierEvent::Down { link } => return link,
                CarrierEvent::Up { .. } => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_carrier_that_is_off_has_no_link_and_makes_none() {
        let (links, mut events) = links();
        let id = enter(&links, Origin::Dialled(DialId(1))).expect("it is on");
        links.switch(false);
        assert!(enter(&links, Origin::Dialled(DialId(2))).is_none());
        assert!(!links.begin_dial());
        assert_eq!(down(&mut events).await, id);
        while !links.are_gone() {
            links.gone().await;
        }
        assert!(links.link(id).is_none() && events.try_recv().is_err());
        links.switch(true);
        assert!(enter(&links, Origin::Dialled(DialId(3))).is_some());
    }

    #[tokio::test]
    async fn a_stranger_too_many_drives_out_a_stranger_and_nobody_who_was_recognised() {
        let (links, mut events) = links();
        let prefix = Prefix::named(b"here");
        let known = enter(&links, Origin::Accepted(prefix)).expect("it is on");
        links.recognise(known);
        let mut strangers = Vec::new();
        for _ in 0..MAX_STRANGERS_A_PREFIX + 20 {
            strangers.extend(enter(&links, Origin::Accepted(prefix)));
        }
        for _ in 0..20 {
            assert!(strangers.contains(&down(&mut events).await));
        }
        assert!(links.link(known).is_some());
    }

    #[tokio::test]
    async fn attempts_have_a_limit_until_one_is_over() {
        let (links, _events) = links();
        assert!(links.begin_dial() && links.begin_dial());
        assert!(!links.begin_dial());
        links.dial_over();
        assert!(links.begin_dial());
    }

    #[tokio::test]
    async fn a_link_ends_with_its_owner() {
        let (links, events) = links();
        drop(events);
        let id = enter(&links, Origin::Dialled(DialId(1))).expect("it is on");
        while !links.are_gone() {
            links.gone().await;
        }
        assert!(links.link(id).is_none());
    }

    #[tokio::test]
    async fn only_changes_of_the_carrier_are_reported() {
        let (links, mut events) = links();
        let mut reported = Reported::default();
        let here = vec![Address("here".into())];
        for _ in 0..2 {
            let told = reported.tell(&links, CarrierState::On, here.clone()).await;
            assert_eq!(told, Some(()));
        }
        let told = [events.try_recv(), events.try_recv(), events.try_recv()];
        assert!(matches!(
            told,
            [
                Ok(CarrierEvent::Addresses(_)),
                Ok(CarrierEvent::State(CarrierState::On)),
                Err(_)
            ]
        ));
    }
}
