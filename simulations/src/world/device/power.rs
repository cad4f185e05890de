//! What a device uses, and what is left of its battery.

use super::Device;
use crate::radio::Battery;
use crate::world::Shared;

impl Device {
    /// It runs on this battery, filled so far.
    pub fn set_battery(&mut self, battery: &Battery, filled: f64) {
        self.battery_j = battery.capacity_j * filled;
        self.base_w = battery.base_w;
    }

    pub(super) fn power(&mut self, at_us: u64, shared: &Shared) {
        for (number, (radio, meter)) in shared.radios.iter().zip(&mut self.meters).enumerate() {
            let energy = &radio.energy;
            let links = self
                .links
                .values()
                .filter(|end| usize::from(end.radio) == number)
                .count();
            let power_w = match self.running.is_some() {
                true => {
                    energy.sleep_w
                        + energy.scan_w
                        + energy.advertise_w
                        + energy.connected_w * links as f64
                }
                false => 0.0,
            };
            meter.set_power(at_us, power_w);
        }
        if let Some(own) = self.meters.last_mut() {
            let power_w = match self.running.is_some() {
                true => self.base_w,
                false => 0.0,
            };
            own.set_power(at_us, power_w);
        }
    }

    pub(super) fn spent(&self, at_us: u64) -> bool {
        self.battery_j.is_finite()
            && self
                .meters
                .iter()
                .map(|meter| meter.used_j(at_us))
                .sum::<f64>()
                >= self.battery_j
    }
}
