//! Pages of lists. A cursor is the sort key of the last item that was seen, so that nothing is skipped or shown twice
//! when items come and go in between.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use plimsoll_domain::invalid::Invalid;

use crate::extract::Query;
use crate::problem::Problem;
use crate::state::ApiState;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

/// What a request may say of the page it wants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paged {
    /// Most items to answer with, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The page that is wanted.
pub(crate) struct Page {
    /// Most items on it.
    pub(crate) limit: usize,
    /// The sort key it comes after.
    pub(crate) after: Option<String>,
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items of this page, in order.
    items: Vec<T>,
    /// Ask for the next page with `cursor` set to this; null on the last page.
    next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// The items, and the cursor of the next page.
    pub(crate) fn into_parts(self) -> (Vec<T>, Option<String>) {
        (self.items, self.next_cursor)
    }
}

impl FromRequestParts<ApiState> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Query(paged) = Query::<Paged>::from_request_parts(parts, state).await?;
        let limit = paged.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Invalid::at("/limit", format!("expected 1 to {MAX_LIMIT}, got {limit}")).into());
        }
        let after = paged.cursor.map(|cursor| opened(&cursor)).transpose()?;
        Ok(Self { limit, after })
    }
}

fn opened(cursor: &str) -> Result<String, Invalid> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(Page::wrong_cursor)
}

impl Page {
    /// The fault of a cursor that is none of ours.
    pub(crate) fn wrong_cursor() -> Invalid {
        Invalid::at("/cursor", "expected next_cursor of the page before")
    }

    /// This page of `all`, which `key` gives distinct keys in rising order.
    pub(crate) fn of<T, U>(&self, all: Vec<T>, key: impl Fn(&T) -> String, show: impl Fn(T) -> U) -> Listed<U> {
        let is_seen = |item: &T| self.after.as_ref().is_some_and(|after| key(item) <= *after);
        let rest = all.into_iter().skip_while(is_seen).take(self.limit + 1).collect();
        self.cut(rest, key, show)
    }

    /// A page of `found`: at most one more than `limit` items, which tells that there is another page.
    pub(crate) fn cut<T, U>(&self, mut found: Vec<T>, key: impl Fn(&T) -> String, show: impl Fn(T) -> U) -> Listed<U> {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next_cursor = found.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Listed { items: found.into_iter().map(show).collect(), next_cursor }
    }
}
