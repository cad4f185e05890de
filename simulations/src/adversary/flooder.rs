//! The flooder: a contact that seals bundles for its contacts without end, and gives them to every device it meets.
//! Its messages are well-formed, so no device refuses them as such; only limits help: the quota of a device, and
//! what one link may bring.
//!
//! | figure | what |
//! | --- | --- |
//! | `flooder_bundles` | bundles it sealed |
//! | `flooder_transfers`, `flooder_taken_bytes` | its bundles that honest devices took to carry |
//! | `flooder_storage_share` | the share of honest devices' quota that its bundles held, mean over devices and time |
//! | `flooder_storage_share_worst` | the largest share of one honest device's quota that its bundles held at any time |
//! | `flooder_honest_dropped` | bundles between honest devices that an honest one dropped for lack of room |
//! | `honest_delivery_lost` | delivery ratio among honest devices, as a loss against the twin |
//!
//! Limits: devices lack room for other reasons too, so compare `flooder_honest_dropped` with a run without flooder.
//! Shares of a quota refer to the one in `courier`, also for devices that have another. The contents of its bundles
//! are ghosts.

use hedgerow_node::courier::{Courier, Settings, said};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::black_hole::NO_END_BYTES;
use super::{Ledger, check_every};

/// Contacts that seal bundles without end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flooder {
    /// The share of devices.
    pub share: f64,
    /// Each flooder seals one bundle at this interval, in seconds.
    pub every_s: f64,
    /// The length of the bundle's contents, in bytes.
    pub bytes: u64,
}

impl Flooder {
    pub(super) fn check(&self) -> Result<(), String> {
        check_every(self.every_s)
    }
}

/// The courier of a flooder, without limits; `settings` are those of honest couriers.
pub(super) fn courier(settings: &Settings) -> Courier {
    Courier::new(Settings {
        quota_bytes: NO_END_BYTES,
        one_message: true,
        padding: false,
        max_listed: said::MAX_LISTED,
        link_bytes: None,
        link_bundles: None,
        ..settings.clone()
    })
}

pub(super) fn figures(ledger: &Ledger, figures: &mut Vec<(&'static str, f64)>) {
    let flood = &ledger.flooder;
    figures.push(("flooder_bundles", flood.sealed as f64));
    figures.push(("flooder_transfers", flood.transfers as f64));
    figures.push(("flooder_taken_bytes", flood.taken_bytes as f64));
    figures.push(("flooder_storage_share", ledger.storage_share(flood)));
    let worst = flood.worst_bytes as f64 / ledger.quota_bytes as f64;
    figures.push(("flooder_storage_share_worst", worst));
    figures.push(("flooder_honest_dropped", ledger.honest_dropped as f64));
}
