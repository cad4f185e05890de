//! Addresses of relays, as people and contacts give them.

use hedgerow_transport::carrier::Address;
use hedgerow_transport::relay::{RelayName, is_relay, relay_of};

/// One input.
pub fn run(input: &[u8]) {
    let (name, text) = input.split_at(input.len().min(32));
    let relay = Address(String::from_utf8_lossy(text).into_owned());
    let of = relay_of(&relay);
    assert!(relay.0.starts_with(&of.0));
    if !is_relay(&relay) {
        return;
    }
    assert!(of == relay, "a relay is called through nobody");
    if let Ok(name) = name.try_into() {
        let called = RelayName(name).at(&relay);
        assert!(relay_of(&called) == relay && !is_relay(&called));
    }
}
