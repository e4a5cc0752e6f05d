//! Asks a tenant's Prometheus for one number at one instant, through the guarded client.
//!
//! The address, the query and the answer are a tenant's. So every way in which this goes wrong is told apart, in words
//! that help the person who wrote the query and show nobody their secret. Guessing was rejected: of several series none
//! is picked, and no data is not zero.

use std::time::Duration;

use plimsoll_domain::slo::sli::{PrometheusAuth, PrometheusSource};
use plimsoll_domain::time::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use crate::egress::EgressError;
use crate::http_client::{Credentials, Form, HttpClient, HttpError, Response};
use crate::masking::{self, MASKED};

/// How long an answer may be. One sample with its labels takes some hundred bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Asks the Prometheus servers of tenants.
#[derive(Clone, Debug)]
pub struct PrometheusClient {
    http: HttpClient,
}

/// Why there is no number. Each message reads alone and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The address must not be spoken to; nothing was sent.
    #[error("the Prometheus is not asked: {0}")]
    Refused(String),
    /// The URL or the credentials cannot be put into a request; nothing was sent.
    #[error("the Prometheus cannot be asked: {0}")]
    Unsendable(String),
    /// The whole answer was not there after so many seconds, or no connection after ten.
    #[error("the Prometheus gave no answer in time: it has {0} s, at most 10 of them to connect")]
    TimedOut(u32),
    /// No connection, or it broke.
    #[error("the exchange with the Prometheus failed: {0}")]
    Unreachable(String),
    /// It answered with an error of its own, or something in front of it did.
    #[error("the Prometheus answered {code}: {words}")]
    Status {
        /// The HTTP status; 200 for an error that is told with a 200.
        code: u16,
        /// The type and text of Prometheus' error, otherwise the beginning of the body: one line of at most 200
        /// characters, secrets masked.
        words: String,
    },
    /// The body is not what a Prometheus answers.
    #[error("what answered is not a Prometheus: {0}")]
    NotPrometheus(&'static str),
    /// More than 1 MiB was answered; the rest was not read.
    #[error("the answer is longer than 1 MiB, expected one number: aggregate the series, for example with sum()")]
    TooLong,
    /// The query is of a type that is never one number.
    #[error("the query gives {0}, expected one number: an instant vector with one sample, or a scalar")]
    NotANumber(&'static str),
    /// So many series came back, and none is the answer.
    #[error("the query gives {0} series, expected one: aggregate them, for example with sum()")]
    SeveralSeries(usize),
    /// It gave plus or minus infinity.
    #[error("the query gives infinity, expected a finite number: look for a division by zero")]
    NotFinite,
}

impl PrometheusClient {
    /// A client that speaks only to what `http` may speak to.
    pub const fn new(http: HttpClient) -> Self {
        Self { http }
    }

    /// What `query` gives at the instant `at`, on the server that `source` names. `None` is no data: an empty vector, or
    /// NaN, which is what Prometheus makes of nothing divided by nothing. `$interval` must have been replaced.
    pub async fn ask(&self, source: &PrometheusSource, query: &str, at: Timestamp) -> Result<Option<f64>, QueryError> {
        let (at, patience) = (at.to_string(), format!("{}s", source.timeout_seconds));
        let form = Form {
            url: endpoint(&source.url)?,
            fields: &[("query", query), ("time", &at), ("timeout", &patience)],
            credentials: source.auth.as_ref().map(credentials),
            timeout: Duration::from_secs(source.timeout_seconds.into()),
            // One more than is allowed, to see that there is more.
            body_limit: ANSWER_LIMIT + 1,
        };
        let answer = self.http.post_form(form).await.map_err(|error| not_answered(error, source))?;
        read(&answer, source.auth.as_ref())
    }
}

/// What a Prometheus answers, as far as it is looked at.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Answer {
    Success {
        data: Data,
    },
    Error {
        #[serde(rename = "errorType")]
        kind: String,
        error: String,
    },
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Sample>),
    Scalar(Point),
    Matrix(IgnoredAny),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Sample {
    value: Option<Point>,
    histogram: Option<IgnoredAny>,
}

/// An instant and a number, which is written as a string because JSON has neither NaN nor infinity.
#[derive(Deserialize)]
struct Point(IgnoredAny, String);

fn endpoint(url: &str) -> Result<Url, QueryError> {
    let unreadable = |_| QueryError::Unsendable("its URL cannot be read".to_owned());
    Url::parse(&format!("{}/api/v1/query", url.trim_end_matches('/'))).map_err(unreadable)
}

fn credentials(auth: &PrometheusAuth) -> Credentials<'_> {
    match auth {
        PrometheusAuth::Basic { username, password } => Credentials::Basic { username, password },
        PrometheusAuth::Bearer(token) => Credentials::Bearer(token),
    }
}

fn not_answered(error: HttpError, source: &PrometheusSource) -> QueryError {
    match error {
        HttpError::Egress(error @ EgressError::Refused { .. }) => QueryError::Refused(error.to_string()),
        HttpError::Egress(error @ EgressError::Unresolved { .. }) => QueryError::Unreachable(error.to_string()),
        HttpError::Timeout(_) | HttpError::ConnectTimeout(_) => QueryError::TimedOut(source.timeout_seconds),
        HttpError::Unsendable(reason) => QueryError::Unsendable(reason),
        HttpError::NotConnected(reason) | HttpError::Failed(reason) => QueryError::Unreachable(reason),
    }
}

fn read(response: &Response, auth: Option<&PrometheusAuth>) -> Result<Option<f64>, QueryError> {
    let code = response.status.as_u16();
    let answer = serde_json::from_slice(&response.body);
    match answer {
        Ok(Answer::Error { kind, error }) => {
            Err(QueryError::Status { code, words: presentable(&format!("{kind}: {error}"), auth) })
        }
        _ if !response.status.is_success() => Err(QueryError::Status { code, words: words_of(response, auth) }),
        _ if response.body.len() > ANSWER_LIMIT => Err(QueryError::TooLong),
        Ok(Answer::Success { data }) => one_number(data),
        // The parser's own words would repeat what it has read.
        Err(_) => Err(QueryError::NotPrometheus("the body is not the JSON that answers an instant query")),
    }
}

fn one_number(data: Data) -> Result<Option<f64>, QueryError> {
    let mut samples = match data {
        Data::Vector(samples) => samples,
        Data::Scalar(point) => return finite(&point),
        Data::Matrix(_) => return Err(QueryError::NotANumber("a range vector")),
        Data::String(_) => return Err(QueryError::NotANumber("a string")),
    };
    if samples.len() > 1 {
        return Err(QueryError::SeveralSeries(samples.len()));
    }
    match samples.pop() {
        None => Ok(None),
        Some(Sample { value: Some(point), .. }) => finite(&point),
        Some(Sample { histogram: Some(_), .. }) => Err(QueryError::NotANumber("a native histogram")),
        Some(_) => Err(QueryError::NotPrometheus("the sample has no value")),
    }
}

fn finite(Point(_, text): &Point) -> Result<Option<f64>, QueryError> {
    match text.parse::<f64>() {
        Ok(number) if number.is_nan() => Ok(None),
        Ok(number) if number.is_finite() => Ok(Some(number)),
        Ok(_) => Err(QueryError::NotFinite),
        Err(_) => Err(QueryError::NotPrometheus("the sample's value is not a number")),
    }
}

/// What to repeat of an answer that is not Prometheus' own. A page of HTML says no more than its status does.
fn words_of(response: &Response, auth: Option<&PrometheusAuth>) -> String {
    if response.status.is_redirection() {
        return "a redirect, which is not followed".to_owned();
    }
    let body = String::from_utf8_lossy(&response.body);
    let words = if body.trim_start().starts_with('<') { String::new() } else { presentable(&body, auth) };
    if !words.is_empty() {
        return words;
    }
    response.status.canonical_reason().unwrap_or("without a reason").to_owned()
}

/// One line of at most 200 characters, without what we have shown to the server: some repeat it.
fn presentable(words: &str, auth: Option<&PrometheusAuth>) -> String {
    let secret = match auth {
        Some(PrometheusAuth::Basic { password: secret, .. } | PrometheusAuth::Bearer(secret)) => secret.as_str(),
        None => "",
    };
    let words = if secret.is_empty() { words.to_owned() } else { words.replace(secret, MASKED) };
    masking::presentable(&words)
}
