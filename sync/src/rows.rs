//! Which of consecutive entries are rows of the conversation. Stored beside a batch, so that rows are counted without
//! reading entries. The others are annotations, and rows that are hidden here.

use crate::layout::{Input, put_varint};

/// Alternating runs of rows and other entries. Usually all entries are rows, which costs one byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    count: u64,
    /// Runs of other entries: the first entry of each, and the length.
    others: Vec<(u64, u64)>,
}

impl Rows {
    pub(crate) fn push(&mut self, is_row: bool) {
        if !is_row {
            match self.others.last_mut() {
                Some((first, count)) if *first + *count == self.count => *count += 1,
                _ => self.others.push((self.count, 1)),
            }
        }
        self.count += 1;
    }

    /// For each entry, whether it is a row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = bool> {
        let mut runs = self.others.iter().peekable();
        (0..self.count).map(move |index| {
            runs.next_if(|(first, count)| first + count <= index);
            runs.peek().is_none_or(|(first, _)| *first > index)
        })
    }

    /// Number of rows among the first `end` entries.
    pub(crate) fn before(&self, end: u64) -> u64 {
        let end = end.min(self.count);
        let others = self.others.iter();
        let among = others.map(|(first, count)| end.saturating_sub(*first).min(*count));
        end - among.sum::<u64>()
    }

    /// Whether this entry is a row.
    pub(crate) fn is_row(&self, index: u64) -> bool {
        let mut others = self.others.iter();
        !others.any(|(first, count)| (*first..first + count).contains(&index))
    }

    /// The same with one entry as a row, or as none.
    pub(crate) fn with(&self, changed: u64, is_row: bool) -> Rows {
        let mut rows = Rows::default();
        for (index, was_row) in (0..).zip(self.iter()) {
            rows.push(if index == changed { is_row } else { was_row });
        }
        rows
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.others.len() as u64);
        let mut end = 0;
        for (first, count) in &self.others {
            put_varint(out, first - end);
            put_varint(out, *count);
            end = first + count;
        }
    }

    /// Decodes the runs stored beside `count` entries.
    pub(crate) fn read(input: &mut Input<'_>, runs: usize, count: u64) -> Option<Rows> {
        let mut rows = Rows {
            count,
            others: Vec::new(),
        };
        let mut end = 0u64;
        for _ in 0..runs {
            let first = end.checked_add(input.varint()?)?;
            let length = input.varint()?;
            end = first.checked_add(length)?;
            if end > count {
                return None;
            }
            rows.others.push((first, length));
        }
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_rows_is_read_as_it_was_written() {
        for pattern in 0..1u16 << 9 {
            let is_row: Vec<bool> = (0..9).map(|bit| pattern >> bit & 1 == 1).collect();
            let mut rows = Rows::default();
            is_row.iter().for_each(|is_row| rows.push(*is_row));
            let mut bytes = Vec::new();
            rows.put(&mut bytes);
            let mut input = Input(&bytes);
            let runs = input.length().unwrap();
            assert_eq!(Rows::read(&mut input, runs, 9).as_ref(), Some(&rows));
            assert_eq!(rows.iter().collect::<Vec<_>>(), is_row);
            for end in 0..9 {
                let before = is_row[..end].iter().filter(|is_row| **is_row).count();
                assert_eq!(rows.before(end as u64), before as u64);
                assert_eq!(rows.is_row(end as u64), is_row[end]);
                let hidden: Vec<_> = rows.with(end as u64, false).iter().collect();
                let left = is_row.iter().enumerate();
                let left: Vec<_> = left.map(|(at, is_row)| *is_row && at != end).collect();
                assert_eq!(hidden, left);
            }
        }
    }
}
