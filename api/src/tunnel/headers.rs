//! Which headers are passed on, and which are not. A list of what passes, and not of what does not: the address they go to
//! is one that a tenant chose.

use std::net::IpAddr;

use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERER,
    RETRY_AFTER, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::live::LiveApp;

pub(super) const X_SENTRY_RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");
const X_SENTRY_ERROR: HeaderName = HeaderName::from_static("x-sentry-error");
const X_SENTRY_AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const ENVELOPE: HeaderValue = HeaderValue::from_static("application/x-sentry-envelope");

/// What an envelope says of itself and of where it came from. Everything else stays behind: what concerns one connection,
/// cookies, and whatever a proxy in front of us has added for our eyes.
const PASSED: [HeaderName; 11] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    USER_AGENT,
    ORIGIN,
    REFERER,
    ACCEPT,
    ACCEPT_LANGUAGE,
    HeaderName::from_static("sentry-trace"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// An answer comes from a host that a tenant chose, and is read under our name: nothing in it may run.
const INERT: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What comes back, beside the type of the answer.
const RETURNED: [HeaderName; 4] = [CONTENT_ENCODING, RETRY_AFTER, X_SENTRY_RATE_LIMITS, X_SENTRY_ERROR];

/// The headers that an envelope of `live` is passed on with, which came with `headers` from `peer`.
pub(super) fn outgoing(headers: &HeaderMap, live: &LiveApp, peer: IpAddr) -> HeaderMap {
    let of_connection = named_by_connection(headers);
    let mut passed = HeaderMap::with_capacity(PASSED.len() + 4);
    for name in PASSED.into_iter().filter(|name| !of_connection.contains(name)) {
        if let Some(value) = headers.get(&name) {
            passed.insert(name, value.clone());
        }
    }
    passed.insert(X_FORWARDED_FOR, forwarded_for(headers, peer));
    passed.insert(X_SENTRY_AUTH, live.auth.clone());
    passed.entry(CONTENT_TYPE).or_insert(ENVELOPE);
    passed
}

/// `X-Forwarded-For` as it came, with `peer` behind it.
fn forwarded_for(headers: &HeaderMap, peer: IpAddr) -> HeaderValue {
    let peer = peer.to_canonical().to_string();
    let before = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let all = before.map(str::trim).filter(|value| !value.is_empty()).chain([peer.as_str()]).collect::<Vec<_>>();
    HeaderValue::try_from(all.join(", ")).expect("header values and an address are one")
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// The headers of an answer that come back.
pub(super) fn returned(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(RETURNED.len() + 8);
    for name in RETURNED {
        for value in headers.get_all(&name) {
            kept.append(&name, value.clone());
        }
    }
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    kept.insert(CONTENT_TYPE, if is_json { JSON } else { TEXT });
    kept.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    kept.insert(CONTENT_SECURITY_POLICY, INERT);
    kept
}

/// The headers that are kept with an envelope that waits: what it says of itself, and of where it came from.
pub(super) fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let wanted = PASSED.into_iter().chain([X_FORWARDED_FOR]);
    let found =
        wanted.filter_map(|name| Some((name.as_str().to_owned(), headers.get(&name)?.to_str().ok()?.to_owned())));
    found.collect()
}
