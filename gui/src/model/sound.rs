//! Orders to the machine's microphone and loudspeaker, and their reports.

use std::fmt;
use std::sync::Arc;

use hedgerow_node::api::Private;

use super::effect::Ticket;

/// Samples of a voice note: one channel of [`RATE`](hedgerow_node::voice::RATE).
#[derive(Clone)]
pub struct Sound(pub Arc<[i16]>);

/// What is heard in it stays out of logs.
impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sound")
    }
}

/// How fast a voice note plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tempo {
    /// As it was said.
    #[default]
    Said,
    /// One and a half times as fast.
    Faster,
    /// Twice as fast.
    Fastest,
}

impl Tempo {
    /// The one that follows when the user asks for another.
    pub fn next(self) -> Self {
        match self {
            Self::Said => Self::Faster,
            Self::Faster => Self::Fastest,
            Self::Fastest => Self::Said,
        }
    }

    /// How many times as fast.
    pub fn factor(self) -> f32 {
        match self {
            Self::Said => 1.0,
            Self::Faster => 1.5,
            Self::Fastest => 2.0,
        }
    }
}

/// Why nothing is heard or played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silent {
    /// No sound server answers.
    NoServer,
    /// The sound server has no microphone.
    NoMicrophone,
    /// This microphone is switched off in the system.
    Muted(Private),
    /// The sound server has nothing to play on.
    NoLoudspeaker,
    /// The system or the user does not let this program use it.
    Forbidden,
    /// The sound server says something else.
    Refused(Private),
}

/// What the loudspeaker is to do.
#[derive(Debug, Clone)]
pub enum Play {
    /// Play this, and nothing else any more. Reports carry the ticket.
    Begin {
        /// Names this play.
        ticket: Ticket,
        /// What is played.
        sound: Sound,
        /// From there on, in milliseconds from its beginning.
        from_ms: u32,
        /// How fast.
        tempo: Tempo,
    },
    /// Fall silent, until it goes on.
    Pause,
    /// Go on.
    GoOn,
    /// Play from another place, in milliseconds from the beginning.
    Seek(u32),
    /// Play at another tempo.
    At(Tempo),
    /// Play nothing any more.
    Stop,
}

/// What the loudspeaker reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Played {
    /// It plays there, in milliseconds from the beginning.
    Place(u32),
    /// It has played all.
    Ended,
    /// It does not play.
    Silent(Silent),
}

/// What the microphone is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Listen, and compress what is heard into a new file. Reports carry the ticket.
    Begin(Ticket),
    /// Listen no more, until it goes on.
    Pause,
    /// Listen again.
    GoOn,
    /// Listen no more, and end the file.
    End,
    /// Listen no more, and report nothing more.
    Stop,
}

/// Bytes of a recording.
#[derive(Clone, PartialEq, Eq)]
pub struct Part(pub Vec<u8>);

/// What was said stays out of logs.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

/// What the microphone reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// This microphone listens now.
    By(Private),
    /// How loud it was for a tenth of a second, as the root of the mean square of its samples, and for how long it has
    /// listened, in milliseconds.
    Loudness(u16, u32),
    /// The next bytes of the file.
    Part(Part),
    /// The file is complete: it was told to end, or nothing longer can be sent.
    Ended,
    /// It does not listen any more.
    Silent(Silent),
}
