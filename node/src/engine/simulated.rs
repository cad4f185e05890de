//! What simulated engines take and no other does: ghosts, bytes that a bundle stands for beyond its own.
//!
//! The product is built without the feature `simulation`. Cargo may still switch it on for a program that is built
//! together with the simulator, so each engine of a simulation has to be [told](Engine::simulate) as well.

#[cfg(feature = "simulation")]
use super::Engine;
use super::Owners;

#[cfg(feature = "simulation")]
impl Engine {
    /// Takes ghosts and loads from now on. To be called right after the engine was made or opened.
    pub fn simulate(&mut self) {
        self.owners.simulates = true;
    }
}

impl Owners {
    /// Whether ghosts and loads exist here.
    #[cfg(feature = "simulation")]
    pub(super) fn simulates(&self) -> bool {
        self.simulates
    }

    /// Whether ghosts and loads exist here.
    #[cfg(not(feature = "simulation"))]
    pub(super) fn simulates(&self) -> bool {
        false
    }
}
