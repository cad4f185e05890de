//! The part of a scenario that tests share: people who walk about a square with Bluetooth.

/// Who they are.
pub struct Walkers {
    pub count: u32,
    pub side_m: u32,
    pub range_m: u32,
    pub speed_m_s: [f64; 2],
    pub longest_pause_s: u32,
    pub rate_bytes_s: u32,
}

impl Walkers {
    /// Lines of a scenario. The last table is that of their radio, for more lines of it.
    pub fn lines(&self) -> String {
        let Walkers {
            count,
            side_m,
            range_m,
            speed_m_s,
            longest_pause_s,
            rate_bytes_s,
        } = self;
        format!(
            r#"
[movement.mobility]
area = {{ width-m = {side_m}, height-m = {side_m} }}
reach = [{{ disc = {{ range-m = {range_m} }} }}]

[[movement.mobility.populations]]
count = {count}
radios = [0]
mobility.random-waypoint = {{ speed-m-s = {speed_m_s:?}, pause-s = [0, {longest_pause_s}] }}

[[radios]]
name = "bluetooth"
carrier = "ble"
rate-bytes-s = {rate_bytes_s}
latency-s = 0.03
setup-s = 0.3
"#
        )
    }
}
