//! Pictures are decoded in a process of their own (docs/PROTOCOL.md section 17).

mod encoded_anew;
pub mod files;
mod hostile;
mod kinds;
mod previews;
mod sandboxed;

use hedgerow_node::pictures::{Decoder, Limits};

/// Decodes by the program under test.
fn decoder() -> Decoder {
    Decoder::at(env!("CARGO_BIN_EXE_hedgerow"))
}

const PICTURE: Limits = Limits::PICTURE;
