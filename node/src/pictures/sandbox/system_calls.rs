//! No system call but those that computing takes, by seccomp.

/// Kills this process at every other system call. True if that holds. Sets `no_new_privs`.
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
pub(super) fn forbid() -> bool {
    filter::program().is_ok_and(|program| seccompiler::apply_filter(&program).is_ok())
}

/// There is no filter for this system.
#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)))]
pub(super) fn forbid() -> bool {
    false
}

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod filter {
    use std::collections::BTreeMap;
    use std::env::consts::ARCH;

    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule,
    };

    /// The filter: kills the process unless a rule allows the call.
    pub(super) fn program() -> Result<BpfProgram, BackendError> {
        let (kill, allow) = (SeccompAction::KillProcess, SeccompAction::Allow);
        SeccompFilter::new(rules()?, kill, allow, ARCH.try_into()?)?.try_into()
    }

    /// What is allowed. Other descriptors than the two pipes (and stderr, which leads nowhere) are of no use, even if
    /// the parent left one open; and no memory becomes executable.
    fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
        const EXEC: u64 = libc::PROT_EXEC as u64;
        const PRIVATE: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
        const SHARING: u64 = (libc::MAP_TYPE | libc::MAP_ANONYMOUS) as u64;
        let descriptor = |number| rule(vec![argument(0, SeccompCmpOp::Eq, number)?]);
        let no_code = || argument(2, SeccompCmpOp::MaskedEq(EXEC), 0);
        // What a limit of memory counts.
        let counted = || argument(3, SeccompCmpOp::MaskedEq(SHARING), PRIVATE);
        let mut rules = BTreeMap::from([
            (libc::SYS_read, vec![descriptor(0)?]),
            (libc::SYS_write, vec![descriptor(1)?, descriptor(2)?]),
            (libc::SYS_mmap, vec![rule(vec![no_code()?, counted()?])?]),
            (libc::SYS_mprotect, vec![rule(vec![no_code()?])?]),
        ]);
        rules.extend(
            [
                libc::SYS_brk,
                libc::SYS_clock_gettime,
                libc::SYS_exit,
                libc::SYS_exit_group,
                libc::SYS_futex,
                libc::SYS_getrandom,
                libc::SYS_madvise,
                libc::SYS_mremap,
                libc::SYS_munmap,
                libc::SYS_restart_syscall,
                libc::SYS_rt_sigprocmask,
                libc::SYS_rt_sigreturn,
                libc::SYS_sigaltstack,
            ]
            .map(|call| (call, Vec::new())),
        );
        Ok(rules)
    }

    fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
        SeccompRule::new(conditions)
    }

    fn argument(
        index: u8,
        comparison: SeccompCmpOp,
        value: u64,
    ) -> Result<SeccompCondition, BackendError> {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, comparison, value)
    }
}
