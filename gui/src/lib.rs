//! The Hedgerow application: `model` decides, `ui` draws, `bind` copies between them, `node` talks to
//! the node. `ARCHITECTURE.md` draws how.

pub mod bind;
mod dates;
pub mod fonts;
pub mod machine;
pub mod model;
pub mod node;
pub mod pictures;
pub mod ui;

#[cfg(target_os = "android")]
mod android;

#[cfg(not(target_os = "android"))]
pub mod application;
#[cfg(not(target_os = "android"))]
pub mod arguments;
#[cfg(not(target_os = "android"))]
pub mod bench;
#[cfg(not(target_os = "android"))]
pub mod desktop;
