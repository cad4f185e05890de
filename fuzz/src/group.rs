//! Keys of groups' members.

#[path = "../../sync/tests/all/support/group/keys.rs"]
pub mod keys;
