//! A display in memory: the software renderer draws into it, and a loop of our own turns as the
//! desktop's does. Each frame is drawn whole.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use rustix::time::{ClockId, clock_gettime};
use slint::platform::software_renderer::{
    MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType,
};
use slint::platform::{
    EventLoopProxy, Platform, WindowAdapter, duration_until_next_timer_update, set_platform,
    update_timers_and_animations,
};
use slint::{EventLoopError, PhysicalSize, PlatformError};

/// The size of everything measured, in pixels.
pub const WIDTH: u32 = 1280;
pub const HEIGHT: u32 = 800;

/// What a display of 60 Hz gives a frame.
pub const FRAME: Duration = Duration::from_nanos(16_666_667);

/// A part of the screen: columns and lines.
pub type Area = (Range<u32>, Range<u32>);

type Job = Box<dyn FnOnce() + Send>;

/// The display, and the loop.
pub struct Screen {
    window: Rc<MinimalSoftwareWindow>,
    jobs: Receiver<Job>,
    /// What ended the last rest.
    next: Option<Job>,
    pixels: Vec<PremultipliedRgbaColor>,
    /// Frames drawn so far.
    pub frames: u64,
}

/// One turn of the loop: all that was to be done, and the frame that came of it.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// When it was over.
    pub ended: Instant,
    /// How long it took.
    pub wall: Duration,
    /// What of that the thread had a processor: the rest was taken by others.
    pub processor: Duration,
    /// Something was drawn.
    pub drew: bool,
}

impl Screen {
    /// The one display of this process.
    ///
    /// # Errors
    /// There is one already.
    pub fn new() -> Result<Self> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        let (sender, jobs) = channel();
        let desktop = Desktop {
            window: window.clone(),
            jobs: Jobs(sender),
        };
        set_platform(Box::new(desktop)).map_err(|fault| anyhow!("{fault}"))?;
        window.set_size(PhysicalSize::new(WIDTH, HEIGHT));
        Ok(Self {
            window,
            jobs,
            next: None,
            pixels: vec![PremultipliedRgbaColor::default(); (WIDTH * HEIGHT) as usize],
            frames: 0,
        })
    }

    /// Does what a person does, then all that waits, then draws if anything has changed.
    pub fn turn(&mut self, input: impl FnOnce(&slint::Window)) -> Turn {
        let (start, before) = (Instant::now(), processor());
        input(self.window.as_ref());
        for job in self.next.take().into_iter().chain(self.jobs.try_iter()) {
            job();
        }
        update_timers_and_animations();
        let drew = self.window.draw_if_needed(|renderer| {
            renderer.render(&mut self.pixels, WIDTH as usize);
        });
        self.frames += u64::from(drew);
        Turn {
            ended: Instant::now(),
            wall: start.elapsed(),
            processor: processor().saturating_sub(before),
            drew,
        }
    }

    /// Rests until something is to be done, or it is that late. Says whether something is.
    pub fn rest(&mut self, until: Instant) -> bool {
        let now = Instant::now();
        let due = match self.window.has_active_animations() {
            true => Some(FRAME),
            false => duration_until_next_timer_update(),
        };
        let due = due.map(|left| now + left).filter(|due| *due <= until);
        match self
            .jobs
            .recv_timeout(due.unwrap_or(until).saturating_duration_since(now))
        {
            Ok(job) => {
                self.next = Some(job);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => due.is_some(),
        }
    }

    /// How many pixels of a part have another colour than its first: none where nothing is drawn.
    pub fn ink(&self, area: &Area) -> usize {
        let mut pixels = self.part(area);
        let first = pixels.next();
        pixels.filter(|pixel| Some(*pixel) != first).count()
    }

    /// Tells what a part looks like from what it looked like before.
    pub fn looks(&self, area: &Area) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (red, green, blue) in self.part(area) {
            hasher.write(&[red, green, blue]);
        }
        hasher.finish()
    }

    fn part(&self, (columns, lines): &Area) -> impl Iterator<Item = (u8, u8, u8)> {
        let at = |line: u32, column: u32| (line * WIDTH + column) as usize;
        let lines = lines.clone();
        lines
            .flat_map(move |line| &self.pixels[at(line, columns.start)..at(line, columns.end)])
            .map(|pixel| (pixel.red, pixel.green, pixel.blue))
    }
}

/// What this thread has had of a processor.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What the interface takes for a desktop.
struct Desktop {
    window: Rc<MinimalSoftwareWindow>,
    jobs: Jobs,
}

#[derive(Clone)]
struct Jobs(Sender<Job>);

impl Platform for Desktop {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }

    fn new_event_loop_proxy(&self) -> Option<Box<dyn EventLoopProxy>> {
        Some(Box::new(self.jobs.clone()))
    }
}

impl EventLoopProxy for Jobs {
    fn quit_event_loop(&self) -> Result<(), EventLoopError> {
        Ok(())
    }

    fn invoke_from_event_loop(&self, job: Job) -> Result<(), EventLoopError> {
        self.0
            .send(job)
            .map_err(|_| EventLoopError::EventLoopTerminated)
    }
}
