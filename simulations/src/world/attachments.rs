//! Which texts go with a file, how long the files are, who asks for them, and who takes them back.

use hedgerow_node::files::extent::MAX_FILE;
use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::workload::{Afterwards, Choice};
use crate::rng;

/// Files that go with texts. Acquaintances are not verified: of their files those of up to 1 MiB load by themselves, over
/// Bluetooth those of up to 256 KiB, and readers may ask for others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attachments {
    /// The share of texts that go with a file.
    pub share: f64,
    /// How long files are: in one of these ranges, drawn by their weights.
    pub sizes: Vec<FileSize>,
    /// The share of files that go with words; others go without any.
    #[serde(default = "all")]
    pub captions: f64,
    /// Whether readers ask for files of which nothing is there so long after their message; without it nobody does.
    #[serde(default)]
    pub asks: Option<Afterwards>,
    /// Whether authors take files back that have not come whole so long after their message; without it nobody does.
    #[serde(default)]
    pub cancels: Option<Afterwards>,
    /// Whether some are voice notes, which go without words; without it none is.
    #[serde(default)]
    pub voice: Option<VoiceNotes>,
}

/// Voice notes among files. They are as long as the product makes them, and go with their waveform.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VoiceNotes {
    /// The share of files that are voice notes.
    pub share: f64,
    /// The shortest and the longest in seconds, up to 900, drawn evenly.
    pub seconds: [f64; 2],
}

/// Lengths of files, drawn evenly between two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileSize {
    /// How often files are in this range, compared with the others.
    #[serde(default = "all")]
    pub weight: f64,
    /// The shortest, in bytes.
    pub shortest: u64,
    /// The longest, in bytes: at most 2 GiB.
    pub longest: u64,
}

/// What a second of a voice note takes in its file, in bytes: Opus at the product's bit rate in pages of Ogg.
const VOICE_BYTES_S: f64 = 3_100.0;

/// The longest voice note that the product records, in seconds.
const MAX_VOICE_S: f64 = 900.0;

fn all() -> f64 {
    1.0
}

/// The file of one text.
pub(super) struct Attached {
    /// Its length.
    pub bytes: u64,
    /// Words go with it.
    pub has_caption: bool,
    /// How long it plays if it is a voice note, in milliseconds.
    pub voice_ms: Option<u32>,
    /// How long after its message the reader asks for it, if it has not come by then.
    pub ask_us: Option<u64>,
    /// How long after its message the author takes it back, if it has not come whole by then.
    pub cancel_us: Option<u64>,
}

impl Attachments {
    /// The file of the next text, if it has one. All is drawn for every text, so that a larger share adds to the files and
    /// changes none.
    pub(super) fn draw(&self, rng: &mut ChaCha20Rng) -> Option<Attached> {
        let has_file = rng::unit(rng) < self.share;
        let mut left = rng::unit(rng) * self.sizes.iter().map(|size| size.weight).sum::<f64>();
        let within = rng::unit(rng);
        let has_caption = rng::unit(rng) < self.captions;
        let ask_us = self.asks.and_then(|asks| asks.draw_us(rng));
        let cancel_us = self.cancels.and_then(|cancels| cancels.draw_us(rng));
        let seconds = self.voice.and_then(|voice| voice.draw_s(rng));
        let drawn = self.sizes.iter().find(|size| {
            left -= size.weight;
            left < 0.0
        });
        // What rounding leaves over belongs to the last.
        let size = drawn.or(self.sizes.last()).filter(|_| has_file)?;
        let span = (size.longest - size.shortest + 1) as f64;
        Some(Attached {
            bytes: match seconds {
                Some(seconds) => (seconds * VOICE_BYTES_S) as u64,
                None => size.shortest + (within * span) as u64,
            },
            has_caption: has_caption && seconds.is_none(),
            voice_ms: seconds.map(|seconds| (seconds * 1_000.0) as u32),
            ask_us,
            cancel_us,
        })
    }

    /// Checks what the types cannot, in a workload of these in a world with windows of this length.
    pub(super) fn check(&self, of: Choice, window_s: f64) -> Result<(), String> {
        if of == Choice::Loads {
            return Err("workload: no files go with loads; choose texts".to_owned());
        }
        for (what, share) in [("files", self.share), ("captions", self.captions)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("workload: the share of {what} must be from 0 to 1"));
            }
        }
        if self.sizes.is_empty() {
            return Err("workload: the sizes of files must name at least one range".to_owned());
        }
        for size in &self.sizes {
            if size.shortest > size.longest {
                return Err(
                    "workload: sizes of files go from the shortest to the longest".to_owned(),
                );
            }
            if size.longest > MAX_FILE {
                return Err(format!("workload: files have at most {MAX_FILE} bytes"));
            }
            if !(size.weight > 0.0 && size.weight.is_finite()) {
                return Err("workload: the weight of a size of files must be above 0".to_owned());
            }
        }
        for (what, afterwards) in [
            ("asks for files", self.asks),
            ("cancels of files", self.cancels),
        ] {
            if let Some(afterwards) = afterwards {
                afterwards.check(what, of, window_s)?;
            }
        }
        self.voice.map_or(Ok(()), VoiceNotes::check)
    }
}

impl VoiceNotes {
    /// How long the next file plays in seconds, if it is a voice note.
    fn draw_s(self, rng: &mut ChaCha20Rng) -> Option<f64> {
        let [shortest, longest] = self.seconds;
        let is_one = rng::unit(rng) < self.share;
        let seconds = rng::between(rng, shortest, longest);
        is_one.then_some(seconds)
    }

    fn check(self) -> Result<(), String> {
        let [shortest, longest] = self.seconds;
        if !(0.0..=1.0).contains(&self.share) {
            return Err("workload: the share of voice notes must be from 0 to 1".to_owned());
        }
        if !(longest <= MAX_VOICE_S && 0.0 < shortest && shortest <= longest) {
            return Err(format!(
                "workload: voice notes go from the shortest to the longest, which has at most {MAX_VOICE_S} seconds"
            ));
        }
        Ok(())
    }
}
