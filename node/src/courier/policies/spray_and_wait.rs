//! Spray and wait (Spyropoulos, Psounis and Raghavendra, 2005): a bundle has a fixed number of copies. A courier
//! with more than one gives half of them to the next courier, or the sender gives them out one by one; a courier
//! with one copy waits for the recipient.

use serde::{Deserialize, Serialize};

use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::store::Held;

/// The number of copies, and how to give them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SprayAndWait {
    /// Most copies of a bundle.
    pub copies: u32,
    /// Whether a courier gives half of its copies at once; otherwise the sender gives one at a time.
    pub binary: bool,
}

/// `docs/PROTOCOL.md` section 12a gives the number of copies and its reason.
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
