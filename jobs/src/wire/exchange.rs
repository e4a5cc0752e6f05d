//! One request to a provider, and what its answer means wherever the provider has not said otherwise.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_runtime::egress::EgressError;
use plimsoll_runtime::http_client::{HttpClient, HttpError, Request, Response};

/// How much of an answer is read.
const BODY_LIMIT: usize = 16 * 1024;
/// Nobody is believed who asks us to wait for longer.
const LONGEST_WAIT: i64 = 7 * 24 * 3_600;

/// What an attempt came to, in words that are not veiled yet.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) status: Option<u16>,
    pub(crate) words: String,
}

impl Finding {
    pub(crate) fn dead(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Dead, status: None, words: words.into() }
    }

    pub(crate) fn retry(may_have_arrived: bool, words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Retry { after: None, may_have_arrived }, status: None, words: words.into() }
    }

    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self
    }
}

/// A message to be posted as JSON.
pub(crate) struct Posting {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Posting {
    pub(crate) fn json(url: Url, body: &Value) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { url, headers, body: Bytes::from(body.to_string()) }
    }
}

/// Posts `posting`; no redirect is followed.
pub(crate) async fn post(http: &HttpClient, posting: Posting, timeout: Duration) -> Result<Response, Finding> {
    let Posting { url, headers, body } = posting;
    let request =
        Request { method: Method::POST, url, headers, body, follow_redirects: false, timeout, body_limit: BODY_LIMIT };
    http.send(request).await.map_err(|error| unanswered(&error))
}

/// Asks for `url`; no redirect is followed.
pub(crate) async fn get(
    http: &HttpClient,
    url: Url,
    headers: HeaderMap,
    timeout: Duration,
) -> Result<Response, HttpError> {
    let (method, body) = (Method::GET, Bytes::new());
    http.send(Request { method, url, headers, body, follow_redirects: false, timeout, body_limit: BODY_LIMIT }).await
}

/// The address that was configured, or why it is none.
pub(crate) fn address(text: &str) -> Result<Url, Finding> {
    // The parser's words do not repeat the text.
    Url::parse(text).map_err(|reason| Finding::dead(format!("its address is no URL: {reason}")))
}

/// What an answer means: 2xx is taken, other 4xx than 408 and 429 are refused for good, everything else is tried again.
pub(crate) fn judge(answer: &Response, now: Timestamp) -> Finding {
    let verdict = judge_status(answer.status, retry_after(&answer.headers, now));
    Finding { verdict, status: Some(answer.status.as_u16()), words: words(answer) }
}

/// The same for a status that was not the answer's own.
pub(crate) fn judge_status(status: StatusCode, after: Option<Span>) -> Verdict {
    if status.is_success() {
        Verdict::Delivered
    } else if status.is_client_error()
        && ![StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
    {
        Verdict::Dead
    } else {
        Verdict::Retry { after, may_have_arrived: false }
    }
}

/// What a provider said: its body, or what its status means.
pub(crate) fn words(answer: &Response) -> String {
    if answer.status.is_redirection() {
        return format!("it answered {} to lead us elsewhere, and redirects are not followed", answer.status.as_u16());
    }
    match String::from_utf8_lossy(&answer.body).trim() {
        "" => answer.status.canonical_reason().unwrap_or("no words").to_owned(),
        said => said.to_owned(),
    }
}

/// How long the provider asks us to wait: in seconds, or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_count = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_count {
        text.parse().unwrap_or(LONGEST_WAIT)
    } else {
        let date = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(date.as_secs()).ok()?.saturating_sub(now.seconds())
    };
    (seconds > 0).then(|| Span::from_seconds(seconds.min(LONGEST_WAIT)))
}

fn unanswered(error: &HttpError) -> Finding {
    match error {
        HttpError::Egress(EgressError::Refused { .. }) | HttpError::Unsendable(_) => Finding::dead(error.to_string()),
        _ => Finding::retry(error.may_have_arrived(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(784_111_777);

    fn asked(text: &str) -> Option<i64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).expect("a header"))]);
        retry_after(&headers, NOW).map(Span::seconds)
    }

    #[test]
    fn seconds_and_dates_are_understood_and_nonsense_is_not_heeded() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(asked("99999999999999999999999"), Some(LONGEST_WAIT));
        for nothing in ["0", "-5", "", "soon", "1.5", "Sun, 06 Nov 1994 08:49:30 GMT"] {
            assert_eq!(asked(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        let verdict = |status| judge_status(StatusCode::from_u16(status).expect("a status"), None);
        let retry = Verdict::Retry { after: None, may_have_arrived: false };
        for (status, expected) in [(200, Verdict::Delivered), (202, Verdict::Delivered), (299, Verdict::Delivered)]
            .into_iter()
            .chain([301, 307, 408, 429, 500, 503, 599].map(|status| (status, retry)))
            .chain([400, 401, 403, 404, 410, 413, 499].map(|status| (status, Verdict::Dead)))
        {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }
}
