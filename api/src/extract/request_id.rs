//! What a request is called, for whatever is within the edge.

use axum::http::HeaderValue;

/// The id of a request, as in its answer and in the log. The edge leaves it in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub HeaderValue);

impl RequestId {
    /// The id as text; `None` for one that is not of visible ASCII.
    pub fn as_str(&self) -> Option<&str> {
        self.0.to_str().ok()
    }
}
