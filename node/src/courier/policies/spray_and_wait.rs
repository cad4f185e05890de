//! Spray and wait (Spyropoulos, Psounis and Raghavendra, 2005): a fixed number of copies of a bundle
//! exist. Whoever has more than one gives half of them to the next courier, or the sender gives them out
//! one by one; whoever has one waits for the recipient.

use serde::{Deserialize, Serialize};

use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::store::Held;

/// How many copies, and how they are given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SprayAndWait {
    /// The copies of a bundle that exist at most.
    pub copies: u32,
    /// Whether half of the copies are given at once; otherwise the sender gives one at a time.
    pub binary: bool,
}

/// How many copies and why: `docs/PROTOCOL.md` section 12a.
impl Default for SprayAndWait {
    fn default() -> Self {
        SprayAndWait {
            copies: 32,
            binary: true,
        }
    }
}

impl SprayAndWait {
    pub(super) fn policy(&self) -> impl Policy + use<> {
        *self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self.copies {
            0 => Err("copies must be 1 or more".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Policy for SprayAndWait {
    fn copies(&self) -> u32 {
        self.copies
    }

    fn offer(&self, bundle: &Held, _: &Peer) -> Option<Offer> {
        let copies = bundle.spare();
        let given = if self.binary { copies / 2 } else { 1 };
        (copies > 1).then_some(Offer {
            given,
            spent: given,
            rank: 0,
        })
    }
}
