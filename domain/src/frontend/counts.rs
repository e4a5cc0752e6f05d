//! What is counted of the envelopes of an app, by day.
//!
//! Each process keeps the sums of its own and stores them under its own name, replacing what it stored before: storing
//! again changes nothing, and processes that count side by side are added up when they are read.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::items::Level;
use super::sessions::SessionCounts;
use crate::ids::{AppId, TenantId};
use crate::time::{Day, Span};

/// Counts are kept for so long.
pub const COUNTS_RETENTION: Span = Span::days(400);

macro_rules! counted {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counted { $($(#[$doc])* $variant,)* }

        const NAMES: &[&str] = &[$($name),*];

        impl Counted {
            /// All of them, in the order they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
        }
    };
}

counted! {
    /// Events of level fatal.
    EventsFatal = "events_fatal",
    /// Events of level error, or of none.
    EventsError = "events_error",
    /// Events of level warning.
    EventsWarning = "events_warning",
    /// Events of level info.
    EventsInfo = "events_info",
    /// Events of level debug.
    EventsDebug = "events_debug",
    /// Events whose level could not be read.
    EventsUnknown = "events_unknown",
    /// Transactions.
    Transactions = "transactions",
    /// Sessions that began.
    SessionsStarted = "sessions_started",
    /// Sessions that crashed.
    SessionsCrashed = "sessions_crashed",
    /// Sessions that met an error that nobody handled, without a crash.
    SessionsUnhandled = "sessions_unhandled",
    /// Sessions that ended abnormally.
    SessionsAbnormal = "sessions_abnormal",
    /// Replays, by their events.
    Replays = "replays",
    /// Parts of recordings of replays.
    ReplayRecordings = "replay_recordings",
    /// Feedback of people.
    Feedback = "feedback",
    /// Attachments.
    Attachments = "attachments",
    /// Profiles and parts of profiles.
    Profiles = "profiles",
    /// Check-ins of scheduled jobs.
    CheckIns = "check_ins",
    /// Log lines.
    Logs = "logs",
    /// Spans that stand alone.
    Spans = "spans",
    /// Metrics.
    Metrics = "metrics",
    /// What SDKs tell of what they dropped.
    ClientReports = "client_reports",
    /// Items of a kind that is not known here.
    OtherItems = "other_items",
    /// Envelopes whose items could not all be read; they are passed on as they are.
    UnreadableEnvelopes = "envelopes_unreadable",
    /// Envelopes that Sentry took.
    EnvelopesRelayed = "envelopes_relayed",
    /// Envelopes that Sentry refused, for its rate limits (429) or else (4xx).
    EnvelopesRefused = "envelopes_refused",
    /// Envelopes over a rate limit here.
    EnvelopesRateLimited = "envelopes_rate_limited",
    /// Envelopes over a size limit here.
    EnvelopesTooLarge = "envelopes_too_large",
    /// Envelopes that were put aside since Sentry was away.
    EnvelopesSpooled = "envelopes_spooled",
    /// Envelopes that could not be passed on nor put aside: the client was told.
    EnvelopesFailed = "envelopes_failed",
    /// Envelopes put aside that Sentry took later.
    SpoolRelayed = "spool_relayed",
    /// Envelopes put aside that Sentry refused later.
    SpoolRefused = "spool_refused",
    /// Envelopes put aside that grew too old.
    SpoolExpired = "spool_expired",
    /// Bytes of envelopes as they came.
    BytesReceived = "bytes_received",
}

impl Counted {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        NAMES[self as usize]
    }

    /// Events of this level.
    pub const fn events(level: Level) -> Self {
        match level {
            Level::Fatal => Self::EventsFatal,
            Level::Error => Self::EventsError,
            Level::Warning => Self::EventsWarning,
            Level::Info => Self::EventsInfo,
            Level::Debug => Self::EventsDebug,
            Level::Unknown => Self::EventsUnknown,
        }
    }
}

/// So many of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts([u64; NAMES.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; NAMES.len()])
    }
}

impl Counts {
    /// Counts `many` more.
    pub const fn count(&mut self, what: Counted, many: u64) {
        self.0[what as usize] = self.0[what as usize].saturating_add(many);
    }

    /// How many there are.
    pub const fn of(&self, what: Counted) -> u64 {
        self.0[what as usize]
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|many| *many == 0)
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Adds sessions.
    pub const fn add_sessions(&mut self, sessions: SessionCounts) {
        self.count(Counted::SessionsStarted, sessions.started);
        self.count(Counted::SessionsCrashed, sessions.crashed);
        self.count(Counted::SessionsUnhandled, sessions.unhandled);
        self.count(Counted::SessionsAbnormal, sessions.abnormal);
    }

    /// The sessions among them.
    pub const fn sessions(&self) -> SessionCounts {
        SessionCounts {
            started: self.of(Counted::SessionsStarted),
            crashed: self.of(Counted::SessionsCrashed),
            unhandled: self.of(Counted::SessionsUnhandled),
            abnormal: self.of(Counted::SessionsAbnormal),
        }
    }
}

impl Serialize for Counts {
    /// A map of what is not zero.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(Counted::ALL.iter().map(|what| (what.as_str(), self.of(*what))).filter(|(_, many)| *many > 0))
    }
}

impl<'de> Deserialize<'de> for Counts {
    /// Names that are not known are passed over: a newer version counts more.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReadCounts;

        impl<'de> Visitor<'de> for ReadCounts {
            type Value = Counts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("numbers by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
                let mut counts = Counts::default();
                while let Some((name, many)) = map.next_entry::<String, u64>()? {
                    if let Some(at) = NAMES.iter().position(|known| *known == name) {
                        counts.0[at] = many;
                    }
                }
                Ok(counts)
            }
        }

        deserializer.deserialize_map(ReadCounts)
    }
}

/// What one process counted of one app on one day. Identity: (tenant, app, day, source).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppCounts {
    /// Whose.
    pub tenant: TenantId,
    /// Of which app.
    pub app: AppId,
    /// On which day, in UTC.
    pub day: Day,
    /// Which process: a name that no other has or will have.
    pub source: String,
    /// All that it counted that day so far.
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_stored_by_name_and_unknown_names_are_passed_over() {
        let mut counts = Counts::default();
        counts.count(Counted::events(Level::Fatal), 2);
        counts.count(Counted::BytesReceived, 1 << 60);
        let text = serde_json::to_string(&counts).expect("serialises");
        assert_eq!(text, format!(r#"{{"events_fatal":2,"bytes_received":{}}}"#, 1_u64 << 60));
        let read: Counts = serde_json::from_str(&text.replacen('{', r#"{"to_come":3,"#, 1)).expect("reads");
        assert_eq!(read, counts);
        counts.add(&read);
        assert_eq!(counts.of(Counted::EventsFatal), 4);
    }
}
