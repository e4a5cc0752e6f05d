//! Spans: where a trace begins, and what happens within it.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;

use opentelemetry::trace::{FutureExt, Link, SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use crate::context::{is_sampled, unsampled};
use crate::sampling::{Word, tracing};

/// A span's name, and what is said of it.
pub type Described = (Cow<'static, str>, Vec<KeyValue>);

/// Begins a trace, or goes on with `parent`'s, and says in which context to work. Whether it is kept is decided here; if
/// not, nothing is asked of `describe`, and the context has ids and no span. A span ends when its last context is dropped. Of
/// a server's `parent` a caller decides, who may be anybody: there is a limit to how many are kept for that.
pub fn begin(parent: &Context, kind: SpanKind, describe: impl FnOnce() -> Described) -> Context {
    let span = parent.span();
    let word = if kind == SpanKind::Server { Word::Callers } else { Word::Ours };
    let Some(tracing) = tracing().filter(|tracing| tracing.keeps(span.span_context(), word)) else {
        return unsampled(parent);
    };
    let (name, attributes) = describe();
    // What is done later for somebody is linked to what asked for it, besides being its child: not every tool shows both.
    let is_later = kind == SpanKind::Consumer && span.span_context().is_valid();
    let links = is_later.then(|| vec![Link::with_context(span.span_context().clone())]);
    let builder = SpanBuilder { links, ..SpanBuilder::from_name(name) };
    let builder = builder.with_kind(kind).with_attributes(attributes);
    parent.with_span(tracing.tracer.build_with_context(builder, parent))
}

/// Carries out `work` as a span of the current trace, if that is kept; what it came to is told by `conclude`.
pub async fn child<T>(
    kind: SpanKind,
    describe: impl FnOnce() -> Described,
    work: impl Future<Output = T>,
    conclude: impl FnOnce(&T, &SpanRef<'_>),
) -> T {
    // Pinned, here and below: passed on by value, it would lie in the future of each of these functions, twice.
    let work = pin!(work);
    within(child_of(kind, describe), work, conclude).await
}

/// The context of a new span of the current trace; `None` if that is not kept.
pub fn child_of(kind: SpanKind, describe: impl FnOnce() -> Described) -> Option<Context> {
    let tracing = tracing().filter(|_| is_sampled())?;
    let (name, attributes) = describe();
    let builder = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
    Some(Context::map_current(|parent| parent.with_span(tracing.tracer.build_with_context(builder, parent))))
}

/// Carries out `work` in the context of a span, if there is one, and ends it.
pub async fn within<T>(
    context: Option<Context>,
    work: impl Future<Output = T>,
    conclude: impl FnOnce(&T, &SpanRef<'_>),
) -> T {
    let work = pin!(work);
    let Some(context) = context else { return work.await };
    let result = work.with_context(context.clone()).await;
    let span = context.span();
    conclude(&result, &span);
    span.end();
    result
}

/// Adds to the current span, if there is one that is kept.
pub fn note(attributes: impl FnOnce() -> Vec<KeyValue>) {
    Context::map_current(|context| {
        let span = context.span();
        if span.is_recording() {
            span.set_attributes(attributes());
        }
    });
}

/// Says of `span` that it failed, and why: words for operators, without secrets.
pub fn fail(span: &SpanRef<'_>, why: impl Into<Cow<'static, str>>) {
    span.set_status(Status::error(why));
}

/// Says of the current span that it failed, as [`fail`] does.
pub fn fail_current(why: impl Into<Cow<'static, str>>) {
    Context::map_current(|context| fail(&context.span(), why));
}
