//! The samples of a voice note, played from any place at any tempo without another pitch.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use hedgerow_node::voice::RATE;
use wsola::TimeStretch;

use crate::model::Tempo;

/// Samples, and the place where they are played.
#[derive(Debug)]
pub struct Tape {
    samples: Arc<[i16]>,
    /// Samples given to the stretch.
    at: usize,
    /// Samples played, as they were said.
    place: f64,
    tempo: Tempo,
    stretch: TimeStretch,
    /// Stretched and not played.
    ready: Vec<i16>,
}

impl Tape {
    /// Samples of one channel of [`RATE`], to be played from their beginning.
    pub fn new(samples: Arc<[i16]>, tempo: Tempo) -> Tape {
        let (rate, one) = (NonZeroU32::new(RATE), NonZeroU16::MIN);
        let rate = rate.expect("a rate of our own");
        let stretch = TimeStretch::new(rate, one).expect("settings of our own");
        let mut tape = Tape {
            samples,
            at: 0,
            place: 0.0,
            tempo,
            stretch,
            ready: Vec::new(),
        };
        tape.play_at(tempo);
        tape
    }

    /// Plays at another tempo from here on.
    pub fn play_at(&mut self, tempo: Tempo) {
        self.tempo = tempo;
        self.stretch.set_tempo(tempo.factor());
    }

    /// Plays from another place, in milliseconds from the beginning.
    pub fn seek(&mut self, place_ms: u32) {
        let at = u64::from(place_ms) * u64::from(RATE) / 1_000;
        self.at = usize::try_from(at).map_or(self.samples.len(), |at| at.min(self.samples.len()));
        self.place = self.at as f64;
        self.ready.clear();
        self.stretch.reset();
    }

    /// Where it plays, in milliseconds from the beginning.
    pub fn place_ms(&self) -> u32 {
        let place = self.place.min(self.samples.len() as f64);
        (place * 1_000.0 / f64::from(RATE)) as u32
    }

    /// Fills `out` with the next samples. Gives how many there are: fewer at the end, none behind it.
    pub fn read(&mut self, out: &mut [i16]) -> usize {
        while self.ready.len() < out.len() && self.stretch_more() {}
        let length = out.len().min(self.ready.len());
        out[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        self.place += length as f64 * f64::from(self.tempo.factor());
        length
    }

    /// Stretches the next piece; false if there is none.
    fn stretch_more(&mut self) -> bool {
        let piece = self.stretch.min_output_buff_size();
        let end = (self.at + 4 * piece).min(self.samples.len());
        let next: Vec<f32> = self.samples[self.at..end]
            .iter()
            .map(|one| f32::from(*one))
            .collect();
        self.at = end;
        self.stretch.push(&next);
        if next.is_empty() && !self.stretch.is_draining() {
            self.stretch.set_draining();
        }
        let mut stretched = vec![0.0; 4 * piece];
        match self.stretch.pull(&mut stretched) {
            Ok(length) => {
                let rounded = stretched[..length].iter().map(|one| one.round() as i16);
                self.ready.extend(rounded);
                true
            }
            // It wants more than a piece before it gives anything.
            Err(_) => !next.is_empty(),
        }
    }
}
