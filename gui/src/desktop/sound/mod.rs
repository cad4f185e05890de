//! Hearing and playing voice notes, by the sound server of the desktop: PipeWire or PulseAudio, over its socket.

mod loudspeaker;
mod microphone;
mod player;
mod studio;
mod tape;

use std::ffi::CStr;

use hedgerow_node::api::Private;
use pulseaudio::protocol::PulseError;
use pulseaudio::{Client, ClientError};

use crate::model::Silent;

pub use loudspeaker::Loudspeaker;
pub use microphone::Microphone;
pub use player::Player;
pub use studio::Studio;
pub use tape::Tape;

/// What the sound server shows beside our streams.
const NAME: &CStr = c"Hedgerow";

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
        error => Silent::Refused(Private(error.to_string())),
    }
}
