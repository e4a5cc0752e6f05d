//! How a component's health is learnt, and what one look at it found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::invalid::{Faults, Invalid, check_text};
use crate::sample::SampleStatus;
use crate::time::Timestamp;

/// The default time a probe may take: 10 s.
pub const DEFAULT_TIMEOUT_MS: u32 = 10_000;
const MAX_HEADERS: usize = 20;
const MAX_EXPECTED: usize = 50;
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// How a component's health is learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProbeSpec {
    /// An HTTP request is sent each tick.
    Http(HttpProbe),
    /// A TCP connection is opened each tick.
    Tcp(TcpProbe),
    /// The component reports by itself; silence is `down`.
    Heartbeat(HeartbeatProbe),
    /// Samples come by the API only; silence is `unknown`.
    Push,
}

/// Which parts of an HTTP answer make it good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpProbe {
    /// `http://` or `https://`, without user or password.
    pub url: String,
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    #[serde(default = "get")]
    pub method: String,
    /// Sent with the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Status codes that are good; empty means any 2xx.
    #[serde(default)]
    pub expected_status: Vec<u16>,
    /// Text that the first 64 KiB of the body must contain.
    #[serde(default)]
    pub body_contains: Option<String>,
    /// A value that the body, read as JSON, must hold at a pointer.
    #[serde(default)]
    pub json_equals: Option<JsonEquals>,
    /// Whether up to five redirects are followed; otherwise a 3xx is the answer.
    #[serde(default)]
    pub follow_redirects: bool,
    /// Time for the whole exchange, 100 to 30,000 ms.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// An answer slower than this is `degraded`.
    #[serde(default)]
    pub degraded_above_ms: Option<u32>,
}

/// A JSON pointer (RFC 6901) and the value that must stand there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonEquals {
    /// Where, e.g. `/status`.
    pub pointer: String,
    /// What.
    pub value: Value,
}

/// Where a TCP connection must succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpProbe {
    /// `host:port`, an IPv6 address in brackets.
    pub address: String,
    /// Time to connect, 100 to 30,000 ms.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u32,
    /// A connection slower than this is `degraded`.
    #[serde(default)]
    pub degraded_above_ms: Option<u32>,
}

/// How often the component must report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatProbe {
    /// Longest silence that is good, in seconds, 5 to 604,800 (a week).
    pub every_seconds: u32,
}

fn get() -> String {
    "GET".to_owned()
}

const fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT_MS
}

/// The last report of a component with a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it reported.
    pub at: Timestamp,
    /// What it said of itself.
    pub status: SampleStatus,
}

impl HeartbeatProbe {
    /// The verdict at `now`. Reports are expected since `since`: while none is overdue since then, silence means that
    /// nothing is known.
    pub fn judge(self, last: Option<Heartbeat>, since: Timestamp, now: Timestamp) -> SampleStatus {
        let due = i64::from(self.every_seconds) * 1_000;
        match last {
            Some(beat) if now.millis_since(beat.at) <= due => beat.status,
            _ if now.millis_since(since) <= due => SampleStatus::Unknown,
            _ => SampleStatus::Down,
        }
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// The verdict.
    pub status: SampleStatus,
    /// How long the answer took, in ms; `None` when there was none.
    pub latency_ms: Option<u32>,
    /// Why it is not `operational`, in words for an operator; no content of the answer.
    pub reason: Option<String>,
    /// When the certificate that was shown expires, over TLS.
    pub certificate_expires_at: Option<Timestamp>,
}

impl ProbeOutcome {
    /// A good answer after `latency_ms`, or a slow one.
    pub fn answered(latency_ms: u32, degraded_above_ms: Option<u32>) -> Self {
        match degraded_above_ms {
            Some(limit) if latency_ms > limit => Self {
                status: SampleStatus::Degraded,
                latency_ms: Some(latency_ms),
                reason: Some(format!("answered after {latency_ms} ms, expected at most {limit} ms")),
                certificate_expires_at: None,
            },
            _ => Self {
                status: SampleStatus::Operational,
                latency_ms: Some(latency_ms),
                reason: None,
                certificate_expires_at: None,
            },
        }
    }

    /// No good answer.
    pub fn down(latency_ms: Option<u32>, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self { status: SampleStatus::Down, latency_ms, reason, certificate_expires_at: None }
    }
}

impl HttpProbe {
    /// Judges an answer: `status` code and `body` (its first 64 KiB) that came after `latency_ms`.
    pub fn judge(&self, status: u16, body: &[u8], latency_ms: u32) -> ProbeOutcome {
        match self.fault(status, body) {
            Some(reason) => ProbeOutcome::down(Some(latency_ms), reason),
            None => ProbeOutcome::answered(latency_ms, self.degraded_above_ms),
        }
    }

    /// Whether judging needs the body.
    pub fn reads_body(&self) -> bool {
        self.body_contains.is_some() || self.json_equals.is_some()
    }

    fn fault(&self, status: u16, body: &[u8]) -> Option<String> {
        let good = if self.expected_status.is_empty() {
            (200..300).contains(&status)
        } else {
            self.expected_status.contains(&status)
        };
        if !good {
            return Some(format!("answered with status {status}"));
        }
        if let Some(text) = &self.body_contains
            && !String::from_utf8_lossy(body).contains(text.as_str())
        {
            return Some("the body does not contain the expected text".to_owned());
        }
        let expected = self.json_equals.as_ref()?;
        let found =
            serde_json::from_slice::<Value>(body).ok().and_then(|json| json.pointer(&expected.pointer).cloned());
        (found.as_ref() != Some(&expected.value))
            .then(|| format!("the body does not hold the expected value at {}", expected.pointer))
    }
}

impl ProbeSpec {
    /// The values of its headers, any of which may be a secret, to be sealed where they lie.
    pub fn secrets_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Http(probe) => probe.headers.values_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// The kind as it is written in the API.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Heartbeat(_) => "heartbeat",
            Self::Push => "push",
        }
    }

    /// Refuses what cannot work, field by field.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        match self {
            Self::Http(probe) => validate_http(probe, &mut faults),
            Self::Tcp(probe) => {
                faults.keep(split_address(&probe.address).map(|_| ()), "/address");
                validate_timing(probe.timeout_ms, probe.degraded_above_ms, &mut faults);
            }
            Self::Heartbeat(probe) => {
                let seconds = probe.every_seconds;
                faults.require((5..=604_800).contains(&seconds), "/every_seconds", || {
                    format!("expected 5 to 604800 seconds, got {seconds}")
                });
            }
            Self::Push => {}
        }
        faults.finish()
    }
}

/// The host and port of a `host:port`; the error says what was expected.
pub fn split_address(address: &str) -> Result<(String, u16), String> {
    let wrong = || format!("expected host:port such as db.example.com:5432, got {address:?}");
    if address.len() > 300 || address.contains(['/', '?', '#', '@', '\\']) || address.contains(char::is_whitespace) {
        return Err(wrong());
    }
    let url = Url::parse(&format!("tcp://{address}")).map_err(|_| wrong())?;
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) if !host.is_empty() && port != 0 => {
            Ok((host.trim_matches(['[', ']']).to_owned(), port))
        }
        _ => Err(wrong()),
    }
}

fn validate_http(probe: &HttpProbe, faults: &mut Faults) {
    faults.keep(check_url(&probe.url), "/url");
    faults.require(METHODS.contains(&probe.method.as_str()), "/method", || {
        format!("expected one of {}, got {:?}", METHODS.join(", "), probe.method)
    });
    faults.require(probe.headers.is_empty() || !probe.follow_redirects, "/follow_redirects", || {
        "expected false, since headers must not be carried to where a redirect leads".to_owned()
    });
    faults
        .require(probe.headers.len() <= MAX_HEADERS, "/headers", || format!("expected at most {MAX_HEADERS} headers"));
    for (name, value) in &probe.headers {
        let token =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
        let text = value.len() <= 2_048 && value.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
        faults.require(token && text, "/headers", || {
            format!("expected {name:?} to be a header name with a value of at most 2048 printable ASCII characters")
        });
    }
    let count = probe.expected_status.len();
    faults
        .require(count <= MAX_EXPECTED, "/expected_status", || format!("expected at most {MAX_EXPECTED}, got {count}"));
    if let Some(text) = &probe.body_contains {
        check_text(faults, text, 1_000, "/body_contains");
    }
    for status in &probe.expected_status {
        faults.require((100..600).contains(status), "/expected_status", || {
            format!("expected status codes from 100 to 599, got {status}")
        });
    }
    if let Some(expected) = &probe.json_equals {
        let valid = expected.pointer.is_empty() || expected.pointer.starts_with('/');
        let valid = valid && expected.pointer.len() <= 500;
        faults.require(valid, "/json_equals/pointer", || "expected a JSON pointer such as /status".to_owned());
        faults.keep(check_json(&expected.value), "/json_equals/value");
    }
    validate_timing(probe.timeout_ms, probe.degraded_above_ms, faults);
}

/// A value that every store can hold: a plain one, or a little structure of them.
fn check_json(value: &Value) -> Result<(), String> {
    let fits = |text: &str| text.len() <= 1_000 && !text.contains('\0');
    let plain = |value: &Value| match value {
        Value::String(text) => fits(text),
        Value::Number(number) => number.is_i64() || number.is_f64(),
        Value::Null | Value::Bool(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    };
    let small = match value {
        Value::Array(items) => items.len() <= 100 && items.iter().all(plain),
        Value::Object(fields) => fields.len() <= 100 && fields.iter().all(|(name, value)| fits(name) && plain(value)),
        value => plain(value),
    };
    if small {
        Ok(())
    } else {
        Err("expected a plain value, or a list or object of at most 100 plain values".to_owned())
    }
}

fn check_url(text: &str) -> Result<(), String> {
    if text.len() > 2_048 {
        return Err(format!("expected at most 2048 characters, got {}", text.len()));
    }
    let url = Url::parse(text).map_err(|error| format!("expected an http or https URL, got {text:?}: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("expected an http or https URL, got the scheme {:?}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected a URL without user and password: use a header".to_owned());
    }
    Ok(())
}

fn validate_timing(timeout_ms: u32, degraded_above_ms: Option<u32>, faults: &mut Faults) {
    faults.require((100..=30_000).contains(&timeout_ms), "/timeout_ms", || {
        format!("expected 100 to 30000 ms, got {timeout_ms}")
    });
    if let Some(limit) = degraded_above_ms {
        faults.require((1..=timeout_ms).contains(&limit), "/degraded_above_ms", || {
            format!("expected 1 to timeout_ms ({timeout_ms}), got {limit}")
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn http(mut spec: Value) -> HttpProbe {
        let fields = spec.as_object_mut().expect("an object");
        fields.entry("url").or_insert(json!("https://example.com/health"));
        serde_json::from_value(spec).expect("a valid probe")
    }

    #[test]
    fn an_answer_is_judged_by_status_then_body_then_speed() {
        let probe = http(json!({
            "expected_status": [200, 204],
            "json_equals": {"pointer": "/db/ok", "value": true},
            "degraded_above_ms": 100
        }));
        let status = |code, body: &[u8], ms| probe.judge(code, body, ms).status;
        assert_eq!(status(200, br#"{"db":{"ok":true}}"#, 20), SampleStatus::Operational);
        assert_eq!(status(200, br#"{"db":{"ok":true}}"#, 101), SampleStatus::Degraded);
        assert_eq!(status(200, br#"{"db":{"ok":false}}"#, 20), SampleStatus::Down);
        assert_eq!(status(200, b"not json", 20), SampleStatus::Down);
        assert_eq!(status(301, br#"{"db":{"ok":true}}"#, 20), SampleStatus::Down);
        assert_eq!(http(json!({"body_contains": "ok"})).judge(200, b"all ok", 1).status, SampleStatus::Operational);
    }

    #[test]
    fn a_silent_heartbeat_is_down_and_a_new_one_unknown() {
        let probe = HeartbeatProbe { every_seconds: 60 };
        let at = Timestamp::from_seconds;
        let beat = |s| Some(Heartbeat { at: at(s), status: SampleStatus::Operational });
        assert_eq!(probe.judge(None, at(0), at(60)), SampleStatus::Unknown);
        assert_eq!(probe.judge(None, at(0), at(61)), SampleStatus::Down);
        assert_eq!(probe.judge(beat(100), at(0), at(160)), SampleStatus::Operational);
        assert_eq!(probe.judge(beat(100), at(0), at(161)), SampleStatus::Down);
        assert_eq!(probe.judge(beat(100), at(150), at(170)), SampleStatus::Unknown, "expected only since then");
    }

    #[test]
    fn a_value_that_a_store_cannot_hold_is_refused() {
        let refused = |value: Value| {
            let probe = http(json!({"json_equals": {"pointer": "/x", "value": value}}));
            ProbeSpec::Http(probe).validate().is_err()
        };
        assert!(!refused(json!(true)) && !refused(json!({"a": 1, "b": "x"})) && !refused(json!(["up"])));
        assert!(refused(json!([[1]])) && refused(json!(u64::MAX)) && refused(json!({"a\u{0}": 1})));
    }

    #[test]
    fn headers_are_not_carried_to_where_a_redirect_leads() {
        let probe = http(json!({"follow_redirects": true, "headers": {"x-key": "k"}}));
        assert!(ProbeSpec::Http(probe).validate().is_err());
    }

    #[test]
    fn a_probe_that_cannot_work_is_refused_field_by_field() {
        let probe = http(json!({"url": "ftp://x", "method": "BREW", "timeout_ms": 1, "headers": {"a b": "c"}}));
        let pointers: Vec<_> =
            ProbeSpec::Http(probe).validate().expect_err("refused").0.into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/url", "/method", "/headers", "/timeout_ms"]);
        for wrong in ["db", "db:", "db:0", "http://db:1", "u@db:1", ":80", "db:70000"] {
            assert!(split_address(wrong).is_err(), "{wrong}");
        }
        assert_eq!(split_address("[::1]:80"), Ok(("::1".to_owned(), 80)));
        assert_eq!(split_address("db.example.com:5432"), Ok(("db.example.com".to_owned(), 5432)));
    }
}
