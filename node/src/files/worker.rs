//! A thread that does one piece of work after the other.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// The thread. Once this is dropped it ends, after all work that it was asked for.
#[derive(Debug)]
pub(super) struct Worker<W> {
    work: Option<mpsc::Sender<W>>,
    thread: Option<JoinHandle<()>>,
}

impl<W: Send + 'static> Worker<W> {
    /// Starts a thread of this name that runs `run`.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(
        name: &str,
        run: impl FnOnce(mpsc::Receiver<W>) + Send + 'static,
    ) -> io::Result<Worker<W>> {
        let (work, todo) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || run(todo))?;
        Ok(Worker {
            work: Some(work),
            thread: Some(thread),
        })
    }

    /// Has it do something.
    pub fn ask(&self, work: W) {
        if let Some(thread) = &self.work {
            // If the thread has panicked, stderr shows it, and nothing is done any more.
            let _ = thread.send(work);
        }
    }
}

impl<W> Drop for Worker<W> {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
