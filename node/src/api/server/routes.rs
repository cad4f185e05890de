//! Everything the server answers: each route with its documentation, in one list.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::{Json, Router};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::failure::Failure;
use super::guard::{self, Guard};
use super::wire::*;
use super::{MAX_PARCEL, MAX_REQUEST, events};
use crate::api::contract::{Api, MAX_PAGE};
use crate::api::cursor;
use crate::api::types::*;

type Node = State<Arc<dyn Api>>;
type Done = Result<StatusCode, Failure>;
type Answered<T> = Result<Json<T>, Failure>;

/// The router, guarded. A request may take as long as `limit`, unless it rewrites the store.
pub(super) fn router(api: Arc<dyn Api>, guard: Guard, limit: Duration) -> Router {
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
        .layer(axum::middleware::from_fn_with_state(guard, guard::check))
        .with_state(api)
}

/// All routes with their documentation; the document itself is served besides.
pub(super) fn documented(limit: Duration) -> OpenApiRouter<Arc<dyn Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status))
        .routes(routes!(lock))
        .routes(routes!(passphrase))
        .routes(routes!(check_passphrase))
        .routes(routes!(wipe))
        .routes(routes!(handover))
        .routes(routes!(stop))
        .routes(routes!(me, set_name))
        .routes(routes!(invitations, invite))
        .routes(routes!(cancel_invitation))
        .routes(routes!(join))
        .routes(routes!(cancel_join))
        .routes(routes!(contacts))
        .routes(routes!(contact, remove))
        .routes(routes!(safety_words))
        .routes(routes!(ways))
        .routes(routes!(verify))
        .routes(routes!(rename))
        .routes(routes!(block))
        .routes(routes!(page, send))
        .routes(routes!(message))
        .routes(routes!(set_draft))
        .routes(routes!(mark_read))
        .routes(routes!(switch_carrier))
        .routes(routes!(announce_over))
        .routes(routes!(set_radio))
        .routes(routes!(add_relay, remove_relay))
        .routes(routes!(set_relay_paths))
        .routes(routes!(carry_export))
        .routes(routes!(carry_import).layer(DefaultBodyLimit::max(MAX_PARCEL)))
        .routes(routes!(event_stream))
        .layer(axum::middleware::from_fn_with_state(limit, guard::in_time))
        // These rewrite the store, which takes as long as the disk needs: they answer when it is done.
        .routes(routes!(erase))
        .routes(routes!(unlock))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hedgerow",
        description = "The local API of a Hedgerow node: loopback only, with the token of the data directory.",
    ),
    components(schemas(Refusal, Event)),
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

// ---- the node itself -------------------------------------------------------------------------

/// Live state; works locked.
#[utoipa::path(get, path = "/v1/status", responses((status = 200, body = NodeStatus), Failure))]
async fn status(State(node): Node) -> Answered<NodeStatus> {
    Ok(Json(node.status().await?))
}

/// Open the store and go on the air.
#[utoipa::path(post, path = "/v1/unlock", request_body = Unlock, responses((status = 204), Failure))]
async fn unlock(State(node): Node, Body(asked): Body<Unlock>) -> Done {
    node.unlock(asked.passphrase).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Drop all keys, close the store and go off the air.
#[utoipa::path(post, path = "/v1/lock", responses((status = 204), Failure))]
async fn lock(State(node): Node) -> Done {
    node.lock().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the passphrase.
#[utoipa::path(put, path = "/v1/passphrase", request_body = ChangePassphrase, responses((status = 204), Failure))]
async fn passphrase(State(node): Node, Body(asked): Body<ChangePassphrase>) -> Done {
    node.change_passphrase(asked.current, asked.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say whether this is the passphrase, for a program that has locked its screen: nothing changes.
#[utoipa::path(post, path = "/v1/passphrase/check", request_body = Unlock, responses((status = 204), Failure))]
async fn check_passphrase(State(node): Node, Body(asked): Body<Unlock>) -> Done {
    node.check_passphrase(asked.passphrase).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rewrite the store under a fresh key, so that what was deleted cannot be dug out of free space.
#[utoipa::path(post, path = "/v1/erase", responses((status = 204), Failure))]
async fn erase(State(node): Node) -> Done {
    node.erase().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Destroy the keys and all data, for good; works locked. The node stops.
#[utoipa::path(post, path = "/v1/wipe", request_body = Wipe, responses((status = 204), Failure))]
async fn wipe(State(node): Node, Body(asked): Body<Wipe>) -> Done {
    if asked.confirm != Wipe::CONFIRM {
        let what = format!("`confirm` must be exactly `{}`", Wipe::CONFIRM);
        return Err(Refusal::BadRequest { what }.into());
    }
    node.wipe().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Commit, close the store and release the data directory to the caller. The node stops.
#[utoipa::path(post, path = "/v1/handover", request_body = Handover, responses((status = 204), Failure))]
async fn handover(State(node): Node, Body(asked): Body<Handover>) -> Done {
    node.handover(asked.to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Commit, close the store and stop.
#[utoipa::path(post, path = "/v1/stop", responses((status = 204), Failure))]
async fn stop(State(node): Node) -> Done {
    node.stop().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who this node is.
#[utoipa::path(get, path = "/v1/me", responses((status = 200, body = Me), Failure))]
async fn me(State(node): Node) -> Answered<Me> {
    Ok(Json(node.me().await?))
}

/// Change the name that contacts are told.
#[utoipa::path(put, path = "/v1/me", request_body = Name, responses((status = 200, body = Me), Failure))]
async fn set_name(State(node): Node, Body(asked): Body<Name>) -> Answered<Me> {
    Ok(Json(node.set_name(asked.name).await?))
}

/// Switch a carrier on or off.
#[utoipa::path(put, path = "/v1/carriers/{carrier}", params(("carrier" = Carrier, Path)),
    request_body = Switch, responses((status = 204), Failure))]
async fn switch_carrier(
    State(node): Node,
    Path(carrier): Path<String>,
    Body(asked): Body<Switch>,
) -> Done {
    node.switch_carrier(named(carrier)?, asked.on).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Announce this device over a carrier, or only look for others there.
#[utoipa::path(put, path = "/v1/carriers/{carrier}/announcing", params(("carrier" = Carrier, Path)),
    request_body = Announcing, responses((status = 204), Failure))]
async fn announce_over(
    State(node): Node,
    Path(carrier): Path<String>,
    Body(asked): Body<Announcing>,
) -> Done {
    node.announce_over(named(carrier)?, asked.announcing)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say how Bluetooth is to use its radio, also after a restart. `status` has it.
#[utoipa::path(put, path = "/v1/radio", request_body = Radio, responses((status = 204), Failure))]
async fn set_radio(State(node): Node, Body(asked): Body<Radio>) -> Done {
    node.set_radio(asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Use a relay: a multiaddress that ends with its name. `status` lists relays, those that are offered too.
#[utoipa::path(post, path = "/v1/relays", request_body = Relay, responses((status = 204), Failure))]
async fn add_relay(State(node): Node, Body(asked): Body<Relay>) -> Done {
    node.add_relay(asked.address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Use a relay no more.
#[utoipa::path(delete, path = "/v1/relays", request_body = Relay, responses((status = 204), Failure))]
async fn remove_relay(State(node): Node, Body(asked): Body<Relay>) -> Done {
    node.remove_relay(asked.address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reach relays, and others, like this from now on.
#[utoipa::path(put, path = "/v1/relays/paths", request_body = Paths, responses((status = 204), Failure))]
async fn set_relay_paths(State(node): Node, Body(asked): Body<Paths>) -> Done {
    node.set_relay_paths(asked.paths).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(carrier: String) -> Result<Carrier, Refusal> {
    serde_json::from_value(carrier.into()).map_err(|_| Refusal::NoSuchCarrier)
}

/// What happens from now on, as a WebSocket: each message is one `Event` in JSON.
#[utoipa::path(get, path = "/v1/events", responses((status = 101, description = "The stream begins"), Failure))]
async fn event_stream(
    State(node): Node,
    socket: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let socket = socket.map_err(|rejection| {
        let what = rejection.body_text();
        Failure::with_status(rejection.status(), Refusal::BadRequest { what })
    })?;
    let events = node.events().await?;
    Ok(socket.on_upgrade(|socket| events::stream(socket, events)))
}

// ---- meeting ---------------------------------------------------------------------------------

/// Open and recently ended invitations, and the joins under way.
#[utoipa::path(get, path = "/v1/invitations", responses((status = 200, body = Vec<Invitation>), Failure))]
async fn invitations(State(node): Node) -> Answered<Vec<Invitation>> {
    Ok(Json(node.invitations().await?))
}

/// Make an invitation.
#[utoipa::path(post, path = "/v1/invitations", request_body = NewInvitation,
    responses((status = 200, body = Invitation), Failure))]
async fn invite(State(node): Node, Body(asked): Body<NewInvitation>) -> Answered<Invitation> {
    Ok(Json(node.invite(asked).await?))
}

/// Cancel an invitation.
#[utoipa::path(delete, path = "/v1/invitations/{invitation}", params(("invitation" = InvitationId, Path)),
    responses((status = 204), Failure))]
async fn cancel_invitation(State(node): Node, Path(id): Path<InvitationId>) -> Done {
    node.cancel_invitation(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to meet the maker of a link; events tell how it ends.
#[utoipa::path(post, path = "/v1/joins", request_body = Join, responses((status = 200, body = Joining), Failure))]
async fn join(State(node): Node, Body(asked): Body<Join>) -> Answered<Joining> {
    let invitation = node.join(asked.link).await?;
    Ok(Json(Joining { invitation }))
}

/// Give up a join.
#[utoipa::path(delete, path = "/v1/joins/{invitation}", params(("invitation" = InvitationId, Path)),
    responses((status = 204), Failure))]
async fn cancel_join(State(node): Node, Path(id): Path<InvitationId>) -> Done {
    node.cancel_join(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

// ---- contacts --------------------------------------------------------------------------------

/// All contacts.
#[utoipa::path(get, path = "/v1/contacts", responses((status = 200, body = Vec<Contact>), Failure))]
async fn contacts(State(node): Node) -> Answered<Vec<Contact>> {
    Ok(Json(node.contacts().await?))
}

/// One contact.
#[utoipa::path(get, path = "/v1/contacts/{contact}", params(("contact" = ContactId, Path)),
    responses((status = 200, body = Contact), Failure))]
async fn contact(State(node): Node, Path(id): Path<ContactId>) -> Answered<Contact> {
    Ok(Json(node.contact(id).await?))
}

/// Forget a contact and the conversation.
#[utoipa::path(delete, path = "/v1/contacts/{contact}", params(("contact" = ContactId, Path)),
    responses((status = 204), Failure))]
async fn remove(State(node): Node, Path(id): Path<ContactId>) -> Done {
    node.remove(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The twelve words to compare.
#[utoipa::path(get, path = "/v1/contacts/{contact}/safety-words", params(("contact" = ContactId, Path)),
    responses((status = 200, body = SafetyWords), Failure))]
async fn safety_words(State(node): Node, Path(id): Path<ContactId>) -> Answered<SafetyWords> {
    Ok(Json(node.safety_words(id).await?))
}

/// How each carrier stands with a contact, the better ones first.
#[utoipa::path(get, path = "/v1/contacts/{contact}/ways", params(("contact" = ContactId, Path)),
    responses((status = 200, body = Vec<WayStatus>), Failure))]
async fn ways(State(node): Node, Path(id): Path<ContactId>) -> Answered<Vec<WayStatus>> {
    Ok(Json(node.ways(id).await?))
}

/// Say that the safety words were compared, or take it back.
#[utoipa::path(put, path = "/v1/contacts/{contact}/verified", params(("contact" = ContactId, Path)),
    request_body = Verified, responses((status = 200, body = Contact), Failure))]
async fn verify(
    State(node): Node,
    Path(id): Path<ContactId>,
    Body(asked): Body<Verified>,
) -> Answered<Contact> {
    Ok(Json(node.verify(id, asked.verified).await?))
}

/// Give a contact a name of one's own; an empty one takes it back.
#[utoipa::path(put, path = "/v1/contacts/{contact}/name", params(("contact" = ContactId, Path)),
    request_body = Name, responses((status = 200, body = Contact), Failure))]
async fn rename(
    State(node): Node,
    Path(id): Path<ContactId>,
    Body(asked): Body<Name>,
) -> Answered<Contact> {
    Ok(Json(node.rename(id, asked.name).await?))
}

/// Block or unblock a contact.
#[utoipa::path(put, path = "/v1/contacts/{contact}/blocked", params(("contact" = ContactId, Path)),
    request_body = Blocked, responses((status = 200, body = Contact), Failure))]
async fn block(
    State(node): Node,
    Path(id): Path<ContactId>,
    Body(asked): Body<Blocked>,
) -> Answered<Contact> {
    Ok(Json(node.block(id, asked.blocked).await?))
}

// ---- conversations ---------------------------------------------------------------------------

/// Part of a conversation.
#[utoipa::path(get, path = "/v1/contacts/{contact}/messages",
    params(("contact" = ContactId, Path), PageQuery), responses((status = 200, body = CursorPage), Failure))]
async fn page(
    State(node): Node,
    Path(contact): Path<ContactId>,
    Query(query): Query<PageQuery>,
) -> Answered<CursorPage> {
    let limit = query.limit.unwrap_or(PageQuery::LIMIT);
    if !(1..=MAX_PAGE).contains(&limit) {
        let what = format!("`limit` must be from 1 to {MAX_PAGE}");
        return Err(Refusal::BadRequest { what }.into());
    }
    let page = node.page(&contact, query.place()?, limit).await?;
    Ok(Json(CursorPage {
        older: cursor::older(&page),
        newer: cursor::newer(&page),
        page,
    }))
}

/// Write a text; it is durable when this answers, and delivered when an event says so.
#[utoipa::path(post, path = "/v1/contacts/{contact}/messages", params(("contact" = ContactId, Path)),
    request_body = Text, responses((status = 200, body = Sent), Failure))]
async fn send(
    State(node): Node,
    Path(contact): Path<ContactId>,
    Body(asked): Body<Text>,
) -> Answered<Sent> {
    let id = node.send(contact, asked.text).await?;
    Ok(Json(Sent { id }))
}

/// Keep a text that is being written; an empty one takes it away. The contact has it as `draft`.
#[utoipa::path(put, path = "/v1/contacts/{contact}/draft", params(("contact" = ContactId, Path)),
    request_body = Text, responses((status = 204), Failure))]
async fn set_draft(
    State(node): Node,
    Path(contact): Path<ContactId>,
    Body(asked): Body<Text>,
) -> Done {
    node.set_draft(contact, asked.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One message.
#[utoipa::path(get, path = "/v1/contacts/{contact}/messages/{message}",
    params(("contact" = ContactId, Path), ("message" = MessageId, Path)),
    responses((status = 200, body = Message), Failure))]
async fn message(
    State(node): Node,
    Path((contact, id)): Path<(ContactId, MessageId)>,
) -> Answered<Message> {
    Ok(Json(node.message(&contact, &id).await?))
}

/// Everything up to and including this message has been seen.
#[utoipa::path(put, path = "/v1/contacts/{contact}/read", params(("contact" = ContactId, Path)),
    request_body = ReadUpTo, responses((status = 204), Failure))]
async fn mark_read(
    State(node): Node,
    Path(contact): Path<ContactId>,
    Body(asked): Body<ReadUpTo>,
) -> Done {
    node.mark_read(contact, asked.message).await?;
    Ok(StatusCode::NO_CONTENT)
}

// ---- carrying by hand ------------------------------------------------------------------------

/// Seal everything this contact has not acknowledged into a parcel to carry by hand.
#[utoipa::path(post, path = "/v1/contacts/{contact}/parcel", params(("contact" = ContactId, Path)),
    responses((status = 200, body = inline(ParcelBytes), content_type = "application/octet-stream"), Failure))]
async fn carry_export(
    State(node): Node,
    Path(contact): Path<ContactId>,
) -> Result<Vec<u8>, Failure> {
    Ok(node.carry_export(contact).await?)
}

/// Take in a parcel that a contact made.
#[utoipa::path(post, path = "/v1/parcels",
    request_body(content = inline(ParcelBytes), content_type = "application/octet-stream"),
    responses((status = 200, body = Imported), Failure))]
async fn carry_import(
    State(node): Node,
    parcel: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Answered<Imported> {
    let parcel = parcel.map_err(|rejection| {
        let what = rejection.body_text();
        Failure::with_status(rejection.status(), Refusal::BadRequest { what })
    })?;
    Ok(Json(node.carry_import(parcel.into()).await?))
}

/// A sealed parcel.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct ParcelBytes(#[expect(dead_code, reason = "only its schema is used")] Vec<u8>);

// ---- reading requests ------------------------------------------------------------------------

/// A JSON body; a bad one is answered as every refusal is.
struct Body<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Failure> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let rejection: JsonRejection = rejection;
                let what = rejection.body_text();
                Err(Failure::with_status(
                    rejection.status(),
                    Refusal::BadRequest { what },
                ))
            }
        }
    }
}

/// A query; a bad one is answered as every refusal is.
struct Query<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Failure> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let rejection: QueryRejection = rejection;
                let what = rejection.body_text();
                Err(Failure::with_status(
                    rejection.status(),
                    Refusal::BadRequest { what },
                ))
            }
        }
    }
}
