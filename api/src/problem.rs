//! The one shape of every error: RFC 9457 `application/problem+json`.
//!
//! A handler's error travels to the edge as a value in the response's extensions, and the edge writes it: only there is
//! the request's id known, and only there is a failure logged, once. So a body never carries a chain of causes.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use plimsoll_domain::invalid::{Fault, Invalid};
use plimsoll_store::StoreError;

/// The media type of [`ProblemBody`].
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"plimsoll\"");

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Fault>,
    cause: Option<String>,
    /// After so many seconds it is worth another try.
    retry_after: Option<u64>,
}

/// A [`Problem`] as it is written.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong, for a person.
    detail: String,
    /// The request's id, as in `x-request-id` and the log.
    instance: String,
    /// Each field that was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One field that was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// A JSON pointer (RFC 6901) into the request's body, or to the query parameter of that name.
    pointer: String,
    /// What was expected.
    detail: String,
}

impl Problem {
    /// A problem of `status`, with a sentence for a person.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), cause: None, retry_after: None }
    }

    /// Nothing there, or nothing that the caller may know of: the same words for both.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {what}."))
    }

    /// The caller is known, but may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// The request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The precondition `If-Match` does not hold.
    pub fn stale() -> Self {
        let detail = "It has been changed since the version named in If-Match: read it again.";
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    /// It was asked too often, and may be again after so many seconds.
    pub(crate) fn too_often(detail: &str, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// Somebody else is at it, for so many seconds.
    pub(crate) fn busy(detail: &str, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::new(StatusCode::CONFLICT, detail) }
    }

    /// The failure of something that is ours. `cause` is logged, and never sent.
    pub fn failure(status: StatusCode, detail: &str, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(status, detail) }
    }

    /// What to log, if it is our fault.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Everything that is wrong, in one line.
    pub(crate) fn in_words(&self) -> String {
        let fault = |fault: &Fault| format!(" {}: {}.", fault.pointer, fault.detail);
        self.detail.clone() + &self.errors.iter().map(fault).collect::<String>()
    }

    /// The problem that a response of `status` without any body stands for.
    pub(crate) fn of_bare(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => "There is nothing at this path.",
            StatusCode::METHOD_NOT_ALLOWED => "This path does not take this method; Allow names those it takes.",
            _ => status.canonical_reason().unwrap_or("The request was not carried out."),
        };
        Self::new(status, detail)
    }

    /// Writes the problem into `response`, whose headers are kept.
    pub(crate) fn write(self, response: &mut Response, instance: &str) {
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: instance.to_owned(),
            errors: self
                .errors
                .into_iter()
                .map(|fault| FieldError { pointer: fault.pointer, detail: fault.detail })
                .collect(),
        };
        let json = serde_json::to_vec(&body).expect("strings and numbers serialise");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.remove(axum::http::header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(json);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE),
            StatusCode::SERVICE_UNAVAILABLE => response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS),
            _ => None,
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let count = invalid.0.len();
        let detail =
            if count == 1 { "One field is not valid.".to_owned() } else { format!("{count} fields are not valid.") };
        Self { errors: invalid.0, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let sentence = |error: &StoreError| format!("{}.", capitalised(&error.to_string()));
        match &error {
            StoreError::Exists { .. } | StoreError::Limit { .. } => Self::new(StatusCode::CONFLICT, sentence(&error)),
            StoreError::Missing { .. } => Self::new(StatusCode::NOT_FOUND, sentence(&error)),
            StoreError::Stale { .. } => Self::new(StatusCode::PRECONDITION_FAILED, sentence(&error)),
            StoreError::Unstorable { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence(&error)),
            StoreError::DiskFull => {
                let detail = "There is no room to store anything new at the moment. Reading works.";
                Self::failure(StatusCode::SERVICE_UNAVAILABLE, detail, error.to_string())
            }
            StoreError::Unavailable { .. } => {
                let detail = "The store does not answer. Try again: what was asked may or may not have been done.";
                Self::failure(StatusCode::SERVICE_UNAVAILABLE, detail, error.to_string())
            }
            StoreError::Unreadable { .. } | StoreError::Unusable { .. } => Self::failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something stored cannot be read. The log has the details.",
                error.to_string(),
            ),
        }
    }
}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
        let response =
            ResponseBuilder::new().description("Why it was not carried out").content(PROBLEM_JSON, content).build();
        BTreeMap::from([("default".to_owned(), response.into())])
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(error: StoreError) -> (u16, Option<HeaderValue>) {
        let response = Problem::from(error).into_response();
        (response.status().as_u16(), response.headers().get(RETRY_AFTER).cloned())
    }

    #[test]
    fn a_store_error_says_what_the_caller_can_do() {
        let what = || "tenant acme".to_owned();
        assert_eq!(status_of(StoreError::Exists { what: what() }), (409, None));
        assert_eq!(status_of(StoreError::Limit { what: what(), limit: 1 }), (409, None));
        assert_eq!(status_of(StoreError::Missing { what: what() }), (404, None));
        assert_eq!(status_of(StoreError::Stale { what: what() }), (412, None));
        assert_eq!(status_of(StoreError::DiskFull), (503, Some(RETRY_SECONDS)));
        assert_eq!(status_of(StoreError::Unavailable { reason: what() }), (503, Some(RETRY_SECONDS)));
        assert_eq!(status_of(StoreError::Unstorable { what: "component", reason: what() }), (422, None));
        assert_eq!(status_of(StoreError::Unreadable { what: "hour", reason: what() }), (500, None));
    }

    #[tokio::test]
    async fn a_cause_is_never_sent() {
        let problem = Problem::from(StoreError::Unavailable { reason: "secret.host:27017 refused".to_owned() });
        assert!(problem.cause().is_some_and(|cause| cause.contains("secret.host")));
        let mut response = problem.clone().into_response();
        problem.write(&mut response, "r-1");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body in memory");
        let text = String::from_utf8_lossy(&body);
        assert!(!text.contains("secret.host") && text.contains("\"instance\":\"r-1\""), "{text}");
    }
}
