//! Epidemic routing (Vahdat and Becker, 2000): every courier gives every bundle to everybody.

use serde::{Deserialize, Serialize};

use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::store::Held;

/// Has no settings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Epidemic {}

impl Epidemic {
    pub(super) fn policy(&self) -> impl Policy + use<> {
        *self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Policy for Epidemic {
    fn copies(&self) -> u32 {
        1
    }

    fn offer(&self, _: &Held, _: &Peer) -> Option<Offer> {
        Some(Offer {
            given: 1,
            spent: 0,
            rank: 0,
        })
    }
}
