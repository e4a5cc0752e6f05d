//! A collector of spans that speaks OTLP over gRPC, and holds each span to what the specification asks of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span as Wire, status::StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// A span as it came. Ids are hexadecimal.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// 32 digits.
    pub trace: String,
    /// 16 digits.
    pub id: String,
    /// Its parent's; `None` for the first of a trace.
    pub parent: Option<String>,
    /// What it is called.
    pub name: String,
    /// `internal`, `server`, `client`, `producer` or `consumer`.
    pub kind: &'static str,
    /// What is said of it.
    pub attributes: BTreeMap<String, Value>,
    /// Traces and spans that it is linked to.
    pub links: Vec<(String, String)>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// What is said of the process that made it.
    pub resource: BTreeMap<String, Value>,
}

/// A collector. Dropping it takes it away.
pub struct Otlp {
    address: SocketAddr,
    taken: Taken,
    _serving: JoinSet<()>,
}

#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<Span>>>);

impl Otlp {
    /// One at a free port.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// One at this address: for a collector that comes late.
    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let taken = Taken::default();
        let service = TraceServiceServer::new(taken.clone()).accept_compressed(CompressionEncoding::Gzip);
        let serving = Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener));
        let mut served = JoinSet::new();
        served.spawn(async move { serving.await.expect("it serves until it is taken away") });
        Self { address, taken, _serving: served }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans that came, in their order.
    pub fn spans(&self) -> Vec<Span> {
        self.taken.0.lock().expect("not poisoned").clone()
    }

    /// Those of one trace.
    pub fn trace(&self, trace: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.trace == trace).collect()
    }
}

#[tonic::async_trait]
impl TraceService for Taken {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut read = Vec::new();
        for group in request.into_inner().resource_spans {
            let resource = attributes(group.resource.map(|resource| resource.attributes).unwrap_or_default());
            if !resource.contains_key("service.name") {
                return Err(Status::invalid_argument("resource: service.name is missing"));
            }
            for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                read.push(checked(span, &resource).map_err(Status::invalid_argument)?);
            }
        }
        self.0.lock().expect("not poisoned").extend(read);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn checked(span: Wire, resource: &BTreeMap<String, Value>) -> Result<Span, String> {
    let said = format!("span {:?}", span.name);
    let kind = match span.kind() {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Unspecified => return Err(format!("{said}: no kind")),
    };
    if span.name.is_empty() || span.end_time_unix_nano < span.start_time_unix_nano || span.start_time_unix_nano == 0 {
        return Err(format!("{said}: no name, or it ends before it begins"));
    }
    let links = span.links.iter().map(|link| Ok((id(&link.trace_id, 16)?, id(&link.span_id, 8)?)));
    let has_failed = |status: &opentelemetry_proto::tonic::trace::v1::Status| status.code() == StatusCode::Error;
    Ok(Span {
        trace: id(&span.trace_id, 16)?,
        id: id(&span.span_id, 8)?,
        parent: (!span.parent_span_id.is_empty()).then(|| id(&span.parent_span_id, 8)).transpose()?,
        links: links.collect::<Result<_, String>>()?,
        failed: span.status.filter(has_failed).map(|status| status.message),
        name: span.name,
        kind,
        attributes: attributes(span.attributes),
        resource: resource.clone(),
    })
}

fn id(bytes: &[u8], length: usize) -> Result<String, String> {
    if bytes.len() != length || bytes.iter().all(|byte| *byte == 0) {
        return Err(format!("an id of {} bytes, or of zeros", bytes.len()));
    }
    Ok(bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

fn attributes(given: Vec<KeyValue>) -> BTreeMap<String, Value> {
    given.into_iter().map(|one| (one.key, value(one.value.and_then(|value| value.value)))).collect()
}

fn value(given: Option<any_value::Value>) -> Value {
    match given {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(truth)) => truth.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => number.into(),
        other => format!("{other:?}").into(),
    }
}
