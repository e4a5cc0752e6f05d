//! What stands in an envelope: an item's header, and the one thing of an event that is counted, its level.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::counts::Counted;

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// The app is gone.
    Fatal,
    /// Also what an event without a level has.
    Error,
    /// Something to look at.
    Warning,
    /// What SDKs call `log` as well.
    Info,
    /// For developers.
    Debug,
    /// It could not be read, or is none of Sentry's.
    Unknown,
}

impl Level {
    /// All of them, worst first.
    pub const ALL: [Self; 6] = [Self::Fatal, Self::Error, Self::Warning, Self::Info, Self::Debug, Self::Unknown];

    /// As Sentry writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Unknown => "unknown",
        }
    }

    /// The level of this name; `None` when Sentry has none of it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "fatal" | "critical" => Some(Self::Fatal),
            "error" => Some(Self::Error),
            "warning" | "warn" => Some(Self::Warning),
            "info" | "log" => Some(Self::Info),
            "debug" => Some(Self::Debug),
            _ => None,
        }
    }

    /// The level of an event, of which `payload` is all or the beginning. What comes after the level is not looked at.
    pub(super) fn of_event(payload: &[u8]) -> Self {
        let mut level = None;
        let read = serde_json::Deserializer::from_slice(payload).deserialize_map(FindLevel(&mut level));
        level.unwrap_or(if read.is_ok() { Self::Error } else { Self::Unknown })
    }
}

struct FindLevel<'a>(&'a mut Option<Level>);

impl<'de> Visitor<'de> for FindLevel<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(is_level) = map.next_key_seed(IsLevel)? {
            if !is_level {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            *self.0 = Some(match map.next_value()? {
                Value::String(name) => Level::named(&name).unwrap_or(Level::Unknown),
                Value::Null => Level::Error,
                _ => Level::Unknown,
            });
            break;
        }
        Ok(())
    }
}

struct IsLevel;

impl<'de> DeserializeSeed<'de> for IsLevel {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsLevel {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == "level")
    }
}

/// An item's header.
#[derive(Debug, Deserialize)]
pub(super) struct ItemHeader<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    /// How many bytes the payload has; without it, the payload ends at the next newline.
    #[serde(default)]
    pub(super) length: Option<u64>,
    /// How many things a container holds.
    #[serde(default)]
    item_count: Option<u64>,
}

/// What is made of an item's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Its level.
    Event,
    /// Its status.
    Session,
    /// Its sums.
    Sessions,
    /// Nothing but that it was there: so many of these.
    Only(Counted, u64),
}

/// Most things that one container is believed to hold.
const MOST_IN_CONTAINER: u64 = 10_000;

impl ItemHeader<'_> {
    pub(super) fn wanted(&self) -> Wanted {
        let held = self.item_count.unwrap_or(1).min(MOST_IN_CONTAINER);
        match self.kind.as_deref().unwrap_or_default() {
            "event" => Wanted::Event,
            "session" => Wanted::Session,
            "sessions" => Wanted::Sessions,
            "transaction" => Wanted::Only(Counted::Transactions, 1),
            "replay_event" | "replay_video" => Wanted::Only(Counted::Replays, 1),
            "replay_recording" => Wanted::Only(Counted::ReplayRecordings, 1),
            "feedback" | "user_report" => Wanted::Only(Counted::Feedback, 1),
            "attachment" => Wanted::Only(Counted::Attachments, 1),
            "profile" | "profile_chunk" => Wanted::Only(Counted::Profiles, 1),
            "check_in" => Wanted::Only(Counted::CheckIns, 1),
            "client_report" => Wanted::Only(Counted::ClientReports, 1),
            "log" => Wanted::Only(Counted::Logs, held),
            "span" => Wanted::Only(Counted::Spans, held),
            "trace_metric" | "statsd" | "metric_buckets" => Wanted::Only(Counted::Metrics, held),
            _ => Wanted::Only(Counted::OtherItems, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_events_own() {
        for (payload, level) in [
            (r#"{"a":{"level":"debug"},"level":"warning","b":"#, Level::Warning),
            (r#"{"message":"x"}"#, Level::Error),
            (r#"{"level":null}"#, Level::Error),
            (r#"{"level":"log"}"#, Level::Info),
            (r#"{"level":"loud"}"#, Level::Unknown),
            (r#"{"level":7}"#, Level::Unknown),
            (r#"{"message":"cut o"#, Level::Unknown),
            ("not JSON", Level::Unknown),
            ("", Level::Unknown),
            (r#"{"\u006cevel":"info"}"#, Level::Info),
        ] {
            assert_eq!(Level::of_event(payload.as_bytes()), level, "{payload}");
        }
    }

    #[test]
    fn every_level_is_named_as_it_is_written() {
        for level in Level::ALL {
            assert_eq!(Level::named(level.as_str()), (level != Level::Unknown).then_some(level));
        }
    }
}
