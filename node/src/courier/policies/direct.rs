//! Direct delivery: the sender gives a bundle only to the recipient.

use serde::{Deserialize, Serialize};

use crate::courier::policy::{Offer, Peer, Policy};
use crate::courier::store::Held;

/// Has no settings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Direct {}

impl Direct {
    pub(super) fn policy(&self) -> impl Policy + use<> {
        *self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Policy for Direct {
    fn copies(&self) -> u32 {
        1
    }

    fn offer(&self, _: &Held, _: &Peer) -> Option<Offer> {
        None
    }
}
