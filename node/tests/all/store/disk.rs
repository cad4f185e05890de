//! A disk in memory that remembers every operation, so that a power cut can be played at any of them,
//! and that fails when told to.

use std::io;
use std::sync::{Arc, Mutex};

use hedgerow_node::store::Medium;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Bytes a disk writes as one.
const SECTOR: usize = 512;

/// What was asked of a disk.
#[derive(Clone)]
pub enum Op {
    Write { offset: u64, bytes: Vec<u8> },
    SetLen(u64),
    Sync,
}

/// Which call fails from now on, and how.
#[derive(Clone, Copy)]
pub struct Fault {
    /// Calls that still succeed.
    pub after: usize,
    pub kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// ENOSPC on writes.
    Full,
    /// EROFS on writes.
    ReadOnly,
    /// EIO on writes and syncs.
    Broken,
    /// EIO on reads.
    Unreadable,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ops: Vec<Op>,
    fault: Option<Fault>,
}

/// Clones are the same disk.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub fn holding(bytes: Vec<u8>) -> Self {
        Disk(Arc::new(Mutex::new(State {
            bytes,
            ..State::default()
        })))
    }

    /// What a process that reads it now sees.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    pub fn damage(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.0.lock().unwrap().bytes);
    }

    /// All that was asked of it so far.
    pub fn ops(&self) -> Vec<Op> {
        self.0.lock().unwrap().ops.clone()
    }

    pub fn op_count(&self) -> usize {
        self.0.lock().unwrap().ops.len()
    }

    pub fn fail(&self, fault: Option<Fault>) {
        self.0.lock().unwrap().fault = fault;
    }
}

impl State {
    fn check(&mut self, meets: &[FaultKind]) -> io::Result<()> {
        let Some(fault) = &mut self.fault else {
            return Ok(());
        };
        if !meets.contains(&fault.kind) {
            return Ok(());
        }
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        Err(match fault.kind {
            FaultKind::Full => io::ErrorKind::StorageFull.into(),
            FaultKind::ReadOnly => io::ErrorKind::ReadOnlyFilesystem.into(),
            FaultKind::Broken | FaultKind::Unreadable => io::Error::other("input/output error"),
        })
    }
}

const WRITING: &[FaultKind] = &[FaultKind::Full, FaultKind::ReadOnly, FaultKind::Broken];

impl Medium for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().bytes.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.check(&[FaultKind::ReadOnly, FaultKind::Broken])?;
        apply(&mut state.bytes, &Op::SetLen(len));
        state.ops.push(Op::SetLen(len));
        Ok(())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.check(&[FaultKind::Unreadable])?;
        let start = offset as usize;
        let bytes = state.bytes.get(start..start + into.len());
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.check(WRITING)?;
        let op = Op::Write {
            offset,
            bytes: bytes.to_vec(),
        };
        apply(&mut state.bytes, &op);
        state.ops.push(op);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.check(&[FaultKind::Broken])?;
        state.ops.push(Op::Sync);
        Ok(())
    }
}

/// The disk after a power cut: `durable` with `pending`, none of it synced, each dropped, kept, torn at
/// sectors or, one of them, at any byte.
pub fn power_cut(durable: &[u8], pending: &[Op], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut image = durable.to_vec();
    let any_byte = below(rng, pending.len().max(1));
    for (number, op) in pending.iter().enumerate() {
        match op {
            Op::Write { offset, bytes } if number == any_byte => {
                let kept = below(rng, bytes.len() + 1);
                write(&mut image, *offset, &bytes[..kept]);
            }
            Op::Write { offset, bytes } => match below(rng, 3) {
                0 => {}
                1 => write(&mut image, *offset, bytes),
                _ => torn(&mut image, *offset, bytes, rng),
            },
            Op::SetLen(_) if below(rng, 2) == 0 => {}
            op => apply(&mut image, op),
        }
    }
    image
}

/// How many of `ops` are durable for certain: those up to the last sync.
pub fn synced(ops: &[Op]) -> usize {
    ops.iter()
        .rposition(|op| matches!(op, Op::Sync))
        .map_or(0, |last| last + 1)
}

/// Plays `op` whole.
pub fn apply(image: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, bytes } => write(image, *offset, bytes),
        Op::SetLen(len) => image.resize(*len as usize, 0),
        Op::Sync => {}
    }
}

/// Keeps any of the sectors that a write touches, at their places on the disk.
fn torn(image: &mut Vec<u8>, offset: u64, bytes: &[u8], rng: &mut ChaCha8Rng) {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset as usize + done;
        let count = (SECTOR - at % SECTOR).min(bytes.len() - done);
        if below(rng, 2) == 0 {
            write(image, at as u64, &bytes[done..done + count]);
        }
        done += count;
    }
}

fn write(image: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = offset as usize;
    let end = start + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[start..end].copy_from_slice(bytes);
}

pub fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    (rng.next_u64() % bound as u64) as usize
}
