//! Who may ask: checked before anything else looks at a request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::token::Token;
use super::visitors::Visitor;
use crate::api::Refusal;

/// What a request is checked against.
#[derive(Clone)]
pub(super) struct Guard(Arc<Expected>);

struct Expected {
    token: Token,
    /// The names this server goes by: any other `Host` is a rebound DNS name.
    hosts: [String; 2],
}

impl Guard {
    /// A guard for the server at `port`.
    pub(super) fn new(token: Token, port: u16) -> Self {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        Self(Arc::new(Expected { token, hosts }))
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let Expected { token, hosts } = &*self.0;
        let own_host = only(headers, header::HOST)
            .is_some_and(|host| hosts.iter().any(|own| own.as_bytes() == host));
        if !own_host {
            return Err(Refusal::ForeignRequest);
        }
        // Browsers name the page that asks; the server hands out no pages, so there is no right one.
        if headers.contains_key(header::ORIGIN) {
            return Err(Refusal::ForeignRequest);
        }
        // URLs end up in histories, process lists and logs.
        if uri
            .query()
            .is_some_and(|query| query.contains("token") || token.is_in(query))
        {
            return Err(Refusal::BadRequest {
                what: "the token belongs into the Authorization header, never into a URL".into(),
            });
        }
        let authorised = only(headers, header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix(b"Bearer "))
            .is_some_and(|given| token.matches(given));
        if !authorised {
            return Err(Refusal::NotAuthorised);
        }
        Ok(())
    }
}

/// Lets pass what the guard finds in order; logs a refusal without the URL.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if let Err(refusal) = guard.check(request.uri(), request.headers()) {
        tracing::debug!(code = ?refusal, "refused a request to the local API");
        return Failure::from(refusal).into_response();
    }
    if let Some(visitor) = request.extensions().get::<Visitor>().cloned() {
        visitor.admit().await;
    }
    next.run(request).await
}

/// Gives up on a request that takes longer than `limit`.
pub(super) async fn in_time(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Failure::with_status(StatusCode::REQUEST_TIMEOUT, Refusal::Unreachable).into_response()
        }
    }
}

/// The header's value, if it is there exactly once.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}
