//! Which program this is: its version, the commit that it was built from, and what was left out or in.

use std::sync::LazyLock;

/// What `--version` prints behind the name of a program. `packaging/build` names the commit in `HEDGEROW_COMMIT`.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let number = env!("CARGO_PKG_VERSION");
        let commit = option_env!("HEDGEROW_COMMIT").unwrap_or("built from source");
        let relay = if cfg!(feature = "relay") {
            "with"
        } else {
            "without"
        };
        format!("{number} ({commit}, {relay} relays)")
    });
    &VERSION
}
