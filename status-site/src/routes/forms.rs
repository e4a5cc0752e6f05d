//! Forms as browsers send them: short, and read leniently.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;

/// Most bytes of a form.
const LONGEST: usize = 8 * 1_024;

/// What somebody filled in.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form in a request's body.
    pub(super) async fn read(body: Body) -> Result<Self, StatusCode> {
        Ok(Self::parse(&bytes(body).await?))
    }

    /// The form in `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// What stands in the first field of this name; empty when there is none.
    pub(super) fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// What stands in all fields of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// A short body.
pub(super) async fn bytes(body: Body) -> Result<axum::body::Bytes, StatusCode> {
    // The only other cause is that the sender has hung up.
    to_bytes(body, LONGEST).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}
