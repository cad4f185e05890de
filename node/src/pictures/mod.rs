//! Pictures are decoded in a process of their own (docs/PROTOCOL.md section 17), because a decoder is the part of a
//! messenger that a hostile file attacks first.
//!
//! ```text
//! Decoder (parent)          Order, as arguments          child: this program, executed again
//!    │  ───────────────────────────────────────────────▶  │ enters its sandbox
//!    │  ══ the source, through stdin ══════════════════▶  │ decodes, turns, scales, encodes
//!    │  ◀═ an Answer, through stdout ═══════════════════  │ ends
//!    └─ kills it at the deadline
//! ```
//!
//! The child is a fresh `exec` with an empty environment and two pipes: no key, no store and no socket is in its
//! memory. Each process decodes one picture, so a picture that takes its decoder over meets no other picture. The parent
//! believes nothing that it answers beyond the bounds of the order.
//!
//! | what | where |
//! | --- | --- |
//! | what a file is, by its first bytes | `kind` |
//! | what a picture carries beside its pixels | `metadata` |
//! | what the parent asks, and the child answers | `order`, `answer` |
//! | the parent | `decoder` |
//! | the child | `child`: decoding in `decoding`, new files in `encoding` |
//! | what the child can no longer do | `sandbox` |

mod answer;
mod child;
mod decoder;
mod decoding;
mod encoding;
mod fault;
mod kind;
mod limits;
mod metadata;
mod order;
mod sandbox;
#[cfg(feature = "simulation")]
mod trial;

pub use answer::{Answer, Look, Pixels, Prepared};
pub use child::{ARGUMENT, child};
pub use decoder::{DECODERS, Decoder};
pub use encoding::{MAX_PREVIEW, PREVIEW_SIDE};
pub use fault::{Fault, Refusal};
pub use kind::{HEAD_BYTES, Kind, kind_of};
pub use limits::Limits;
pub use metadata::{Found, Metadata, scan};
pub use order::{Order, Size, Task};
pub use sandbox::{Layers, Sandbox};
#[cfg(feature = "simulation")]
pub use trial::Trial;
