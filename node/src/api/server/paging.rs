//! Pages of a conversation as they are asked for and answered over loopback.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::{MAX_PAGE, MessageId, Page, PageFrom, Refusal, cursor};

/// Which part of a conversation: at most one of the places, else the newest messages.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Which end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub(super) from: Option<PageEnd>,
    /// A cursor that another page gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// The first message's place, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<u64>,
    /// The first message's earliest time, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date_ms: Option<i64>,
    /// How many messages at most: 1 to 500, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
}

/// A named place of a conversation.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PageEnd {
    Newest,
    Oldest,
    FirstUnread,
}

/// How many messages a page has if nobody says.
const LIMIT: u32 = 50;

/// How many messages are asked for.
fn limit(asked: Option<u32>) -> Result<u32, Refusal> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(limit);
    }
    let what = format!("`limit` must be from 1 to {MAX_PAGE}");
    Err(Refusal::BadRequest { what })
}

/// Which part of the starred messages.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StarredQuery {
    /// What another page gave as `older`; the newest stars if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<u64>,
    /// How many messages at most: 1 to 500, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
}

impl StarredQuery {
    /// How many messages are asked for.
    pub(super) fn limit(&self) -> Result<u32, Refusal> {
        limit(self.limit)
    }
}

/// Which part of the messages that have files.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesQuery {
    /// What another page gave as `older`; the newest files if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub(super) before: Option<MessageId>,
    /// How many messages at most: 1 to 500, 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
}

impl FilesQuery {
    /// How many messages are asked for.
    pub(super) fn limit(&self) -> Result<u32, Refusal> {
        limit(self.limit)
    }
}

impl PageQuery {
    /// The query that asks for this.
    pub(super) fn of(from: &PageFrom, limit: u32) -> Self {
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

    /// How many messages are asked for.
    pub(super) fn limit(&self) -> Result<u32, Refusal> {
        limit(self.limit)
    }

    /// The place that is asked for.
    pub(super) fn place(&self) -> Result<PageFrom, Refusal> {
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
pub(super) struct CursorPage {
    #[serde(flatten)]
    pub(super) page: Page,
    /// The cursor of the page before this one.
    pub(super) older: Option<String>,
    /// The cursor of the page after this one.
    pub(super) newer: Option<String>,
}

impl From<Page> for CursorPage {
    fn from(page: Page) -> Self {
        Self {
            older: cursor::older(&page),
            newer: cursor::newer(&page),
            page,
        }
    }
}
