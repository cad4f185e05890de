//! What a picture that has taken its decoder over might try. Only tests have it: with a sandbox each trial must fail, and
//! without one it must succeed, or the test would prove nothing.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

/// Something to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Open a file that everybody may read.
    File,
    /// Open a TCP socket.
    Tcp,
    /// Open a UDP socket.
    Udp,
    /// Open a socket to other processes.
    Unix,
    /// Start a process.
    Process,
    /// Start a thread.
    Thread,
    /// Take 1 GiB of memory.
    Memory,
    /// Take memory for code of its own.
    Code,
    /// End without an answer.
    Crash,
    /// Wait for ever.
    Hang,
    /// Compute for ever.
    Spin,
    /// Answer without end.
    Babble,
}

impl Trial {
    const ALL: [Self; 12] = [
        Self::File,
        Self::Tcp,
        Self::Udp,
        Self::Unix,
        Self::Process,
        Self::Thread,
        Self::Memory,
        Self::Code,
        Self::Crash,
        Self::Hang,
        Self::Spin,
        Self::Babble,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::Process => "process",
            Self::Thread => "thread",
            Self::Memory => "memory",
            Self::Code => "code",
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::Spin => "spin",
            Self::Babble => "babble",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Tries it.
    pub(super) fn succeeds(self) -> bool {
        match self {
            Self::File => File::open("/proc/self/status").is_ok(),
            Self::Tcp => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).is_ok(),
            Self::Udp => UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_ok(),
            Self::Unix => UnixDatagram::pair().is_ok(),
            Self::Process => Command::new("/proc/self/exe")
                .arg("--version")
                .output()
                .is_ok(),
            Self::Thread => std::thread::Builder::new().spawn(|| ()).is_ok(),
            Self::Memory => Vec::<u8>::new().try_reserve_exact(1 << 30).is_ok(),
            Self::Code => region::alloc(1, region::Protection::READ_WRITE_EXECUTE).is_ok(),
            Self::Crash => std::process::abort(),
            Self::Hang => loop {
                std::thread::park();
            },
            Self::Spin => loop {
                std::hint::spin_loop();
            },
            Self::Babble => {
                use std::io::Write;
                let mut stdout = std::io::stdout().lock();
                // An answer of this task, and more.
                while stdout.write_all(&[5; 4096]).is_ok() {}
                false
            }
        }
    }
}
