//! The thread that records voice notes, one at a time.

use std::io;
use std::time::Duration;

use hedgerow_node::files::extent::MAX_VOICE_MS;
use hedgerow_node::voice::{HEARD_RATE, Recorder};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use super::Microphone;
use crate::model::{Heard, Part, Record, Silent, Ticket};

/// A microphone that gives nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// Samples of one report of how loud it is: a tenth of a second.
const LOUDNESS: usize = HEARD_RATE as usize / 10;

/// What records voice notes. The microphone is let go of when this is dropped.
pub struct Studio(UnboundedSender<Record>);

impl Studio {
    /// Starts the thread. It asks for a microphone only to record, and reports from there.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(tell: impl Fn(Ticket, Heard) + Send + 'static) -> io::Result<Self> {
        let (orders, todo) = unbounded_channel();
        let runtime = Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new()
            .name("studio".into())
            .spawn(move || runtime.block_on(run(todo, tell)))?;
        Ok(Self(orders))
    }

    /// Has it do something.
    pub fn record(&self, order: Record) {
        // If the thread has panicked, stderr shows it, and nothing is heard any more.
        let _ = self.0.send(order);
    }
}

/// A recording.
struct Session {
    ticket: Ticket,
    microphone: Microphone,
    samples: UnboundedReceiver<Vec<i16>>,
    recorder: Recorder,
    /// The bytes of the file that were not told.
    part: Vec<u8>,
    /// Samples whose loudness was not told.
    rest: Vec<i16>,
    listens: bool,
}

async fn run(mut todo: UnboundedReceiver<Record>, tell: impl Fn(Ticket, Heard)) {
    let mut on: Option<Session> = None;
    loop {
        let order = match &mut on {
            Some(session) if session.listens => tokio::select! {
                biased;
                order = todo.recv() => order,
                heard = session.samples.recv() => {
                    match heard {
                        Some(samples) => session.hear(&samples, &tell),
                        None => session.fail(Silent::NoMicrophone, &tell),
                    }
                    let is_full = session.recorder.duration_ms() >= MAX_VOICE_MS;
                    if is_full && let Some(session) = on.take() {
                        session.end(&tell);
                    }
                    on.take_if(|session| !session.listens);
                    continue;
                }
                () = sleep(PATIENCE) => {
                    session.fail(Silent::NoMicrophone, &tell);
                    on = None;
                    continue;
                }
            },
            _ => todo.recv().await,
        };
        let Some(order) = order else { return };
        match (order, &mut on) {
            (Record::Begin(ticket), _) => {
                // The one before lets go of the microphone first.
                on = None;
                match Session::begin(ticket).await {
                    Ok(session) => {
                        let name = session.microphone.name().clone();
                        tell(ticket, Heard::By(name));
                        on = Some(session);
                    }
                    Err(why) => tell(ticket, Heard::Silent(why)),
                }
            }
            (_, None) => {}
            (Record::Pause, Some(session)) => session.pause(&tell).await,
            (Record::GoOn, Some(session)) => match session.microphone.go_on().await {
                Ok(()) => session.listens = true,
                Err(why) => {
                    session.fail(why, &tell);
                    on = None;
                }
            },
            (Record::End, Some(session)) => {
                session.pause(&tell).await;
                if let Some(session) = on.take() {
                    session.end(&tell);
                }
            }
            (Record::Stop, on) => *on = None,
        }
    }
}

impl Session {
    async fn begin(ticket: Ticket) -> Result<Self, Silent> {
        let (hears, samples) = unbounded_channel();
        let recorder = Recorder::begin().map_err(|_| Silent::NoMicrophone)?;
        let microphone = Microphone::open(move |samples| {
            // Nobody listens any more at the end.
            let _ = hears.send(samples.to_vec());
        });
        Ok(Self {
            ticket,
            microphone: microphone.await?,
            samples,
            recorder,
            part: Vec::new(),
            rest: Vec::new(),
            listens: true,
        })
    }

    fn hear(&mut self, samples: &[i16], tell: &impl Fn(Ticket, Heard)) {
        match self.recorder.hear(samples) {
            Ok(bytes) => self.part.extend(bytes),
            Err(_) => return self.fail(Silent::NoMicrophone, tell),
        }
        self.rest.extend_from_slice(samples);
        let heard_ms = self.recorder.duration_ms();
        let whole = self.rest.len() / LOUDNESS * LOUDNESS;
        for tenth in self.rest.drain(..whole).as_slice().chunks_exact(LOUDNESS) {
            tell(self.ticket, Heard::Loudness(loudness(tenth), heard_ms));
        }
        self.tell_part(tell);
    }

    /// Tells the bytes that are complete, if there are any: those of a second.
    fn tell_part(&mut self, tell: &impl Fn(Ticket, Heard)) {
        if !self.part.is_empty() {
            let part = Part(std::mem::take(&mut self.part));
            tell(self.ticket, Heard::Part(part));
        }
    }

    /// Listens no more for now, and tells all that was heard.
    async fn pause(&mut self, tell: &impl Fn(Ticket, Heard)) {
        if self.listens && self.microphone.pause().await.is_ok() {
            while let Ok(samples) = self.samples.try_recv() {
                self.hear(&samples, tell);
            }
        }
        self.rest_here(tell);
    }

    /// Tells all that was heard so far.
    fn rest_here(&mut self, tell: &impl Fn(Ticket, Heard)) {
        self.listens = false;
        // What an encoder that fails holds back is lost, and nothing before it.
        self.part.extend(self.recorder.pause().unwrap_or_default());
        self.tell_part(tell);
    }

    /// Ends the file.
    fn end(mut self, tell: &impl Fn(Ticket, Heard)) {
        match self.recorder.end() {
            Ok(last) => self.part.extend(last),
            Err(_) => return tell(self.ticket, Heard::Silent(Silent::NoMicrophone)),
        }
        tell(self.ticket, Heard::Part(Part(self.part)));
        tell(self.ticket, Heard::Ended);
    }

    fn fail(&mut self, why: Silent, tell: &impl Fn(Ticket, Heard)) {
        self.rest_here(tell);
        tell(self.ticket, Heard::Silent(why));
    }
}

/// The root of the mean square.
fn loudness(samples: &[i16]) -> u16 {
    let power: f64 = samples.iter().map(|one| f64::from(*one).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt() as u16
}
