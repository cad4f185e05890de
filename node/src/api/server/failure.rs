//! How a refusal looks over HTTP.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};

use crate::api::{Refusal, RefusalClass, StorageFault};

/// A refusal as an HTTP answer: a status, and the [`Refusal`] as JSON with its stable `code`.
#[derive(Debug)]
pub(in crate::api) struct Failure {
    status: StatusCode,
    refusal: Refusal,
}

impl Failure {
    /// A refusal with a status that the protocol prescribes.
    pub(super) fn with_status(status: StatusCode, refusal: Refusal) -> Self {
        Self { status, refusal }
    }

    /// A request that cannot be read, with a status that the protocol prescribes.
    pub(super) fn malformed(status: StatusCode, what: String) -> Self {
        Self::with_status(status, Refusal::BadRequest { what })
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: status(&refusal),
            refusal,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.refusal)).into_response()
    }
}

/// How refusals look, for the document.
pub(super) fn documented() -> utoipa::openapi::Response {
    let content = ContentBuilder::new()
        .schema(Some(utoipa::openapi::Ref::from_schema_name("Refusal")))
        .build();
    ResponseBuilder::new()
        .description("It was not done; the code says why")
        .content("application/json", content)
        .build()
}

impl utoipa::IntoResponses for Failure {
    fn responses() -> std::collections::BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        [("default".to_owned(), documented().into())].into()
    }
}

/// The HTTP status of a refusal: that of its class, unless HTTP has a word for it. Clients go by the code.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::TooLong { .. } => return StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::WrongPassphrase => return StatusCode::FORBIDDEN,
        Refusal::NotAuthorised => return StatusCode::UNAUTHORIZED,
        Refusal::Storage {
            fault: StorageFault::Full,
        } => return StatusCode::INSUFFICIENT_STORAGE,
        _ => {}
    }
    match refusal.class() {
        RefusalClass::NotFound => StatusCode::NOT_FOUND,
        RefusalClass::Conflict => StatusCode::CONFLICT,
        RefusalClass::BadInput => StatusCode::BAD_REQUEST,
        RefusalClass::Locked => StatusCode::LOCKED,
        RefusalClass::NotAllowed => StatusCode::FORBIDDEN,
        RefusalClass::NoNode | RefusalClass::Storage => StatusCode::SERVICE_UNAVAILABLE,
        RefusalClass::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
