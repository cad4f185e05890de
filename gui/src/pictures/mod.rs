//! Emoji in colour, as pictures.
//!
//! Only Slint's renderer for graphics processors draws coloured fonts. So our fonts of letters leave a gap for each
//! emoji, and we lay pictures over every text that people may have written: `layout` finds the gaps, `font` has the
//! pictures, `drawing` draws them.

mod drawing;
mod font;
mod layout;

pub use drawing::{Picture, alone, over};
pub use layout::{Caret, Shape, Spot, caret, forget, spots, within};
