//! What the tests of the API and of the command line share.
#![allow(dead_code, reason = "each test program uses its part")]

pub mod fake;

use std::sync::Arc;

use hedgerow_node::api::server::{Server, Token};
use hedgerow_node::api::{Api, Remote};
use tokio::sync::oneshot;

/// A server on a port of its own, until it is dropped.
pub struct Served {
    pub port: u16,
    pub token: Token,
    _stop: oneshot::Sender<()>,
}

/// Serves `api`.
pub async fn serve(api: Arc<dyn Api>) -> Served {
    serve_by(Server::bind().await.unwrap(), api)
}

/// Serves `api` by a server that is about to run.
pub fn serve_by(server: Server, api: Arc<dyn Api>) -> Served {
    let port = server.port();
    let token = Token::new(&[0x5a; 32]);
    let (stop, stopped) = oneshot::channel::<()>();
    let given = token.clone();
    tokio::spawn(server.run(api, given, async move { drop(stopped.await) }));
    Served {
        port,
        token,
        _stop: stop,
    }
}

impl Served {
    pub fn remote(&self) -> Remote {
        Remote::new(self.port, self.token.clone()).unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
