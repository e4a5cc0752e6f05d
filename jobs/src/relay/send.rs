//! One envelope to Sentry, and what its answer means.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};

use plimsoll_domain::frontend::{Dsn, SpooledEnvelope};
use plimsoll_domain::time::Span;
use plimsoll_runtime::upstream::{AnswerBody, OutgoingBody, Upstream};

/// For the head of the answer.
const WITHIN: Duration = Duration::from_secs(20);
/// How much of an answer's body is read, and for how long, so that its connection can be used again.
const READ: usize = 64 * 1024;
const READING: Duration = Duration::from_secs(1);
/// A limit of Sentry's that does not say how long.
const UNTOLD: Span = Span::from_seconds(60);
const CLIENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

/// What became of one envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Sentry has it.
    Taken,
    /// Sentry will never take it.
    Refused,
    /// Not before so long.
    Later(Span),
    /// It was answered, and not by a Sentry that is well.
    Bad(u16),
    /// It was not answered.
    Away(String),
}

/// Sends `envelope` to the Sentry of `dsn`.
pub(super) async fn send(upstream: &Upstream, dsn: &Dsn, envelope: SpooledEnvelope) -> Sent {
    let Some(request) = request(dsn, envelope) else { return Sent::Refused };
    let response = match tokio::time::timeout(WITHIN, upstream.send(request)).await {
        Err(_) => return Sent::Away("no answer in time".to_owned()),
        Ok(Err(error)) => return Sent::Away(error.to_string()),
        Ok(Ok(response)) => response,
    };
    let (head, body) = response.into_parts();
    finish(body).await;
    match head.status.as_u16() {
        200..=299 => Sent::Taken,
        // Whatever else stands between us and Sentry says other things for a while.
        400 | 413 => Sent::Refused,
        429 => Sent::Later(wait(head.headers.get(RETRY_AFTER))),
        status => Sent::Bad(status),
    }
}

/// What the body says changes nothing.
async fn finish(body: AnswerBody) {
    let _read = tokio::time::timeout(READING, Limited::new(body, READ).collect()).await;
}

/// `None` when no request can be made of it; what was taken once can be, as far as anybody knows.
fn request(dsn: &Dsn, envelope: SpooledEnvelope) -> Option<Request<OutgoingBody>> {
    let body = Full::new(Bytes::from(envelope.body)).map_err(|never| match never {}).boxed_unsync();
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = dsn.envelope_url().parse::<Uri>().ok()?;
    let headers = request.headers_mut();
    for (name, value) in envelope.headers {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/x-sentry-envelope"));
    let mut auth = HeaderValue::try_from(dsn.auth(CLIENT)).ok()?;
    auth.set_sensitive(true);
    headers.insert("x-sentry-auth", auth);
    Some(request)
}

fn wait(retry_after: Option<&HeaderValue>) -> Span {
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
    seconds.map_or(UNTOLD, |seconds| Span::from_seconds(seconds.clamp(1, 3_600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_heeded_within_reason() {
        let told = |text: &str| wait(Some(&HeaderValue::try_from(text).expect("visible ASCII"))).seconds();
        assert_eq!((told("7"), told("0"), told("soon"), told("99999"), wait(None).seconds()), (7, 1, 60, 3_600, 60));
    }
}
