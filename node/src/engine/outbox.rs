//! What the engine wants done, kept until the commit it depends on.

use bytes::Bytes;
use hedgerow_transport::carrier::{Address, CarrierKind, DialId, Ending, LinkId};
use hedgerow_transport::relay::{RelayKey, RelayPaths};

use super::bundle_event::BundleEvent;
use super::{CallId, Effects};
use crate::api::{Answer, Event, Radio};

/// One effect that waits.
#[derive(Debug)]
enum Effect {
    Send(LinkId, Bytes, u64),
    Recognised(LinkId),
    End(LinkId, Ending),
    Dial(CarrierKind, DialId, Address),
    Announce(CarrierKind, Vec<[u8; 8]>, bool),
    Switch(CarrierKind, bool),
    Tune(Radio),
    Appear(Vec<Address>, Vec<RelayKey>, RelayPaths),
    Answer(CallId, Answer),
    Event(Event),
    Bundle(BundleEvent),
}

/// Effects in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Vec<Effect>);

impl Outbox {
    /// Lets everything happen.
    pub fn release(&mut self, effects: &mut impl Effects) {
        for effect in self.0.drain(..) {
            match effect {
                Effect::Send(link, bytes, ghost) => effects.send(link, bytes, ghost),
                Effect::Recognised(link) => effects.recognised(link),
                Effect::End(link, ending) => effects.end(link, ending),
                Effect::Dial(carrier, dial, to) => effects.dial(carrier, dial, to),
                Effect::Announce(carrier, beacons, look) => {
                    effects.announce(carrier, beacons, look)
                }
                Effect::Switch(carrier, on) => effects.switch(carrier, on),
                Effect::Tune(radio) => effects.tune(radio),
                Effect::Appear(relays, keys, paths) => effects.appear(relays, keys, paths),
                Effect::Answer(call, answer) => effects.answer(call, answer),
                Effect::Event(event) => effects.event(event),
                Effect::Bundle(event) => effects.bundle(event),
            }
        }
    }
}

impl Effects for Outbox {
    fn send(&mut self, link: LinkId, bytes: Bytes, ghost: u64) {
        self.0.push(Effect::Send(link, bytes, ghost));
    }
    fn recognised(&mut self, link: LinkId) {
        self.0.push(Effect::Recognised(link));
    }
    fn end(&mut self, link: LinkId, ending: Ending) {
        self.0.push(Effect::End(link, ending));
    }
    fn dial(&mut self, carrier: CarrierKind, dial: DialId, to: Address) {
        self.0.push(Effect::Dial(carrier, dial, to));
    }
    fn announce(&mut self, carrier: CarrierKind, beacons: Vec<[u8; 8]>, look: bool) {
        self.0.push(Effect::Announce(carrier, beacons, look));
    }
    fn switch(&mut self, carrier: CarrierKind, on: bool) {
        self.0.push(Effect::Switch(carrier, on));
    }
    fn tune(&mut self, radio: Radio) {
        self.0.push(Effect::Tune(radio));
    }
    fn appear(&mut self, relays: Vec<Address>, keys: Vec<RelayKey>, paths: RelayPaths) {
        self.0.push(Effect::Appear(relays, keys, paths));
    }
    fn answer(&mut self, call: CallId, answer: Answer) {
        self.0.push(Effect::Answer(call, answer));
    }
    fn event(&mut self, event: Event) {
        self.0.push(Effect::Event(event));
    }
    fn bundle(&mut self, event: BundleEvent) {
        self.0.push(Effect::Bundle(event));
    }
}
