//! What surrounds every request: its id, its trace, its time limit, its log line, its figures, and what became of a panic.
//!
//! One service instead of a stack of layers: each layer of an axum router costs a boxed future and a clone per request,
//! and the status page goes through here too. Nothing is formatted when its level is off, and the handles of the metrics
//! are made once for each (route, method, status). Queries and headers are never logged: they may hold secrets. So may a
//! path into which somebody put one: what looks like a key there is masked.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use dashmap::DashMap;
use futures_util::FutureExt;
use http_body::Body as _;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tower::{Layer, Service};
use tracing::Level;

use plimsoll_domain::entropy::Entropy;
use plimsoll_runtime::client_address::TrustedProxies;
use plimsoll_runtime::masking::mask_path;
use plimsoll_traces::{self as traces, FutureExt as _, KeyValue, SpanKind, accept};

use crate::extract::RequestId;
use crate::problem::Problem;
use crate::state::ApiState;

/// More than the tunnel's own 30 s, which has more to say than that it took too long.
const TIME_LIMIT: Duration = Duration::from_secs(35);
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// What samples the process takes as long as it is told to, at most a minute.
const SAMPLING: (&str, Duration) = ("/debug/pprof/", Duration::from_secs(75));
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;

/// Wraps a whole server, API and status site alike. A response of 4xx or 5xx without a body (an unknown path, a method
/// that is not taken) becomes a problem here. Serve with `into_make_service_with_connect_info::<SocketAddr>()`, so that
/// the log knows the client's address. Metrics are bound to the recorder that is installed when this is called.
pub fn layers(router: Router, state: &ApiState) -> Router {
    router.layer(EdgeLayer(Arc::new(Edge::new(&*state.entropy, state.trusted_proxies.clone()))))
}

struct Edge {
    id_prefix: String,
    id_next: AtomicU64,
    in_flight: Gauge,
    proxies: TrustedProxies,
    routes: DashMap<String, Vec<(Method, StatusCode, Figures)>>,
}

#[derive(Clone)]
struct Figures {
    requests: Counter,
    seconds: Histogram,
    asked: Histogram,
    answered: Histogram,
}

#[derive(Clone)]
struct EdgeLayer(Arc<Edge>);

#[derive(Clone)]
struct EdgeService<S> {
    inner: S,
    edge: Arc<Edge>,
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, edge: Arc::clone(&self.0) }
    }
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let waiting = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, waiting);
        let edge = Arc::clone(&self.edge);
        Box::pin(async move {
            let seen = Seen::of(&request, &edge);
            let trace = seen.begin_trace(&accept(request.headers()));
            let context = traces::of_request(&trace, seen.id_text());
            request.extensions_mut().insert(RequestId(seen.id.clone()));
            let _in_flight = InFlight::enter(edge.in_flight.clone());
            let work = async move { ready.call(request).await };
            let work = AssertUnwindSafe(tokio::time::timeout(seen.time_limit(), work)).catch_unwind();
            let mut response = match work.with_context(context.clone()).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Err(_)) => too_slow().into_response(),
                Err(_) => panicked().into_response(),
            };
            let _within = context.attach();
            seen.finish(&edge, &mut response);
            Ok(response)
        })
    }
}

fn too_slow() -> Problem {
    let detail = "The answer took too long. Try again: what was asked may or may not have been done.";
    Problem::failure(StatusCode::SERVICE_UNAVAILABLE, detail, format!("no answer within {TIME_LIMIT:?}"))
}

/// Where and why is a line of its own already, written where the panic was: a second one would be a second error.
fn panicked() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "This should not have happened. The log has the details.")
}

/// How a response names its route where no route took the request.
#[derive(Clone, Copy)]
pub(crate) struct RouteName(pub(crate) &'static str);

/// What is kept of a request until its answer is there.
struct Seen {
    id: HeaderValue,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    client: Option<IpAddr>,
    /// Bytes of its body, where that was said before it came.
    size: Option<u64>,
    started: Instant,
}

impl Seen {
    fn of(request: &Request, edge: &Edge) -> Self {
        let extensions = request.extensions();
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Self {
            id: given_id(request.headers()).unwrap_or_else(|| edge.fresh_id()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: extensions.get::<MatchedPath>().cloned(),
            client: peer.map(|peer| edge.proxies.client(peer, request.headers())),
            size: request.body().size_hint().exact(),
            started: Instant::now(),
        }
    }

    fn time_limit(&self) -> Duration {
        if self.uri.path().starts_with(SAMPLING.0) { SAMPLING.1 } else { TIME_LIMIT }
    }

    fn id_text(&self) -> &str {
        self.id.to_str().expect("an id is visible ASCII")
    }

    /// The trace that the request belongs to: its caller's, or a new one. A path may hold a secret, so a span has the route.
    fn begin_trace(&self, parent: &traces::Context) -> traces::Context {
        traces::begin(parent, SpanKind::Server, || {
            let (method, route) = (known_method(&self.method), self.route.as_ref().map(MatchedPath::as_str));
            let name = format!("{method} {}", route.unwrap_or("unmatched"));
            let mut attributes = vec![
                KeyValue::new("http.request.method", method.to_string()),
                KeyValue::new("plimsoll.request_id", self.id_text().to_owned()),
            ];
            attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
            (name.into(), attributes)
        })
    }

    fn finish(self, edge: &Edge, response: &mut Response) {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            self.finish_problem(response);
        }
        let named = response.extensions().get::<RouteName>().map_or("unmatched", |name| name.0);
        let route = self.route.as_ref().map_or(named, MatchedPath::as_str);
        let took = self.started.elapsed();
        let sizes = (self.size, response.body().size_hint().exact());
        edge.count((route, &self.method, status), took, sizes);
        traces::note(|| vec![KeyValue::new("http.response.status_code", i64::from(status.as_u16()))]);
        if status.is_server_error() {
            traces::fail_current(status.as_str().to_owned());
        }
        if tracing::enabled!(Level::INFO) {
            tracing::info!(
                method = self.method.as_str(),
                route,
                path = &*mask_path(self.uri.path()),
                status = status.as_u16(),
                duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
                client_ip = self.client.map(tracing::field::display),
                "request answered"
            );
        }
        response.headers_mut().insert(REQUEST_ID, self.id);
        if let Some(ids) = traces::current() {
            let id = HeaderValue::try_from(ids.trace.to_string()).expect("an id is hexadecimal");
            response.headers_mut().insert(TRACE_ID, id);
        }
    }

    fn finish_problem(&self, response: &mut Response) {
        let bare = !response.headers().contains_key(CONTENT_TYPE);
        let problem = response.extensions_mut().remove::<Problem>();
        let Some(problem) = problem.or_else(|| bare.then(|| Problem::of_bare(response.status()))) else { return };
        if let Some(cause) = problem.cause() {
            tracing::error!(cause, "request failed");
        }
        problem.write(response, self.id_text());
    }
}

/// An id that came with the request, if it is short and plain enough to be logged and sent back.
fn given_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(REQUEST_ID)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=LONGEST_ID).contains(&value.len()) && value.as_bytes().iter().all(plain)).then(|| value.clone())
}

impl Edge {
    fn new(entropy: &dyn Entropy, proxies: TrustedProxies) -> Self {
        let id_prefix = entropy.bytes()[..8].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self {
            id_prefix,
            id_next: AtomicU64::new(1),
            in_flight: gauge!("plimsoll_http_requests_in_flight"),
            proxies,
            routes: DashMap::new(),
        }
    }

    /// Unique without asking for chance on each request: chance names the process, a number the request.
    fn fresh_id(&self) -> HeaderValue {
        let number = self.id_next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::try_from(format!("{}-{number:x}", self.id_prefix)).expect("hex digits and a dash")
    }

    /// Counts an answer; the sizes are the bytes of the request and of the answer, where they are known.
    fn count(
        &self,
        (route, method, status): (&str, &Method, StatusCode),
        took: Duration,
        (asked, answered): (Option<u64>, Option<u64>),
    ) {
        let count = |figures: &Figures| {
            figures.requests.increment(1);
            figures.seconds.record(took.as_secs_f64());
            // Nearly no request that asks for something has a body: those that have none say nothing of the others.
            if let Some(size) = asked.filter(|size| *size > 0) {
                figures.asked.record(size as f64);
            }
            if let Some(size) = answered {
                figures.answered.record(size as f64);
            }
        };
        if self.known(route, method, status, count).is_none() {
            count(&self.learn(route, method, status));
        }
    }

    /// What `look` makes of the figures, if there are any yet.
    fn known<T>(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        look: impl FnOnce(&Figures) -> T,
    ) -> Option<T> {
        let held = self.routes.get(route)?;
        held.iter().find(|(of, code, _)| of == method && *code == status).map(|(_, _, figures)| look(figures))
    }

    fn learn(&self, route: &str, method: &Method, status: StatusCode) -> Figures {
        let method = known_method(method);
        if let Some(figures) = self.known(route, &method, status, Figures::clone) {
            return figures;
        }
        let labels = [("method", method.to_string()), ("route", route.to_owned())];
        let figures = Figures {
            seconds: histogram!("plimsoll_http_request_duration_seconds", &labels),
            asked: histogram!("plimsoll_http_request_size_bytes", &labels),
            answered: histogram!("plimsoll_http_response_size_bytes", &labels),
            requests: counter!(
                "plimsoll_http_requests_total",
                "method" => method.to_string(), "route" => route.to_owned(), "status" => status.as_str().to_owned()
            ),
        };
        self.routes.entry(route.to_owned()).or_default().push((method, status, figures.clone()));
        figures
    }
}

/// Labels are closed sets: a method that somebody made up is `OTHER`.
fn known_method(method: &Method) -> Method {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    let other = || Method::from_bytes(b"OTHER").expect("a token");
    if known.contains(method) { method.clone() } else { other() }
}

/// Counts a request while it is being answered, also when the client goes away in between.
struct InFlight(Gauge);

impl InFlight {
    fn enter(gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
