//! W3C Trace Context over HTTP: `traceparent` and `tracestate`, read and written by OpenTelemetry's own propagator.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";

/// The context that a request came with; an empty one if it came with none that can be read.
pub fn accept(headers: &HeaderMap) -> Context {
    // Most requests have none: they need not ask further.
    if !headers.contains_key(TRACEPARENT) {
        return Context::new();
    }
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Received(headers))
}

/// Says in `headers` which trace the request belongs to that goes out now. Outside of any trace, says nothing.
pub fn inject(headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject(&mut Sent(headers));
}

/// One `traceparent`, without a request around it.
pub(crate) fn read(traceparent: &str) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Written(traceparent))
}

struct Received<'a>(&'a HeaderMap);

impl Extractor for Received<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Written<'a>(&'a str);

impl Extractor for Written<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Sent<'a>(&'a mut HeaderMap);

impl Injector for Sent<'_> {
    fn set(&mut self, key: &str, value: String) {
        let header = HeaderName::from_bytes(key.as_bytes()).ok().zip(HeaderValue::from_str(&value).ok());
        // A trace has no state that no header can carry: it came by one. An empty one says nothing.
        if let Some((name, value)) = header.filter(|(_, value)| !value.is_empty()) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt;

    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_comes_in_goes_out() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(GIVEN));
        headers.insert("tracestate", HeaderValue::from_static("vendor=1"));
        let _within = accept(&headers).attach();
        let mut sent = HeaderMap::new();
        inject(&mut sent);
        assert_eq!(sent, headers);
    }

    #[test]
    fn nothing_and_nonsense_are_no_context_and_say_nothing() {
        for given in ["", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-x"] {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, HeaderValue::from_static(given));
            let context = accept(&headers);
            assert!(!context.span().span_context().is_valid(), "{given}");
            let mut sent = HeaderMap::new();
            let _within = context.attach();
            inject(&mut sent);
            assert!(sent.is_empty(), "{sent:?}");
        }
    }
}
