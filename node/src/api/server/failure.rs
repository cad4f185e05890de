//! How a refusal looks over HTTP.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};

use crate::api::{Refusal, StorageProblem};

/// A refusal as an HTTP answer: a status, and the [`Refusal`] as JSON with its stable `code`.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    refusal: Refusal,
}

impl Failure {
    /// A refusal with a status that the protocol prescribes.
    pub(super) fn with_status(status: StatusCode, refusal: Refusal) -> Self {
        Self { status, refusal }
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

impl utoipa::IntoResponses for Failure {
    fn responses() -> std::collections::BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let content = ContentBuilder::new()
            .schema(Some(utoipa::openapi::Ref::from_schema_name("Refusal")))
            .build();
        let response = ResponseBuilder::new()
            .description("It was not done; the code says why")
            .content("application/json", content)
            .build();
        [("default".to_owned(), response.into())].into()
    }
}

/// The HTTP status of each refusal; clients go by the code.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoSuchContact
        | Refusal::NoSuchMessage
        | Refusal::NoSuchInvitation
        | Refusal::NoSuchCarrier
        | Refusal::NoSuchRelay
        | Refusal::NoSuchRoute => StatusCode::NOT_FOUND,
        Refusal::Blocked
        | Refusal::OwnLink
        | Refusal::AlreadyContact
        | Refusal::TooManyInvitations { .. }
        | Refusal::TooManyRelays { .. }
        | Refusal::ParcelKnown
        | Refusal::NoPrekey
        | Refusal::NotLocked
        | Refusal::NoIdentity
        | Refusal::IdentityExists
        | Refusal::Owned => StatusCode::CONFLICT,
        Refusal::Empty
        | Refusal::BadLink
        | Refusal::NewerLink
        | Refusal::BadParcel
        | Refusal::ParcelNotForUs
        | Refusal::BadCursor
        | Refusal::BadRelay
        | Refusal::BadProxy
        | Refusal::BadRequest { .. } => StatusCode::BAD_REQUEST,
        Refusal::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Locked => StatusCode::LOCKED,
        Refusal::WrongPassphrase | Refusal::ForeignRequest => StatusCode::FORBIDDEN,
        Refusal::NotAuthorised => StatusCode::UNAUTHORIZED,
        Refusal::Storage {
            fault: StorageProblem::Full,
        } => StatusCode::INSUFFICIENT_STORAGE,
        Refusal::Storage { .. }
        | Refusal::SlotsMissing
        | Refusal::SlotsDamaged
        | Refusal::StoreMissing
        | Refusal::NewerData
        | Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Unreachable => StatusCode::GATEWAY_TIMEOUT,
        Refusal::OtherVersion { .. } => StatusCode::BAD_GATEWAY,
        Refusal::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
