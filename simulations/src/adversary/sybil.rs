//! The Sybil: a device that is many identities at once, each a contact of some honest devices and of all
//! the others of its kind. All of them seal bundles for one another without end, which only honest devices
//! carry. Budgets are of a link, never of who somebody claims to be: more identities get more only by
//! more links, of which a radio has few, and all of them together no more than the device's quota.
//!
//! | figure | what |
//! | --- | --- |
//! | `sybil_bundles` | bundles its identities sealed |
//! | `sybil_transfers`, `sybil_taken_bytes` | what honest devices took of them to carry |
//! | `sybil_links` | links that brought any |
//! | `sybil_link_bytes`, `sybil_link_bundles` | the most that one link brought |
//! | `sybil_link_budget_share` | the larger of the two as a part of the link's budget: at most 1 |
//! | `sybil_storage_share`, `sybil_storage_share_worst` | as the flooder's |
//!
//! Limits: identities have a radio each, with the place and reach of the device that they live on, so they
//! have more air time than one radio would give them; what they take is an upper bound. They do not
//! hear one another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, check_every};

/// Devices that are many identities at once, all of which flood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sybil {
    /// The share of devices on which such identities live. The device itself plays no other part.
    pub share: f64,
    /// Identities of each.
    pub identities: u32,
    /// Honest contacts of each identity.
    pub contacts: u32,
    /// Each identity seals one bundle every so many seconds.
    pub every_s: f64,
    /// The length of its contents, in bytes.
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

/// The most identities of one device.
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
