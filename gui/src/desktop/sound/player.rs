//! The thread that plays voice notes, one at a time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use super::{Loudspeaker, Tape};
use crate::model::{Play, Played, Silent, Ticket};

/// How long the player waits before it reports its place again.
const STEP: Duration = Duration::from_millis(100);

/// What plays voice notes. It falls silent when this is dropped.
pub struct Player(UnboundedSender<Play>);

impl Player {
    /// Starts the thread. It asks for a loudspeaker only to play, and reports from there.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(tell: impl Fn(Ticket, Played) + Send + 'static) -> io::Result<Self> {
        let (orders, todo) = unbounded_channel();
        let runtime = Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new()
            .name("player".into())
            .spawn(move || runtime.block_on(run(todo, tell)))?;
        Ok(Self(orders))
    }

    /// Has it do something.
    pub fn play(&self, order: Play) {
        // If the thread has panicked, stderr shows it, and nothing plays any more.
        let _ = self.0.send(order);
    }
}

/// What plays now.
struct On {
    ticket: Ticket,
    loudspeaker: Loudspeaker,
    place_ms: u32,
    end: Pin<Box<dyn Future<Output = Result<(), Silent>> + Send>>,
}

async fn run(mut todo: UnboundedReceiver<Play>, tell: impl Fn(Ticket, Played)) {
    let mut on: Option<On> = None;
    loop {
        let order = match &mut on {
            None => todo.recv().await,
            Some(playing) => tokio::select! {
                biased;
                order = todo.recv() => order,
                ended = &mut playing.end => {
                    tell(playing.ticket, ended.map_or_else(Played::Silent, |()| Played::Ended));
                    on = None;
                    continue;
                }
                () = sleep(STEP) => {
                    let place_ms = playing.loudspeaker.place_ms();
                    if place_ms != playing.place_ms {
                        playing.place_ms = place_ms;
                        tell(playing.ticket, Played::Place(place_ms));
                    }
                    continue;
                }
            },
        };
        let Some(order) = order else { return };
        let ticket = match &order {
            Play::Begin { ticket, .. } => Some(*ticket),
            _ => on.as_ref().map(|on| on.ticket),
        };
        if let Err(why) = obey(order, &mut on).await
            && let Some(ticket) = ticket
        {
            on = None;
            tell(ticket, Played::Silent(why));
        }
    }
}

async fn obey(order: Play, on: &mut Option<On>) -> Result<(), Silent> {
    match (order, on) {
        (
            Play::Begin {
                ticket,
                sound,
                from_ms,
                tempo,
            },
            on,
        ) => {
            *on = None;
            let mut tape = Tape::new(Arc::clone(&sound.0), tempo);
            tape.seek(from_ms);
            let loudspeaker = Loudspeaker::play(tape).await?;
            let waiting = loudspeaker.clone();
            *on = Some(On {
                ticket,
                loudspeaker,
                place_ms: from_ms,
                end: Box::pin(async move { waiting.ended().await }),
            });
        }
        (Play::Stop, on) => *on = None,
        (_, None) => {}
        (Play::Pause, Some(on)) => on.loudspeaker.pause().await?,
        (Play::GoOn, Some(on)) => on.loudspeaker.go_on().await?,
        (Play::Seek(place_ms), Some(on)) => on.loudspeaker.seek(place_ms),
        (Play::At(tempo), Some(on)) => on.loudspeaker.play_at(tempo),
    }
    Ok(())
}
