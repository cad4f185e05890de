//! A wire between two nodes that can be cut.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The longest handshake (`docs/PROTOCOL.md` section 7). Cuts inside of it are tests of the engine.
const HANDSHAKE: u64 = 96 + 255 + 48 + 255;

/// Forwards connections to a port of loopback. Each is cut after a random number of bytes, in the middle
/// of whatever is under way, until it is mended.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    to: watch::Sender<u16>,
    cutting: AtomicBool,
    longest: u64,
    rng: Mutex<ChaCha20Rng>,
    cuts: AtomicU64,
    carried: AtomicU64,
    spoil: AtomicBool,
    spoilt: AtomicU64,
}

impl Proxy {
    /// Cuts after the handshake and at most `longest` bytes, both directions counted together. A client
    /// that connects waits until it is known where to.
    pub async fn start(longest: u64, seed: u64) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            to: watch::Sender::new(0),
            cutting: AtomicBool::new(true),
            longest,
            rng: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
            cuts: AtomicU64::new(0),
            carried: AtomicU64::new(0),
            spoil: AtomicBool::new(false),
            spoilt: AtomicU64::new(0),
        });
        let accepting = shared.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(accepting.clone().carry(near));
            }
        });
        Proxy { port, shared }
    }

    /// Where connections go.
    pub fn lead_to(&self, port: u16) {
        self.shared.to.send_replace(port);
    }

    /// From now on connections live.
    pub fn mend(&self) {
        self.shared.cutting.store(false, Ordering::Relaxed);
    }

    /// Changes the next byte that passes.
    pub fn spoil(&self) {
        self.shared.spoil.store(true, Ordering::Relaxed);
    }

    /// How many bytes were changed.
    pub fn spoilt(&self) -> u64 {
        self.shared.spoilt.load(Ordering::Relaxed)
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Bytes forwarded, both directions.
    pub fn carried(&self) -> u64 {
        self.shared.carried.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, mut near: TcpStream) {
        let to = *self.to.subscribe().wait_for(|to| *to != 0).await.unwrap();
        let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await.unwrap();
        let allowed = match self.cutting.load(Ordering::Relaxed) {
            true => HANDSHAKE + self.rng.lock().unwrap().next_u64() % self.longest,
            false => u64::MAX,
        };
        let left = AtomicU64::new(allowed);
        let (mut near_in, mut near_out) = near.split();
        let (mut far_in, mut far_out) = far.split();
        tokio::select! {
            () = self.forward(&mut near_in, &mut far_out, &left) => {}
            () = self.forward(&mut far_in, &mut near_out, &left) => {}
        }
        if left.load(Ordering::Relaxed) == 0 {
            self.cuts.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn forward(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        left: &AtomicU64,
    ) {
        let mut piece = vec![0; 4_096];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            if self.spoil.swap(false, Ordering::Relaxed) {
                piece[length / 2] ^= 1;
                self.spoilt.fetch_add(1, Ordering::Relaxed);
            }
            let passes = (length as u64).min(left.load(Ordering::Relaxed));
            left.fetch_sub(passes, Ordering::Relaxed);
            self.carried.fetch_add(passes, Ordering::Relaxed);
            if to.write_all(&piece[..passes as usize]).await.is_err() || passes < length as u64 {
                return;
            }
        }
    }
}
