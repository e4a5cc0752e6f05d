//! Where spans go: to a collector, over OTLP by gRPC, in batches and off the path of whatever made them.
//!
//! A collector that is away costs nothing but its spans: they wait in a queue that is bounded, on a thread of their own, and
//! what does not fit is not sent. Before a span leaves, its texts are masked as those of log lines are.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use metrics::Counter;
use opentelemetry::trace::Status;
use opentelemetry::{Array, Context, KeyValue, StringValue, Value, global};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use secrecy::ExposeSecret;

use plimsoll_traces::Sampling;

use crate::config::TracesConfig;
use crate::masking::{self, MASKED};

/// For one batch to be taken, retries among it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Spans that wait: some seconds' worth of a busy process.
const MOST: usize = 16_384;
const BATCH: usize = 1_024;

/// What keeps spans; to be closed when everything else has ended.
#[derive(Debug, Default)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Keeps spans from now on, as `config` says; none without it. `facts` are names and values that every span is told
    /// with, such as `service.version`. Must be called within a Tokio runtime, on which the connection lives.
    pub fn start(config: Option<&TracesConfig>, facts: &[(&'static str, String)]) -> Result<Self, ExporterBuildError> {
        let Some(config) = config else { return Ok(Self(None)) };
        let waiting = Waiting::default();
        let exporter = Kept { inner: exporter(config)?, waiting: waiting.clone(), is_failing: AtomicBool::new(false) };
        // So long that it never drops any itself, which nobody would be told of.
        let batches = BatchConfigBuilder::default().with_max_queue_size(MOST + BATCH).with_max_export_batch_size(BATCH);
        let batching = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
        let processor = Bounded { inner: batching, waiting, dropped: spans_total("dropped") };
        let given = config.resource.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let ours = facts.iter().map(|(name, value)| KeyValue::new(*name, value.clone()));
        let resource = Resource::builder_empty()
            .with_attributes(ours.chain(given))
            .with_attribute(KeyValue::new("service.name", config.service_name.clone()))
            .build();
        // What gets here is sampled: `plimsoll_traces` decides where a trace begins.
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_resource(resource);
        let provider = provider.with_span_processor(processor).build();
        global::set_tracer_provider(provider.clone());
        let sampler = config.sampler;
        plimsoll_traces::switch_on(Sampling { parent_based: sampler.parent_based, ratio: sampler.ratio });
        Ok(Self(Some(provider)))
    }

    /// Sends what waits, for five seconds at most.
    pub async fn close(self) {
        let Some(provider) = self.0 else { return };
        // It waits for its thread; one that does not come back in time keeps its spans.
        let closing = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE));
        if let Ok(Err(error)) = closing.await {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

fn exporter(config: &TracesConfig) -> Result<opentelemetry_otlp::SpanExporter, ExporterBuildError> {
    let headers = config.headers.iter().filter_map(|(name, value)| {
        let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    });
    opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(config.endpoint.as_str())
        .with_timeout(PATIENCE)
        .with_metadata(MetadataMap::from_headers(headers.collect::<HeaderMap>()))
        .build()
}

/// How many spans have ended and were not tried to be sent.
#[derive(Clone, Debug, Default)]
struct Waiting(Arc<AtomicUsize>);

/// Hands on the spans that there is room for, and counts the others.
struct Bounded {
    inner: BatchSpanProcessor,
    waiting: Waiting,
    dropped: Counter,
}

impl fmt::Debug for Bounded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Bounded").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.0.fetch_add(1, Ordering::Relaxed) < MOST {
            self.inner.on_end(span);
        } else {
            self.waiting.0.fetch_sub(1, Ordering::Relaxed);
            self.dropped.increment(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn spans_total(result: &'static str) -> Counter {
    metrics::counter!("plimsoll_spans_total", "result" => result)
}

/// An exporter that masks what it sends, counts it, and says once that it cannot.
#[derive(Debug)]
struct Kept<E> {
    inner: E,
    waiting: Waiting,
    is_failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Kept<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        batch.iter_mut().for_each(mask);
        // Those that are being sent make room for others.
        self.waiting.0.fetch_sub(batch.len(), Ordering::Relaxed);
        let sent = self.inner.export(batch).await;
        spans_total(if sent.is_ok() { "exported" } else { "failed" }).increment(spans);
        self.tell(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E> Kept<E> {
    fn tell(&self, sent: &Result<(), OTelSdkError>) {
        let was_failing = self.is_failing.swap(sent.is_err(), Ordering::Relaxed);
        match sent {
            Err(error) if !was_failing => {
                tracing::warn!(%error, "spans cannot be sent, and those that wait too long are lost; this is said once");
            }
            Ok(()) if was_failing => tracing::info!("spans are sent again"),
            _ => {}
        }
    }
}

fn mask(span: &mut SpanData) {
    span.attributes.iter_mut().for_each(mask_attribute);
    for event in &mut span.events.events {
        event.attributes.iter_mut().for_each(mask_attribute);
    }
    if let Status::Error { description } = &mut span.status
        && let Cow::Owned(masked) = masking::fit(description)
    {
        *description = masked.into();
    }
}

fn mask_attribute(attribute: &mut KeyValue) {
    if masking::is_sensitive(attribute.key.as_str()) {
        attribute.value = MASKED.into();
        return;
    }
    match &mut attribute.value {
        Value::String(text) => mask_value(text),
        Value::Array(Array::String(texts)) => texts.iter_mut().for_each(mask_value),
        _ => {}
    }
}

/// Nearly every text stays as it is: it is not copied.
fn mask_value(text: &mut StringValue) {
    if let Cow::Owned(masked) = masking::fit(text.as_str()) {
        *text = masked.into();
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::InMemorySpanExporter;

    use super::*;

    #[test]
    fn a_span_without_room_is_counted_and_not_handed_on() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let dropped = metrics::with_local_recorder(&recorder, || spans_total("dropped"));
        let taken = InMemorySpanExporter::default();
        let inner = BatchSpanProcessor::builder(taken.clone()).build();
        let waiting = Waiting(Arc::new(AtomicUsize::new(MOST - 1)));
        let provider = SdkTracerProvider::builder().with_span_processor(Bounded { inner, waiting, dropped }).build();
        for _ in 0..3 {
            drop(provider.tracer("tests").start("one"));
        }
        provider.force_flush().expect("it is kept in memory");
        assert_eq!(taken.get_finished_spans().expect("not poisoned").len(), 1);
        let text = recorder.handle().render();
        assert!(text.contains("plimsoll_spans_total{result=\"dropped\"} 2"), "{text}");
    }
}
