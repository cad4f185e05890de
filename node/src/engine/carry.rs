//! Parcels.

use super::fault::CallError;
use super::{Engine, Turn};
use crate::api::{ContactId, Refusal, Reply};

impl Engine {
    pub(super) fn carry_export(
        &mut self,
        _: &mut Turn<'_>,
        _: &ContactId,
    ) -> Result<Reply, CallError> {
        Err(Refusal::NoPrekey.into())
    }
    pub(super) fn carry_import(&mut self, _: &mut Turn<'_>, _: &[u8]) -> Result<Reply, CallError> {
        Err(Refusal::BadParcel.into())
    }
}
