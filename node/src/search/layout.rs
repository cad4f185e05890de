//! Reads and writes the rows of the index: varints and runs of bytes (`docs/PROTOCOL.md` section 1).

/// The unread rest of a row. Every method returns `None` if the bytes run out.
#[derive(Clone, Copy)]
pub(super) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub fn varint(&mut self) -> Option<u64> {
        let (number, rest) = unsigned_varint::decode::u64(self.0).ok()?;
        self.0 = rest;
        Some(number)
    }

    pub fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some(((number >> 1) as i64) ^ -((number & 1) as i64))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, number: u64) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    out.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
}

pub(super) fn put_zigzag(out: &mut Vec<u8>, number: i64) {
    put_varint(out, ((number << 1) ^ (number >> 63)) as u64);
}
