//! Logs and metrics of the process itself.
//!
//! One layer of our own writes log lines, since every value must pass [`masking`] before it is written, in nested values
//! and in the fields of enclosing spans alike, and `tracing-subscriber`'s own formatter has no such place. Everything
//! else (filtering, registry, spans) is the crate's.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};
use std::io::IsTerminal;
use std::ops::Range;
use std::sync::Arc;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use plimsoll_domain::time::{Clock, Timestamp};

use crate::config::LogFormat;
use crate::log_writer;
use crate::masking::{self, MASKED};

/// Bounds of histograms of seconds: from a tenth of a millisecond, for the page, to a tick that takes too long.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Room for a usual line.
const LINE_BYTES: usize = 512;
const USUAL_FIELDS: usize = 12;
/// Room for the usual fields of a span.
const SPAN_BYTES: usize = 96;

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process has set it up already.
    #[error("logging is set up already: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    /// The metrics recorder cannot be made.
    #[error("metrics cannot be set up: {0}")]
    Metrics(#[from] BuildError),
}

/// Writes log lines of `filter` to standard error from now on. Without a `format`: `pretty` on a terminal, else `json`.
pub fn log_from_now_on(
    format: Option<LogFormat>,
    filter: &str,
    clock: Arc<dyn Clock>,
) -> Result<LogFormat, TelemetryError> {
    let default = if std::io::stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let format = format.unwrap_or(default);
    let lines = Lines { format, clock, out: Box::new(log_writer::write) };
    Registry::default().with(filter.parse::<Targets>()?).with(lines).try_init()?;
    Ok(format)
}

/// Counts from now on, process-wide. The handle renders what was counted, as Prometheus text.
pub fn count_from_now_on() -> Result<PrometheusHandle, TelemetryError> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?;
    let handle = builder.install_recorder()?;
    metrics_process::Collector::default().describe();
    Ok(handle)
}

/// The Prometheus text of everything counted so far, with fresh figures of the process itself.
pub fn render(handle: &PrometheusHandle) -> String {
    metrics_process::Collector::default().collect();
    handle.render()
}

/// Fields as JSON text (`,"name":value`), one after the other, in the order they came: they are written as soon as they
/// are seen, masked, and copied as they are into each line.
#[derive(Default)]
struct Fields {
    text: String,
    /// Each name, and where its value stands.
    values: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    /// Fields that follow `text`, in which these names are taken.
    fn after(text: String, taken: &[&'static str]) -> Self {
        let mut values = Vec::with_capacity(taken.len() + USUAL_FIELDS);
        values.extend(taken.iter().map(|name| (*name, 0..0)));
        Self { text, values }
    }

    /// The first value of a name stands.
    fn put(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        if self.has(name) {
            return;
        }
        self.text.extend([",\"", name, "\":"]);
        let start = self.text.len();
        write(&mut self.text);
        self.values.push((name, start..self.text.len()));
    }

    fn put_text(&mut self, name: &'static str, text: &str) {
        let text = if is_sensitive(name) { MASKED.into() } else { masking::mask_text(text) };
        self.put(name, |out| quote(out, &text));
    }

    /// A number or truth value, which needs no quotes.
    fn put_plain(&mut self, name: &'static str, value: impl fmt::Display) {
        if is_sensitive(name) {
            self.put(name, |out| quote(out, MASKED));
        } else {
            self.put(name, |out| write!(out, "{value}").expect("writing to memory does not fail"));
        }
    }

    fn put_all(&mut self, other: &Self) {
        for (name, value) in other.iter() {
            self.put(name, |out| out.push_str(value));
        }
    }

    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(held, _)| *held == name)
    }

    fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, &self.text[value.clone()]))
    }
}

/// [`masking::is_sensitive`], asked once for each name: they are the same few, for every line.
fn is_sensitive(name: &'static str) -> bool {
    const PLACES: usize = 256;
    thread_local! {
        static ASKED: [Cell<(usize, usize, bool)>; PLACES] = const { [const { Cell::new((0, 0, false)) }; PLACES] };
    }
    let (at, length) = (name.as_ptr().addr(), name.len());
    ASKED.with(|asked| {
        let place = &asked[(at ^ length) % PLACES];
        if (place.get().0, place.get().1) != (at, length) {
            place.set((at, length, masking::is_sensitive(name)));
        }
        place.get().2
    })
}

fn quote(out: &mut String, text: &str) {
    // Nearly every text is plain; the rest is escaped by the library.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.extend(["\"", text, "\""]);
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_plain(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_plain(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.put_plain(field.name(), value);
        } else {
            self.put_text(field.name(), &value.to_string());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put_plain(field.name(), value);
    }
}

struct Lines {
    format: LogFormat,
    clock: Arc<dyn Clock>,
    out: Box<dyn Fn(&str) + Send + Sync>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::after(String::with_capacity(SPAN_BYTES), &[]);
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = match self.format {
            LogFormat::Json => Fields::after(self.json_head(event), &["timestamp", "level", "target"]),
            LogFormat::Pretty => Fields::default(),
        };
        event.record(&mut fields);
        // From the innermost out: what is said closer to the event stands.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.put_all(of_span);
            }
        }
        match self.format {
            LogFormat::Json => {
                fields.text.push_str("}\n");
                (self.out)(&fields.text);
            }
            LogFormat::Pretty => (self.out)(&self.pretty(event, &fields)),
        }
    }
}

impl Lines {
    fn json_head(&self, event: &Event<'_>) -> String {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let mut head = String::with_capacity(LINE_BYTES);
        head.push_str("{\"timestamp\":\"");
        write_instant(&mut head, self.clock.now());
        head.extend(["\",\"level\":\"", level, "\",\"target\":\"", event.metadata().target(), "\""]);
        head
    }

    fn pretty(&self, event: &Event<'_>, fields: &Fields) -> String {
        let level = event.metadata().level();
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_unstable_by_key(|(name, _)| (*name != "message", *name));
        let mut line = format!("{} {level:>5}", self.clock.now().format("%H:%M:%S%.3f"));
        for (name, value) in fields {
            let bare = value.trim_matches('"');
            match name {
                "message" => line.extend([" ", bare]),
                name if bare.contains(char::is_whitespace) => line.extend(["  ", name, "=", value]),
                name => line.extend(["  ", name, "=", bare]),
            }
        }
        line.push('\n');
        line
    }
}

/// Writes an instant as RFC 3339. The text of a second is kept for the other lines of that second.
fn write_instant(out: &mut String, at: Timestamp) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != at.seconds() {
            (*second, *text) = (at.seconds(), at.format("%Y-%m-%dT%H:%M:%S"));
        }
        let millis = at.millis().rem_euclid(1_000);
        write!(out, "{text}.{millis:03}Z").expect("writing to memory does not fail");
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::Value;

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-11-01T12:00:00Z".parse().expect("valid")
        }
    }

    fn lines_of(format: LogFormat, act: impl FnOnce()) -> Vec<String> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let out = Box::new(move |line: &str| sink.lock().expect("not poisoned").push(line.to_owned()));
        let subscriber = Registry::default().with(Lines { format, clock: Arc::new(Noon), out });
        tracing::subscriber::with_default(subscriber, act);
        let lines = written.lock().expect("not poisoned");
        lines.clone()
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans_and_no_secret() {
        let lines = lines_of(LogFormat::Json, || {
            let span = tracing::info_span!("request", request_id = "r1", tenant_id = tracing::field::Empty);
            let _inside = span.enter();
            span.record("tenant_id", "acme");
            tracing::warn!(api_key = "plk_1", url = "https://u:p@host/x", note = "used plk_22", "it failed");
        });
        let line: Value = serde_json::from_str(&lines[0]).expect("one JSON object");
        assert_eq!(
            (&line["request_id"], &line["tenant_id"], &line["level"]),
            (&"r1".into(), &"acme".into(), &"warn".into())
        );
        assert_eq!(line["message"], "it failed");
        assert_eq!(line["timestamp"], "2026-11-01T12:00:00.000Z");
        for secret in ["plk_1", "plk_22", "u:p"] {
            assert!(!lines[0].contains(secret), "{}", lines[0]);
        }
    }

    #[test]
    fn what_is_odd_is_still_one_json_object_with_each_name_once() {
        let lines = lines_of(LogFormat::Json, || {
            let span = tracing::info_span!("request", status = 1, token = 7);
            let _inside = span.enter();
            tracing::info!(status = 2, nothing = f64::NAN, level = "mine", quote = "a \"b\"\n\\", "said \"so\"");
        });
        let line: Value = serde_json::from_str(&lines[0]).expect("one JSON object on one line");
        assert_eq!((&line["status"], &line["token"], &line["level"]), (&2.into(), &MASKED.into(), &"info".into()));
        assert_eq!((&line["quote"], &line["nothing"]), (&"a \"b\"\n\\".into(), &"NaN".into()));
        assert_eq!((lines[0].matches("status").count(), &line["message"]), (1, &"said \"so\"".into()));
    }

    #[test]
    fn a_pretty_line_reads_from_left_to_right() {
        let lines = lines_of(LogFormat::Pretty, || tracing::info!(ticks = 3, "the tick is over"));
        assert_eq!(lines, ["12:00:00.000  INFO the tick is over  ticks=3\n"]);
    }
}
