//! Couriers: contacts who carry other people's bundles (`docs/PROTOCOL.md` section 12a). Off unless
//! switched on.
//!
//! Pure code without store, keys or contents: it decides who holds which bundle and who is given it.
//! The engine keeps the contents, moves them and opens what is its own; the simulator's comparison with
//! theory drives thousands of couriers without any engine, by [`meet()`].
//!
//! | what | where |
//! | --- | --- |
//! | what a bundle shows to whoever carries it | [`envelope`] |
//! | what a courier holds, and what it lets go first | [`store`] |
//! | to whom a bundle is given: one trait, one file a policy | [`policy`], [`policies`] |
//! | what two couriers say when they meet | [`said`], [`exchange`] |
//! | a meeting in which everything takes no time | [`mod@meet`] |

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
