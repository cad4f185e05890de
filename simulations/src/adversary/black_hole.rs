//! The black hole: a share of the devices takes every bundle that it is offered, claims to have it, and gives it to
//! nobody, not even to the recipient. Otherwise it behaves well: its own messages travel, it meets and synchronises.
//! Its storage is unlimited and it ignores releases, so it takes more than an honest courier does.
//!
//! | figure | what |
//! | --- | --- |
//! | `blackhole_swallowed` | honest bundles that a black hole took |
//! | `blackhole_only_share` | the share, among honest bundles that couriers took, of those that only black holes took and nobody opened |
//! | `blackhole_deleted` | bundles that honest devices dropped as released though their recipient had not opened them: 0, since a hole knows no release value |
//! | `honest_delivery_lost` | delivery ratio among honest devices, as a loss against the twin |
//!
//! Limits: the hole does not lie, so under PRoPHET it attracts fewer bundles than one that claims to meet everybody;
//! and it is never a bundle's author or recipient in these figures.

use hedgerow_node::courier::{Courier, Held, Offer, Peer, Policy, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ledger;

/// Couriers that take every bundle and give none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BlackHole {
    /// The share of devices.
    pub share: f64,
}

/// Unlimited storage.
pub(super) const NO_END_BYTES: u64 = 1 << 50;

/// The courier of a black hole; `settings` are those of honest couriers.
pub(super) fn courier(settings: &Settings) -> Courier {
    let policy = Swallowing(settings.policy.policy());
    let settings = Settings {
        quota_bytes: NO_END_BYTES,
        releases: false,
        link_bytes: None,
        link_bundles: None,
        ..settings.clone()
    };
    Courier::with_policy(settings, Box::new(policy))
}

pub(super) fn figures(ledger: &Ledger, figures: &mut Vec<(&'static str, f64)>) {
    let (mut swallowed, mut held, mut only) = (0_u64, 0_u64, 0_u64);
    for bundle in ledger.honest_bundles() {
        swallowed += u64::from(bundle.swallowed);
        held += u64::from(bundle.swallowed + bundle.taken > 0);
        only += u64::from(bundle.swallowed > 0 && bundle.taken == 0 && bundle.opened_us.is_none());
    }
    figures.push(("blackhole_swallowed", swallowed as f64));
    figures.push(("blackhole_only_share", only as f64 / held as f64));
    figures.push(("blackhole_deleted", ledger.deleted_unopened() as f64));
}

/// Applies the honest policy to its own bundles, and offers nothing else.
struct Swallowing(Box<dyn Policy>);

impl Policy for Swallowing {
    fn copies(&self) -> u32 {
        self.0.copies()
    }

    fn needs_hint(&self) -> bool {
        self.0.needs_hint()
    }

    fn greeting(&mut self, now_ms: u64) -> Vec<u8> {
        self.0.greeting(now_ms)
    }

    fn met(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) {
        self.0.met(peer, greeting, now_ms);
    }

    fn greeted_anew(&mut self, peer: &Peer, greeting: &[u8], now_ms: u64) -> bool {
        self.0.greeted_anew(peer, greeting, now_ms)
    }

    fn greets_anew(&mut self) -> bool {
        self.0.greets_anew()
    }

    fn parted(&mut self, peer: &Peer) {
        self.0.parted(peer);
    }

    fn lists(&self, bundle: &Held, _: &Peer) -> bool {
        bundle.own
    }

    fn offer(&self, bundle: &Held, peer: &Peer) -> Option<Offer> {
        self.0.offer(bundle, peer).filter(|_| bundle.own)
    }
}
