//! The receipt forger: a courier that wants others to drop bundles, and sends all its peers release values that it
//! does not know. It guesses values that a careless courier might accept: the hash that a bundle shows, both halves
//! of its tag, zeros, and a random value.
//!
//! | figure | what |
//! | --- | --- |
//! | `forger_said` | values sent, counted once for all peers of a moment |
//! | `forger_deleted` | bundles that honest devices dropped as released though their recipient had not opened them: must be 0 |
//!
//! Limits: if an author drops a bundle because its contact acknowledged the messages in a session, it counts as
//! opened. A recipient that lies about its own bundles harms only itself, so no adversary does that.

use hedgerow_node::courier::{Envelope, Release};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, check_every};

/// Couriers that send release values that they do not know.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReceiptForger {
    /// The share of devices.
    pub share: f64,
    /// Each sends values for all bundles that it holds at this interval, in seconds.
    pub every_s: f64,
}

impl ReceiptForger {
    pub(super) fn check(&self) -> Result<(), String> {
        check_every(self.every_s)
    }
}

/// Values that a careless courier might accept as the release of a bundle.
pub(crate) fn guesses(envelope: &Envelope, rng: &mut ChaCha20Rng) -> Vec<Release> {
    let mut random = [0; 16];
    rng.fill_bytes(&mut random);
    let half = |from: usize| -> [u8; 16] {
        let half = envelope.tag.0[from..].first_chunk();
        *half.expect("a tag has two halves")
    };
    [envelope.release.0, half(0), half(16), [0; 16], random]
        .map(Release)
        .into()
}

pub(super) fn figures(ledger: &Ledger, figures: &mut Vec<(&'static str, f64)>) {
    figures.push(("forger_said", ledger.forged as f64));
    figures.push(("forger_deleted", ledger.deleted_unopened() as f64));
}
