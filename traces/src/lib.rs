//! Traces: which one a piece of work belongs to, and the spans of those that are sampled.
//!
//! Every request and every tick belongs to a trace, whether anybody keeps it or not: its ids are in the log lines, in the
//! answer and with what is stored for later. Spans are made for sampled traces only, so that all others cost a look at
//! the current context. A context is OpenTelemetry's own; it travels with a future, and by W3C's headers between processes.
//!
//! A room of its own, since the store makes spans, too, and may not know the runtime. Rejected: spans of `tracing` with a
//! layer that copies them to OpenTelemetry. They would be made for every request, sampled or not, and what decides
//! whether a log line is written (`RUST_LOG`) would decide about spans.

mod context;
mod facts;
mod headers;
mod sampling;
mod span;

pub use context::{Ids, current, is_sampled, resumed, traceparent, unsampled};
pub use facts::{of_request, say_tenant, say_user, told};
pub use headers::{accept, inject};
pub use opentelemetry::trace::{FutureExt, SpanKind, SpanRef};
pub use opentelemetry::{Context, KeyValue};
pub use sampling::{Sampling, switch_on};
pub use span::{Described, begin, child, child_of, fail, fail_current, note, within};
