//! Hearing and playing voice notes, by the sound server of the desktop: PipeWire or PulseAudio, over its socket.

mod loudspeaker;
mod microphone;
mod tape;

use std::ffi::CStr;

use pulseaudio::protocol::PulseError;
use pulseaudio::{Client, ClientError};

pub use loudspeaker::Loudspeaker;
pub use microphone::Microphone;
pub use tape::{Tape, Tempo};

/// What the sound server shows beside our streams.
const NAME: &CStr = c"Hedgerow";

/// Why nothing is heard or played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silent {
    /// No sound server answers.
    NoServer,
    /// The sound server has no microphone.
    NoMicrophone,
    /// The sound server has nothing to play on.
    NoLoudspeaker,
    /// The system or the user does not let this program use it.
    Forbidden,
    /// The sound server says something else.
    Refused(String),
}

fn connect() -> Result<Client, Silent> {
    Client::from_env(NAME).map_err(|error| match error {
        ClientError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => {
            Silent::Forbidden
        }
        _ => Silent::NoServer,
    })
}

/// What a refusal means where `missing` is what there may be none of.
fn refused(error: &ClientError, missing: &Silent) -> Silent {
    match error {
        ClientError::ServerError(PulseError::NoEntity) => missing.clone(),
        ClientError::ServerError(PulseError::AccessDenied) => Silent::Forbidden,
        ClientError::Disconnected | ClientError::Io(_) => Silent::NoServer,
        error => Silent::Refused(error.to_string()),
    }
}
