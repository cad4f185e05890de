//! The default microphone of the desktop.

use hedgerow_node::api::{Private, visible};
use hedgerow_node::voice::HEARD_RATE;
use pulseaudio::protocol::{
    ChannelMap, DEFAULT_SOURCE, RecordStreamParams, SampleFormat, SampleSpec, stream,
};
use pulseaudio::{Client, RecordStream};

use super::{connect, refused};
use crate::model::Silent;

/// Bytes of a tenth of a second: how much the server gathers before it gives it.
const FRAGMENT: u32 = HEARD_RATE / 10 * 2;

/// A microphone that listens. It no longer does when this is dropped.
#[derive(Debug)]
pub struct Microphone {
    name: Private,
    stream: RecordStream,
    _client: Client,
}

impl Microphone {
    /// Listens to the default microphone. `heard` gets its samples as they come: one channel of [`HEARD_RATE`].
    ///
    /// # Errors
    /// See [`Silent`]. What a loudspeaker plays is no microphone, though a server may offer to record it.
    pub async fn open(
        mut heard: impl FnMut(&[i16]) + Send + 'static,
    ) -> Result<Microphone, Silent> {
        let client = connect()?;
        let source = client.source_info_by_name(DEFAULT_SOURCE.to_owned()).await;
        let source = source.map_err(|error| refused(&error, &Silent::NoMicrophone))?;
        if source.monitor_of_sink_index.is_some() {
            return Err(Silent::NoMicrophone);
        }
        let name = source.description.unwrap_or(source.name);
        let name = visible::label(&name.to_string_lossy()).unwrap_or_default();
        if source.muted {
            return Err(Silent::Muted(Private(name)));
        }
        let params = RecordStreamParams {
            source_index: Some(source.index),
            sample_spec: SampleSpec {
                format: SampleFormat::S16Le,
                channels: 1,
                sample_rate: HEARD_RATE,
            },
            channel_map: ChannelMap::mono(),
            buffer_attr: stream::BufferAttr {
                fragment_size: FRAGMENT,
                ..Default::default()
            },
            ..Default::default()
        };
        let take = move |bytes: &[u8]| {
            // The server gives whole samples.
            let (samples, _) = bytes.as_chunks::<2>();
            let samples: Vec<i16> = samples.iter().copied().map(i16::from_le_bytes).collect();
            heard(&samples);
        };
        let stream = client.create_record_stream(params, take).await;
        let stream = stream.map_err(|error| refused(&error, &Silent::NoMicrophone))?;
        Ok(Microphone {
            name: Private(name),
            stream,
            _client: client,
        })
    }

    /// What the desktop calls it.
    pub fn name(&self) -> &Private {
        &self.name
    }

    /// Listens no more, until it goes on.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn pause(&self) -> Result<(), Silent> {
        let paused = self.stream.cork().await;
        paused.map_err(|error| refused(&error, &Silent::NoMicrophone))
    }

    /// Listens again.
    ///
    /// # Errors
    /// See [`Silent`].
    pub async fn go_on(&self) -> Result<(), Silent> {
        let going = self.stream.uncork().await;
        going.map_err(|error| refused(&error, &Silent::NoMicrophone))
    }
}
