//! Links that have died without a word, for example because a cable was pulled (`docs/PROTOCOL.md` section 13). While a
//! message waits for its acknowledgement, or we wait for chunks that we asked for, and the other side is silent, we ask it
//! something; if it stays silent, we end the link. An idle session waits for nothing, so it causes no wake-up here.

use hedgerow_sync::store::{Reader, StorageError};
use hedgerow_transport::carrier::{CarrierKind, LinkId};
use hedgerow_transport::cryptography::Cryptography;

use super::conversations::Conversations;
use super::fact::FactKind;
use super::link::{Link, State};
use super::links::Links;
use super::live::Live;
use super::{Engine, Turn, items};

/// How long a message or a request for chunks waits in silence before we ask the other side something.
const ASK_MS: u64 = 4_000;

/// How long silence may last in all before we end the link.
const SILENCE_MS: u64 = 9_000;

/// A message waits for its acknowledgement, or a request for its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// When we last heard anything, or sent the message or request (monotonic milliseconds).
    since_ms: u64,
    asked: bool,
}

impl Waiting {
    pub fn new(now_ms: u64) -> Waiting {
        Waiting {
            since_ms: now_ms,
            asked: false,
        }
    }

    /// The other side lives. If we had asked, that was the answer. What still waits then waits for something else, and we
    /// do not ask again.
    pub fn heard(self, now_ms: u64) -> Option<Waiting> {
        (!self.asked).then(|| Waiting::new(now_ms))
    }

    /// Bytes still leave, so no answer can have come yet. The bytes of our question do not count.
    pub fn goes_on(&mut self, now_ms: u64) {
        if !self.asked {
            self.since_ms = now_ms;
        }
    }

    fn due_ms(self) -> u64 {
        let pause_ms = match self.asked {
            true => SILENCE_MS,
            false => ASK_MS,
        };
        self.since_ms.saturating_add(pause_ms)
    }
}

/// Whether links of a carrier may die without a word, and are so fast that silence means it. Other carriers notice
/// dead links themselves, if later.
pub(crate) fn is_watched(carrier: CarrierKind, cryptography: Cryptography) -> bool {
    // A simulated network ends its links itself, and delivers a long item in one piece, after a silence.
    carrier == CarrierKind::Lan && matches!(cryptography, Cryptography::Real)
}

impl Conversations {
    /// The other side has acknowledged entries or sent chunks. Ends the wait if nothing waits any more.
    pub(super) fn end_wait(
        &self,
        reader: &dyn Reader,
        live: &mut Live,
    ) -> Result<(), StorageError> {
        if live.waiting.is_some()
            && !live.transfers.awaits_chunks()
            && self.has_all(reader, live.identity, live.device)?
        {
            live.waiting = None;
        }
        Ok(())
    }
}

impl Links {
    /// When the next check for silence is due (monotonic milliseconds).
    pub(super) fn next_silence_ms(&self) -> Option<u64> {
        let waiting = self.by_id.values().filter_map(|link| match &link.state {
            State::Live(live) => live.waiting,
            _ => None,
        });
        waiting.map(Waiting::due_ms).min()
    }
}

impl Engine {
    /// Asks on links that have been silent for too long, and ends those that have not answered.
    pub(super) fn end_silent(&mut self, turn: &mut Turn<'_>) -> Result<(), StorageError> {
        let now_ms = turn.now.mono_ms;
        let question = self
            .owners
            .people
            .fact(&self.owners.account, FactKind::Profile);
        let mut dead = Vec::new();
        // Bytes that have arrived but are not taken in yet may be the acknowledgement.
        let links = self
            .links
            .by_id
            .iter_mut()
            .filter(|(_, link)| !link.is_behind());
        for (id, live) in links.filter_map(with_live) {
            let Some(waiting) = &mut live.waiting else {
                continue;
            };
            if waiting.due_ms() > now_ms {
                continue;
            }
            match (&question, waiting.asked) {
                (Some(fact), false) => {
                    waiting.asked = true;
                    // Every device answers every fact, also one that it holds already.
                    items::say(&mut live.session, items::FACT, fact);
                }
                _ => dead.push(id),
            }
        }
        for id in dead {
            self.link_over(turn, id)?;
        }
        Ok(())
    }
}

pub(super) fn with_live<'l>((id, link): (&LinkId, &'l mut Link)) -> Option<(LinkId, &'l mut Live)> {
    match &mut link.state {
        State::Live(live) => Some((*id, live)),
        _ => None,
    }
}
