//! The Hedgerow application: `model` decides, `ui` draws, `bind` copies between them, `node` talks to
//! the node. `ARCHITECTURE.md` draws how.

pub mod bind;
pub mod fonts;
pub mod languages;
pub mod machine;
pub mod model;
pub mod node;
pub mod ui;

pub mod application;
pub mod arguments;
pub mod bench;
pub mod desktop;
