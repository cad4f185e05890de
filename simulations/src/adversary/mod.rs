//! Adversaries, and a figure for the harm that each one does.
//!
//! | adversary | what it does | where |
//! | --- | --- | --- |
//! | black hole | takes every bundle and gives none | [`black_hole`] |
//! | flooder | seals bundles without end | [`flooder`] |
//! | Sybil | has many identities in one place, all of which flood | [`sybil`] |
//! | receipt forger | sends release values that it does not know | [`receipt_forger`] |
//! | replayer | repeats elsewhere what it has heard on the air | [`replayer`] |
//! | tracker | tries to find out that one device sent two things | [`tracker`] |
//!
//! The first four are the product's engine with another courier or other inputs; the replayer is a device without an
//! engine; the tracker is no device and changes nothing. Separate random streams draw which device plays which part, so
//! contacts and workload equal those of the same scenario without adversaries.
//!
//! A run with adversaries that disturb has a twin: the same world with the same parts, drawn but not played. Both
//! have the same honest devices, and `honest_delivery_lost` is the difference of the delivery ratios among those.
//! The ledger of a run gives the other figures. No device finds out an adversary: the product keeps no reputation,
//! so devices meet a hostile contact as before.

pub mod black_hole;
mod cast;
pub mod flooder;
mod ledger;
pub mod receipt_forger;
pub mod replayer;
pub mod sybil;
pub mod tracker;

use std::mem::discriminant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use black_hole::BlackHole;
pub(crate) use cast::{Cast, Part};
pub use flooder::Flooder;
pub(crate) use ledger::Ledger;
pub use receipt_forger::ReceiptForger;
pub use replayer::Replayer;
pub use sybil::Sybil;
pub use tracker::Tracker;

/// An adversary. A scenario may name each kind once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Adversary {
    /// Couriers that take every bundle and give none. Figures: `blackhole_…`.
    BlackHole(BlackHole),
    /// Contacts that seal bundles without end. Figures: `flooder_…`.
    Flooder(Flooder),
    /// Devices with many identities each, all of which flood. Figures: `sybil_…`.
    Sybil(Sybil),
    /// Couriers that send release values that they do not know. Figures: `forger_…`.
    ReceiptForger(ReceiptForger),
    /// Devices that repeat what they have heard on the air. Figures: `replayer_…`.
    Replayer(Replayer),
    /// Hears everything on the air everywhere, and tries to follow devices. Figures: `tracker_…`.
    Tracker(Tracker),
}

impl Adversary {
    /// The share of devices with this part.
    fn share(&self) -> f64 {
        match self {
            Adversary::BlackHole(part) => part.share,
            Adversary::Flooder(part) => part.share,
            Adversary::ReceiptForger(part) => part.share,
            Adversary::Replayer(part) => part.share,
            Adversary::Sybil(part) => part.share,
            Adversary::Tracker(_) => 0.0,
        }
    }

    /// Whether it can make devices lose messages.
    pub(crate) fn disturbs(&self) -> bool {
        !matches!(self, Adversary::Tracker(_))
    }

    fn needs_couriers(&self) -> bool {
        !matches!(self, Adversary::Replayer(_) | Adversary::Tracker(_))
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Adversary::BlackHole(_) => Ok(()),
            Adversary::Flooder(part) => part.check(),
            Adversary::Sybil(part) => part.check(),
            Adversary::ReceiptForger(part) => part.check(),
            Adversary::Replayer(part) => part.check(),
            Adversary::Tracker(_) => Ok(()),
        }
    }
}

/// Other settings of a scenario that adversaries depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub couriers: bool,
    pub real_cryptography: bool,
    pub checkpoints: bool,
}

/// Checks what the types cannot.
///
/// # Errors
/// A sentence that names the contradiction.
pub(crate) fn check(adversaries: &[Adversary], setting: Setting) -> Result<(), String> {
    let mut shares = 0.0;
    for (place, adversary) in adversaries.iter().enumerate() {
        adversary
            .check()
            .map_err(|why| format!("adversaries: {why}"))?;
        if !(0.0..=1.0).contains(&adversary.share()) {
            return Err("adversaries: shares are from 0 to 1".to_owned());
        }
        shares += adversary.share();
        let earlier = &adversaries[..place];
        if earlier
            .iter()
            .any(|other| discriminant(other) == discriminant(adversary))
        {
            return Err("adversaries: each kind may stand there once".to_owned());
        }
        if adversary.needs_couriers() && !setting.couriers {
            return Err("adversaries: this one needs bundles; say in `courier` how".to_owned());
        }
        if matches!(adversary, Adversary::Tracker(_)) && !setting.real_cryptography {
            return Err(
                "adversaries: what sized cryptography sends can be told apart; the tracker \
                 needs cryptography = \"real\""
                    .to_owned(),
            );
        }
    }
    if shares > 1.0 {
        return Err("adversaries: the shares come to more than all devices".to_owned());
    }
    if !adversaries.is_empty() && setting.checkpoints {
        return Err(
            "adversaries: what they know is not kept at checkpoints; take out checkpoint-every-s"
                .to_owned(),
        );
    }
    Ok(())
}

/// Checks the interval of an adversary's action.
fn check_every(every_s: f64) -> Result<(), String> {
    match every_s >= SHORTEST_TURN_S && every_s.is_finite() {
        true => Ok(()),
        false => Err(format!("every-s must be at least {SHORTEST_TURN_S}")),
    }
}

/// Shortest time between two turns of an adversary, in seconds.
const SHORTEST_TURN_S: f64 = 0.001;
