//! The default loudspeaker of the desktop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hedgerow_node::voice::RATE;
use pulseaudio::protocol::{
    ChannelMap, DEFAULT_SINK, PlaybackStreamParams, SampleFormat, SampleSpec, stream,
};
use pulseaudio::{AsPlaybackSource, Client, PlaybackStream};

use super::{Tape, connect, refused};
use crate::model::{Silent, Tempo};

/// Bytes of a fifth of a second: how much the server has ahead, and so how long another tempo takes to be heard.
const AHEAD: u32 = RATE / 5 * 2;

/// A loudspeaker that plays a tape. It falls silent when this and its clones are dropped.
#[derive(Debug, Clone)]
pub struct Loudspeaker {
    tape: Arc<Mutex<Tape>>,
    stream: PlaybackStream,
    _client: Client,
}

impl Loudspeaker {
    /// Begins to play.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn play(tape: Tape) -> Result<Loudspeaker, Silent> {
        let client = connect()?;
        let params = PlaybackStreamParams {
            sink_name: Some(DEFAULT_SINK.to_owned()),
            sample_spec: SampleSpec {
                format: SampleFormat::S16Le,
                channels: 1,
                sample_rate: RATE,
            },
            channel_map: ChannelMap::mono(),
            buffer_attr: stream::BufferAttr {
                target_length: AHEAD,
                ..Default::default()
            },
            ..Default::default()
        };
        let tape = Arc::new(Mutex::new(tape));
        let played = tape.clone();
        let give = move |bytes: &mut [u8]| {
            let mut samples = vec![0; bytes.len() / 2];
            let length = locked(&played).read(&mut samples);
            let (places, _) = bytes.as_chunks_mut::<2>();
            for (place, sample) in places.iter_mut().zip(&samples[..length]) {
                *place = sample.to_le_bytes();
            }
            2 * length
        };
        let stream = client
            .create_playback_stream(params, give.as_playback_source())
            .await
            .map_err(|error| refused(&error, &Silent::NoLoudspeaker))?;
        Ok(Loudspeaker {
            tape,
            stream,
            _client: client,
        })
    }

    /// Waits until all of it was played.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn ended(&self) -> Result<(), Silent> {
        let played = self.stream.play_all().await;
        played.map_err(|error| refused(&error, &Silent::NoLoudspeaker))
    }

    /// Where it plays, in milliseconds from the beginning: what the server has ahead is not counted apart.
    pub fn place_ms(&self) -> u32 {
        locked(&self.tape).place_ms()
    }

    /// Plays at another tempo.
    pub fn play_at(&self, tempo: Tempo) {
        locked(&self.tape).play_at(tempo);
    }

    /// Plays from another place, in milliseconds from the beginning.
    pub fn seek(&self, place_ms: u32) {
        locked(&self.tape).seek(place_ms);
    }

    /// Falls silent, until it goes on.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn pause(&self) -> Result<(), Silent> {
        let paused = self.stream.cork().await;
        paused.map_err(|error| refused(&error, &Silent::NoLoudspeaker))
    }

    /// Plays on.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn go_on(&self) -> Result<(), Silent> {
        let going = self.stream.uncork().await;
        going.map_err(|error| refused(&error, &Silent::NoLoudspeaker))
    }
}

fn locked(tape: &Mutex<Tape>) -> MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}
