//! Probes as they are written in the API. The domain's own types read leniently, since they also read what is stored;
//! these refuse what they do not know, and keep secret headers from being read back.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::probe::{DEFAULT_TIMEOUT_MS, HeartbeatProbe, HttpProbe, JsonEquals, ProbeSpec, TcpProbe};

use crate::extract::{escaped, read_value};
use crate::secrets::{mask, same_origin};

/// Fragments of the names of headers that hold secrets.
const SECRET_NAMES: [&str; 6] = ["authorization", "cookie", "token", "secret", "key", "password"];

/// How a component's health is learnt.
///
/// Each kind names itself: a tag beside a body that refuses what it does not know would be refused by its own schema.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ProbeBody {
    /// An HTTP request is sent each tick.
    Http(HttpBody),
    /// A TCP connection is opened each tick.
    Tcp(TcpBody),
    /// The component reports by itself; silence is `down`.
    Heartbeat(HeartbeatBody),
    /// Samples come by the API only.
    Push(PushBody),
}

/// Which answers to an HTTP request are good.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpBody {
    kind: HttpKind,

    /// `http://` or `https://`, without user or password, at most 2048 characters.
    url: String,
    /// `GET` unless it is another of `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`, `OPTIONS`.
    #[serde(default = "get")]
    method: String,
    /// Sent with the request, at most 20. Values of headers that hold secrets are read back masked; sending the mask keeps
    /// them, as long as the URL's scheme, host and port stay.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Status codes that are good, at most 50; none means any 2xx.
    #[serde(default)]
    expected_status: Vec<u16>,
    /// Text of at most 1000 characters that the first 64 KiB of the body must contain.
    #[serde(default)]
    body_contains: Option<String>,
    /// A value that the body, read as JSON, must hold.
    #[serde(default)]
    json_equals: Option<JsonEqualsBody>,
    /// Whether up to five redirects are followed; not together with `headers`.
    #[serde(default)]
    follow_redirects: bool,
    /// Time for the whole exchange, 100 to 30000 ms; 10000 unless given.
    #[serde(default = "default_timeout")]
    timeout_ms: u32,
    /// An answer slower than this is `degraded`.
    #[serde(default)]
    degraded_above_ms: Option<u32>,
}

/// A JSON pointer and the value that must stand there.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JsonEqualsBody {
    /// Where, e.g. `/status`.
    pointer: String,
    /// What: a plain value, or a list or object of at most 100 plain values. Whole numbers fit 64 bits with a sign.
    value: Value,
}

/// Where a TCP connection must succeed.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TcpBody {
    kind: TcpKind,

    /// `host:port`.
    address: String,
    /// Time to connect, 100 to 30000 ms; 10000 unless given.
    #[serde(default = "default_timeout")]
    timeout_ms: u32,
    /// A connection slower than this is `degraded`.
    #[serde(default)]
    degraded_above_ms: Option<u32>,
}

/// How often the component must report.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeartbeatBody {
    kind: HeartbeatKind,

    /// Longest silence that is good, in seconds, 5 to 604800.
    every_seconds: u32,
}

/// Nothing more to say.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PushBody {
    kind: PushKind,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HttpKind {
    Http,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TcpKind {
    Tcp,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum HeartbeatKind {
    Heartbeat,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PushKind {
    Push,
}

fn get() -> String {
    "GET".to_owned()
}

const fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT_MS
}

/// Reads a probe, `kind` first: read as one enum, a fault would lose its place. Pointers start at the probe.
pub(super) fn read(probe: Value) -> Result<ProbeSpec, Invalid> {
    let Some(fields) = probe.as_object() else {
        return Err(Invalid::at("", "expected an object with a kind"));
    };
    let Some(kind) = fields.get("kind") else {
        return Err(Invalid::at("/kind", "expected a value: this field is required"));
    };
    match kind.as_str() {
        Some("http") => of::<HttpBody>(probe).map(|body| ProbeSpec::Http(body.into())),
        Some("tcp") => of::<TcpBody>(probe).map(|body| ProbeSpec::Tcp(body.into())),
        Some("heartbeat") => of::<HeartbeatBody>(probe)
            .map(|body| ProbeSpec::Heartbeat(HeartbeatProbe { every_seconds: body.every_seconds })),
        Some("push") => of::<PushBody>(probe).map(|_| ProbeSpec::Push),
        _ => Err(Invalid::at("/kind", format!("expected http, tcp, heartbeat or push, got {kind}"))),
    }
}

fn of<T: DeserializeOwned>(fields: Value) -> Result<T, Invalid> {
    read_value(fields)
}

/// Puts the stored value where `probe` carries its mask. A probe that leads elsewhere gets none: whoever may not read a
/// secret could have it sent to a place of their own. Pointers start at the probe.
pub(super) fn keep_secrets(probe: &mut ProbeSpec, stored: &ProbeSpec) -> Result<(), Invalid> {
    let (ProbeSpec::Http(probe), ProbeSpec::Http(stored)) = (probe, stored) else { return Ok(()) };
    let mut faults = Faults::default();
    let leads_elsewhere = !same_origin(&probe.url, &stored.url);
    for (name, value) in &mut probe.headers {
        let Some(held) = stored.headers.get(name) else { continue };
        if !is_secret(name) || *value != mask(held) {
            continue;
        }
        if leads_elsewhere {
            let detail = "expected the value itself, since the URL leads elsewhere now".to_owned();
            faults.keep::<()>(Err(detail), &format!("/headers/{}", escaped(name)));
            // Refused once is enough: the mask itself is no valid value.
            value.clear();
        } else {
            value.clone_from(held);
        }
    }
    faults.finish()
}

fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|fragment| header.contains(fragment))
}

impl From<ProbeSpec> for ProbeBody {
    fn from(probe: ProbeSpec) -> Self {
        match probe {
            ProbeSpec::Http(probe) => Self::Http(probe.into()),
            ProbeSpec::Tcp(probe) => Self::Tcp(TcpBody {
                kind: TcpKind::Tcp,
                address: probe.address,
                timeout_ms: probe.timeout_ms,
                degraded_above_ms: probe.degraded_above_ms,
            }),
            ProbeSpec::Heartbeat(probe) => {
                Self::Heartbeat(HeartbeatBody { kind: HeartbeatKind::Heartbeat, every_seconds: probe.every_seconds })
            }
            ProbeSpec::Push => Self::Push(PushBody { kind: PushKind::Push }),
        }
    }
}

impl From<HttpProbe> for HttpBody {
    fn from(probe: HttpProbe) -> Self {
        let mask = |(name, value): (String, String)| {
            let value = if is_secret(&name) { mask(&value) } else { value };
            (name, value)
        };
        Self {
            kind: HttpKind::Http,
            url: probe.url,
            method: probe.method,
            headers: probe.headers.into_iter().map(mask).collect(),
            expected_status: probe.expected_status,
            body_contains: probe.body_contains,
            json_equals: probe.json_equals.map(|held| JsonEqualsBody { pointer: held.pointer, value: held.value }),
            follow_redirects: probe.follow_redirects,
            timeout_ms: probe.timeout_ms,
            degraded_above_ms: probe.degraded_above_ms,
        }
    }
}

impl From<HttpBody> for HttpProbe {
    fn from(body: HttpBody) -> Self {
        Self {
            url: body.url,
            method: body.method,
            headers: body.headers,
            expected_status: body.expected_status,
            body_contains: body.body_contains,
            json_equals: body.json_equals.map(|held| JsonEquals { pointer: held.pointer, value: held.value }),
            follow_redirects: body.follow_redirects,
            timeout_ms: body.timeout_ms,
            degraded_above_ms: body.degraded_above_ms,
        }
    }
}

impl From<TcpBody> for TcpProbe {
    fn from(body: TcpBody) -> Self {
        Self { address: body.address, timeout_ms: body.timeout_ms, degraded_above_ms: body.degraded_above_ms }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointer(probe: Value) -> String {
        read(probe).expect_err("refused").0.remove(0).pointer
    }

    #[test]
    fn a_fault_inside_a_probe_keeps_its_place() {
        assert_eq!(pointer(json!({"kind": "http", "url": "http://a", "colour": 1})), "/colour");
        assert_eq!(pointer(json!({"kind": "http", "url": "http://a", "timeout_ms": "1"})), "/timeout_ms");
        assert_eq!(pointer(json!({"kind": "http", "url": "http://a", "headers": {"a/b": 1}})), "/headers/a~1b");
        assert_eq!(
            pointer(json!({"kind": "http", "url": "http://a", "json_equals": {"pointer": "/", "x": 1}})),
            "/json_equals/x"
        );
        assert_eq!(pointer(json!({"kind": "http"})), "/url");
        assert_eq!(pointer(json!({"kind": "push", "url": "http://a"})), "/url");
        assert_eq!(pointer(json!({"kind": "smoke"})), "/kind");
        assert_eq!(pointer(json!({})), "/kind");
        assert_eq!(pointer(json!([])), "");
    }

    #[test]
    fn a_secret_is_masked_and_its_mask_keeps_it() {
        let stored = read(json!({"kind": "http", "url": "http://a", "headers":
            {"Authorization": "Bearer abcdefgh1234", "X-Api-Key": "short", "Accept": "text/html"}}))
        .expect("valid");
        let ProbeBody::Http(shown) = ProbeBody::from(stored.clone()) else { panic!("still http") };
        assert_eq!(shown.headers["Authorization"], "••••1234");
        assert_eq!(shown.headers["X-Api-Key"], "••••");
        assert_eq!(shown.headers["Accept"], "text/html");
        let mut back = ProbeSpec::Http(shown.into());
        keep_secrets(&mut back, &stored).expect("the URL is the same");
        assert_eq!(back, stored);
    }
}
