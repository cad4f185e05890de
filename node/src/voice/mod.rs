//! Voice notes: sound in Opus in a file of Ogg (RFC 7845), as `docs/PROTOCOL.md` section 18 has it.
//!
//! A [`Recorder`] makes such a file of what a microphone hears. What comes from elsewhere is read only by the process that decodes
//! (see [`pictures`](crate::pictures)): [`anew`] makes a voice note of any file of this kind, and [`samples`] are what
//! it sounds like.

mod anew;
mod reading;
mod recorder;
mod sound;
mod writing;

pub use anew::{Anew, anew};
pub use recorder::{HEARD_RATE, Recorder};
pub use sound::{RATE, samples};
pub use writing::{Head, Writer};
