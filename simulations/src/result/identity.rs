//! What a result is a result of: enough to make it again.

use parquet::file::metadata::KeyValue;
use serde::{Deserialize, Serialize};

/// The crates that this program was built from, to the last version.
const LOCK: &[u8] = include_bytes!("../../../Cargo.lock");

/// What a result is a result of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What the scenario is called.
    pub name: String,
    /// The scenario as it was read; beside the result as `scenario.toml`.
    #[serde(skip)]
    pub scenario: String,
    /// BLAKE3 of the scenario's text.
    pub scenario_hash: String,
    /// The seeds, in order.
    pub seeds: Vec<u64>,
    /// The simulator's version.
    pub version: String,
    /// The commit it was built from, `+changes` where there were some; `unknown` outside of git.
    pub commit: String,
    /// BLAKE3 of `Cargo.lock`.
    pub lock_hash: String,
}

impl Identity {
    /// Of this program, for a scenario's text and seeds.
    #[must_use]
    pub fn new(name: &str, scenario: &str, seeds: &[u64]) -> Self {
        Self {
            name: name.to_owned(),
            scenario: scenario.to_owned(),
            scenario_hash: blake3::hash(scenario.as_bytes()).to_hex().to_string(),
            seeds: seeds.to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: env!("HEDGEROW_COMMIT").to_owned(),
            lock_hash: blake3::hash(LOCK).to_hex().to_string(),
        }
    }

    /// As a Parquet file says it: of one seed, so that a run's files do not depend on the seeds beside it.
    pub(super) fn metadata(&self, seed: u64) -> Vec<KeyValue> {
        [
            ("hedgerow.name", self.name.clone()),
            ("hedgerow.scenario_hash", self.scenario_hash.clone()),
            ("hedgerow.seed", seed.to_string()),
            ("hedgerow.version", self.version.clone()),
            ("hedgerow.commit", self.commit.clone()),
            ("hedgerow.lock_hash", self.lock_hash.clone()),
        ]
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .to_vec()
    }
}
