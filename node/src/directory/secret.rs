//! Secrets in memory: on a page of their own that is locked into RAM where the system allows it,
//! wiped when dropped, printed by nothing.

use std::fmt;
use std::sync::{Arc, Once};

use zeroize::{Zeroize, Zeroizing};

/// A page, so that unlocking one secret never unlocks another: locks do not nest.
#[repr(C, align(4096))]
struct Page([u8; MAX_SECRET]);

const MAX_SECRET: usize = 4_096;

struct Secret {
    page: Box<Page>,
    len: usize,
    // Declared after `page` for the reader; `Drop` wipes before either field goes.
    _locked: Option<region::LockGuard>,
}

impl Secret {
    fn new(len: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        static SAID: Once = Once::new();
        let mut page = Box::new(Page([0; MAX_SECRET]));
        let locked = region::lock(page.0.as_ptr(), MAX_SECRET)
            .inspect_err(|_| {
                SAID.call_once(|| {
                    tracing::warn!(
                        "keys cannot be locked into memory, so they may reach the swap space: \
                         raise the limit of locked memory (ulimit -l) or encrypt the swap"
                    );
                });
            })
            .ok();
        fill(&mut page.0[..len]);
        Secret {
            page,
            len,
            _locked: locked,
        }
    }

    fn expose(&self) -> &[u8] {
        &self.page.0[..self.len]
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.page.0.zeroize();
    }
}

/// The key of the store's blocks. Clones share one page.
#[derive(Clone)]
pub struct DataKey(Arc<Secret>);

impl DataKey {
    /// A fresh key from the system's randomness.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut outcome = Ok(());
        let key = Self::filled(|bytes| outcome = getrandom::fill(bytes));
        outcome.map(|()| key)
    }

    /// A key whose bytes `fill` writes in place.
    pub fn filled(fill: impl FnOnce(&mut [u8])) -> Self {
        DataKey(Arc::new(Secret::new(32, fill)))
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose().try_into().expect("made with 32 bytes")
    }
}

/// What a person types to unlock.
pub struct Passphrase(Secret);

impl Passphrase {
    /// Takes the bytes of `text` (UTF-8 as typed, at most 4,096 bytes) and wipes it. `None` if it is longer.
    pub fn new(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        (text.len() <= MAX_SECRET).then(|| {
            Passphrase(Secret::new(text.len(), |to| {
                to.copy_from_slice(text.as_bytes())
            }))
        })
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}
