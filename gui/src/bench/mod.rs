//! `hedgerow-gui bench`: how fast the application is, measured beside what it must reach. Headless: a
//! display in memory of 1280x800 that the software renderer draws whole, frame by frame.
//!
//! | what | where |
//! | --- | --- |
//! | a display without a desktop, and its loop | `screen` |
//! | the application on it | `shown` |
//! | the same as a process of its own | `child` |
//! | what is written there | `prose`, `long` |
//! | the rows | `start`, `open`, `lively`, `emoji`, `live`, `typing`, `arriving`, `idle` |

mod arriving;
mod child;
mod emoji;
mod idle;
mod live;
mod lively;
mod long;
mod open;
mod prose;
mod screen;
mod shown;
mod start;
mod typing;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use hedgerow_node::bench::row::{Row, table};
use hedgerow_node::bench::{MeasuringArguments, place};
use tokio::runtime::Runtime;

pub use child::{ChildArguments, serve};
use screen::Turn;

/// What `hedgerow-gui bench` is told.
#[derive(Debug, clap::Args)]
pub struct BenchArguments {
    /// Only this group of rows
    name: Option<Group>,
    #[command(flatten)]
    measuring: MeasuringArguments,
    /// Messages of the long conversation; nothing else is done more often than so many times
    #[arg(long, default_value_t = 100_000, value_name = "N", hide = true)]
    messages: usize,
}

/// A group of rows that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Start to the first usable screen, and memory then
    Start,
    /// Opening a long conversation, and scrolling anywhere in it
    Open,
    /// The same of a group
    #[value(name = "group")]
    Members,
    /// The same of a conversation with pictures, answers and emoji
    Lively,
    /// What emoji cost while one scrolls
    Emoji,
    /// A message, from committed to drawn
    Live,
    /// Typing in a long draft
    Typing,
    /// Messages that arrive all at once
    Arriving,
    /// What it costs while nothing happens
    Idle,
}

/// What each group is given.
struct Bench<'a> {
    place: &'a Path,
    /// For nodes that are not the window's.
    runtime: Runtime,
    messages: usize,
    idle_minutes: u64,
}

impl Bench<'_> {
    /// How often something is done: less often where it is only to be seen whether it works.
    fn at_most(&self, usual: usize) -> usize {
        usual.min(self.messages)
    }
}

/// Measures, prints, and says whether every row holds (always, unless asked to check). Each group is
/// measured in a process of its own.
///
/// # Errors
/// The disk is a memory disk, or something could not be measured.
pub fn bench(arguments: &BenchArguments) -> Result<bool> {
    let holds = match arguments.name {
        Some(group) => measure(group, arguments)?,
        None => {
            let mut holds = true;
            for group in Group::value_variants() {
                holds &= measure_apart(*group, arguments)?;
            }
            holds
        }
    };
    Ok(holds || !arguments.measuring.check)
}

fn measure(group: Group, arguments: &BenchArguments) -> Result<bool> {
    let place = place(arguments.measuring.disk.as_deref())?;
    let bench = Bench {
        place: place.path(),
        runtime: Runtime::new()?,
        messages: arguments.messages,
        idle_minutes: arguments.measuring.idle_minutes,
    };
    eprintln!("measuring {group:?} …");
    let rows = match group {
        Group::Start => start::rows(&bench),
        Group::Open => open::rows(&bench),
        Group::Members => open::of_group(&bench),
        Group::Lively => lively::rows(&bench),
        Group::Emoji => emoji::rows(&bench),
        Group::Live => live::rows(&bench),
        Group::Typing => typing::rows(&bench),
        Group::Arriving => arriving::rows(&bench),
        Group::Idle => idle::rows(&bench),
    }?;
    for row in &rows {
        println!("{}", serde_json::to_string(row)?);
    }
    eprint!("{}", table(&rows));
    Ok(rows.iter().all(|row| row.holds))
}

/// The same, in another process: there is one display a process, and its caches are to be cold.
fn measure_apart(group: Group, arguments: &BenchArguments) -> Result<bool> {
    let name = group.to_possible_value().expect("none is skipped");
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["bench", name.get_name(), "--check"])
        .args([
            "--idle-minutes",
            &arguments.measuring.idle_minutes.to_string(),
        ])
        .args(["--messages", &arguments.messages.to_string()]);
    if let Some(disk) = &arguments.measuring.disk {
        command.arg("--disk").arg(disk);
    }
    Ok(command.status()?.success())
}

/// What 95 % of the frames keep to, beside what the thread had a processor in that time: what others
/// took of it is the difference.
fn frames(name: impl Into<String>, turns: &[Turn], reach_ms: f64) -> Row {
    let drawn = || turns.iter().filter(|turn| turn.drew);
    let wall = percentile(drawn().map(|turn| turn.wall), 95);
    let processor = percentile(drawn().map(|turn| turn.processor), 95);
    Row::at_most(name, ms(wall), "ms", reach_ms).beside(ms(processor))
}

/// What so many of a hundred keep to; zero for none.
fn percentile(of: impl Iterator<Item = Duration>, percent: usize) -> Duration {
    let mut sorted: Vec<_> = of.collect();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
