//! An error as Sentry reads it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use plimsoll_domain::time::Timestamp;
use sentry_types::protocol::v7::{Context, Event, Exception, TraceContext, Values};
use serde_json::Value;

use super::Facts;
use super::layer::Noted;

/// Under which name `tracing` has what an event says.
pub(super) const MESSAGE: &str = "message";
/// Where a thread panicked, and what it said.
pub(super) const PLACE: &str = "place";
pub(super) const REASON: &str = "reason";

/// By these events are looked for.
const TAGS: [&str; 5] = ["request_id", "tenant_id", "user_id", "task", "route"];
/// Longer ones are refused.
const LONGEST_TAG: usize = 200;

/// What every event says.
pub(super) struct Template {
    facts: Facts,
    environment: String,
}

impl Template {
    pub(super) fn new(facts: Facts, environment: String) -> Self {
        Self { facts, environment }
    }

    /// An event of what was noted.
    pub(super) fn event(&self, mut noted: Noted, target: &str, at: Timestamp) -> Event<'static> {
        let mut event = Event {
            timestamp: system_time(at),
            logger: Some(target.to_owned()),
            platform: "native".into(),
            release: Some(format!("plimsoll@{}", self.facts.version).into()),
            environment: Some(self.environment.clone().into()),
            server_name: Some(self.facts.server_name.clone().into()),
            ..Event::default()
        };
        if noted.text(PLACE).is_empty() {
            event.message = noted.take(MESSAGE).map(text);
        } else {
            // Otherwise all panics were one to Sentry.
            event.exception = Values::from(vec![panic(&mut noted)]);
            event.fingerprint = vec!["panic".into(), noted.text(PLACE).to_owned().into()].into();
        }
        event.tags = TAGS.iter().filter_map(|name| Some(((*name).to_owned(), tag(noted.take(name)?)))).collect();
        event.contexts = BTreeMap::from_iter(trace());
        event.extra = noted.into_rest().map(|(name, value)| (name.to_owned(), value)).collect();
        event
    }
}

fn panic(noted: &mut Noted) -> Exception {
    let value = noted.take(REASON).map(text);
    Exception { ty: "panic".to_owned(), value, ..Exception::default() }
}

/// The trace that goes on where the error was logged.
fn trace() -> Option<(String, Context)> {
    let ids = plimsoll_traces::current()?;
    let (trace_id, span_id) = (ids.trace.to_string().parse().ok()?, ids.span.to_string().parse().ok()?);
    let context = TraceContext { trace_id, span_id, ..TraceContext::default() };
    Some(("trace".to_owned(), context.into()))
}

fn tag(value: Value) -> String {
    text(value).chars().map(|c| if c == '\n' { ' ' } else { c }).take(LONGEST_TAG).collect()
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.millis()).unwrap_or_default())
}
