//! What the child answers. Numbers are big-endian; the longest part stands last:
//!
//! ```text
//! 0  refusal 1
//! 1  kind 1 ‖ look ‖ the new file, to the end
//! 2  look
//! 3  width u32 ‖ height u32 ‖ rgba, to the end
//! 4  sandbox 1
//! 5  tried 1                                              (tests alone)
//! 6  milliseconds u32 ‖ waveform 64 ‖ the new file, to the end
//! 7  samples i16, to the end
//! look = width u32 ‖ height u32 ‖ metadata 1 ‖ length u16 ‖ preview
//! ```

use std::io::{self, Read, Write};

use super::{Kind, Limits, MAX_PREVIEW, Metadata, Order, Refusal, Sandbox, Task, kind_of};
use crate::api::Voice;
use crate::files::extent::BARS;
use crate::voice::Anew;

/// What a look at a picture gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Columns of pixels, as people see the picture.
    pub width: u32,
    /// Rows of pixels, as people see the picture.
    pub height: u32,
    /// What the source carries beside its pixels.
    pub carries: Vec<Metadata>,
    /// A JPEG of at most [`MAX_PREVIEW`] bytes without metadata, its longest side at most
    /// [`PREVIEW_SIDE`](super::PREVIEW_SIDE).
    pub preview: Vec<u8>,
}

/// A picture encoded anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The new file: pixels, and nothing of what [`Look::carries`] lists.
    pub bytes: Vec<u8>,
    /// What the new file is. A lossy WebP without transparency becomes a JPEG.
    pub kind: Kind,
    /// The picture.
    pub look: Look,
}

/// Pixels to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, row by row, in sRGB, not premultiplied.
    pub rgba: Vec<u8>,
}

/// What the child answers to an [`Order`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To any task with a source.
    Refused(Refusal),
    /// To [`Task::Prepare`].
    Prepared(Prepared),
    /// To [`Task::Look`].
    Look(Look),
    /// To [`Task::Show`].
    Pixels(Pixels),
    /// To [`Task::Voice`].
    Voice(Anew),
    /// To [`Task::Play`]: one channel of [`RATE`](crate::voice::RATE).
    Samples(Vec<i16>),
    /// To [`Task::Probe`].
    Sandbox(Sandbox),
    /// To [`Task::Try`]: whether it succeeded.
    #[cfg(feature = "simulation")]
    Tried(bool),
}

impl Answer {
    /// Writes the answer.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Refused(refusal) => to.write_all(&[0, *refusal as u8]),
            Self::Prepared(Prepared { bytes, kind, look }) => {
                to.write_all(&[1, *kind as u8])?;
                write_look(look, to)?;
                to.write_all(bytes)
            }
            Self::Look(look) => {
                to.write_all(&[2])?;
                write_look(look, to)
            }
            Self::Pixels(pixels) => {
                to.write_all(&[3])?;
                to.write_all(&pixels.width.to_be_bytes())?;
                to.write_all(&pixels.height.to_be_bytes())?;
                to.write_all(&pixels.rgba)
            }
            Self::Sandbox(sandbox) => to.write_all(&[4, sandbox.bits()]),
            Self::Voice(Anew { voice, bytes }) => {
                to.write_all(&[6])?;
                to.write_all(&voice.duration_ms.to_be_bytes())?;
                to.write_all(&voice.waveform)?;
                to.write_all(bytes)
            }
            Self::Samples(samples) => {
                to.write_all(&[7])?;
                let bytes: Vec<u8> = samples.iter().copied().flat_map(i16::to_be_bytes).collect();
                to.write_all(&bytes)
            }
            #[cfg(feature = "simulation")]
            Self::Tried(succeeded) => to.write_all(&[5, u8::from(*succeeded)]),
        }
    }

    /// Reads the whole answer to `order`. `None` if it is none, or beyond the bounds of the order: what comes from the
    /// child may come from the picture.
    pub fn read(from: &mut impl Read, order: &Order) -> Option<Answer> {
        let Order { task, limits } = order;
        let answer = match (byte(from)?, task) {
            (0, Task::Prepare | Task::Look | Task::Show(_) | Task::Voice | Task::Play) => {
                let code = byte(from)?;
                let refusal = Refusal::ALL.into_iter().find(|one| *one as u8 == code)?;
                Self::Refused(refusal)
            }
            (1, Task::Prepare) => {
                let code = byte(from)?;
                let kinds = [Kind::Jpeg, Kind::Png, Kind::Webp];
                let kind = kinds.into_iter().find(|one| *one as u8 == code)?;
                let look = read_look(from, limits)?;
                let bytes = rest(from, limits.answer_bytes)?;
                if kind_of(&bytes) != kind {
                    return None;
                }
                Self::Prepared(Prepared { bytes, kind, look })
            }
            (2, Task::Look) => Self::Look(read_look(from, limits)?),
            (3, Task::Show(size)) => {
                let (width, height) = (number(from)?, number(from)?);
                if !(1..=size.width).contains(&width) || !(1..=size.height).contains(&height) {
                    return None;
                }
                let length = u64::from(width) * u64::from(height) * 4;
                let rgba = rest(from, length.min(limits.answer_bytes))?;
                if rgba.len() as u64 != length {
                    return None;
                }
                Self::Pixels(Pixels {
                    width,
                    height,
                    rgba,
                })
            }
            (4, Task::Probe) => Self::Sandbox(Sandbox::from_bits(byte(from)?)),
            (6, Task::Voice) => {
                let duration_ms = number(from)?;
                let waveform = array::<BARS>(from)?.to_vec();
                let bytes = rest(from, limits.answer_bytes)?;
                let most = limits.sound.as_millis();
                if !(1..=most).contains(&u128::from(duration_ms)) || !bytes.starts_with(b"OggS") {
                    return None;
                }
                let voice = Voice {
                    duration_ms,
                    waveform,
                };
                Self::Voice(Anew { voice, bytes })
            }
            (7, Task::Play) => {
                let bytes = rest(from, limits.answer_bytes)?;
                let (samples, []) = bytes.as_chunks::<2>() else {
                    return None;
                };
                Self::Samples(samples.iter().copied().map(i16::from_be_bytes).collect())
            }
            #[cfg(feature = "simulation")]
            (5, Task::Try(..)) => Self::Tried(byte(from)? == 1),
            _ => return None,
        };
        rest(from, 0)?;
        Some(answer)
    }
}

fn write_look(look: &Look, to: &mut impl Write) -> io::Result<()> {
    to.write_all(&look.width.to_be_bytes())?;
    to.write_all(&look.height.to_be_bytes())?;
    to.write_all(&[Metadata::bits(&look.carries)])?;
    to.write_all(&(look.preview.len() as u16).to_be_bytes())?;
    to.write_all(&look.preview)
}

fn read_look(from: &mut impl Read, limits: &Limits) -> Option<Look> {
    let (width, height) = (number(from)?, number(from)?);
    let pixels = u64::from(width) * u64::from(height);
    let carries = Metadata::from_bits(byte(from)?);
    let length = u16::from_be_bytes(array(from)?);
    if !(1..=limits.pixels).contains(&pixels) || usize::from(length) > MAX_PREVIEW {
        return None;
    }
    let mut preview = vec![0; usize::from(length)];
    from.read_exact(&mut preview).ok()?;
    (kind_of(&preview) == Kind::Jpeg).then_some(Look {
        width,
        height,
        carries,
        preview,
    })
}

/// Everything up to the end; `None` if that is more than `most`.
fn rest(from: &mut impl Read, most: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .ok()?;
    (bytes.len() as u64 <= most).then_some(bytes)
}

fn byte(from: &mut impl Read) -> Option<u8> {
    array(from).map(|[byte]| byte)
}

fn number(from: &mut impl Read) -> Option<u32> {
    array(from).map(u32::from_be_bytes)
}

fn array<const N: usize>(from: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
