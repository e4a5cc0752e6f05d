//! What suites do with frontend apps again and again: make one, send what an SDK sends, and read what was counted.

use std::io::Write;

use serde_json::{Value, json};

use crate::receivers::{Came, Sentry};
use crate::{Answer, Client, eventually};

/// Where all tenants' envelopes are taken.
pub const ENVELOPE: &str = "/observability/sentry/envelope";
/// What SDKs in browsers send with.
const PLAIN: (&str, &str) = ("content-type", "text/plain;charset=UTF-8");

/// One app of a tenant, and its project at a Sentry.
#[derive(Clone, Debug)]
pub struct Frontend {
    /// The tenant's administrator.
    pub client: Client,
    /// By which the app is known to browsers.
    pub key: String,
    /// The app's DSN.
    pub dsn: String,
    path: String,
}

impl Frontend {
    /// Makes the app `id` of `tenant`, for the project of this number, with what is in `more`.
    pub async fn new((client, tenant, id): (&Client, &str, &str), sentry: &Sentry, project: u64, more: &Value) -> Self {
        let dsn = sentry.dsn(project);
        let mut app = json!({"id": id, "name": id, "dsn": dsn});
        app.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let made = client.post(&format!("/tenants/{tenant}/apps"), &app).await.ok(201);
        let key = made["key"].as_str().expect("a key").to_owned();
        Self { client: client.clone(), key, dsn, path: format!("/tenants/{tenant}/apps/{id}") }
    }

    /// The path of its record.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An envelope of one error with this number.
    pub fn numbered(&self, number: u64) -> Vec<u8> {
        self.envelope(number, &[("event", json!({"message": format!("number {number}"), "level": "error"}))])
    }

    /// An envelope of these items.
    pub fn envelope(&self, number: u64, items: &[(&str, Value)]) -> Vec<u8> {
        envelope(&self.dsn, number, items)
    }

    /// Sends an envelope; nothing where no answer came.
    pub async fn try_send(&self, envelope: Vec<u8>, headers: &[(&str, &str)]) -> Option<Answer> {
        let headers: Vec<_> = [PLAIN].iter().chain(headers).copied().collect();
        self.client.without_key().send("POST", ENVELOPE, &headers, Some(envelope)).await.ok()
    }

    /// Sends an envelope.
    pub async fn send(&self, envelope: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
        self.try_send(envelope, headers).await.expect("an answer")
    }

    /// How the app does.
    pub async fn stats(&self) -> Value {
        self.client.get(&format!("{}/stats", self.path)).await.ok(200)
    }

    /// Waits until nothing of it waits for Sentry any more.
    pub async fn until_all_is_relayed(&self, within: u64) {
        let look = async || (self.stats().await["spool"]["envelopes"] == 0).then_some(());
        eventually(within, "nothing waits for Sentry", look).await;
    }
}

/// An envelope of these items, with a number in its event's id.
pub fn envelope(dsn: &str, number: u64, items: &[(&str, Value)]) -> Vec<u8> {
    let header = json!({"event_id": event_id(number), "dsn": dsn, "sdk": {"name": "tests"}});
    let item = |(kind, payload): &(&str, Value)| {
        let payload = payload.as_str().map_or_else(|| payload.to_string(), str::to_owned);
        format!("{}\n{payload}\n", json!({"type": kind, "length": payload.len()}))
    };
    let items: Vec<String> = items.iter().map(item).collect();
    format!("{header}\n{}", items.concat()).into_bytes()
}

/// The id of the event of this number.
pub fn event_id(number: u64) -> String {
    format!("{number:032x}")
}

/// The number of an envelope that came.
pub fn number(came: &Came) -> u64 {
    let id = came.header["event_id"].as_str().expect("an id");
    u64::from_str_radix(&id[16..], 16).expect("an id of a test")
}

/// `bytes` as `Content-Encoding` names it: `gzip`, `deflate`, `br` or `zstd`.
pub fn encode(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    encode_all(encoding, &mut std::iter::once(bytes.to_vec()))
}

/// The same for what comes in pieces, so that it may be large.
pub fn encode_all(encoding: &str, pieces: &mut dyn Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fast = flate2::Compression::fast();
    let mut writer: Box<dyn Write + '_> = match encoding {
        "gzip" => Box::new(flate2::write::GzEncoder::new(&mut bytes, fast)),
        "deflate" => Box::new(flate2::write::ZlibEncoder::new(&mut bytes, fast)),
        "br" => Box::new(brotli::CompressorWriter::new(&mut bytes, 4_096, 1, 22)),
        "zstd" => Box::new(zstd::Encoder::new(&mut bytes, 1).expect("an encoder").auto_finish()),
        other => panic!("no encoding {other}"),
    };
    for piece in pieces {
        writer.write_all(&piece).expect("memory takes it");
    }
    drop(writer);
    bytes
}
