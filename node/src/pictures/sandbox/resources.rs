//! Limits of memory, processor time, files and processes.

use rustix::io;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::pictures::Limits;

/// Limits this process. True if every limit holds.
pub(super) fn limit(limits: &Limits) -> bool {
    let seconds = limits.time.as_millis().div_ceil(1000) as u64;
    let bounds = [
        // The heap. The address space also has the program, whose size says nothing about pictures.
        (Resource::Data, limits.memory_bytes),
        (Resource::Cpu, seconds),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
        // The two pipes are open already.
        (Resource::Nofile, 0),
    ];
    // Each one, also where another one is refused.
    bounds
        .map(|(resource, most)| bound(resource, most).is_ok())
        .iter()
        .all(|held| *held)
}

fn bound(resource: Resource, most: u64) -> io::Result<()> {
    let most = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, most)
}
