//! The theoretical meeting rate of two devices at random waypoint.

use super::{Area, RandomWaypoint};

impl RandomWaypoint {
    /// Meetings of one pair a second, once places and speeds have settled: λ ≈ 2 ω r E\[V*\] / A with ω = 1.3683
    /// (Groenevelt, Nain, Koole 2005), for ranges that are short compared with the area.
    ///
    /// ω applies to a square, so other shapes differ by some percent.
    #[must_use]
    pub fn meeting_rate(&self, area: Area, range_m: f64) -> f64 {
        const OMEGA: f64 = 1.3683;
        2.0 * OMEGA * range_m * self.relative_speed_m_s(area) / (area.width_m * area.height_m)
    }

    /// The mean relative speed of two devices, in metres a second, including rests.
    #[must_use]
    pub fn relative_speed_m_s(&self, area: Area) -> f64 {
        const STEPS: u32 = 64;
        let middles = || (0..STEPS).map(|step| (f64::from(step) + 0.5) / f64::from(STEPS));
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / f64::from(STEPS);
        let [low, high] = self.speed_m_s;
        // A device keeps a low speed longer, so over time the logarithm of the speed is uniform.
        let speed = |part: f64| low * libm::pow(high / low, part);
        let angle = |part: f64| libm::cos(part * std::f64::consts::TAU);
        let apart = |v: f64, w: f64| {
            mean(
                &mut middles()
                    .map(|part| (v * v + w * w - 2.0 * v * w * angle(part)).max(0.0).sqrt()),
            )
        };
        let one_moves = mean(&mut middles().map(speed));
        let both_move =
            mean(&mut middles().map(|a| mean(&mut middles().map(|b| apart(speed(a), speed(b))))));
        let inverse_speed = if high > low {
            libm::log(high / low) / (high - low)
        } else {
            1.0 / low
        };
        let way_s = mean_distance_m(area) * inverse_speed;
        let moving = way_s / (way_s + (self.pause_s[0] + self.pause_s[1]) / 2.0);
        moving * moving * both_move + 2.0 * moving * (1.0 - moving) * one_moves
    }
}

/// The mean distance of two uniform random places in a rectangle.
fn mean_distance_m(
    Area {
        width_m: a,
        height_m: b,
    }: Area,
) -> f64 {
    let d = (a * a + b * b).sqrt();
    let (a2, b2) = (a * a, b * b);
    let logs = b2 / a * libm::log((a + d) / b) + a2 / b * libm::log((b + d) / a);
    (a2 * a / b2 + b2 * b / a2 + d * (3.0 - a2 / b2 - b2 / a2) + 2.5 * logs) / 15.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_speeds_are_those_of_the_books() {
        let unit = Area {
            width_m: 1.0,
            height_m: 1.0,
        };
        assert!((mean_distance_m(unit) - 0.521_405_433).abs() < 1e-9);
        // Computed independently for this scenario.
        let settings = RandomWaypoint {
            speed_m_s: [0.5, 1.5],
            pause_s: [0.0, 120.0],
        };
        let area = Area {
            width_m: 4500.0,
            height_m: 3400.0,
        };
        assert!((settings.relative_speed_m_s(area) - 1.2024).abs() < 1e-3);
        assert!((settings.meeting_rate(area, 10.0) - 2.151e-6).abs() < 2e-9);
    }
}
