//! No file, by Landlock.

/// Forbids every file, every TCP connection, and signals to other processes, as far as this kernel knows them. True if
/// at least files are forbidden.
#[cfg(target_os = "linux")]
pub(super) fn forbid() -> bool {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
    };
    let restrict = || -> Result<_, RulesetError> {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))?
            .handle_access(AccessNet::from_all(ABI::V6))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()
    };
    restrict().is_ok_and(|held| held.ruleset != RulesetStatus::NotEnforced)
}

/// This system has no Landlock.
#[cfg(not(target_os = "linux"))]
pub(super) fn forbid() -> bool {
    false
}
