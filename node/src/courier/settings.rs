//! How a courier behaves. The defaults are the product's.

use serde::{Deserialize, Serialize};

use super::policies::PolicySettings;

/// In which order bundles of equal rank are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Each time any of them.
    #[default]
    Random,
    /// Those held longest first.
    Fifo,
}

/// Who sends next where a device takes part in few transfers at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Turns {
    /// Whoever has just sent goes on while it has something wanted.
    #[default]
    GoOn,
    /// It is drawn anew after each transfer, among all who wait.
    Drawn,
}

/// How a courier behaves. All its limits are of the device or of one link, never of who somebody claims
/// to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Settings {
    /// To whom bundles are given.
    pub policy: PolicySettings,
    /// In which order bundles of equal rank are sent.
    pub order: Order,
    /// The bytes of all bundles held and arriving.
    pub quota_bytes: u64,
    /// How long a bundle of ours is to be carried, in seconds; at most 28 days.
    pub lifetime_s: u32,
    /// Transfers that the device takes part in at once, sending or receiving; none: four a link.
    pub transfers: Option<u32>,
    /// Who sends next where `transfers` is given. What is for the peer itself comes first in any case.
    pub turns: Turns,
    /// Whether the recipient's release values are passed on, upon which bundles are dropped.
    pub releases: bool,
    /// Whether the length of bundles is padded.
    pub padding: bool,
    /// Whether each message gets a bundle at once. Otherwise a contact gets at most one bundle each
    /// `reseal-s`, and one for a load holds the earlier loads that are not known to have arrived too.
    pub one_message: bool,
    /// At least so many seconds pass between two bundles of messages for one contact.
    pub reseal_s: u32,
    /// Whether a bundle that was let go for want of room is wanted again in the same meeting, as in The
    /// ONE. Two couriers with full stores then give each other bundles for as long as they meet.
    pub again: bool,
    /// The most bundles listed to a peer at once, and remembered of what it has listed, the newest.
    pub max_listed: u32,
    /// The most bytes of others' bundles that one link may bring in; none: as many as the quota.
    pub link_bytes: Option<u64>,
    /// The most bundles of others that one link may bring in; none: any number.
    pub link_bundles: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            policy: PolicySettings::default(),
            order: Order::Random,
            quota_bytes: 64 << 20,
            lifetime_s: 7 * 24 * 3_600,
            transfers: None,
            turns: Turns::GoOn,
            releases: true,
            padding: true,
            one_message: false,
            reseal_s: 900,
            again: false,
            max_listed: 1_024,
            link_bytes: Some(16 << 20),
            link_bundles: Some(256),
        }
    }
}

impl Settings {
    /// # Errors
    /// What contradicts itself or is beyond what the protocol carries, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.lifetime_s == 0 || self.lifetime_s > hedgerow_transport::bundle::MAX_LIFETIME_S {
            return Err("lifetime-s must be 1 to 2419200".to_owned());
        }
        if self.transfers == Some(0) {
            return Err("transfers must be 1 or more".to_owned());
        }
        if self.max_listed == 0 || self.max_listed > super::said::MAX_LISTED {
            return Err(format!(
                "max-listed must be 1 to {}",
                super::said::MAX_LISTED
            ));
        }
        self.policy.check()
    }
}
