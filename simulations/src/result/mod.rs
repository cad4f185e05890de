//! What came of a run, kept, counted and drawn.
//!
//! | file in a result | what | where |
//! | --- | --- | --- |
//! | `scenario.toml` | the scenario, as it was read | [`Identity`] |
//! | `seed-N/*.parquet` | a table for each kind of [`Record`](crate::record::Record) | [`Writer`], [`read`] |
//! | `summary.json`, `summary.txt` | figures of each seed, and over seeds with intervals | [`Summary`] |
//! | `scene.json` | the map and places under the devices | [`Scene`] |
//! | `curves.json`, `plots/*.svg` | what changes over time, and how delays are spread | `curves`, `plot` |
//!
//! [`Output`] makes the directory and [`Output::finish`] gives it its name, so a directory of that name is
//! a whole result.

mod axis;
mod compare;
mod curves;
mod directory;
mod error;
mod figure;
mod files;
mod gather;
mod groups;
mod identity;
mod plot;
mod report;
mod scene;
mod summary;
mod table;
mod text;
mod view;
mod writer;

pub use self::compare::{Compared, Comparison, compare};
pub use self::curves::Curves;
pub use self::directory::{Output, run_directory};
pub use self::error::Error;
pub(crate) use self::figure::unit;
pub use self::figure::{FIGURES, Figure, Group, Unit};
pub use self::identity::Identity;
pub use self::plot::{Plot, plots};
pub use self::report::report;
pub use self::scene::{MapLine, Place, Scene};
pub use self::summary::{Estimate, Run, Summary};
pub(crate) use self::table::write_table;
pub use self::table::{Row, read};
pub(crate) use self::text::table as text_table;
pub use self::view::view;
pub use self::writer::{World, Writer};
