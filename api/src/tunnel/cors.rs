//! What browsers are told of who may send: nothing, unless the page's origin is one that an app allows.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use url::Url;

use plimsoll_domain::frontend::{App, is_allowed};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, content-encoding, x-sentry-auth, x-requested-with, sentry-trace, baggage, traceparent, tracestate",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-sentry-error, x-sentry-rate-limits, retry-after, x-request-id");
const AN_HOUR: HeaderValue = HeaderValue::from_static("3600");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");

/// The origin of the page that asks, if a browser says so.
pub(super) fn origin_of(headers: &HeaderMap) -> Option<&str> {
    // What is no text is no origin that anybody allows.
    headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

/// Whether a page of this origin may speak for `app`. One that names no origins takes only pages of our own.
pub(super) fn permits(app: &App, origin: &str, headers: &HeaderMap, public_url: &str) -> bool {
    if app.allowed_origins.is_empty() {
        return is_own(origin, headers, public_url);
    }
    is_allowed(&app.allowed_origins, origin)
}

/// Whether `origin` is the one that this request came to, or that the outside knows us by.
pub(super) fn is_own(origin: &str, headers: &HeaderMap, public_url: &str) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let public = || Url::parse(public_url).is_ok_and(|url| url.origin().ascii_serialization() == origin);
    authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority))) || public()
}

/// Lets a page of `origin` read `response`.
pub(crate) fn allow(response: &mut Response, origin: &HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, BY_ORIGIN);
}

/// The answer to a preflight: whether `origin` may come is known.
pub(crate) fn preflight(origin: Option<&HeaderValue>, is_permitted: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(VARY, BY_ORIGIN);
    if let Some(origin) = origin.filter(|_| is_permitted) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, AN_HOUR);
    }
    response
}
