//! Log lines.
//!
//! One layer of our own writes them, since every value must pass [`masking`](crate::masking) before it is written, in nested
//! values, too, and `tracing-subscriber`'s own formatter has no such place. Everything else (filtering, levels) is the crate's.
//! What is known of a request is carried by its context (`plimsoll_traces`): we make no spans of `tracing`.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use metrics::Counter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use plimsoll_domain::time::{Clock, Timestamp};

use super::fields::Fields;
use crate::config::LogFormat;

const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

/// Room for a usual line.
const LINE_BYTES: usize = 512;

/// The layer that writes lines.
pub(super) struct Lines {
    pub(super) format: LogFormat,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) out: Box<dyn Fn(&str) + Send + Sync>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        count(*event.metadata().level());
        let mut fields = match self.format {
            LogFormat::Json => Fields::after(self.json_head(event), &["timestamp", "level", "target"]),
            LogFormat::Pretty => Fields::default(),
        };
        event.record(&mut fields);
        if let Some(ids) = plimsoll_traces::current() {
            fields.put_shown("trace_id", ids.trace);
            fields.put_shown("span_id", ids.span);
        }
        plimsoll_traces::told(|name, value| fields.put_text(name, value));
        match self.format {
            LogFormat::Json => {
                fields.text.push_str("}\n");
                (self.out)(&fields.text);
            }
            LogFormat::Pretty => (self.out)(&self.pretty(event, &fields)),
        }
    }
}

fn count(level: Level) {
    static LINES: OnceLock<[Counter; 5]> = OnceLock::new();
    // Bound to the recorder that is there when the first line is written: before it is, lines are not counted.
    let counter = |level| metrics::counter!("plimsoll_log_lines_total", "level" => name_of(level));
    let counters = LINES.get_or_init(|| LEVELS.map(counter));
    if let Some(at) = LEVELS.iter().position(|one| *one == level) {
        counters[at].increment(1);
    }
}

const fn name_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

impl Lines {
    fn json_head(&self, event: &Event<'_>) -> String {
        let level = name_of(*event.metadata().level());
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
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::masking::{LINE_BYTES as FIELD_BYTES, MASKED, TEXT_BYTES};

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
    fn a_line_carries_what_is_known_of_its_request_and_no_secret() {
        let lines = lines_of(LogFormat::Json, || {
            let _inside = plimsoll_traces::of_request(&plimsoll_traces::Context::new(), "r1").attach();
            plimsoll_traces::say_tenant("acme");
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
    fn a_line_within_a_trace_says_which_and_where_in_it() {
        let within = plimsoll_traces::unsampled(&plimsoll_traces::Context::new()).attach();
        let ids = plimsoll_traces::current().expect("ids");
        let lines = lines_of(LogFormat::Json, || tracing::info!("inside"));
        drop(within);
        let line: Value = serde_json::from_str(&lines[0]).expect("one JSON object");
        assert_eq!(line["trace_id"], ids.trace.to_string());
        assert_eq!(line["span_id"], ids.span.to_string());
        let outside = lines_of(LogFormat::Json, || tracing::info!("outside"));
        assert!(!outside[0].contains("trace_id"), "{}", outside[0]);
    }

    #[test]
    fn what_is_odd_is_still_one_json_object_with_each_name_once() {
        let lines = lines_of(LogFormat::Json, || {
            let _inside = plimsoll_traces::of_request(&plimsoll_traces::Context::new(), "r1").attach();
            let quote = "a \"b\"\n\\";
            tracing::info!(request_id = 2, token = 7, nothing = f64::NAN, level = "mine", quote, "said \"so\"");
        });
        let line: Value = serde_json::from_str(&lines[0]).expect("one JSON object on one line");
        assert_eq!((&line["request_id"], &line["token"], &line["level"]), (&2.into(), &MASKED.into(), &"info".into()));
        assert_eq!((&line["quote"], &line["nothing"]), (&"a \"b\"\n\\".into(), &"NaN".into()));
        assert_eq!((lines[0].matches("request_id").count(), &line["message"]), (1, &"said \"so\"".into()));
    }

    #[test]
    fn a_line_has_an_end_whatever_it_is_to_hold() {
        let (long, odd) = ("x".repeat(4_000_000), "\u{1}".repeat(4_000_000));
        let lines = lines_of(LogFormat::Json, || {
            tracing::info!(long, password = long, %odd, a = odd, b = odd, c = ?[&long], d = "short", e = 7, "{long}");
        });
        assert!(lines[0].len() < FIELD_BYTES + 6 * TEXT_BYTES + 1_024, "{}", lines[0].len());
        let line: Value = serde_json::from_str(&lines[0]).expect("one JSON object on one line");
        let cut = line["message"].as_str().expect("text");
        assert!(cut.ends_with("x… (3991808 more bytes)") && cut.len() < TEXT_BYTES + 40, "{}", cut.len());
        assert_eq!((&line["password"], &line["b"], &line["c"]), (&MASKED.into(), &"…".into(), &"…".into()));
    }

    #[test]
    fn a_pretty_line_reads_from_left_to_right() {
        let lines = lines_of(LogFormat::Pretty, || tracing::info!(ticks = 3, "the tick is over"));
        assert_eq!(lines, ["12:00:00.000  INFO the tick is over  ticks=3\n"]);
    }
}
