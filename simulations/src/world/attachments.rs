//! Which texts go with a file, how long the files are, and who asks for them.

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

fn all() -> f64 {
    1.0
}

/// The file of one text.
pub(super) struct Attached {
    /// Its length.
    pub bytes: u64,
    /// Words go with it.
    pub has_caption: bool,
    /// How long after its message the reader asks for it, if it has not come by then.
    pub ask_us: Option<u64>,
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
        let drawn = self.sizes.iter().find(|size| {
            left -= size.weight;
            left < 0.0
        });
        // What rounding leaves over belongs to the last.
        let size = drawn.or(self.sizes.last()).filter(|_| has_file)?;
        let span = (size.longest - size.shortest + 1) as f64;
        Some(Attached {
            bytes: size.shortest + (within * span) as u64,
            has_caption,
            ask_us,
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
        match self.asks {
            Some(asks) => asks.check("asks for files", of, window_s),
            None => Ok(()),
        }
    }
}
