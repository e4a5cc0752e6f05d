//! Envelopes as they came, taken apart by the letter of the format: what the format calls malformed is a fault.

use std::io::Read;

use plimsoll_domain::time::Timestamp;
use serde_json::Value;

/// More than Sentry takes.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Items that belong to an event, whose id stands in the envelope's header.
const OF_EVENTS: [&str; 5] = ["event", "transaction", "attachment", "user_report", "feedback"];

/// A request that came, and what is in it.
#[derive(Clone, Debug)]
pub struct Came {
    /// When all of it was there.
    pub at: Timestamp,
    /// The project in its path.
    pub project: u64,
    /// With which headers: names as they were written.
    pub headers: Vec<(String, String)>,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// The envelope's header.
    pub header: Value,
    /// Its items.
    pub items: Vec<Item>,
    /// Whether it was taken.
    pub accepted: bool,
}

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its header.
    pub header: Value,
    /// What is in it.
    pub payload: Vec<u8>,
}

impl Came {
    /// The value of a header; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The payload of the first item of this type, as JSON.
    pub fn json(&self, kind: &str) -> Value {
        let found = self.items.iter().find(|item| item.header["type"] == kind);
        found.and_then(|item| serde_json::from_slice(&item.payload).ok()).unwrap_or_default()
    }
}

/// Decodes a body that is encoded as its `Content-Encoding` says.
pub(super) fn decode(encoding: &str, body: &[u8]) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::new();
    let read = match encoding {
        "" | "identity" => return Ok(body.to_vec()),
        "gzip" => flate2::read::MultiGzDecoder::new(body).take(LARGEST).read_to_end(&mut decoded),
        "deflate" => flate2::read::ZlibDecoder::new(body).take(LARGEST).read_to_end(&mut decoded),
        "br" => brotli::Decompressor::new(body, 4_096).take(LARGEST).read_to_end(&mut decoded),
        "zstd" => zstd::Decoder::new(body).and_then(|decoder| decoder.take(LARGEST).read_to_end(&mut decoded)),
        other => return Err(format!("content-encoding: {other:?}")),
    };
    read.map(|_| decoded).map_err(|error| format!("the body is not {encoding}: {error}"))
}

/// Takes an envelope apart: its header, and its items.
pub(super) fn parse(envelope: &[u8]) -> Result<(Value, Vec<Item>), String> {
    let (line, mut rest) = line(envelope);
    let header = object(line, "the envelope's header")?;
    let mut items = Vec::new();
    while !rest.is_empty() && rest != b"\n" {
        let (line, after) = self::line(rest);
        let header = object(line, "an item's header")?;
        if !header["type"].is_string() {
            return Err(format!("an item without a type: {header}"));
        }
        let (payload, after) = match &header["length"] {
            Value::Null => self::line(after),
            length => counted(length, after)?,
        };
        items.push(Item { header, payload: payload.to_vec() });
        rest = after;
    }
    if items.is_empty() {
        return Err("the envelope is empty".to_owned());
    }
    check_event_id(&header, &items)?;
    Ok((header, items))
}

fn counted<'a>(length: &Value, rest: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), String> {
    let bytes = length.as_u64().and_then(|length| usize::try_from(length).ok());
    let payload = bytes.and_then(|bytes| rest.split_at_checked(bytes));
    match payload {
        Some((payload, [b'\n', rest @ ..])) => Ok((payload, rest)),
        Some((payload, [])) => Ok((payload, &[])),
        Some(_) => Err(format!("no newline after an item of {length} bytes")),
        None => Err(format!("an item of {length} bytes, and {} are left", rest.len())),
    }
}

fn check_event_id(header: &Value, items: &[Item]) -> Result<(), String> {
    let id = |value: &Value| value.as_str().unwrap_or_default().replace('-', "").to_lowercase();
    let of_envelope = id(&header["event_id"]);
    let is_id = of_envelope.len() == 32 && of_envelope.bytes().all(|byte| byte.is_ascii_hexdigit());
    for item in items {
        let kind = item.header["type"].as_str().unwrap_or_default();
        if OF_EVENTS.contains(&kind) && !is_id {
            return Err(format!("an item {kind} in an envelope without event_id"));
        }
        if ["event", "transaction"].contains(&kind) {
            let payload = object(&item.payload, kind)?;
            let own = id(&payload["event_id"]);
            if !own.is_empty() && own != of_envelope {
                return Err(format!("{kind}: its event_id {own} is not the envelope's {of_envelope}"));
            }
        }
    }
    Ok(())
}

fn object(line: &[u8], what: &str) -> Result<Value, String> {
    let read = serde_json::from_slice::<Value>(line).ok().filter(Value::is_object);
    read.ok_or_else(|| {
        format!("{what}: expected an object, got {}", String::from_utf8_lossy(&line[..line.len().min(80)]))
    })
}

/// Up to the next newline or the end, and what is behind it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
