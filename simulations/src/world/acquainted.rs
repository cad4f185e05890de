//! Who has exchanged keys with whom, asked for every contact of a world.

use std::collections::BTreeSet;

use crate::plan::DeviceNumber;

/// Bits of a device's filter: with a hundred acquaintances four strangers of five are told by it alone, and
/// those of ten thousand devices stay close to the processor.
const FILTER_BITS: usize = 512;

/// The acquaintances of all devices.
pub(super) struct Acquainted {
    /// For each device a bit for the remainders of its acquaintances' numbers.
    filters: Vec<[u64; FILTER_BITS / 64]>,
    /// For each device its acquaintances in order.
    known: Vec<Box<[DeviceNumber]>>,
}

impl Acquainted {
    pub fn new(known: &[BTreeSet<DeviceNumber>]) -> Acquainted {
        let filters = known.iter().map(|known| {
            let mut filter = [0; FILTER_BITS / 64];
            for other in known {
                let (word, bit) = place(*other);
                filter[word] |= bit;
            }
            filter
        });
        Acquainted {
            filters: filters.collect(),
            known: known
                .iter()
                .map(|known| known.iter().copied().collect())
                .collect(),
        }
    }

    /// Whom a device knows.
    pub fn of(&self, device: DeviceNumber) -> &[DeviceNumber] {
        &self.known[device as usize]
    }

    /// Whether two devices know one another.
    pub fn are(&self, one: DeviceNumber, other: DeviceNumber) -> bool {
        let (word, bit) = place(other);
        self.filters[one as usize][word] & bit != 0
            && self.known[one as usize].binary_search(&other).is_ok()
    }
}

/// The bit of a device in a filter.
fn place(device: DeviceNumber) -> (usize, u64) {
    let bit = device as usize % FILTER_BITS;
    (bit / 64, 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_are_acquainted_who_were_said_to_be() {
        let known = [
            BTreeSet::from([1, 513, 1_025]),
            BTreeSet::from([0]),
            BTreeSet::new(),
        ];
        let acquainted = Acquainted::new(&known);
        for (one, known) in known.iter().enumerate() {
            for other in 0..2_000 {
                assert_eq!(
                    acquainted.are(one as DeviceNumber, other),
                    known.contains(&other)
                );
            }
        }
    }
}
