use std::path::{Path, PathBuf};

/// Why a result could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something in the way.
    #[error("{0} exists already: give another name, or move it away")]
    Exists(PathBuf),
    /// What was named is no result.
    #[error("{0} is not a whole result: it has no {1}")]
    NotWhole(PathBuf, &'static str),
    /// The result has no run of this seed.
    #[error("{0} has no run of seed {1}")]
    NoSeed(PathBuf, u64),
    /// The disk.
    #[error("{path} cannot be read or written")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A Parquet file.
    #[error("{path} cannot be read or written as Parquet")]
    Table {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        source: parquet::errors::ParquetError,
    },
    /// A JSON file.
    #[error("{path} cannot be read or written as JSON")]
    Json {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A drawing failed, which is our bug.
    #[error("the plot {0} could not be drawn: {1}")]
    Plot(&'static str, String),
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(super) fn table(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Table { path, source }
    }

    pub(crate) fn json(path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Json { path, source }
    }
}
