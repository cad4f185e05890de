//! The policies, one file each.

mod direct;
mod epidemic;
mod prophet;
mod spray_and_wait;
mod two_hop;

use serde::{Deserialize, Serialize};

use super::policy::Policy;

macro_rules! policies {
    ($($(#[$doc:meta])* $name:ident: $settings:ty,)*) => {
        /// A policy with its settings.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum PolicySettings {
            $($(#[$doc])* $name($settings),)*
        }

        impl PolicySettings {
            /// The policy in its initial state.
            #[must_use]
            pub fn policy(&self) -> Box<dyn Policy> {
                match self {
                    $(PolicySettings::$name(settings) => Box::new(settings.policy()),)*
                }
            }

            /// # Errors
            /// Settings that contradict each other, in words.
            pub fn check(&self) -> Result<(), String> {
                match self {
                    $(PolicySettings::$name(settings) => settings.check(),)*
                }
            }
        }
    };
}

policies! {
    /// Only the recipient gets a bundle.
    Direct: Direct,
    /// The sender gives a bundle to everybody; they give it only to the recipient.
    TwoHop: TwoHop,
    /// Everybody gets every bundle.
    Epidemic: Epidemic,
    /// A fixed number of copies.
    SprayAndWait: SprayAndWait,
    /// A bundle goes to devices that are likelier to meet the recipient.
    Prophet: Prophet,
}

pub use direct::Direct;
pub use epidemic::Epidemic;
pub use prophet::Prophet;
pub use spray_and_wait::SprayAndWait;
pub use two_hop::TwoHop;

impl Default for PolicySettings {
    fn default() -> Self {
        PolicySettings::SprayAndWait(SprayAndWait::default())
    }
}
