//! The contact plan: when which devices are within reach of one another. It does not depend on what they
//! say, so mobility and traces make it once and every policy meets the same one.

/// A device, by its number in the scenario, from 0.
pub type DeviceNumber = u32;

/// Microseconds in a second. Times in the simulator are microseconds since the world began.
pub const SECOND_US: u64 = 1_000_000;

/// Two devices come within reach of one another, or leave it.
///
/// The order is the one in which changes happen; of one moment, those that leave come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When.
    pub at_us: u64,
    /// Within reach from now on, or not any more.
    pub up: bool,
    /// The lower of the two.
    pub a: DeviceNumber,
    /// The higher of the two.
    pub b: DeviceNumber,
    /// Over which radio, by its number in the scenario.
    pub radio: u8,
}

/// What makes a contact plan, piece by piece: mobility, a trace, or meetings drawn at random.
pub trait Meetings: Send {
    /// How many devices there are.
    fn devices(&self) -> usize;

    /// Appends all changes before `until_us` that were not given yet, in their order. Times never go
    /// back from one call to the next. A pair that is within reach at the end of the world stays so.
    fn advance(&mut self, until_us: u64, changes: &mut Vec<Change>);

    /// Where a device is, in metres, at a time between the last two given to [`advance`](Self::advance);
    /// `None` where places are not known, as in most traces.
    fn position(&self, device: DeviceNumber, at_us: u64) -> Option<[f64; 2]>;
}
