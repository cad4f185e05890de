//! What the engine asks of the world. Nothing here happens before the commit it depends on.

use bytes::Bytes;
use hedgerow_transport::carrier::{CarrierCommand, CarrierKind, Ending, LinkId};

use crate::api::{Answer, Event};
use crate::engine::bundle_event::BundleEvent;
use crate::engine::input::CallId;
use crate::files::work::FileCommand;

/// The world as the engine sees it: the runtime and the simulator each implement it once. It has no
/// default methods, so that neither can forget one.
pub trait Effects {
    /// Send bytes over a link, in order.
    fn send(&mut self, link: LinkId, bytes: Bytes);
    /// Adds ghost bytes behind what was just sent over a link. Where a network has a speed they take as long as real
    /// ones, and the carrier reports them written in the same way.
    #[cfg(feature = "simulation")]
    fn ghost(&mut self, link: LinkId, bytes: u64);
    /// The link's other end is recognised: it no longer counts as a stranger.
    fn recognised(&mut self, link: LinkId);
    /// End a link.
    fn end(&mut self, link: LinkId, ending: Ending);
    /// Give a carrier a command that is not about a link. A device may lack the carrier.
    fn command(&mut self, carrier: CarrierKind, command: CarrierCommand);
    /// Answer a call.
    fn answer(&mut self, call: CallId, answer: Answer);
    /// Tell every listener.
    fn event(&mut self, event: Event);
    /// Give the keeper of files work.
    fn file(&mut self, command: FileCommand);
    /// Report an event of a bundle that couriers carry.
    fn bundle(&mut self, event: BundleEvent);
}
