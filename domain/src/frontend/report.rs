//! A light report of an error, from apps that have no SDK: it becomes an envelope like any other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::App;
use super::items::Level;
use crate::invalid::{Faults, Invalid};
use crate::time::Timestamp;

/// Most bytes that a report may have.
pub const MAX_REPORT: usize = 64 * 1024;

/// What went wrong, as a frontend tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What it says.
    pub message: String,
    /// Its class, e.g. `TypeError`; `Error` unless given.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Where it came from, as the browser writes it.
    #[serde(default)]
    pub stack: Option<String>,
    /// The page.
    #[serde(default)]
    pub url: Option<String>,
    /// The version of the app; the app's own unless given.
    #[serde(default)]
    pub release: Option<String>,
    /// `fatal`, `error`, `warning`, `info` or `debug`; `error` unless given.
    #[serde(default)]
    pub level: Option<String>,
}

impl Report {
    /// Refuses a report without words, texts that are too long, and levels that Sentry has not.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        faults.require(!self.message.trim().is_empty(), "/message", || {
            "expected what went wrong, got nothing".to_owned()
        });
        let texts = [
            ("/message", Some(&self.message), 8_192),
            ("/type", self.kind.as_ref(), 200),
            ("/stack", self.stack.as_ref(), 32_768),
            ("/url", self.url.as_ref(), 4_096),
            ("/release", self.release.as_ref(), 200),
        ];
        for (pointer, text, max) in texts {
            let length = text.map_or(0, |text| text.chars().count());
            faults.require(length <= max, pointer, || format!("expected at most {max} characters, got {length}"));
        }
        if let Some(level) = &self.level {
            faults.require(Level::named(level).is_some(), "/level", || {
                format!("expected fatal, error, warning, info or debug, got {level:?}")
            });
        }
        faults.finish()
    }

    /// The envelope that tells Sentry of it: a header and one event. `event_id` has 32 hex digits.
    pub fn envelope(&self, app: &App, event_id: &str, user_agent: Option<&str>, now: Timestamp) -> Vec<u8> {
        let header = json!({ "event_id": event_id, "dsn": app.dsn, "sent_at": now });
        let event = self.event(app, event_id, user_agent, now).to_string();
        let item = json!({ "type": "event", "length": event.len() });
        format!("{header}\n{item}\n{event}\n").into_bytes()
    }

    fn event(&self, app: &App, event_id: &str, user_agent: Option<&str>, now: Timestamp) -> Value {
        let level = self.level.as_deref().and_then(Level::named).unwrap_or(Level::Error);
        let kind = self.kind.as_deref().unwrap_or("Error");
        let mut event = json!({
            "event_id": event_id,
            "timestamp": now,
            "platform": "javascript",
            "level": level.as_str(),
            "logger": "plimsoll.report",
            "sdk": { "name": "plimsoll.report", "version": env!("CARGO_PKG_VERSION") },
            "exception": { "values": [{ "type": kind, "value": self.message }] },
        });
        let release = self.release.as_ref().or(app.release.as_ref());
        for (name, value) in [("release", release), ("environment", app.environment.as_ref())] {
            if let Some(value) = value {
                event[name] = json!(value);
            }
        }
        if let Some(url) = &self.url {
            event["request"]["url"] = json!(url);
        }
        if let Some(user_agent) = user_agent {
            event["request"]["headers"] = json!({ "User-Agent": user_agent });
        }
        if let Some(stack) = &self.stack {
            event["extra"] = json!({ "stack": stack });
        }
        event
    }
}
