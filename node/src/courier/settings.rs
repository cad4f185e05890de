//! Settings of a courier. The defaults are the product's.

use serde::{Deserialize, Serialize};

use super::policies::PolicySettings;

/// The order of bundles of equal rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A random one each time.
    #[default]
    Random,
    /// The one held longest first.
    Fifo,
}

/// Which device sends next if devices have few concurrent transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Turns {
    /// A device that has just sent goes on while it has something wanted.
    #[default]
    GoOn,
    /// Drawn among all waiting devices after each transfer.
    Drawn,
}

/// Settings of a courier. All limits apply to the device or to one link, never to a claimed identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Settings {
    /// Decides who gets bundles.
    pub policy: PolicySettings,
    /// The order of bundles of equal rank.
    pub order: Order,
    /// Quota for all bundles held and arriving, in bytes.
    pub quota_bytes: u64,
    /// How long couriers may carry a bundle of ours, in seconds; at most 28 days.
    pub lifetime_s: u32,
    /// Concurrent transfers of the device, sending and receiving; without it four for each link.
    pub transfers: Option<u32>,
    /// Which device sends next if `transfers` is set. Bundles for the peer itself always come first.
    pub turns: Turns,
    /// Whether couriers pass on the recipient's release values, which make them drop the released bundles.
    pub releases: bool,
    /// Whether bundles are padded.
    pub padding: bool,
    /// Whether each message gets a bundle at once. Otherwise a contact gets at most one bundle each `reseal-s`, and
    /// a bundle for a load also holds the earlier loads that are not known to have arrived.
    pub one_message: bool,
    /// Shortest time between two bundles of messages for one contact, in seconds.
    pub reseal_s: u32,
    /// Whether a courier may ask again in the same meeting for a bundle that it dropped for lack of room, as in The
    /// ONE. Two couriers with full stores then exchange bundles as long as they meet.
    pub again: bool,
    /// Most bundles to list to a peer at once, and most of its listed bundles to remember: the newest.
    pub max_listed: u32,
    /// Most bytes of others' bundles that one link may bring; without it the whole quota.
    pub link_bytes: Option<u64>,
    /// Most bundles of others that one link may bring; without it any number.
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
    /// Settings that contradict each other or exceed the protocol's limits, in words.
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
