//! The three envelopes that are sent: as the browser SDK makes them in shape and in length, and the same in every run.

use serde_json::{Value, json};

const SEED: u64 = 7;
const SENT: &str = "2026-11-20T12:00:00.000Z";
const BEGAN: f64 = 1_795_176_000.0;
/// Frames and breadcrumbs of an error, which make it about 2 KB.
const FRAMES: usize = 5;
const CRUMBS: usize = 2;
/// Spans of a transaction, which make it about 50 KB.
const SPANS: usize = 130;
/// Bytes of a recording, which make a replay about 500 KB.
const RECORDED: usize = 499_000;

/// An envelope, and by how many connections it is sent at once.
pub(super) struct Load {
    pub(super) name: &'static str,
    pub(super) connections: usize,
    pub(super) envelope: Vec<u8>,
    /// What is expected of the tunnel.
    pub(super) relay_share: f64,
}

/// An error, a transaction and a replay for the project of `dsn`.
///
/// What is known of Sentry Relay in its proxy mode is its rate as a share of nginx's: with each of these, and on two such
/// cores.
pub(super) fn loads(dsn: &str) -> [Load; 3] {
    let mut make = Maker { dsn, chance: Chance(SEED) };
    [
        Load { name: "2 KB error", connections: 64, envelope: make.error(), relay_share: 4_858.0 / 16_116.0 },
        Load {
            name: "50 KB transaction",
            connections: 64,
            envelope: make.transaction(),
            relay_share: 3_404.0 / 8_954.0,
        },
        Load { name: "500 KB replay", connections: 16, envelope: make.replay(), relay_share: 882.0 / 1_750.0 },
    ]
}

struct Maker<'a> {
    dsn: &'a str,
    chance: Chance,
}

impl Maker<'_> {
    fn error(&mut self) -> Vec<u8> {
        let id = self.chance.hex(32);
        let mut event = self.event(&id, "event");
        let frames: Vec<Value> = (0..FRAMES).map(|_| self.frame()).collect();
        event["level"] = json!("error");
        event["exception"] = json!({"values": [{"type": "TypeError", "stacktrace": {"frames": frames},
            "value": "Cannot read properties of undefined (reading 'total')",
            "mechanism": {"type": "onerror", "handled": false}}]});
        event["breadcrumbs"] = (0..CRUMBS).map(|index| self.crumb(index)).collect();
        self.envelope(&id, &[("event", event.to_string().into_bytes())])
    }

    fn transaction(&mut self) -> Vec<u8> {
        let id = self.chance.hex(32);
        let mut event = self.event(&id, "transaction");
        let (trace, root) = (self.chance.hex(32), self.chance.hex(16));
        event["transaction"] = json!("/checkout");
        event["transaction_info"] = json!({"source": "route"});
        event["start_timestamp"] = json!(BEGAN);
        event["contexts"]["trace"] = json!({"trace_id": trace, "span_id": root, "op": "pageload", "status": "ok"});
        event["measurements"] = json!({"lcp": {"value": 1_800, "unit": "millisecond"}});
        event["spans"] = (0..SPANS).map(|index| self.span(index, (&trace, &root))).collect();
        self.envelope(&id, &[("transaction", event.to_string().into_bytes())])
    }

    fn replay(&mut self) -> Vec<u8> {
        let id = self.chance.hex(32);
        let mut event = self.event(&id, "replay_event");
        event["replay_id"] = json!(id);
        event["segment_id"] = json!(0);
        event["replay_type"] = json!("session");
        event["urls"] = json!(["https://shop.example/checkout"]);
        // Compressed, a recording looks like chance, newlines included.
        let mut recording = b"{\"segment_id\":0}\n\x78\x9c".to_vec();
        recording.extend((0..RECORDED).map(|_| self.chance.byte()));
        self.envelope(&id, &[("replay_event", event.to_string().into_bytes()), ("replay_recording", recording)])
    }

    /// The header with the DSN, then each item with its length before it.
    fn envelope(&mut self, id: &str, items: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let trace = json!({"environment": "production", "release": "shop@4.11.2", "public_key": self.chance.hex(32),
            "trace_id": self.chance.hex(32), "sample_rate": "0.1", "transaction": "/checkout", "sampled": "true"});
        let sdk = json!({"name": "sentry.javascript.react", "version": "10.26.0"});
        let header = json!({"event_id": id, "sent_at": SENT, "sdk": sdk, "dsn": self.dsn, "trace": trace});
        let mut envelope = header.to_string().into_bytes();
        envelope.push(b'\n');
        for (kind, payload) in items {
            envelope.extend_from_slice(json!({"type": kind, "length": payload.len()}).to_string().as_bytes());
            envelope.push(b'\n');
            envelope.extend_from_slice(payload);
            envelope.push(b'\n');
        }
        envelope
    }

    /// What all kinds of events say.
    fn event(&mut self, id: &str, kind: &str) -> Value {
        json!({"type": kind, "event_id": id, "timestamp": BEGAN + 3.2, "platform": "javascript",
            "environment": "production", "release": "shop@4.11.2", "user": {"id": "84121"},
            "sdk": {"name": "sentry.javascript.react", "version": "10.26.0"},
            "request": {"url": "https://shop.example/checkout"},
            "contexts": {"browser": {"name": "Firefox", "version": "145.0"},
                "trace": {"trace_id": self.chance.hex(32), "span_id": self.chance.hex(16), "op": "pageload"}}})
    }

    fn frame(&mut self) -> Value {
        let function = self.chance.one_of(&["onClick", "render", "dispatch", "fetchCart", "Object.useEffect"]);
        json!({"filename": format!("https://shop.example/assets/index-{}.js", self.chance.hex(8)), "function": function,
            "in_app": true, "lineno": self.chance.below(90), "colno": self.chance.below(90_000)})
    }

    fn crumb(&mut self, index: usize) -> Value {
        let category = self.chance.one_of(&["ui.click", "fetch", "navigation", "console"]);
        json!({"timestamp": BEGAN + index as f64, "category": category,
            "message": format!("div#root > main > button.{}", self.chance.hex(6))})
    }

    fn span(&mut self, index: usize, (trace, root): (&str, &str)) -> Value {
        let begins = BEGAN + index as f64 / 100.0;
        let op = self.chance.one_of(&["http.client", "resource.script", "ui.react.render", "browser.paint"]);
        let description = format!("GET https://api.shop.example/v1/items/{}?page={index}", self.chance.hex(10));
        json!({"span_id": self.chance.hex(16), "parent_span_id": root, "trace_id": trace, "op": op,
            "description": description, "start_timestamp": begins, "timestamp": begins + 0.03,
            "origin": "auto.http.browser",
            "data": {"http.response.status_code": 200, "http.method": "GET", "server.address": "api.shop.example"}})
    }
}

/// The same numbers in every run (`SplitMix64`).
struct Chance(u64);

impl Chance {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b"0123456789abcdef"[usize::from(self.byte() % 16)])).collect()
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[usize::from(self.byte()) % words.len()]
    }
}
