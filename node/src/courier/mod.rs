//! Couriers: contacts who carry other people's bundles (`docs/PROTOCOL.md` section 12a). Off by default.
//!
//! Pure code without store, keys or contents: it decides who holds which bundle and who gets it. The engine stores
//! the contents, moves them, and opens its own; the simulator's comparison with theory drives thousands of couriers
//! without an engine, through [`meet()`].
//!
//! | what | where |
//! | --- | --- |
//! | the part of a bundle that its carriers can read | [`envelope`] |
//! | what a courier holds, and what it drops first | [`store`] |
//! | who gets a bundle: one trait, one file for each policy | [`policy`], [`policies`] |
//! | the messages of two couriers that meet | [`said`], [`exchange`] |
//! | a meeting that takes no time | [`mod@meet`] |

pub mod envelope;
pub mod exchange;
pub mod meet;
pub mod policies;
pub mod policy;
pub mod said;
pub mod settings;
pub mod store;

mod link;

pub use envelope::{Envelope, Hint, Release, ReleaseHash, Tag};
pub use exchange::{Act, Courier, Whose};
pub use meet::meet;
pub use policies::PolicySettings;
pub use policy::{Offer, Peer, Policy};
pub use said::{Reason, Said};
pub use settings::{Order, Settings, Turns};
pub use store::{Bundles, DropReason, Held};
