//! The Sybil: a device with many identities, each a contact of some honest devices and of all its other identities.
//! All of them seal bundles for one another without end, which only honest devices carry. Budgets belong to a link,
//! never to a claimed identity: more identities get more only through more links, of which a radio has few, and all
//! together no more than the device's quota.
//!
//! | figure | what |
//! | --- | --- |
//! | `sybil_bundles` | bundles that its identities sealed |
//! | `sybil_transfers`, `sybil_taken_bytes` | their bundles that honest devices took to carry |
//! | `sybil_links` | links that brought any |
//! | `sybil_link_bytes`, `sybil_link_bundles` | the most that one link brought |
//! | `sybil_link_budget_share` | the larger of the two as a share of the link's budget: at most 1 |
//! | `sybil_storage_share`, `sybil_storage_share_worst` | as for the flooder |
//!
//! Limits: each identity has a radio of its own, with the place and reach of its device, so the identities have more
//! air time than one radio would give them; the figures are upper bounds. They do not hear one another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, check_every};

/// Devices with many identities each, all of which flood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sybil {
    /// The share of devices that host such identities. The device itself plays no other part.
    pub share: f64,
    /// Identities of each device.
    pub identities: u32,
    /// Honest contacts of each identity.
    pub contacts: u32,
    /// Each identity seals one bundle at this interval, in seconds.
    pub every_s: f64,
    /// The length of the bundle's contents, in bytes.
    pub bytes: u64,
}

impl Sybil {
    pub(super) fn check(&self) -> Result<(), String> {
        if !(2..=MAX_IDENTITIES).contains(&self.identities) {
            return Err(format!("identities must be 2 to {MAX_IDENTITIES}"));
        }
        check_every(self.every_s)
    }
}

/// Most identities of one device.
const MAX_IDENTITIES: u32 = 1_000;

pub(super) fn figures(ledger: &Ledger, figures: &mut Vec<(&'static str, f64)>) {
    let flood = &ledger.sybil;
    let links = ledger.sybil_links.values();
    let bytes = links.clone().map(|link| link.bytes).max().unwrap_or(0);
    let bundles = links.map(|link| link.bundles).max().unwrap_or(0);
    let part = |taken: f64, budget: Option<f64>| budget.map_or(0.0, |budget| taken / budget);
    let of_bytes = part(bytes as f64, ledger.link_bytes.map(|budget| budget as f64));
    let of_bundles = part(f64::from(bundles), ledger.link_bundles.map(f64::from));
    figures.push(("sybil_bundles", flood.sealed as f64));
    figures.push(("sybil_transfers", flood.transfers as f64));
    figures.push(("sybil_taken_bytes", flood.taken_bytes as f64));
    figures.push(("sybil_links", ledger.sybil_links.len() as f64));
    figures.push(("sybil_link_bytes", bytes as f64));
    figures.push(("sybil_link_bundles", f64::from(bundles)));
    figures.push(("sybil_link_budget_share", of_bytes.max(of_bundles)));
    figures.push(("sybil_storage_share", ledger.storage_share(flood)));
    let worst = flood.worst_bytes as f64 / ledger.quota_bytes as f64;
    figures.push(("sybil_storage_share_worst", worst));
}
