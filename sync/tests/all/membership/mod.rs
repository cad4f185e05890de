//! Who belongs to a group.

mod bytes;
mod cases;
mod content;
mod control;
mod implementations;
mod order;
mod properties;
mod shown;
mod timer;

/// Number of random histories: `usual`, unless `PROPTEST_CASES` is set.
fn histories(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
