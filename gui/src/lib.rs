//! The Hedgerow application: `model` decides, `ui` draws, `bind` copies between them, `node` talks to
//! the node. `ARCHITECTURE.md` draws how.

pub mod application;
pub mod arguments;
pub mod bench;
pub mod bind;
pub mod desktop;
pub mod fonts;
pub mod languages;
pub mod model;
pub mod node;
pub mod ui;
