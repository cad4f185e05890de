//! Two-hop: the sender gives a bundle to everybody it meets; they give it only to the recipient.

use serde::{Deserialize, Serialize};

use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::store::Held;

/// Has no settings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TwoHop {}

impl TwoHop {
    pub(super) fn policy(&self) -> impl Policy + use<> {
        *self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Policy for TwoHop {
    fn copies(&self) -> u32 {
        1
    }

    fn offer(&self, bundle: &Held, _: &Peer) -> Option<Offer> {
        bundle.own.then_some(Offer {
            given: 1,
            spent: 0,
            rank: 0,
        })
    }
}
