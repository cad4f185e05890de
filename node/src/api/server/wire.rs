//! The bodies and queries of requests, and the answers that are not types of the API themselves:
//! written by the server and its client alike, so they cannot differ.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::cursor;
use crate::api::types::*;

/// What unlocks a node, or is to be checked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Unlock {
    pub(in crate::api) passphrase: Passphrase,
}

/// A change of passphrase.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct ChangePassphrase {
    pub(in crate::api) current: Passphrase,
    pub(in crate::api) new: Passphrase,
}

/// The deliberate second step of a wipe.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Wipe {
    /// Exactly `destroy everything`.
    pub(in crate::api) confirm: String,
}

impl Wipe {
    /// What has to be said.
    pub(in crate::api) const CONFIRM: &str = "destroy everything";
}

/// Who takes over.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Handover {
    /// What to tell the user: a program's name.
    pub(in crate::api) to: String,
}

/// A name; empty means none.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Name {
    pub(in crate::api) name: Private,
}

/// A switch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Switch {
    pub(in crate::api) on: bool,
}

/// Whether this device is announced.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Announcing {
    pub(in crate::api) announcing: bool,
}

/// A relay.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Relay {
    /// A multiaddress that ends with the relay's name.
    pub(in crate::api) address: Private,
}

/// How relays are reached.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Paths {
    pub(in crate::api) paths: RelayPaths,
}

/// A link to join.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Join {
    pub(in crate::api) link: Private,
}

/// A join under way.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Joining {
    pub(in crate::api) invitation: InvitationId,
}

/// Whether the safety words were compared.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Verified {
    pub(in crate::api) verified: bool,
}

/// Whether a contact is blocked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Blocked {
    pub(in crate::api) blocked: bool,
}

/// Which part of a conversation: at most one of the places, else the newest messages.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct PageQuery {
    /// Which end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub(in crate::api) from: Option<PageEnd>,
    /// A cursor that another page gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) cursor: Option<String>,
    /// The first message's place, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) position: Option<u64>,
    /// The first message's earliest time, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) date_ms: Option<i64>,
    /// How many messages at most: 1 to 500, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) limit: Option<u32>,
}

/// A named place of a conversation.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum PageEnd {
    Newest,
    Oldest,
    FirstUnread,
}

impl PageQuery {
    /// How many messages a page has if nobody says.
    pub(in crate::api) const LIMIT: u32 = 50;

    /// The query that asks for `from`.
    pub(in crate::api) fn of(from: &PageFrom, limit: u32) -> Self {
        let mut query = Self {
            cursor: cursor::of(from),
            limit: Some(limit),
            ..Self::default()
        };
        match from {
            PageFrom::Newest => query.from = Some(PageEnd::Newest),
            PageFrom::Oldest => query.from = Some(PageEnd::Oldest),
            PageFrom::FirstUnread => query.from = Some(PageEnd::FirstUnread),
            PageFrom::Position(position) => query.position = Some(*position),
            PageFrom::Date(date_ms) => query.date_ms = Some(*date_ms),
            PageFrom::Before(_) | PageFrom::After(_) => {}
        }
        query
    }

    /// The place that is asked for.
    pub(in crate::api) fn place(&self) -> Result<PageFrom, Refusal> {
        let end = self.from.map(|end| match end {
            PageEnd::Newest => PageFrom::Newest,
            PageEnd::Oldest => PageFrom::Oldest,
            PageEnd::FirstUnread => PageFrom::FirstUnread,
        });
        let cursor = self.cursor.as_deref().map(cursor::parse).transpose()?;
        let places = [
            end,
            cursor,
            self.position.map(PageFrom::Position),
            self.date_ms.map(PageFrom::Date),
        ];
        let mut places = places.into_iter().flatten();
        match (places.next(), places.next()) {
            (place, None) => Ok(place.unwrap_or(PageFrom::Newest)),
            _ => Err(Refusal::BadRequest {
                what: "give at most one of `from`, `cursor`, `position`, `date_ms`".into(),
            }),
        }
    }
}

/// Part of a conversation, oldest message first, and where to go on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct CursorPage {
    #[serde(flatten)]
    pub(in crate::api) page: Page,
    /// The cursor of the page before this one.
    pub(in crate::api) older: Option<String>,
    /// The cursor of the page after this one.
    pub(in crate::api) newer: Option<String>,
}

/// A text to write.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Text {
    pub(in crate::api) text: Private,
}

/// A message that is durable here.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct Sent {
    pub(in crate::api) id: MessageId,
}

/// How far the reader has come.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(in crate::api) struct ReadUpTo {
    pub(in crate::api) message: MessageId,
}
