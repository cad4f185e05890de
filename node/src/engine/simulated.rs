//! Only engines of simulations accept ghosts: bytes that a bundle stands for beside its own.
//!
//! The product is built without the feature `simulation`. But Cargo may switch it on for every program that is built
//! together with the simulator. So a simulation must also [tell](Engine::simulate) each of its engines.

#[cfg(feature = "simulation")]
use super::Engine;
use super::Owners;

#[cfg(feature = "simulation")]
impl Engine {
    /// Accepts ghosts and loads from now on. Call it right after you have made or opened the engine.
    pub fn simulate(&mut self) {
        self.owners.simulates = true;
    }
}

impl Owners {
    /// Whether this engine accepts ghosts and loads.
    #[cfg(feature = "simulation")]
    pub(super) fn simulates(&self) -> bool {
        self.simulates
    }

    /// Whether this engine accepts ghosts and loads.
    #[cfg(not(feature = "simulation"))]
    pub(super) fn simulates(&self) -> bool {
        false
    }
}
