//! Reads and writes fixed byte layouts (`docs/PROTOCOL.md` section 1).

/// The highest value of a number that a store counts up one by one: entries, Lamports, bytes of a row. A row with a
/// higher number is damaged, so sums of such numbers stay far below the limit of a u64.
pub(crate) const MAX_COUNTED: u64 = 1 << 40;

/// The unread rest of a byte string. Every method returns `None` if the bytes run out, or if a number is not in its
/// shortest form.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let (number, rest) = unsigned_varint::decode::u64(self.0).ok()?;
        // The crate ignores the bits of a tenth byte above bit 63.
        if self.0.len() - rest.len() == 10 && self.0[9] != 1 {
            return None;
        }
        self.0 = rest;
        Some(number)
    }

    /// A varint of a stored row that counts up one by one.
    pub(crate) fn counted(&mut self) -> Option<u64> {
        self.varint().filter(|number| *number <= MAX_COUNTED)
    }

    /// A varint that is a length in memory.
    pub(crate) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    pub(crate) fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some(((number >> 1) as i64) ^ -((number & 1) as i64))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends `number` as a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, number: u64) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    out.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
}

/// Appends `number` as a varint after zigzag.
pub(crate) fn put_zigzag(out: &mut Vec<u8>, number: i64) {
    put_varint(out, ((number << 1) ^ (number >> 63)) as u64);
}
