//! Executes the engine's effects.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hedgerow_transport::carrier::{
    CarrierCommand, CarrierEvent, CarrierKind, CarrierState, DuplexCarrier, Ending, LinkId,
};
use tokio::sync::{oneshot, watch};

use crate::api::{Answer, Event, Feed};
use crate::engine::{BundleEvent, CallId, Effects};
use crate::files::keeper::Keeper;
use crate::files::work::FileCommand;

/// Carriers, callers and the feed of events.
pub(super) struct World {
    carriers: BTreeMap<CarrierKind, Box<dyn DuplexCarrier>>,
    /// The carrier of each link.
    links: BTreeMap<LinkId, CarrierKind>,
    /// The state that each carrier reported last.
    states: BTreeMap<CarrierKind, CarrierState>,
    /// Whether any carrier has reported an address of this device.
    found: watch::Sender<bool>,
    keeper: Keeper,
    callers: BTreeMap<CallId, oneshot::Sender<Answer>>,
    feed: Arc<Feed>,
    last_call: u64,
    /// The events that commands have caused at once. They come before all waiting mail.
    caused: Vec<(CarrierKind, CarrierEvent)>,
}

impl World {
    pub(super) fn new(
        carriers: BTreeMap<CarrierKind, Box<dyn DuplexCarrier>>,
        feed: Arc<Feed>,
        found: watch::Sender<bool>,
        keeper: Keeper,
    ) -> Self {
        Self {
            carriers,
            states: BTreeMap::new(),
            found,
            keeper,
            links: BTreeMap::new(),
            callers: BTreeMap::new(),
            feed,
            last_call: 0,
            caused: Vec::new(),
        }
    }

    /// The carriers of this node.
    pub(super) fn kinds(&self) -> Vec<CarrierKind> {
        self.carriers.keys().copied().collect()
    }

    /// Gives a call an id, and keeps the channel for its answer.
    pub(super) fn caller(&mut self, caller: oneshot::Sender<Answer>) -> CallId {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.callers.insert(call, caller);
        call
    }

    /// Notes what an event says about links, carrier states and addresses.
    pub(super) fn note(&mut self, carrier: CarrierKind, event: &CarrierEvent) {
        match event {
            CarrierEvent::Up { link, .. } => {
                self.links.insert(*link, carrier);
            }
            CarrierEvent::Down { link } => {
                self.links.remove(link);
            }
            CarrierEvent::State(state) => {
                self.states.insert(carrier, *state);
            }
            // The engine gets this event before any call made from now on.
            CarrierEvent::Addresses(addresses) if !addresses.is_empty() => {
                self.found.send_replace(true);
            }
            _ => {}
        }
    }

    /// Whether there are links that have not ended.
    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// Switches all carriers off: they withdraw what they announce, and then stop listening.
    pub(super) fn leave_air(&mut self) {
        for kind in self.kinds() {
            self.execute(kind, CarrierCommand::Switch { on: false });
        }
    }

    /// Whether all carriers have reported that they are off.
    pub(super) fn is_off_air(&self) -> bool {
        let mut kinds = self.carriers.keys();
        kinds.all(|kind| self.states.get(kind) == Some(&CarrierState::Off))
    }

    /// Takes the events that commands have caused since the last call.
    pub(super) fn caused(&mut self) -> Vec<(CarrierKind, CarrierEvent)> {
        std::mem::take(&mut self.caused)
    }

    /// Answers all callers that still wait.
    pub(super) fn answer_all(&mut self, answer: &Answer) {
        for (_, caller) in std::mem::take(&mut self.callers) {
            // A caller that has gone needs no answer.
            let _ = caller.send(answer.clone());
        }
    }

    fn execute(&mut self, carrier: CarrierKind, command: CarrierCommand) {
        let Some(way) = self.carriers.get(&carrier) else {
            return;
        };
        if let Some(event) = way.execute(command) {
            self.note(carrier, &event);
            self.caused.push((carrier, event));
        }
    }

    fn link_command(&mut self, link: LinkId, command: CarrierCommand) {
        // A link that has ended meanwhile has no carrier.
        if let Some(carrier) = self.links.get(&link).copied() {
            self.execute(carrier, command);
        }
    }
}

impl Effects for World {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.link_command(link, CarrierCommand::Send { link, bytes });
    }

    #[cfg(feature = "simulation")]
    fn ghost(&mut self, _: LinkId, _: u64) {
        unreachable!("the engine of a runtime is never simulated");
    }

    fn recognised(&mut self, link: LinkId) {
        self.link_command(link, CarrierCommand::Recognised { link });
    }

    fn end(&mut self, link: LinkId, ending: Ending) {
        self.link_command(link, CarrierCommand::End { link, ending });
    }

    fn command(&mut self, carrier: CarrierKind, command: CarrierCommand) {
        match command {
            CarrierCommand::Dial { dial, .. } if !self.carriers.contains_key(&carrier) => {
                let failed = CarrierEvent::DialFailed { dial };
                self.caused.push((carrier, failed));
            }
            command => self.execute(carrier, command),
        }
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        if let Some(caller) = self.callers.remove(&call) {
            // A caller that has gone needs no answer.
            let _ = caller.send(answer);
        }
    }

    fn event(&mut self, event: Event) {
        self.feed.tell(event);
    }

    fn file(&mut self, command: FileCommand) {
        self.keeper.ask(command);
    }

    fn bundle(&mut self, event: BundleEvent) {
        // The tags and ids in it print nothing.
        tracing::debug!(?event, "a bundle");
    }
}
