//! What surrounds every request: its id, its span, its time limit, its log line, its figures, and what became of a panic.
//!
//! One service instead of a stack of layers: each layer of an axum router costs a boxed future and a clone per request,
//! and the status page goes through here too. Nothing is formatted when its level is off, and the handles of the metrics
//! are made once for each (route, method, status). Queries and headers are never logged: they may hold secrets.

use std::any::Any;
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
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tower::{Layer, Service};
use tracing::{Instrument, Level, Span};

use plimsoll_domain::entropy::Entropy;
use plimsoll_runtime::client_address::TrustedProxies;

use crate::problem::Problem;
use crate::state::ApiState;

/// More than the tunnel's own 30 s, which has more to say than that it took too long.
const TIME_LIMIT: Duration = Duration::from_secs(35);
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

    fn call(&mut self, request: Request) -> Self::Future {
        let waiting = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, waiting);
        let edge = Arc::clone(&self.edge);
        Box::pin(async move {
            let seen = Seen::of(&request, &edge);
            let _in_flight = InFlight::enter(edge.in_flight.clone());
            let span = tracing::info_span!(
                "request",
                request_id = seen.id_text(),
                tenant_id = tracing::field::Empty,
                user_id = tracing::field::Empty
            );
            let work = async move { ready.call(request).await };
            let work = AssertUnwindSafe(tokio::time::timeout(TIME_LIMIT, work)).catch_unwind();
            let mut response = match work.instrument(span.clone()).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Err(_)) => too_slow().into_response(),
                Err(panic) => panicked(&*panic).into_response(),
            };
            seen.finish(&edge, &mut response, &span);
            Ok(response)
        })
    }
}

fn too_slow() -> Problem {
    let detail = "The answer took too long. Try again: what was asked may or may not have been done.";
    Problem::failure(StatusCode::SERVICE_UNAVAILABLE, detail, format!("no answer within {TIME_LIMIT:?}"))
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let cause = format!("a handler panicked: {}", words.unwrap_or("it did not say why"));
    Problem::failure(
        StatusCode::INTERNAL_SERVER_ERROR,
        "This should not have happened. The log has the details.",
        cause,
    )
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
            started: Instant::now(),
        }
    }

    fn id_text(&self) -> &str {
        self.id.to_str().expect("an id is visible ASCII")
    }

    fn finish(self, edge: &Edge, response: &mut Response, span: &Span) {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            self.finish_problem(response, span);
        }
        let named = response.extensions().get::<RouteName>().map_or("unmatched", |name| name.0);
        let route = self.route.as_ref().map_or(named, MatchedPath::as_str);
        let took = self.started.elapsed();
        edge.count(route, &self.method, status, took);
        if tracing::enabled!(Level::INFO) {
            span.in_scope(|| {
                tracing::info!(
                    method = self.method.as_str(),
                    route,
                    path = self.uri.path(),
                    status = status.as_u16(),
                    duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
                    client_ip = self.client.map(tracing::field::display),
                    "request answered"
                );
            });
        }
        response.headers_mut().insert(REQUEST_ID, self.id);
    }

    fn finish_problem(&self, response: &mut Response, span: &Span) {
        let bare = !response.headers().contains_key(CONTENT_TYPE);
        let problem = response.extensions_mut().remove::<Problem>();
        let Some(problem) = problem.or_else(|| bare.then(|| Problem::of_bare(response.status()))) else { return };
        if let Some(cause) = problem.cause() {
            span.in_scope(|| tracing::error!(cause, "request failed"));
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

    fn count(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let figures = self.known(route, method, status).unwrap_or_else(|| self.learn(route, method, status));
        figures.requests.increment(1);
        figures.seconds.record(took.as_secs_f64());
    }

    fn known(&self, route: &str, method: &Method, status: StatusCode) -> Option<Figures> {
        let held = self.routes.get(route)?;
        held.iter().find(|(of, code, _)| of == method && *code == status).map(|(_, _, figures)| figures.clone())
    }

    fn learn(&self, route: &str, method: &Method, status: StatusCode) -> Figures {
        let method = known_method(method);
        if let Some(figures) = self.known(route, &method, status) {
            return figures;
        }
        let labels = [("method", method.to_string()), ("route", route.to_owned())];
        let figures = Figures {
            seconds: histogram!("plimsoll_http_request_duration_seconds", &labels),
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
