//! How many random interleavings are tried.

/// As many as the environment says, which README.md tells how to use; or a thousand.
pub fn cases() -> u32 {
    let cases = std::env::var("HEDGEROW_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}
