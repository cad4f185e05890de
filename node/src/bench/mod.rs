//! `hedgerow bench` measures every figure that the project promises in one run, each beside its baseline. The README
//! gives the figures; the module of each group describes its method. The application's bench uses the public items.
//!
//! | what | where |
//! | --- | --- |
//! | a figure, and how to print it | `row` |
//! | the baselines | `floor` |
//! | directories of two and more nodes | `pair`, `crowd` |
//! | other processes | `child`, `peer`, `process` |
//! | the rows | `catch_up`, `annotations`, `reconnect`, `live`, `files`, `carried`, `store`, `pages`, `search`, `pictures`, |
//! | | `start`, `relay`, `idle` |

mod annotations;
mod carried;
mod catch_up;
pub mod child;
pub mod crowd;
mod files;
mod floor;
mod idle;
mod live;
mod pages;
pub mod pair;
pub mod peer;
mod pictures;
pub mod process;
#[cfg(feature = "simulation")]
mod reconnect;
#[cfg(feature = "relay")]
mod relay;
pub mod row;
mod search;
mod start;
mod store;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

pub use peer::{PeerArguments, serve};
#[cfg(feature = "relay")]
pub use relay::serve as serve_relay;
use row::Row;

/// Runs of each figure except the idle one; the median counts.
const RUNS: usize = 5;

/// Arguments of `hedgerow bench`.
#[derive(Debug, clap::Args)]
pub struct BenchArguments {
    /// Only this group of rows: catch-up, catch-up-100k, annotations, live, files, carried, store, pages, search, pictures, start,
    /// relay or idle; not among all: search-1m; built with the feature `simulation` also spaces, group or reconnect
    name: Option<Group>,
    #[command(flatten)]
    measuring: MeasuringArguments,
}

/// Arguments of every bench.
#[derive(Debug, clap::Args)]
pub struct MeasuringArguments {
    /// Exit with 1 if a benchmark misses its target
    #[arg(long)]
    pub check: bool,
    /// A directory on a real disk for the stores [default: target/bench below here]
    #[arg(long, value_name = "DIR")]
    pub disk: Option<PathBuf>,
    /// Minutes that the idle row watches
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub idle_minutes: u64,
}

/// A group of rows measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    CatchUp,
    #[value(name = "catch-up-100k")]
    CatchUp100k,
    #[cfg(feature = "simulation")]
    Spaces,
    #[cfg(feature = "simulation")]
    #[value(name = "group")]
    Members,
    #[cfg(feature = "simulation")]
    Reconnect,
    Annotations,
    Live,
    Files,
    Carried,
    Store,
    Pages,
    Search,
    #[value(name = "search-1m")]
    Search1m,
    Pictures,
    Start,
    #[cfg(feature = "relay")]
    Relay,
    Idle,
}

const ALL: &[Group] = &[
    Group::CatchUp,
    Group::CatchUp100k,
    #[cfg(feature = "simulation")]
    Group::Spaces,
    #[cfg(feature = "simulation")]
    Group::Members,
    #[cfg(feature = "simulation")]
    Group::Reconnect,
    Group::Annotations,
    Group::Live,
    Group::Files,
    Group::Carried,
    Group::Store,
    Group::Pages,
    Group::Search,
    Group::Pictures,
    Group::Start,
    #[cfg(feature = "relay")]
    Group::Relay,
    Group::Idle,
];

/// Measures, prints, and returns whether every row reaches its target (always true without `--check`).
///
/// # Errors
/// The disk is a memory disk, or a measurement failed.
pub async fn bench(arguments: &BenchArguments, json: bool) -> Result<bool> {
    let place = place(arguments.measuring.disk.as_deref())?;
    let groups = match arguments.name {
        Some(group) => vec![group],
        None => ALL.to_vec(),
    };
    let mut holds = true;
    for group in groups {
        if !json {
            eprintln!("measuring {group:?} …");
        }
        let place = TempDir::with_prefix_in("row-", place.path())?;
        let rows = measure(group, place.path(), arguments).await?;
        holds &= rows.iter().all(|row| row.holds);
        if json {
            for row in &rows {
                println!("{}", serde_json::to_string(row)?);
            }
        } else {
            print!("{}", row::table(&rows));
        }
    }
    Ok(holds || !arguments.measuring.check)
}

async fn measure(group: Group, place: &Path, arguments: &BenchArguments) -> Result<Vec<Row>> {
    match group {
        Group::CatchUp => catch_up::rows(place, 10_000).await,
        Group::CatchUp100k => catch_up::scaling(place).await,
        #[cfg(feature = "simulation")]
        Group::Spaces => catch_up::spaces(place).await,
        #[cfg(feature = "simulation")]
        Group::Members => catch_up::group(place).await,
        #[cfg(feature = "simulation")]
        Group::Reconnect => reconnect::rows(place).await,
        Group::Annotations => annotations::rows(place).await,
        Group::Live => live::rows(place).await,
        Group::Files => files::rows(place).await,
        Group::Carried => carried::rows(place).await,
        Group::Store => store::rows(place),
        Group::Pages => pages::rows(place).await,
        Group::Search => search::rows(place, 100_000, 10.0).await,
        Group::Search1m => search::rows(place, 1_000_000, 50.0).await,
        Group::Pictures => pictures::rows(),
        Group::Start => start::rows(place).await,
        #[cfg(feature = "relay")]
        Group::Relay => relay::rows(place).await,
        Group::Idle => idle::rows(place, arguments.measuring.idle_minutes).await,
    }
}

/// Creates a directory for one run.
///
/// # Errors
/// The disk is a memory disk, or full.
pub fn place(disk: Option<&Path>) -> Result<TempDir> {
    let disk = disk.unwrap_or(Path::new("target/bench"));
    std::fs::create_dir_all(disk).with_context(|| format!("creating {}", disk.display()))?;
    refuse_memory_disk(disk)?;
    Ok(TempDir::with_prefix_in("run-", disk)?)
}

/// On a memory disk nothing is durable.
fn refuse_memory_disk(path: &Path) -> Result<()> {
    const TMPFS: i128 = 0x0102_1994;
    const RAMFS: i128 = 0x8584_58f6;
    // Systems disagree on the sign of this field.
    let kind = i128::from(rustix::fs::statfs(path)?.f_type);
    if [TMPFS, RAMFS].contains(&kind) {
        bail!(
            "{} is in memory: give --disk a directory on a real disk",
            path.display()
        );
    }
    Ok(())
}
