//! What several modules of tests need, and a server for those of the API and of the command line.

pub mod catalogue;
pub mod chats;
pub mod hosted;
pub mod interleavings;
pub mod statistics;

use std::future::IntoFuture;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::http::StatusCode;
use hedgerow_node::api::server::{Server, Token};
use hedgerow_node::api::{Api, Feed, Remote};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The version that played nodes say they are.
pub const VERSION: &str = "1.2.3";

/// A server on a port of its own, until it is dropped.
pub struct Served {
    pub port: u16,
    pub token: Token,
    _stop: oneshot::Sender<()>,
}

/// Serves `api`, and the events of its feed.
pub async fn serve(api: Arc<dyn Api>, feed: Arc<Feed>) -> Served {
    serve_by(Server::bind().await.unwrap(), api, feed)
}

/// Serves `api` by a server that is about to run.
pub fn serve_by(server: Server, api: Arc<dyn Api>, feed: Arc<Feed>) -> Served {
    let port = server.port();
    let token = Token::new(&[0x5a; 32]);
    let (stop, stopped) = oneshot::channel::<()>();
    let given = token.clone();
    tokio::spawn(server.run(api, feed, given, async move { drop(stopped.await) }));
    Served {
        port,
        token,
        _stop: stop,
    }
}

/// Serves this to whatever is asked, as a node of another version may.
pub async fn serve_other(status: StatusCode, body: &'static str) -> Served {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = axum::Router::new().fallback(async move || (status, body));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopped);
    tokio::spawn(serving.into_future());
    Served {
        port,
        token: Token::new(&[0x5a; 32]),
        _stop: stop,
    }
}

impl Served {
    pub fn remote(&self) -> Remote {
        Remote::new(self.port, self.token.clone(), VERSION.into()).unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
