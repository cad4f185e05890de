//! Prekeys of ours: what contacts seal bundles to (`docs/PROTOCOL.md` section 12).

use hedgerow_sync::id::DeviceId;
use hedgerow_sync::store::StorageError;

use super::fact::PrekeyFact;
use super::{Engine, Turn};

impl Engine {
    pub(super) fn newest_prekey(&self) -> Option<PrekeyFact> {
        None
    }
    pub(super) fn new_prekey(&mut self, _: &mut Turn<'_>) -> Result<(), StorageError> {
        Ok(())
    }
    pub(super) fn renew_prekey(&mut self, _: &mut Turn<'_>) -> Result<(), StorageError> {
        Ok(())
    }
    pub(super) fn forget_prekeys_of(
        &mut self,
        _: &mut Turn<'_>,
        _: DeviceId,
    ) -> Result<(), StorageError> {
        Ok(())
    }
}
