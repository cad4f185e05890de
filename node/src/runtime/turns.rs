//! The engine's own thread: takes inputs, calls `pump`, waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use hedgerow_sync::store::StorageError;
use hedgerow_transport::carrier::{CarrierEvent, CarrierKind, CarrierState};
use rand_chacha::ChaCha20Rng;
use tokio::sync::{mpsc, oneshot};

use super::clock::Clock;
use super::recording::Recorder;
use super::world::World;
use crate::api::{Answer, Call, Refusal, StorageFault};
use crate::engine::{self, Engine, Input, Inputs, MAX_BATCH_INPUTS, NextWake};
use crate::files::work::FileEvent;
use crate::store::RedbStore;

/// What other tasks send to the engine's thread.
pub(super) enum Mail {
    /// A call, and the channel for its answer.
    Call(Call, oneshot::Sender<Answer>),
    /// A carrier reports.
    Carrier(CarrierKind, CarrierEvent),
    /// The keeper of files reports.
    File(FileEvent),
    /// Work on the store, between two turns.
    Store(Box<dyn FnOnce(&mut RedbStore) + Send>),
    /// Finish the mail that came before, and end.
    Stop,
}

/// The most mail that waits. A caller or socket that brings more has to wait.
pub(super) const MAX_MAIL: usize = 256;

/// How long links, and after them carriers, may take to end when the node stops (milliseconds).
const GOODBYE_MS: u64 = 1_000;

/// One thread's work.
pub(super) struct Turns {
    pub(super) mail: mpsc::Receiver<Mail>,
    pub(super) clock: Clock,
    pub(super) world: World,
    pub(super) recorder: Option<Recorder>,
    pub(super) inputs: Inputs,
    pub(super) engine: Engine,
    pub(super) rng: ChaCha20Rng,
    /// When the engine asked to be called again.
    pub(super) wake: NextWake,
    /// How many turns have begun that may change what the engine answers. Turns that only answer a look do not count.
    pub(super) changes: Arc<AtomicU64>,
    /// Set once the store has failed, before any caller hears of it.
    pub(super) fault: Arc<OnceLock<StorageFault>>,
}

impl Turns {
    /// Calls `pump` whenever something has happened or is due, until mail says stop.
    ///
    /// # Errors
    /// The store failed. Every caller that waited has got an error.
    pub(super) fn run(mut self, store: &mut RedbStore) -> Result<(), StorageError> {
        // The engine knows its carriers before the first call. The carriers report their states soon.
        for kind in self.world.kinds() {
            let unknown = CarrierEvent::State(CarrierState::NoInterface);
            self.push(Input::Carrier(kind, unknown));
        }
        let mut arrived = Vec::with_capacity(MAX_MAIL);
        let mut stopping = false;
        while !stopping {
            while !stopping && self.inputs.len() < MAX_BATCH_INPUTS {
                match self.mail.try_recv() {
                    Ok(mail) => stopping |= self.take(mail, store),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => stopping = true,
                }
            }
            let wake = self.turns(store)?;
            if !stopping {
                self.wait(wake, &mut arrived);
                for mail in arrived.drain(..) {
                    stopping |= self.take(mail, store);
                }
            }
        }
        self.stop(store)
    }

    /// Says goodbye. Gives first the links and then the carriers a moment to end by themselves.
    fn stop(&mut self, store: &mut RedbStore) -> Result<(), StorageError> {
        self.push(Input::Stop);
        let end_ms = self.clock.now().mono_ms + GOODBYE_MS;
        let mut arrived = Vec::with_capacity(MAX_MAIL);
        self.turns(store)?;
        while self.world.has_links() && self.clock.now().mono_ms < end_ms {
            self.wait(NextWake(Some(end_ms)), &mut arrived);
            for mail in arrived.drain(..) {
                self.take(mail, store);
            }
            self.turns(store)?;
        }
        self.leave_air();
        self.world.answer_all(&Err(Refusal::Stopping));
        Ok(())
    }

    /// Switches the carriers off. The engine does not see their reports, because it stores which carriers the user has
    /// switched off.
    fn leave_air(&mut self) {
        self.world.leave_air();
        let end_ms = self.clock.now().mono_ms + GOODBYE_MS;
        let mut arrived = Vec::with_capacity(MAX_MAIL);
        while !self.world.is_off_air() && self.clock.now().mono_ms < end_ms {
            self.wait(NextWake(Some(end_ms)), &mut arrived);
            for mail in arrived.drain(..) {
                if let Mail::Carrier(carrier, event) = mail {
                    self.world.note(carrier, &event);
                }
            }
        }
    }

    /// Calls `pump` until all inputs are taken in.
    fn turns(&mut self, store: &mut RedbStore) -> Result<NextWake, StorageError> {
        loop {
            let wake = self.turn(store).inspect_err(|error| {
                let fault = error.kind;
                let _ = self.fault.set(fault);
                self.world.answer_all(&Err(Refusal::Storage { fault }));
            })?;
            if self.inputs.is_empty() {
                return Ok(wake);
            }
        }
    }

    fn turn(&mut self, store: &mut RedbStore) -> Result<NextWake, StorageError> {
        let now = self.clock.now();
        if let Some(recorder) = &mut self.recorder {
            recorder.turn(now);
        }
        let is_due = self.wake.0.is_some_and(|due_ms| due_ms <= now.mono_ms);
        if is_due || !self.inputs.only_look() {
            self.changes.fetch_add(1, Ordering::Release);
        }
        self.wake = engine::pump(
            &mut self.engine,
            store,
            &mut self.inputs,
            now,
            &mut self.rng,
            &mut self.world,
        )?;
        for (carrier, event) in self.world.caused() {
            self.push(Input::Carrier(carrier, event));
        }
        Ok(self.wake)
    }

    /// Waits for mail, or for the time that the engine asked for. The thread parks itself, so that it needs no timer of
    /// the runtime and wakes no other thread.
    fn wait(&mut self, wake: NextWake, arrived: &mut Vec<Mail>) {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        while self
            .mail
            .poll_recv_many(&mut context, arrived, MAX_MAIL)
            .is_pending()
        {
            match wake.0.map(|mono_ms| self.clock.until(mono_ms)) {
                None => std::thread::park(),
                Some(Duration::ZERO) => return,
                Some(left) => std::thread::park_timeout(left),
            }
        }
    }

    /// Turns mail into an input, or executes it. True if it was the last.
    fn take(&mut self, mail: Mail, store: &mut RedbStore) -> bool {
        match mail {
            Mail::Call(call, caller) => {
                let id = self.world.caller(caller);
                self.push(Input::Call(id, call));
            }
            Mail::Carrier(carrier, event) => {
                self.world.note(carrier, &event);
                self.push(Input::Carrier(carrier, event));
            }
            Mail::File(event) => self.push(Input::File(event)),
            Mail::Store(job) => job(store),
            Mail::Stop => return true,
        }
        false
    }

    fn push(&mut self, input: Input) {
        if let Some(recorder) = &mut self.recorder {
            recorder.input(&input);
        }
        self.inputs.push(input);
    }
}

/// Wakes the engine's thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
