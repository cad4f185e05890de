//! Keys in memory. Each has a page of its own, locked into RAM where the system allows it and wiped when dropped.
//! Nothing prints them.

use std::fmt;
use std::io;
use std::sync::{Arc, Once};

use zeroize::Zeroize;

/// Bytes of a key.
pub(super) const KEY: usize = 32;

/// A whole page for each key. Locks of memory do not nest, so two keys on one page would be unlocked together.
#[repr(C, align(4096))]
struct Page([u8; 4_096]);

/// 32 secret bytes.
pub(super) struct LockedKey {
    page: Box<Page>,
    /// Unlocks the page after [`Drop`] has wiped it.
    _lock: Option<region::LockGuard>,
}

impl LockedKey {
    /// A key whose bytes `fill` writes in place.
    pub(super) fn filled(fill: impl FnOnce(&mut [u8])) -> Self {
        static SAID: Once = Once::new();
        let mut page = Box::new(Page([0; 4_096]));
        let lock = region::lock(page.0.as_ptr(), page.0.len());
        if lock.is_err() {
            SAID.call_once(|| {
                tracing::warn!(
                    "keys cannot be locked into memory and may reach the swap space: raise the limit of \
                     locked memory (ulimit -l) or encrypt the swap"
                );
            });
        }
        fill(&mut page.0[..KEY]);
        LockedKey {
            page,
            _lock: lock.ok(),
        }
    }

    pub(super) fn expose(&self) -> &[u8; KEY] {
        self.page.0.first_chunk().expect("a page is longer")
    }
}

impl Drop for LockedKey {
    fn drop(&mut self) {
        self.page.0.zeroize();
    }
}

/// The key of a store's blocks. Clones share one page of memory.
#[derive(Clone)]
pub struct DataKey(Arc<LockedKey>);

impl DataKey {
    /// A fresh key from the system's randomness.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> io::Result<Self> {
        let mut outcome = Ok(());
        let key = Self::filled(|bytes| outcome = getrandom::fill(bytes));
        outcome.map(|()| key).map_err(io::Error::other)
    }

    /// A key whose 32 bytes `fill` writes in place.
    pub fn filled(fill: impl FnOnce(&mut [u8])) -> Self {
        DataKey(Arc::new(LockedKey::filled(fill)))
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Keeps the memory of this process out of core dumps. The system writes none. A crash handler may still take one over
/// a pipe, which no limit stops, but then it holds no memory. Every program calls this first, before a secret is in
/// memory.
///
/// # Errors
/// What the system reports; nothing else is affected.
pub fn forbid_core_dumps() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    std::fs::write("/proc/self/coredump_filter", "0")?;
    Ok(())
}

/// Forbids other programs of the same user to read the memory of this process. Programs with a window do not call it,
/// because desktop portals (file dialogs, the colour scheme) refuse callers whose `/proc` they cannot read.
///
/// # Errors
/// What the system reports; nothing else is affected.
pub fn forbid_tracing() -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_nothing() {
        let key = DataKey::filled(|bytes| bytes.fill(0xAB));
        assert_eq!(format!("{key:?}"), "DataKey(..)");
        assert_eq!(key.expose(), &[0xAB; 32]);
    }

    #[test]
    fn random_keys_differ() {
        assert_ne!(
            DataKey::random().unwrap().expose(),
            DataKey::random().unwrap().expose()
        );
    }
}
