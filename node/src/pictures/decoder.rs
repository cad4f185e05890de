//! The parent: starts a process for each picture, feeds it, and kills it at its deadline.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use super::{ARGUMENT, Answer, Fault, Limits, Look, Order, Pixels, Prepared, Sandbox, Size, Task};
#[cfg(feature = "simulation")]
use super::{Layers, Trial};
use crate::voice::Anew;

/// Pictures that a [`Decoder`] and its clones decode at one time.
pub const DECODERS: usize = 2;

/// Decodes pictures in processes of their own (docs/PROTOCOL.md section 17). Clones share their bound of
/// [`DECODERS`]. Each call waits for its process, so it belongs on a thread that may wait.
#[derive(Debug, Clone)]
pub struct Decoder {
    program: PathBuf,
    places: Arc<Places>,
}

impl Decoder {
    /// Decodes by this program executed again. Its `main` must call [`child`](super::child) first.
    pub fn of_this_program() -> Decoder {
        // This path is the running program also when an update has replaced its file. On Android and without a path no
        // process starts, which each call reports.
        let program = match std::env::consts::OS {
            "linux" => PathBuf::from("/proc/self/exe"),
            "android" => PathBuf::new(),
            _ => std::env::current_exe().unwrap_or_default(),
        };
        Decoder::at(program)
    }

    /// Decodes by another program whose `main` calls [`child`](super::child) first: the tests, whose own `main` does not.
    pub fn at(program: impl Into<PathBuf>) -> Decoder {
        Decoder {
            program: program.into(),
            places: Arc::default(),
        }
    }

    /// Encodes a picture anew, without what it carries beside its pixels, and makes a preview.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn prepare(&self, source: impl Read + Send, limits: Limits) -> Result<Prepared, Fault> {
        match self.perform(source, limits, Task::Prepare)? {
            Answer::Prepared(prepared) => Ok(prepared),
            other => Err(fault(other)),
        }
    }

    /// Makes a preview of a picture that is sent as it is. Of an animated one it shows the first frame.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn look(&self, source: impl Read + Send, limits: Limits) -> Result<Look, Fault> {
        match self.perform(source, limits, Task::Look)? {
            Answer::Look(look) => Ok(look),
            other => Err(fault(other)),
        }
    }

    /// The pixels of a picture, scaled down until they fit into `size` and into the limit of the answer. Of an animated
    /// picture it shows the first frame.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn show(
        &self,
        source: impl Read + Send,
        limits: Limits,
        size: Size,
    ) -> Result<Pixels, Fault> {
        match self.perform(source, limits, Task::Show(size))? {
            Answer::Pixels(pixels) => Ok(pixels),
            other => Err(fault(other)),
        }
    }

    /// Makes a voice note of a file of Ogg Opus, without what it carries beside its sound.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn voice(&self, source: impl Read + Send, limits: Limits) -> Result<Anew, Fault> {
        match self.perform(source, limits, Task::Voice)? {
            Answer::Voice(anew) => Ok(anew),
            other => Err(fault(other)),
        }
    }

    /// The samples of a voice note, one channel of [`RATE`](crate::voice::RATE).
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn play(&self, source: impl Read + Send, limits: Limits) -> Result<Vec<i16>, Fault> {
        match self.perform(source, limits, Task::Play)? {
            Answer::Samples(samples) => Ok(samples),
            other => Err(fault(other)),
        }
    }

    /// What the system holds back from the processes that decode: a child says so itself, before any picture.
    pub fn sandbox(&self) -> Sandbox {
        match self.perform(io::empty(), Limits::PREVIEW, Task::Probe) {
            Ok(Answer::Sandbox(sandbox)) => sandbox,
            _ => Sandbox::default(),
        }
    }

    /// Tries in a child what its sandbox forbids, in a sandbox of `layers`. Gives whether it succeeded.
    ///
    /// # Errors
    /// See [`Fault`]; [`Fault::Crashed`] is what the system does to forbidden system calls.
    #[cfg(feature = "simulation")]
    pub fn attempt(&self, trial: Trial, limits: Limits, layers: Layers) -> Result<bool, Fault> {
        match self.perform(io::empty(), limits, Task::Try(trial, layers))? {
            Answer::Tried(succeeded) => Ok(succeeded),
            other => Err(fault(other)),
        }
    }

    fn perform(
        &self,
        source: impl Read + Send,
        limits: Limits,
        task: Task,
    ) -> Result<Answer, Fault> {
        let order = Order { task, limits };
        let _place = self.places.take();
        let mut process = Process::start(&self.program, &order)?;
        let (stdin, stdout) = (process.0.stdin.take(), process.0.stdout.take());
        let (Some(stdin), Some(mut stdout)) = (stdin, stdout) else {
            return Err(Fault::Unavailable(io::ErrorKind::BrokenPipe.into()));
        };
        thread::scope(|scope| {
            let (answered, answers) = mpsc::channel();
            let feeding = thread::Builder::new()
                .name("picture source".to_owned())
                .spawn_scoped(scope, move || feed(source, stdin, limits.source_bytes))
                .map_err(Fault::Unavailable)?;
            let reading = thread::Builder::new()
                .name("picture answer".to_owned())
                .spawn_scoped(scope, move || {
                    // The receiver gives up at the deadline.
                    let _ = answered.send(Answer::read(&mut stdout, &order));
                });
            let answer = match reading {
                Ok(_) => answers.recv_timeout(limits.time),
                Err(error) => {
                    drop(process);
                    return Err(Fault::Unavailable(error));
                }
            };
            // Closes both pipes, so both threads end.
            drop(process);
            match feeding.join() {
                Ok(Err(error)) => Err(Fault::Source(error)),
                _ => match answer {
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(Fault::Crashed),
                    Err(mpsc::RecvTimeoutError::Timeout) => Err(Fault::TooSlow),
                },
            }
        })
    }
}

/// Why an answer is not the one that was asked for.
fn fault(answer: Answer) -> Fault {
    match answer {
        Answer::Refused(refusal) => refusal.into(),
        _ => Fault::Crashed,
    }
}

/// Copies the source to the child. A byte more than `most` tells the child that the source is too long.
///
/// # Errors
/// The source could not be read.
fn feed(source: impl Read, mut stdin: ChildStdin, most: u64) -> io::Result<()> {
    let mut source = source.take(most.saturating_add(1));
    let mut buffer = vec![0; 64 << 10];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                // The child has ended: its answer says why.
                if stdin.write_all(&buffer[..length]).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A child, killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(program: &PathBuf, order: &Order) -> Result<Process, Fault> {
        Command::new(program)
            .arg(ARGUMENT)
            .args(order.arguments())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Process)
            .map_err(Fault::Unavailable)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many children there are.
#[derive(Debug, Default)]
struct Places {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    /// Waits for a free place. Those who have one keep to their deadlines, so this ends.
    fn take(&self) -> Place<'_> {
        let full = |taken: &mut usize| *taken >= DECODERS;
        let taken = self.freed.wait_while(self.taken(), full);
        *taken.unwrap_or_else(PoisonError::into_inner) += 1;
        Place(self)
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Place<'a>(&'a Places);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.freed.notify_one();
    }
}
