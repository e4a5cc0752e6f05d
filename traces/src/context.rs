//! The context that work runs in: read, made for traces that nobody keeps, and written as one line of text.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

use crate::headers;

/// Which trace, and which span of it. Shown as `trace_id` and `span_id` are written everywhere: hexadecimal, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// 16 bytes, shown as 32 digits.
    pub trace: TraceId,
    /// 8 bytes, shown as 16 digits.
    pub span: SpanId,
}

impl fmt::Display for Ids {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.trace, self.span)
    }
}

/// The ids of what runs now; `None` outside of any trace.
pub fn current() -> Option<Ids> {
    with_current(|of| Ids { trace: of.trace_id(), span: of.span_id() })
}

/// Whether what runs now belongs to a trace that is kept.
pub fn is_sampled() -> bool {
    with_current(SpanContext::is_sampled).unwrap_or(false)
}

fn with_current<T>(look: impl FnOnce(&SpanContext) -> T) -> Option<T> {
    Context::map_current(|context| {
        let span = context.span();
        let of = span.span_context();
        of.is_valid().then(|| look(of))
    })
}

/// The context of a trace that nobody keeps: `parent`'s trace if it has one, else a new one. Only its ids are known.
pub fn unsampled(parent: &Context) -> Context {
    let span = parent.span();
    let of = span.span_context();
    let (trace, state) = if of.is_valid() {
        (of.trace_id(), of.trace_state().clone())
    } else {
        (TraceId::from(fastrand::u128(1..)), TraceState::NONE)
    };
    let span_id = SpanId::from(fastrand::u64(1..));
    parent.with_remote_span_context(SpanContext::new(trace, span_id, TraceFlags::NOT_SAMPLED, false, state))
}

/// What runs now, as W3C writes it: `00-{trace}-{span}-{flags}`, to be stored with what is done later; `None` outside of
/// any trace.
pub fn traceparent() -> Option<String> {
    with_current(|of| format!("00-{}-{}-{:02x}", of.trace_id(), of.span_id(), of.trace_flags().to_u8()))
}

/// The context of what was written down by [`traceparent`]; an empty one if it was not.
pub fn resumed(traceparent: Option<&str>) -> Context {
    traceparent.map_or_else(Context::new, headers::read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outside_of_a_trace_there_are_no_ids() {
        assert_eq!((current(), traceparent(), is_sampled()), (None, None, false));
    }

    #[test]
    fn a_trace_that_nobody_keeps_has_ids_all_the_same_and_goes_on_in_its_children() {
        let first = unsampled(&Context::new());
        let of_first = {
            let _within = first.clone().attach();
            current().expect("ids")
        };
        let second = unsampled(&first);
        let _within = second.attach();
        let of_second = current().expect("ids");
        assert_eq!(of_first.trace, of_second.trace);
        assert_ne!(of_first.span, of_second.span);
        assert!(!is_sampled());
    }

    proptest! {
        #[test]
        fn what_is_written_down_is_resumed(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
            let of = SpanContext::new(trace.into(), span.into(), flags, false, TraceState::NONE);
            let context = Context::new().with_remote_span_context(of);
            let written = { let _within = context.attach(); traceparent() };
            let again = resumed(written.as_deref());
            let span = again.span();
            prop_assert_eq!(span.span_context().trace_id(), trace.into());
            prop_assert_eq!(span.span_context().is_sampled(), sampled);
        }

        #[test]
        fn any_text_at_all_is_a_context_or_none(text in ".*") {
            let _context = resumed(Some(&text));
        }
    }
}
