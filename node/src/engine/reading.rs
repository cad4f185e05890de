//! How far the user has read.

use hedgerow_sync::id::SpaceId;
use hedgerow_sync::store::{Reader, StorageError, Txn};

use super::fault::CallError;
use super::news::Run;
use super::{Engine, Turn};
use crate::api::{ContactId, MessageId, Reply};

pub(crate) fn unread(_: &dyn Reader, _: SpaceId) -> Result<u64, StorageError> {
    Ok(0)
}
pub(crate) fn forget(_: &mut dyn Txn, _: SpaceId) -> Result<(), StorageError> {
    Ok(())
}
impl Engine {
    pub(super) fn arrived(
        &mut self,
        _: &mut Turn<'_>,
        _: SpaceId,
        _: Run,
    ) -> Result<(), StorageError> {
        Ok(())
    }
    pub(super) fn read_up_to(
        &mut self,
        _: &mut Turn<'_>,
        _: &ContactId,
        _: &MessageId,
    ) -> Result<Reply, CallError> {
        Ok(Reply::Done)
    }
}
