//! The application as a process of its own, without a desktop: it says when it is usable, and how many
//! frames it has drawn whenever it is asked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hedgerow_node::bench::child::{Child, say};
use hedgerow_node::runtime::OnAir;

use super::shown::Shown;

const USABLE: &str = "usable";

/// Longer than anything is measured.
const FOR_EVER: Duration = Duration::from_secs(1 << 32);

/// What the hidden command `bench-screen` is told.
#[derive(Debug, clap::Args)]
pub struct ChildArguments {
    /// The directory to open
    dir: PathBuf,
    /// Open the first conversation of the list
    #[arg(long)]
    open: bool,
}

/// Shows a directory until stdin closes, and answers each line there with the number of frames so far.
///
/// # Errors
/// It could not be opened.
pub fn serve(arguments: &ChildArguments) -> Result<()> {
    let mut shown = Shown::start(&arguments.dir, OnAir::Loopback, |_| ())?;
    shown.enter()?;
    if arguments.open {
        let first = shown
            .window
            .app()
            .pages
            .chats
            .rows
            .first()
            .map(|row| row.id.clone());
        shown.open(&first.context("there is a conversation")?)?;
    }
    say(USABLE);
    let (ask, asked) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let told = line.is_ok() && ask.send(()).is_ok();
            // To be seen it has to wake.
            if !told || slint::invoke_from_event_loop(|| ()).is_err() {
                break;
            }
        }
        drop(ask);
        let _ = slint::invoke_from_event_loop(|| ());
    });
    loop {
        if shown.screen.rest(Instant::now() + FOR_EVER) {
            shown.screen.turn(|_| ());
        }
        loop {
            match asked.try_recv() {
                Ok(()) => say(&shown.screen.frames.to_string()),
                Err(std::sync::mpsc::TryRecvError::Empty) => break,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return shown.stop(),
            }
        }
    }
}

/// The process that [`serve`] runs in.
pub struct Window {
    pub child: Child,
    /// From the start of the process until it was usable.
    pub took: Duration,
}

impl Window {
    /// Starts it, and waits until it is usable.
    pub fn start(dir: &Path, open: bool) -> Result<Self> {
        let start = Instant::now();
        let arguments = [OsStr::new("bench-screen"), dir.as_os_str()];
        let opening = open.then_some(OsStr::new("--open"));
        let mut child = Child::start(arguments.into_iter().chain(opening))?;
        ensure!(child.line()? == USABLE, "the window did not open");
        let took = start.elapsed();
        Ok(Self { child, took })
    }

    /// How many frames it has drawn.
    pub fn frames(&mut self) -> Result<u64> {
        Ok(self.child.ask("")?.parse()?)
    }

    /// Stops it cleanly.
    pub fn stop(self) -> Result<()> {
        self.child.stop()
    }
}
