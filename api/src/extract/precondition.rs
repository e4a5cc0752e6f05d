//! `If-Match` and `ETag`: nobody overwrites a change they have not seen.

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};

use crate::problem::Problem;
use crate::state::ApiState;

/// What `If-Match` asks for, if it is there.
pub(crate) struct IfMatch(Option<String>);

impl IfMatch {
    /// Whether the request has the header.
    pub(crate) const fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// 412 unless `tag` (without its quotes) is one of those asked for, or none is.
    pub(crate) fn require(&self, tag: &str) -> Result<(), Problem> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let quoted = format!("\"{tag}\"");
        let holds = wanted.split(',').map(str::trim).any(|one| one == "*" || one == quoted);
        if holds { Ok(()) } else { Err(Problem::stale()) }
    }
}

impl FromRequestParts<ApiState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let unreadable = |_| Problem::bad_request("If-Match is not an entity tag such as \"v3\".");
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        value.to_str().map(|text| Self(Some(text.to_owned()))).map_err(unreadable)
    }
}

/// The header `ETag` with `tag`, which is given without its quotes.
pub(crate) fn etag(tag: &str) -> [(HeaderName, HeaderValue); 1] {
    [(ETAG, HeaderValue::try_from(format!("\"{tag}\"")).expect("tags are of visible ASCII"))]
}
