//! Everything the server answers: the rows of the table of calls, the stream of events and the document of them all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection, RawPathParamsRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Path, Query, RawPathParams, Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};
use futures_util::{TryStreamExt, stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa::openapi::Required;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::failure::{self, Failure};
use super::guard::{self, Guard};
use super::wire::{self, Answered, Body, Places, Row};
use super::{MAX_REQUEST, events};
use crate::api::{
    Api, ByteStream, ConversationId, ExportFormat, Feed, Form, Imported, MessageId, NewUpload,
    Position, Private, Refusal, SeriesName, Told, Uploaded,
};
use crate::export::{Circumstances, Export};
use crate::words::Language;

type Node = State<Arc<dyn Api>>;

/// The router, guarded. A request may take as long as `limit`, unless it rewrites the store.
pub(super) fn router(api: Arc<dyn Api>, feed: Arc<Feed>, guard: Guard, limit: Duration) -> Router {
    let (router, document) = documented(limit).split_for_parts();
    let document = Bytes::from(document.to_json().expect("a document of our own is JSON"));
    router
        .route(
            "/v1/openapi.json",
            axum::routing::get(async || ([(header::CONTENT_TYPE, "application/json")], document)),
        )
        .method_not_allowed_fallback(no_such_route)
        .fallback(no_such_route)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(Extension(feed))
        .layer(axum::middleware::from_fn_with_state(guard, guard::check))
        .with_state(api)
}

/// All routes with their documentation; the document itself is served besides.
pub(super) fn documented(limit: Duration) -> OpenApiRouter<Arc<dyn Api>> {
    let mut routes = Routes {
        in_time: OpenApiRouter::with_openapi(Document::openapi())
            .routes(routes!(event_stream))
            .routes(routes!(export_file)),
        rewriting: OpenApiRouter::new()
            .routes(routes!(upload_file))
            .routes(routes!(download_file))
            .routes(routes!(parcel))
            .routes(routes!(import_parcel)),
    };
    wire::every(&mut routes);
    routes
        .in_time
        .layer(axum::middleware::from_fn_with_state(limit, guard::in_time))
        .merge(routes.rewriting)
}

/// The routes of the rows read so far.
struct Routes {
    in_time: OpenApiRouter<Arc<dyn Api>>,
    /// These take as long as the disk needs, and answer when it is done.
    rewriting: OpenApiRouter<Arc<dyn Api>>,
}

impl wire::Reader for Routes {
    fn read<R: Row + 'static>(&mut self) {
        let routes = match R::REWRITES {
            true => &mut self.rewriting,
            false => &mut self.in_time,
        };
        *routes = std::mem::take(routes).routes(route::<R>());
    }
}

/// How a row is served, and its part of the document.
fn route<R: Row + 'static>() -> UtoipaMethodRouter<Arc<dyn Api>> {
    let (filter, method) = match R::METHOD {
        Method::GET => (MethodFilter::GET, HttpMethod::Get),
        Method::PUT => (MethodFilter::PUT, HttpMethod::Put),
        Method::POST => (MethodFilter::POST, HttpMethod::Post),
        Method::DELETE => (MethodFilter::DELETE, HttpMethod::Delete),
        other => unreachable!("a row with the method {other}"),
    };
    let served = on(filter, serve::<R>).layer(DefaultBodyLimit::max(R::Body::MAX));

    let mut schemas = Vec::new();
    let about = R::ABOUT.iter().map(|line| line.trim());
    let about = about.collect::<Vec<_>>().join("\n");
    let mut operation = OperationBuilder::new()
        .operation_id(Some(R::NAME))
        .summary(Some(about))
        .response("default", failure::documented());
    for (name, schema) in R::PLACES.iter().zip(R::Places::schemas()) {
        let place = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema));
        operation = operation.parameter(place);
    }
    operation = R::Body::document(operation, &mut schemas);
    operation = R::Answer::document(operation, &mut schemas);
    let mut paths = Paths::new();
    paths.add_path_operation(R::PATH, vec![method], operation);
    (schemas, paths, served)
}

async fn serve<R: Row>(
    State(node): Node,
    places: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let places = places
        .map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let segments: Vec<&str> = places.iter().map(|(_, segment)| segment).collect();
    let places = R::Places::read(&segments)?;
    let body = R::Body::read(request).await?;
    Ok(R::ask(&*node, places, body).await?.write())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hedgerow",
        description = "The local API of a Hedgerow node: loopback only, with the token of the data directory.",
    ),
    components(schemas(Refusal, Told)),
    modifiers(&BearerToken),
    security(("token" = [])),
)]
struct Document;

struct BearerToken;

impl utoipa::Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "What the file `token` of the data directory holds; new at each start",
            ))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

async fn no_such_route() -> Failure {
    Refusal::NoSuchRoute.into()
}

/// Where events begin.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// The `position` of the last event that was told over a connection that is lost.
    after: Option<String>,
}

/// What happens from now on, or after a position, as a WebSocket: each message is one `Told` in JSON. If some of that is
/// not kept any more, the first one is `missed`: look at everything again.
#[utoipa::path(
    get,
    path = "/v1/events",
    params(EventsQuery),
    responses((status = 101, description = "The stream begins"), Failure)
)]
async fn event_stream(
    Extension(feed): Extension<Arc<Feed>>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    socket: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let socket = socket
        .map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let Query(query) =
        query.map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let after: Option<Position> = query.after.map(|after| after.parse()).transpose()?;
    Ok(socket.on_upgrade(move |socket| events::stream(socket, feed.listen(after))))
}

/// How a conversation is to be written.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// HTML if absent.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// A conversation as a file in English, which is not sealed. It is sent while it is read: a connection that ends early
/// leaves it incomplete.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation}/export",
    params(("conversation" = ConversationId, Path), ExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/html; charset=utf-8"),
            (Object = "application/json"),
            (String = "text/plain; charset=utf-8")
        )),
        Failure
    )
)]
async fn export_file(
    State(node): Node,
    place: Result<Path<ConversationId>, PathRejection>,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let Path(conversation) =
        place.map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let Query(query) =
        query.map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let format = query.format.unwrap_or(ExportFormat::Html);
    let circumstances = Circumstances {
        language: Language::English,
        zone: TimeZone::system(),
        now_ms: Timestamp::now().as_millisecond(),
    };
    let export = Export::begin(&*node, conversation, format, circumstances).await?;
    let next = |(node, mut export): (Arc<dyn Api>, Export)| async move {
        let part = export.part(&*node).await.map_err(Cut)?;
        Ok::<_, Cut>(part.map(|part| (part, (node, export))))
    };
    let parts = stream::try_unfold((node, export), next);
    let content_type = match format {
        ExportFormat::Html => "text/html; charset=utf-8",
        ExportFormat::Json => "application/json",
        ExportFormat::Text => "text/plain; charset=utf-8",
    };
    let headers = [(header::CONTENT_TYPE, content_type)];
    Ok((headers, axum::body::Body::from_stream(parts)).into_response())
}

/// What an uploaded file is.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UploadQuery {
    /// What the file is called, without a path.
    name: String,
    /// Its type, such as `image/png`.
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// Its bytes. If given, a file that is too long or has no room is refused before it is read.
    size: Option<u64>,
    /// What it goes as; cleaned if absent.
    #[serde(default)]
    #[param(inline)]
    form: Form,
}

/// Upload a file, which a new message then names as `file`. The body is the bytes of the file. It waits until a message
/// takes it or the node stops.
#[utoipa::path(
    post,
    path = "/v1/files",
    params(UploadQuery),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, description = "What was uploaded", body = Uploaded), Failure)
)]
async fn upload_file(
    State(node): Node,
    query: Result<Query<UploadQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Failure> {
    let Query(query) =
        query.map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let new = NewUpload {
        name: Private(query.name),
        media_type: query.media_type.map(Private),
        size: query.size,
        form: query.form,
    };
    let uploaded = node.upload(new, body_of(request)).await?;
    Ok(axum::Json(uploaded).into_response())
}

fn body_of(request: Request) -> ByteStream {
    let parts = request.into_body().into_data_stream();
    Box::pin(parts.map_err(|_| Refusal::BadRequest {
        what: "the body ended early".to_owned(),
    }))
}

/// One of the parcels that were begun. It is sent while it is made: a connection that ends early leaves it incomplete.
#[utoipa::path(
    get,
    path = "/v1/parcels/{series}/{part}",
    params(("series" = SeriesName, Path), ("part" = u32, Path, description = "From 1 on")),
    responses(
        (status = 200, description = "The parcel", content_type = "application/octet-stream"),
        Failure
    )
)]
async fn parcel(
    State(node): Node,
    places: Result<Path<(SeriesName, u32)>, PathRejection>,
) -> Result<Response, Failure> {
    let Path((series, part)) = places
        .map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let parcel = node.carry_part(series, part).await?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream")];
    let body = axum::body::Body::from_stream(parcel.map_err(Cut));
    Ok((headers, body).into_response())
}

/// Take in a parcel that a contact made. The body is the bytes of the parcel. What makes sense of a damaged one comes in.
#[utoipa::path(
    post,
    path = "/v1/parcels",
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, description = "What it brought", body = Imported), Failure)
)]
async fn import_parcel(State(node): Node, request: Request) -> Result<Response, Failure> {
    let imported = node.carry_in(body_of(request)).await?;
    Ok(axum::Json(imported).into_response())
}

/// The file of a message, in the clear. It is sent while it is read: a connection that ends early leaves it incomplete.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation}/messages/{message}/file",
    params(("conversation" = ConversationId, Path), ("message" = MessageId, Path)),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        Failure
    )
)]
async fn download_file(
    State(node): Node,
    places: Result<Path<(ConversationId, MessageId)>, PathRejection>,
) -> Result<Response, Failure> {
    let Path((conversation, message)) = places
        .map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
    let download = node.download(conversation, message).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, download.size.to_string()),
    ];
    let body = axum::body::Body::from_stream(download.bytes.map_err(Cut));
    Ok((headers, body).into_response())
}

/// Why a file that is being sent ends before it is complete.
#[derive(Debug, thiserror::Error)]
#[error("the node cannot go on: {0:?}")]
struct Cut(Refusal);
