//! Effects, kept until the commit that they depend on.

use bytes::Bytes;
use hedgerow_transport::carrier::{CarrierCommand, CarrierKind, Ending, LinkId};

use super::bundle_event::BundleEvent;
use super::{CallId, Effects};
use crate::api::{Answer, Event};
use crate::files::work::FileCommand;

/// One effect that waits.
#[derive(Debug)]
enum Effect {
    Send(LinkId, Bytes),
    #[cfg(feature = "simulation")]
    Ghost(LinkId, u64),
    Recognised(LinkId),
    End(LinkId, Ending),
    Command(CarrierKind, CarrierCommand),
    Answer(CallId, Box<Answer>),
    Event(Event),
    File(Box<FileCommand>),
    Bundle(BundleEvent),
}

/// Effects in the order in which the engine asked for them.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Vec<Effect>);

impl Outbox {
    /// Releases all effects.
    pub fn release(&mut self, effects: &mut impl Effects) {
        for effect in self.0.drain(..) {
            match effect {
                Effect::Send(link, bytes) => effects.send(link, bytes),
                #[cfg(feature = "simulation")]
                Effect::Ghost(link, bytes) => effects.ghost(link, bytes),
                Effect::Recognised(link) => effects.recognised(link),
                Effect::End(link, ending) => effects.end(link, ending),
                Effect::Command(carrier, command) => effects.command(carrier, command),
                Effect::Answer(call, answer) => effects.answer(call, *answer),
                Effect::Event(event) => effects.event(event),
                Effect::File(command) => effects.file(*command),
                Effect::Bundle(event) => effects.bundle(event),
            }
        }
    }
}

impl Effects for Outbox {
    fn send(&mut self, link: LinkId, bytes: Bytes) {
        self.0.push(Effect::Send(link, bytes));
    }
    #[cfg(feature = "simulation")]
    fn ghost(&mut self, link: LinkId, bytes: u64) {
        self.0.push(Effect::Ghost(link, bytes));
    }
    fn recognised(&mut self, link: LinkId) {
        self.0.push(Effect::Recognised(link));
    }
    fn end(&mut self, link: LinkId, ending: Ending) {
        self.0.push(Effect::End(link, ending));
    }
    fn command(&mut self, carrier: CarrierKind, command: CarrierCommand) {
        self.0.push(Effect::Command(carrier, command));
    }
    fn answer(&mut self, call: CallId, answer: Answer) {
        self.0.push(Effect::Answer(call, Box::new(answer)));
    }
    fn event(&mut self, event: Event) {
        self.0.push(Effect::Event(event));
    }
    fn file(&mut self, command: FileCommand) {
        self.0.push(Effect::File(Box::new(command)));
    }
    fn bundle(&mut self, event: BundleEvent) {
        self.0.push(Effect::Bundle(event));
    }
}
