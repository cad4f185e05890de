//! Emoji in colour, as pictures.
//!
//! Slint sets emoji with our font, which has no outlines for them but coloured layers: its renderer for graphics
//! processors draws these, the one in software leaves a gap. So every text that people write has its pictures laid
//! over it: `font` is where they come from, `layout` finds where the gaps are, `drawing` draws one.

mod drawing;
mod font;
mod layout;

pub use drawing::{Picture, alone, over};
pub use font::font;
pub use layout::{Shape, forget, within};
