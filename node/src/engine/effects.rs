//! What the engine asks of the world. Nothing here happens before the commit it depends on.

use bytes::Bytes;
use hedgerow_transport::carrier::{Address, CarrierKind, DialId, Ending, LinkId};
use hedgerow_transport::relay::{RelayKey, RelayPaths};

use crate::api::{Answer, Event, Radio};
use crate::engine::bundle_event::BundleEvent;
use crate::engine::input::CallId;

/// The world as the engine sees it: the runtime and the simulator each implement it once. It has no
/// default methods, so that neither can forget one.
pub trait Effects {
    /// Send bytes over a link, in order. They stand for `ghost` bytes more, behind them, which take as
    /// long as real ones where a network has a speed, and are written like them; always 0 outside of
    /// simulations.
    fn send(&mut self, link: LinkId, bytes: Bytes, ghost: u64);
    /// The link's other end is known.
    fn recognised(&mut self, link: LinkId);
    /// End a link.
    fn end(&mut self, link: LinkId, ending: Ending);
    /// Try to reach an address.
    fn dial(&mut self, carrier: CarrierKind, dial: DialId, to: Address);
    /// Announce exactly these beacons over a carrier, and look for others or not.
    fn announce(&mut self, carrier: CarrierKind, beacons: Vec<[u8; 8]>, look: bool);
    /// Switch a carrier on or off.
    fn switch(&mut self, carrier: CarrierKind, on: bool);
    /// Use the radio in this way.
    fn tune(&mut self, radio: Radio);
    /// Be reachable at exactly these relays under exactly these names, by these paths.
    fn appear(&mut self, relays: Vec<Address>, keys: Vec<RelayKey>, paths: RelayPaths);
    /// Answer a call.
    fn answer(&mut self, call: CallId, answer: Answer);
    /// Tell whoever listens.
    fn event(&mut self, event: Event);
    /// Note what has become of a bundle that couriers carry.
    fn bundle(&mut self, event: BundleEvent);
}
