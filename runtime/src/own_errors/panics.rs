//! A panic as a log line: where it happened, and what it said. Otherwise it were plain text among lines of JSON, and no
//! error that anybody is told of.

use std::any::Any;
use std::panic::{self, PanicHookInfo};

use tracing::Level;

/// Logs every panic of the process from now on, at `ERROR`; where errors are not logged, it is written as ever.
pub fn log_panics_from_now_on() {
    let otherwise = panic::take_hook();
    panic::set_hook(Box::new(move |info| if tracing::enabled!(Level::ERROR) { log(info) } else { otherwise(info) }));
}

fn log(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let (reason, thread) = (words(info.payload()), thread.name().unwrap_or("unnamed"));
    tracing::error!(place, reason, thread, "a thread panicked");
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}
