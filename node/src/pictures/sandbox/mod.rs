//! What a process that decodes can no longer do. It enters before it reads the first byte of a picture, and nothing lets
//! it out again.

mod files;
mod resources;
mod system_calls;

use super::Limits;

/// What the system holds back from the processes that decode pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sandbox {
    /// Pictures are decoded in a process of their own. If not, they are not decoded at all.
    pub process: bool,
    /// Memory and processor time are bounded, and the process can neither write a file nor start another process.
    pub limits: bool,
    /// No file can be opened.
    pub files: bool,
    /// No connection can be made.
    pub network: bool,
}

/// The parts of a sandbox. Each forbids what another one forbids too, and stays where the other is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers {
    /// Limits of resources.
    pub limits: bool,
    /// Landlock: the file system.
    pub files: bool,
    /// seccomp: all system calls but a few.
    pub system_calls: bool,
}

impl Layers {
    /// What pictures are decoded in.
    pub const ALL: Self = Self {
        limits: true,
        files: true,
        system_calls: true,
    };
}

/// Enters the sandbox as far as the system has one. Must be called on the only thread of the process.
pub(super) fn enter(limits: &Limits, layers: Layers) -> Sandbox {
    // A ruleset is a file, which the limits forbid; and the filter forbids both calls.
    let files = layers.files && files::forbid();
    let limits = layers.limits && resources::limit(limits);
    let system_calls = layers.system_calls && system_calls::forbid();
    Sandbox {
        process: true,
        limits,
        files: files || system_calls,
        network: system_calls,
    }
}

impl Sandbox {
    pub(super) fn bits(self) -> u8 {
        bits([self.process, self.limits, self.files, self.network])
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        let [process, limits, files, network] = flags(bits);
        Self {
            process,
            limits,
            files,
            network,
        }
    }
}

#[cfg(feature = "simulation")]
impl Layers {
    /// No sandbox.
    pub const NONE: Self = Self {
        limits: false,
        files: false,
        system_calls: false,
    };

    pub(super) fn bits(self) -> u8 {
        bits([self.limits, self.files, self.system_calls, false])
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        let [limits, files, system_calls, _] = flags(bits);
        Self {
            limits,
            files,
            system_calls,
        }
    }
}

fn bits(flags: [bool; 4]) -> u8 {
    flags
        .iter()
        .rev()
        .fold(0, |bits, flag| bits << 1 | u8::from(*flag))
}

fn flags(bits: u8) -> [bool; 4] {
    std::array::from_fn(|at| bits >> at & 1 == 1)
}
