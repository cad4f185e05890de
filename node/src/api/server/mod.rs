//! The API over loopback: REST and a WebSocket of events under `/v1`, for programs of the same user
//! on the same machine.
//!
//! `visitors` are connections, `guard` decides who may ask, `wire` is how calls and answers travel (router, OpenAPI document and client come
//! from the same table), `routes` serves them, `failure` says how a refusal looks, `events` streams.

mod events;
mod failure;
mod guard;
mod paging;
mod routes;
mod token;
#[expect(clippy::disallowed_methods, reason = "runs on a real machine")]
mod visitors;
pub(in crate::api) mod wire;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Api, Feed};
pub use token::Token;
use visitors::Visitors;

/// How long a client may take over the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take, its body included, unless it rewrites the store.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stopping server waits for the answers under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest request body, in bytes: a text of `MAX_TEXT` bytes, each escaped in JSON.
const MAX_REQUEST: usize = 512 * 1024;

/// The most bytes of a part of a recording.
const MAX_PART: usize = 64 * 1024;

/// A server that has a port, and serves nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
    request_timeout: Duration,
}

impl Server {
    /// Takes a free port of 127.0.0.1. There is no way to ask for another address.
    pub async fn bind() -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let port = listener.local_addr()?.port();
        Ok(Self {
            listener,
            port,
            request_timeout: REQUEST_TIMEOUT,
        })
    }

    /// Gives up on requests after another time than the product does.
    pub fn request_timeout_for_testing_only(&mut self, timeout: Duration) {
        self.request_timeout = timeout;
    }

    /// The port of 127.0.0.1 it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves `api` and the events of its `feed` to those who know `token`, until `stop` is ready and the answers
    /// under way are out.
    pub async fn run(
        self,
        api: Arc<dyn Api>,
        feed: Arc<Feed>,
        token: Token,
        stop: impl Future<Output = ()>,
    ) {
        let router = routes::router(
            api,
            feed,
            guard::Guard::new(token, self.port),
            self.request_timeout,
        );
        let visitors = Visitors::new();
        let stopping = watch::Sender::new(false);
        let mut http = Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);

        let accept = async {
            loop {
                visitors.room().await;
                let Ok((socket, _)) = self.listener.accept().await else {
                    // Out of descriptors: those that are served will free some.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                // Answers are small and awaited; a failure only makes them slower.
                let _ = socket.set_nodelay(true);
                let visitor = visitors.enter();
                let service = router.clone().layer(Extension(visitor.clone()));
                let service = TowerToHyperService::new(service);
                let connection = http
                    .serve_connection(TokioIo::new(socket), service)
                    .with_upgrades();
                let mut stopping = stopping.subscribe();
                tokio::spawn(async move {
                    let served = async {
                        let mut connection = pin!(connection);
                        tokio::select! {
                            _ = &mut connection => return,
                            _ = stopping.wait_for(|stopping| *stopping) => {}
                        }
                        connection.as_mut().graceful_shutdown();
                        // An error is the client's: it went away or spoke no HTTP.
                        let _ = connection.await;
                    };
                    visitor.serve(served).await;
                });
            }
        };
        tokio::select! {
            () = accept => {}
            () = stop => {}
        }
        stopping.send_replace(true);
        // Event streams have no end of their own, so this is bounded.
        let _ = tokio::time::timeout(STOP_TIMEOUT, stopping.closed()).await;
    }
}

/// The OpenAPI document, as served at `/v1/openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::documented(REQUEST_TIMEOUT).into_openapi()
}
