//! Emoji in colour, as pictures.
//!
//! Of Slint's renderers only the one for graphics processors draws coloured fonts. So our fonts of letters leave a gap
//! for each emoji, and every text that people may have written has pictures laid over it: `layout` finds where the gaps
//! are, `font` has the pictures, `drawing` draws one.

mod drawing;
mod font;
mod layout;

pub use drawing::{Picture, alone, over};
pub use layout::{Shape, Spot, forget, spots, within};
