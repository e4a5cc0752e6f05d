//! `Idempotency-Key`: a creation that is asked for again, because its answer was lost, creates nothing more.
//!
//! Nothing is remembered for it: the id of what is created is derived from the key, so what is stored already answers.
//! A table of answers was rejected, since it would have to be one write with the creation itself.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::audit::Noted;
use crate::problem::Problem;
use crate::state::ApiState;

const HEADER: &str = "idempotency-key";

/// The key, if the request has one: 1 to 255 visible characters.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequestParts<ApiState> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
        let key = key.ok_or_else(|| Problem::bad_request("Idempotency-Key is not of 1 to 255 visible characters."))?;
        if let Some(noted) = Noted::of(parts) {
            noted.may_be_repeated();
        }
        Ok(Self(Some(key.to_owned())))
    }
}
