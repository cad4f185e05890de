//! A wire between a client and a server of the API that can be cut.

use std::net::Ipv4Addr;
use std::sync::Arc;

use hedgerow_node::api::Remote;
use hedgerow_node::api::server::Token;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Served, VERSION};

/// What a client may send at first: the head of its request.
const HEAD: usize = 4_096;

pub struct Wire {
    port: u16,
    token: Token,
    shared: Arc<Shared>,
}

struct Shared {
    is_cut: watch::Sender<bool>,
    /// The connections that are carried.
    carried: watch::Sender<usize>,
}

impl Wire {
    pub async fn to(served: &Served) -> Wire {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, to) = (listener.local_addr().unwrap().port(), served.port);
        let shared = Arc::new(Shared {
            is_cut: watch::Sender::new(false),
            carried: watch::Sender::new(0),
        });
        let carrying = shared.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carrying.clone().carry(near, port, to));
            }
        });
        Wire {
            port,
            token: served.token.clone(),
            shared,
        }
    }

    /// A client at the near end.
    pub fn remote(&self) -> Remote {
        Remote::new(self.port, self.token.clone(), VERSION.into()).unwrap()
    }

    /// Cuts what is carried. Whoever connects waits until it is mended.
    pub async fn cut(&self) {
        self.shared.is_cut.send_replace(true);
        let mut carried = self.shared.carried.subscribe();
        carried.wait_for(|carried| *carried == 0).await.unwrap();
    }

    pub fn mend(&self) {
        self.shared.is_cut.send_replace(false);
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, mut near: TcpStream, port: u16, to: u16) {
        let mut is_cut = self.is_cut.subscribe();
        is_cut.wait_for(|is_cut| !is_cut).await.unwrap();
        // The server is behind its own port, and says so of no other.
        let mut head = vec![0; HEAD];
        let read = near.read(&mut head).await.unwrap();
        let head = String::from_utf8(head[..read].to_vec()).unwrap();
        let head = head.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{to}"));
        let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else {
            return;
        };
        far.write_all(head.as_bytes()).await.unwrap();
        self.carried.send_modify(|carried| *carried += 1);
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            _ = is_cut.wait_for(|is_cut| *is_cut) => {}
        }
        self.carried.send_modify(|carried| *carried -= 1);
    }
}
