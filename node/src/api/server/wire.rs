//! Calls as they travel: each row of the table of calls is a [`Row`], from which the client makes its request and the
//! server its route and its document, so they cannot differ.

use std::future::Future;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{OperationBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::failure::Failure;
use super::paging::{CursorPage, FilesQuery, PageQuery, StarredQuery};
use super::{MAX_PART, MAX_REQUEST};
use crate::api::calls::calls;
use crate::api::*;

/// A call as it travels.
pub(in crate::api) trait Row {
    /// What stands in the path, in its order.
    type Places: Places;
    /// What else is asked.
    type Body: Body;
    /// What is answered.
    type Answer: Answered;

    const METHOD: Method;
    const PATH: &'static str;
    /// The names of what stands in the path.
    const PLACES: &'static [&'static str];
    /// The name of the method of [`Api`].
    const NAME: &'static str;
    /// The lines of its documentation.
    const ABOUT: &'static [&'static str];
    /// It may rewrite the store, and takes as long as the disk needs.
    const REWRITES: bool;

    /// Asks it of a node in this process.
    fn ask(
        api: &dyn Api,
        places: Self::Places,
        body: Self::Body,
    ) -> impl Future<Output = Result<Self::Answer, Refusal>> + Send;
}

/// Asks a node elsewhere.
pub(in crate::api) trait Asker: Sync {
    /// Makes the request of a row.
    fn ask<R: Row>(
        &self,
        places: R::Places,
        body: R::Body,
    ) -> impl Future<Output = Result<R::Answer, Refusal>> + Send;
}

/// Is shown every row.
pub(super) trait Reader {
    fn read<R: Row + 'static>(&mut self);
}

/// Schemas that others refer to by name.
pub(in crate::api) type Schemas = Vec<(String, RefOr<Schema>)>;

/// Part of the request of a row that is read as a whole: its JSON, its query or its bytes.
pub(in crate::api) trait Body: Sized + Send {
    /// The most bytes.
    const MAX: usize = MAX_REQUEST;

    /// Reads what a server was sent.
    fn read(request: Request) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Writes it into the request of a client.
    fn write(self, request: RequestBuilder) -> RequestBuilder;

    /// Says how it is written.
    fn document(operation: OperationBuilder, schemas: &mut Schemas) -> OperationBuilder;
}

/// An answer as it travels.
pub(in crate::api) trait Answered: Sized + Send {
    /// What the server answers.
    fn write(self) -> Response;

    /// What the client has been answered; `None` if that cannot be read.
    fn read(body: Bytes) -> Option<Self>;

    /// Says how it is written.
    fn document(operation: OperationBuilder, schemas: &mut Schemas) -> OperationBuilder;
}

/// What can stand in a path.
pub(in crate::api) trait Place: Sized + Send + PartialSchema {
    /// As one segment.
    fn segment(&self) -> String;

    /// Reads a segment.
    fn read(segment: &str) -> Result<Self, Refusal>;
}

/// What stands in the path of one row.
pub(in crate::api) trait Places: Sized + Send {
    fn segments(&self) -> Vec<String>;

    /// Reads as many segments as the path of the row has places.
    fn read(segments: &[&str]) -> Result<Self, Refusal>;

    fn schemas() -> Vec<RefOr<Schema>>;
}

macro_rules! rows {
    (
        engine { $(
            $(#[doc = $about:literal])*
            $call:ident $(( $($place:ident: $place_type:ty),* ; $($(#[$attribute:meta])* $field:ident: $field_type:ty),* ))?
                -> $answer:ty = $method:ident, $verb:ident $path:literal $(, $note:ident)?;
        )* }
        host { $(
            $(#[doc = $host_about:literal])*
            $host_call:ident $(( $($host_place:ident: $host_place_type:ty),* ; $($host_field:ident: $host_field_type:ty),* ))?
                -> $host_answer:ty = $host_method:ident, $host_verb:ident $host_path:literal $(, $host_note:ident)?;
        )* }
    ) => {
        $(row! {
            $(#[doc = $about])*
            $call ( $($($place: $place_type),*)? ; $($($(#[$attribute])* $field: $field_type),*)? )
                -> $answer = $method, $verb $path, $($note)?
        })*
        $(row! {
            $(#[doc = $host_about])*
            $host_call ( $($($host_place: $host_place_type),*)? ; $($($host_field: $host_field_type),*)? )
                -> $host_answer = $host_method, $host_verb $host_path, $($host_note)?
        })*

        /// Shows all rows to `reader`.
        pub(super) fn every(reader: &mut impl Reader) {
            $(reader.read::<rows::$call>();)*
            $(reader.read::<rows::$host_call>();)*
        }

        /// Asks a call of the engine elsewhere.
        pub(in crate::api) async fn ask(asker: &impl Asker, call: Call) -> Answer {
            Ok(match call {
                Call::Status => match asker.ask::<rows::Status>((), bodies::Status {}).await?.open {
                    Some(status) => status.into(),
                    None => return Err(Refusal::Locked),
                },
                // Its steps hold keys, which stay with the host.
                Call::Carry(_) => return Err(Refusal::Bug),
                // The host asks for the passphrase first.
                Call::Object(_) => return Err(Refusal::Bug),
                $(Call::$call $(( $($place,)* $($field),* ))? => {
                    let places = ($($($place,)*)?);
                    let body = bodies::$call { $($($field),*)? };
                    asker.ask::<rows::$call>(places, body).await?.into()
                })*
            })
        }

        /// Asks a call of the host elsewhere.
        pub(in crate::api) async fn ask_host(asker: &impl Asker, call: HostCall) -> Answer {
            Ok(match call {
                $(HostCall::$host_call $(( $($host_place,)* $($host_field),* ))? => {
                    let places = ($($($host_place,)*)?);
                    let body = bodies::$host_call { $($($host_field),*)? };
                    asker.ask::<rows::$host_call>(places, body).await?.into()
                })*
            })
        }

        /// The rows, as types.
        pub(in crate::api) mod rows {
            $(pub struct $call;)*
            $(pub struct $host_call;)*
        }

        /// What a request holds besides its path.
        pub(in crate::api) mod bodies {
            use serde::{Deserialize, Serialize};
            use utoipa::ToSchema;
            use crate::api::*;

            $(body! {
                ($($note)?) $(#[doc = $about])*
                $call { $($($(#[$attribute])* $field: $field_type,)*)? }
            })*
            $(body! {
                ($($host_note)?) $(#[doc = $host_about])*
                $host_call { $($($host_field: $host_field_type,)*)? }
            })*
        }
    };
}

macro_rules! row {
    (
        $(#[doc = $about:literal])*
        $call:ident ( $($place:ident: $place_type:ty),* ; $($(#[$attribute:meta])* $field:ident: $field_type:ty),* )
            -> $answer:ty = $method:ident, $verb:ident $path:literal, $($note:ident)?
    ) => {
        impl Row for rows::$call {
            type Places = ($($place_type,)*);
            type Body = bodies::$call;
            type Answer = $answer;

            const METHOD: Method = Method::$verb;
            const PATH: &'static str = $path;
            const PLACES: &'static [&'static str] = &[$(stringify!($place)),*];
            const NAME: &'static str = stringify!($method);
            const ABOUT: &'static [&'static str] = &[$($about),*];
            const REWRITES: bool = false $(|| rewrites!($note))?;

            async fn ask(
                api: &dyn Api,
                ($($place,)*): Self::Places,
                bodies::$call { $($field),* }: Self::Body,
            ) -> Result<$answer, Refusal> {
                api.$method($($place,)* $($field),*).await
            }
        }
    };
}

macro_rules! rewrites {
    (rewrites) => {
        true
    };
    (own_body) => {
        false
    };
}

macro_rules! body {
    ((own_body) $(#[doc = $about:literal])* $call:ident { $($field:ident: $field_type:ty,)* }) => {
        pub struct $call {
            $(pub(in crate::api::server) $field: $field_type,)*
        }
    };
    (($($note:ident)?) $(#[doc = $about:literal])* $call:ident { }) => {
        pub struct $call {}
        empty!($call);
    };
    (
        ($($note:ident)?) $(#[doc = $about:literal])*
        $call:ident { $($(#[$attribute:meta])* $field:ident: $field_type:ty,)+ }
    ) => {
        $(#[doc = $about])*
        #[derive(Serialize, Deserialize, ToSchema)]
        pub struct $call {
            $($(#[$attribute])* pub(in crate::api::server) $field: $field_type,)+
        }
        json!($call);
    };
}

/// A request without a body.
macro_rules! empty {
    ($call:ident) => {
        impl super::Body for $call {
            async fn read(_: super::Request) -> Result<Self, super::Failure> {
                Ok(Self {})
            }

            fn write(self, request: super::RequestBuilder) -> super::RequestBuilder {
                request
            }

            fn document(
                operation: super::OperationBuilder,
                _: &mut super::Schemas,
            ) -> super::OperationBuilder {
                operation
            }
        }
    };
}

/// A request with a JSON body.
macro_rules! json {
    ($call:ident) => {
        impl super::Body for $call {
            async fn read(request: super::Request) -> Result<Self, super::Failure> {
                super::read_json(request).await
            }

            fn write(self, request: super::RequestBuilder) -> super::RequestBuilder {
                request.json(&self)
            }

            fn document(
                operation: super::OperationBuilder,
                schemas: &mut super::Schemas,
            ) -> super::OperationBuilder {
                super::document_json::<Self>(operation, schemas)
            }
        }
    };
}

calls!(rows);

// ---- bodies ----------------------------------------------------------------------------------

async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, Failure> {
    match Json::from_request(request, &()).await {
        Ok(Json(body)) => Ok(body),
        Err(rejection) => Err(Failure::malformed(
            rejection.status(),
            rejection.body_text(),
        )),
    }
}

fn document_json<T: ToSchema>(
    operation: OperationBuilder,
    schemas: &mut Schemas,
) -> OperationBuilder {
    let content = ContentBuilder::new()
        .schema(Some(reference::<T>(schemas)))
        .build();
    let body = RequestBodyBuilder::new()
        .content(JSON, content)
        .required(Some(Required::True))
        .build();
    operation.request_body(Some(body))
}

fn read_query<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    let query = Query::<T>::try_from_uri(request.uri());
    let query = query.map(|Query(query)| query);
    query.map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))
}

fn document_query<T: IntoParams>(operation: OperationBuilder) -> OperationBuilder {
    let query = T::into_params(|| Some(ParameterIn::Query));
    query
        .into_iter()
        .fold(operation, OperationBuilder::parameter)
}

impl Body for bodies::Page {
    async fn read(request: Request) -> Result<Self, Failure> {
        let query: PageQuery = read_query(&request)?;
        Ok(Self {
            limit: query.limit()?,
            from: query.place()?,
        })
    }

    fn write(self, request: RequestBuilder) -> RequestBuilder {
        request.query(&PageQuery::of(&self.from, self.limit))
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        document_query::<PageQuery>(operation)
    }
}

impl Body for bodies::Starred {
    async fn read(request: Request) -> Result<Self, Failure> {
        let query: StarredQuery = read_query(&request)?;
        Ok(Self {
            limit: query.limit()?,
            before: query.before,
        })
    }

    fn write(self, request: RequestBuilder) -> RequestBuilder {
        request.query(&StarredQuery {
            before: self.before,
            limit: Some(self.limit),
        })
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        document_query::<StarredQuery>(operation)
    }
}

impl Body for bodies::Files {
    async fn read(request: Request) -> Result<Self, Failure> {
        let query: FilesQuery = read_query(&request)?;
        Ok(Self {
            limit: query.limit()?,
            before: query.before,
        })
    }

    fn write(self, request: RequestBuilder) -> RequestBuilder {
        request.query(&FilesQuery {
            before: self.before,
            limit: Some(self.limit),
        })
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        document_query::<FilesQuery>(operation)
    }
}

impl Body for bodies::Find {
    async fn read(request: Request) -> Result<Self, Failure> {
        let query = Query::<Search>::try_from_uri(request.uri());
        let Query(search) = query
            .map_err(|rejection| Failure::malformed(rejection.status(), rejection.body_text()))?;
        Ok(Self { search })
    }

    fn write(self, request: RequestBuilder) -> RequestBuilder {
        request.query(&self.search)
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        let query = Search::into_params(|| Some(ParameterIn::Query));
        query
            .into_iter()
            .fold(operation, OperationBuilder::parameter)
    }
}

/// Bodies that are bytes as they are, of a bounded length.
macro_rules! in_octets {
    ($($call:ident: $bytes:ident, $most:expr;)*) => {$(
        impl Body for bodies::$call {
            const MAX: usize = $most;

            async fn read(request: Request) -> Result<Self, Failure> {
                match Bytes::from_request(request, &()).await {
                    Ok(bytes) => Ok(Self { $bytes: bytes.into() }),
                    Err(rejection) => Err(Failure::malformed(
                        rejection.status(),
                        rejection.body_text(),
                    )),
                }
            }

            fn write(self, request: RequestBuilder) -> RequestBuilder {
                request.body(self.$bytes)
            }

            fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
                let content = ContentBuilder::new().schema(Some(octets())).build();
                let body = RequestBodyBuilder::new()
                    .content(OCTETS, content)
                    .required(Some(Required::True))
                    .build();
                operation.request_body(Some(body))
            }
        }
    )*};
}
in_octets! {
    KeepRecording: part, MAX_PART;
}

/// The deliberate second step of a wipe.
#[derive(Serialize, Deserialize, ToSchema)]
struct Wipe {
    /// Exactly `destroy everything`.
    confirm: String,
}

/// What has to be said.
const CONFIRM: &str = "destroy everything";

impl Body for bodies::Wipe {
    async fn read(request: Request) -> Result<Self, Failure> {
        let Wipe { confirm } = read_json(request).await?;
        if confirm != CONFIRM {
            let what = format!("`confirm` must be exactly `{CONFIRM}`");
            return Err(Refusal::BadRequest { what }.into());
        }
        Ok(Self {})
    }

    fn write(self, request: RequestBuilder) -> RequestBuilder {
        let confirm = CONFIRM.to_owned();
        request.json(&Wipe { confirm })
    }

    fn document(operation: OperationBuilder, schemas: &mut Schemas) -> OperationBuilder {
        document_json::<Wipe>(operation, schemas)
    }
}

// ---- answers ---------------------------------------------------------------------------------

/// The content type of bytes as they are, and that of everything else.
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";

fn octets() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .build()
        .into()
}

/// A reference to a schema, which is added to those that can be referred to.
fn reference<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name()).into()
}

fn document_answer(
    operation: OperationBuilder,
    content_type: &str,
    schema: RefOr<Schema>,
) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description("It was done")
        .content(content_type, content)
        .build();
    operation.response("200", response)
}

/// Nothing but that it was done.
impl Answered for () {
    fn write(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }

    fn read(_: Bytes) -> Option<Self> {
        Some(())
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        let response = ResponseBuilder::new().description("It was done").build();
        operation.response("204", response)
    }
}

/// Bytes as they are.
impl Answered for Vec<u8> {
    fn write(self) -> Response {
        ([(header::CONTENT_TYPE, OCTETS)], self).into_response()
    }

    fn read(body: Bytes) -> Option<Self> {
        Some(body.into())
    }

    fn document(operation: OperationBuilder, _: &mut Schemas) -> OperationBuilder {
        document_answer(operation, OCTETS, octets())
    }
}

/// Answers that travel as JSON, as they are or in something of the wire.
macro_rules! in_json {
    ($($answer:ty, as $wire:ty: $write:expr, $read:expr;)*) => {$(
        impl Answered for $answer {
            fn write(self) -> Response {
                let write: fn($answer) -> $wire = $write;
                Json(write(self)).into_response()
            }

            fn read(body: Bytes) -> Option<Self> {
                let read: fn($wire) -> $answer = $read;
                serde_json::from_slice(&body).ok().map(read)
            }

            fn document(operation: OperationBuilder, schemas: &mut Schemas) -> OperationBuilder {
                document_answer(operation, JSON, reference::<$wire>(schemas))
            }
        }
    )*};
    ($($answer:ty;)*) => {
        in_json! { $($answer, as $answer: |answer| answer, |answer| answer;)* }
    };
}
in_json! {
    Me;
    Invitation;
    Contact;
    Conversation;
    SafetyWords;
    Parcels;
    Deletion;
    Restarted;
    NodeStatus;
    Message;
    StarredPage;
    SearchPage;
    FilesPage;
    StorageUse;
}
in_json! {
    InvitationId, as Joining: |invitation| Joining { invitation }, |joining| joining.invitation;
    MessageId, as Sent: |id| Sent { id }, |sent| sent.id;
    Page, as CursorPage: CursorPage::from, |found| found.page;
}

/// Lists that travel as JSON.
macro_rules! lists_in_json {
    ($($item:ty),*) => {$(
        impl Answered for Vec<$item> {
            fn write(self) -> Response {
                Json(self).into_response()
            }

            fn read(body: Bytes) -> Option<Self> {
                serde_json::from_slice(&body).ok()
            }

            fn document(operation: OperationBuilder, schemas: &mut Schemas) -> OperationBuilder {
                let items = ArrayBuilder::new().items(reference::<$item>(schemas)).build();
                document_answer(operation, JSON, items.into())
            }
        }
    )*};
}
lists_in_json!(
    Invitation,
    Contact,
    Conversation,
    Member,
    Holding,
    WayStatus,
    MessageId,
    Version
);

/// A join under way.
#[derive(Serialize, Deserialize, ToSchema)]
struct Joining {
    invitation: InvitationId,
}

/// A message that is durable here.
#[derive(Serialize, Deserialize, ToSchema)]
struct Sent {
    id: MessageId,
}

// ---- paths -----------------------------------------------------------------------------------

/// Ids are hex and `-`; anything else would change the path.
macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Place for $id {
            fn segment(&self) -> String {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
                match !self.0.is_empty() && self.0.chars().all(is_plain) {
                    true => self.0.clone(),
                    false => "none".to_owned(),
                }
            }

            fn read(segment: &str) -> Result<Self, Refusal> {
                Ok(Self(segment.to_owned()))
            }
        }
    )*};
}
ids!(ContactId, ConversationId, MemberId, MessageId, InvitationId);

impl Place for Carrier {
    fn segment(&self) -> String {
        let name = serde_json::to_value(self).ok();
        let name = name.as_ref().and_then(|name| name.as_str());
        name.expect("a carrier is a name in JSON").to_owned()
    }

    fn read(segment: &str) -> Result<Self, Refusal> {
        serde_json::from_value(segment.into()).map_err(|_| Refusal::NoSuchCarrier)
    }
}

impl Place for u64 {
    fn segment(&self) -> String {
        self.to_string()
    }

    fn read(segment: &str) -> Result<Self, Refusal> {
        segment.parse().map_err(|_| Refusal::BadRequest {
            what: format!("`{segment}` is no number"),
        })
    }
}

impl Places for () {
    fn segments(&self) -> Vec<String> {
        Vec::new()
    }

    fn read(_: &[&str]) -> Result<Self, Refusal> {
        Ok(())
    }

    fn schemas() -> Vec<RefOr<Schema>> {
        Vec::new()
    }
}

impl<A: Place> Places for (A,) {
    fn segments(&self) -> Vec<String> {
        vec![self.0.segment()]
    }

    fn read(segments: &[&str]) -> Result<Self, Refusal> {
        match segments {
            [a] => Ok((A::read(a)?,)),
            _ => Err(Refusal::Bug),
        }
    }

    fn schemas() -> Vec<RefOr<Schema>> {
        vec![A::schema()]
    }
}

impl<A: Place, B: Place> Places for (A, B) {
    fn segments(&self) -> Vec<String> {
        vec![self.0.segment(), self.1.segment()]
    }

    fn read(segments: &[&str]) -> Result<Self, Refusal> {
        match segments {
            [a, b] => Ok((A::read(a)?, B::read(b)?)),
            _ => Err(Refusal::Bug),
        }
    }

    fn schemas() -> Vec<RefOr<Schema>> {
        vec![A::schema(), B::schema()]
    }
}
