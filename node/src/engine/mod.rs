//! The engine: everything a node decides, as pure code driven by one function, `pump`.

pub mod effects;
pub mod input;

pub use effects::Effects;
pub use input::{CallId, Input, Now};
