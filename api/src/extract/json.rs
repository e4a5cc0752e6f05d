//! JSON bodies. The limit on their size is part of the type: a handler says how much it takes.
//!
//! A body is read straight into the request's type; only when that fails is it read again with its path tracked, which
//! costs an allocation for each key, to say where the fault is. A body over its limit is read to some length and thrown
//! away, since a client that is still sending would see a reset connection instead of the answer.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use plimsoll_domain::invalid::Invalid;

use crate::problem::Problem;
use crate::state::ApiState;

/// The usual limit on a body.
pub(crate) const MIB: usize = 1 << 20;
const DRAINED: usize = 16 * MIB;
const TIME_TO_SEND: Duration = Duration::from_secs(20);

/// A body of at most `LIMIT` bytes that says it is JSON, not read yet. Empty when there is none.
pub(crate) struct JsonBytes<const LIMIT: usize>(pub(crate) Bytes);

impl<const LIMIT: usize> FromRequest<ApiState> for JsonBytes<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &ApiState) -> Result<Self, Problem> {
        let (headers, bytes) = read_body(request, LIMIT).await?;
        if !bytes.is_empty() && !is_json(&headers) {
            let detail = "Expected a body of Content-Type: application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        Ok(Self(bytes))
    }
}

/// A body of at most `LIMIT` bytes, whatever it says it is.
pub(crate) struct RawBytes<const LIMIT: usize>(pub(crate) Bytes);

impl<const LIMIT: usize> FromRequest<ApiState> for RawBytes<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &ApiState) -> Result<Self, Problem> {
        read_body(request, LIMIT).await.map(|(_, bytes)| Self(bytes))
    }
}

/// A JSON body of at most 1 MiB, read as `T`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let JsonBytes(bytes) = JsonBytes::<MIB>::from_request(request, state).await?;
        read_slice(&bytes).map(Self)
    }
}

/// Reads `bytes`: 400 when they are not JSON, 422 with a pointer when they are not a `T`.
pub(crate) fn read_slice<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    if bytes.first() == Some(&b'{')
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        return Ok(value);
    }
    // A derived reader would take a list for an object, by the order of its fields.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Invalid::at("", "expected an object, got a list").into());
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize::<_, T>(&mut json);
    match read {
        Ok(value) => json.end().map(|()| value).map_err(|error| not_json(&error)),
        Err(error) if error.inner().is_data() => Err(located(&error).into()),
        Err(error) if is_not_finite(bytes, error.inner()) => {
            Err(Invalid::at(pointer(&error), "expected a finite number: JSON has neither NaN nor infinity").into())
        }
        Err(error) => Err(not_json(error.inner())),
    }
}

/// Reads a part of a body that was kept as it came; pointers start at that part.
pub(crate) fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| located(&error))
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::bad_request(format!("The body is not JSON: {error}."))
}

/// Whether what is no JSON is a number that some libraries write though JSON does not have it.
fn is_not_finite(bytes: &[u8], error: &serde_json::Error) -> bool {
    if error.to_string().starts_with("number out of range") {
        return true;
    }
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let from = |back: usize| line.get(error.column().saturating_sub(back)..).unwrap_or_default();
    (1..=2).any(|back| ["NaN", "Infinity", "-Infinity"].iter().any(|word| from(back).starts_with(word.as_bytes())))
}

fn pointer(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escaped(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    error.path().iter().map(step).collect()
}

fn located(error: &serde_path_to_error::Error<serde_json::Error>) -> Invalid {
    let pointer = pointer(error);
    let text = error.inner().to_string();
    let detail = text.rsplit_once(" at line ").map_or(text.as_str(), |(detail, _)| detail);
    if let Some(field) = detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return Invalid::at(format!("{pointer}/{field}"), "expected a value: this field is required");
    }
    // What somebody sent may be a secret, and errors are logged: it is not repeated.
    let text = detail.strip_prefix("invalid type: string \"").and_then(|rest| rest.rsplit_once("\", expected "));
    text.map_or_else(
        || Invalid::at(&*pointer, detail),
        |(_, wanted)| Invalid::at(&*pointer, format!("expected {wanted}, got a text")),
    )
}

/// `key` as a step of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn declared(headers: &HeaderMap) -> usize {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read_body(request: Request, limit: usize) -> Result<(HeaderMap, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.");
    let read = tokio::time::timeout(TIME_TO_SEND, read_limited(body, declared(&parts.headers), limit));
    let bytes = read.await.map_err(|_| late())??;
    Ok((parts.headers, bytes))
}

async fn read_limited(mut body: Body, declared: usize, limit: usize) -> Result<Bytes, Problem> {
    let mut kept = BytesMut::with_capacity(declared.min(limit));
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("The body ended before it was complete."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > DRAINED {
            break;
        }
    }
    if seen > limit {
        let detail = format!("Expected a body of at most {limit} bytes.");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(kept.freeze())
}
