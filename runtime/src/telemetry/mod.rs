//! What the process tells of itself while it runs: log lines, and spans.

mod fields;
mod lines;
mod log_writer;
mod traces;

use std::io::IsTerminal;
use std::sync::Arc;

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use plimsoll_domain::time::Clock;

use crate::config::LogFormat;

use lines::Lines;

pub use log_writer::flush;
pub use traces::Traces;

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG is wrong: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process has set it up already.
    #[error("logging is set up already: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// A layer beside the log lines: it sees every event, whatever `RUST_LOG` says.
pub type Beside = Box<dyn Layer<Registry> + Send + Sync>;

/// Writes log lines of `filter` to standard error from now on. Without a `format`: `pretty` on a terminal, else `json`.
pub fn log_from_now_on(
    format: Option<LogFormat>,
    filter: &str,
    clock: Arc<dyn Clock>,
    beside: Option<Beside>,
) -> Result<(), TelemetryError> {
    let default = if std::io::stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let lines = Lines { format: format.unwrap_or(default), clock, out: Box::new(log_writer::write) };
    Ok(Registry::default().with(beside).with(written(lines, filter.parse()?)).try_init()?)
}

/// The lines of `wanted`; nothing at all if that is `off`.
fn written<S: Subscriber + for<'a> LookupSpan<'a>>(lines: Lines, wanted: Targets) -> Option<impl Layer<S>> {
    let is_off = wanted.default_level() == Some(LevelFilter::OFF) && wanted.iter().next().is_none();
    (!is_off).then(|| lines.with_filter(wanted))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use plimsoll_domain::time::Timestamp;

    use super::*;

    struct Epoch;

    impl Clock for Epoch {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    fn lines_of(filter: &str) -> Vec<String> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let out = Box::new(move |line: &str| sink.lock().expect("not poisoned").push(line.to_owned()));
        let lines = Lines { format: LogFormat::Json, clock: Arc::new(Epoch), out };
        let subscriber = Registry::default().with(written(lines, filter.parse().expect("a filter")));
        tracing::subscriber::with_default(subscriber, || {
            let _inside = plimsoll_traces::of_request(&plimsoll_traces::Context::new(), "r1").attach();
            tracing::info!("a request");
            tracing::warn!("it mends itself");
        });
        let heard = heard.lock().expect("not poisoned");
        heard.clone()
    }

    #[test]
    fn a_line_has_the_ids_of_its_request_however_few_lines_are_wanted() {
        let lines = lines_of("warn");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(r#""request_id":"r1""#) && lines[0].contains("mends"), "{lines:?}");
        assert_eq!((lines_of("info").len(), lines_of("off").len()), (2, 0));
    }
}
