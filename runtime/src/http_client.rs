//! The one HTTP client. Whatever it connects to has passed [`Egress`]: names when they are resolved, literal addresses
//! before the request, and both again for every redirect. It heeds no proxy variables, which would defeat all that.

mod error;

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::tls::TlsInfo;
use url::{Host, Url, form_urlencoded};

use plimsoll_domain::time::Timestamp;
use plimsoll_traces::{self as traces, KeyValue, SpanKind, SpanRef};

use crate::certificate;
use crate::egress::{Egress, EgressError};

pub use self::error::HttpError;
use self::error::describe;

const MAX_REDIRECTS: usize = 5;

/// Sends requests to permitted addresses only.
#[derive(Clone, Debug)]
pub struct HttpClient {
    direct: reqwest::Client,
    following: reqwest::Client,
    egress: Egress,
    connect_timeout: Duration,
}

/// What becomes of connections, and how long it may take to make one.
#[derive(Clone, Copy)]
struct Connections {
    idle_per_host: usize,
    idle_for: Duration,
    connect_timeout: Duration,
}

/// One for each request.
const ONE_EACH: Connections =
    Connections { idle_per_host: 0, idle_for: Duration::ZERO, connect_timeout: Duration::from_secs(10) };
/// Kept for less than the minute after which many servers hang up. The shorter time to connect leaves most of a request's
/// own time, so that "no connection" is told apart from "no answer".
const KEPT: Connections =
    Connections { idle_per_host: 32, idle_for: Duration::from_secs(55), connect_timeout: Duration::from_secs(5) };

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// With which headers.
    pub headers: HeaderMap,
    /// With what in it; empty for none.
    pub body: Bytes,
    /// Whether up to five redirects are followed.
    pub follow_redirects: bool,
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// How much of the answer's body is read at most, in bytes.
    pub body_limit: usize,
}

/// A form to post. Redirects are not followed: what it shows and holds is for one server only.
pub struct Form<'a> {
    /// Where to.
    pub url: Url,
    /// Names and values, in order.
    pub fields: &'a [(&'a str, &'a str)],
    /// What to show.
    pub credentials: Option<Credentials<'a>>,
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// How much of the answer's body is read at most, in bytes.
    pub body_limit: usize,
}

/// What is shown to a server in the `Authorization` header. It holds secrets, so it cannot be printed.
#[derive(Clone, Copy)]
pub enum Credentials<'a> {
    /// HTTP Basic.
    Basic {
        /// Whose.
        username: &'a str,
        /// Secret.
        password: &'a str,
    },
    /// HTTP Bearer.
    Bearer(&'a str),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The first bytes of its body.
    pub body: Bytes,
    /// Over TLS: when the certificate of whoever answered expires. One that is not valid gives no answer at all.
    pub certificate_expires_at: Option<Timestamp>,
}

impl HttpClient {
    /// A client that speaks only to what `egress` permits. Every request has a connection of its own, so that a probe
    /// sees what a newcomer would see.
    pub fn new(egress: &Egress) -> Self {
        Self::with(egress, ONE_EACH)
    }

    /// The same, but up to 32 idle connections to each host are kept for 55 seconds: for deliveries, of which many go to
    /// one place. A kept connection leads to the address that was judged when it was made.
    pub fn keeping_connections(egress: &Egress) -> Self {
        Self::with(egress, KEPT)
    }

    fn with(egress: &Egress, connections: Connections) -> Self {
        install_tls_provider();
        let follow = || {
            let egress = egress.clone();
            Policy::custom(move |attempt| follow(&egress, attempt))
        };
        Self {
            direct: build(egress, Policy::none, connections),
            following: build(egress, follow, connections),
            egress: egress.clone(),
            connect_timeout: connections.connect_timeout,
        }
    }

    /// Sends `request` and reads the beginning of the answer.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        check_literal(&self.egress, &request.url)?;
        let client = if request.follow_redirects { &self.following } else { &self.direct };
        let mut sending = client.request(request.method, request.url).headers(request.headers);
        if !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        self.exchange(client, sending, (request.timeout, request.body_limit)).await
    }

    /// Posts `form` and reads the beginning of the answer.
    pub async fn post_form(&self, form: Form<'_>) -> Result<Response, HttpError> {
        check_literal(&self.egress, &form.url)?;
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form.fields).finish();
        let posting = self.direct.post(form.url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        // These mark the header as sensitive.
        let posting = match form.credentials {
            Some(Credentials::Basic { username, password }) => posting.basic_auth(username, Some(password)),
            Some(Credentials::Bearer(token)) => posting.bearer_auth(token),
            None => posting,
        };
        self.exchange(&self.direct, posting, (form.timeout, form.body_limit)).await
    }

    /// One exchange, as a span of the current trace, of which the other side is told.
    async fn exchange(
        &self,
        client: &reqwest::Client,
        sending: reqwest::RequestBuilder,
        (timeout, body_limit): (Duration, usize),
    ) -> Result<Response, HttpError> {
        // A URL is left out of what is said: its path may be a secret.
        let failed = |error: reqwest::Error| describe(&error.without_url(), timeout, self.connect_timeout);
        let mut request = sending.timeout(timeout).build().map_err(failed)?;
        let span = traces::child_of(SpanKind::Client, || described(&request));
        let exchanging = async {
            traces::inject(request.headers_mut());
            let mut answer = client.execute(request).await.map_err(failed)?;
            let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
            let leaf = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
            let certificate_expires_at = leaf.and_then(certificate::expires_at);
            let mut body = BytesMut::new();
            while body.len() < body_limit
                && let Some(chunk) = answer.chunk().await.map_err(failed)?
            {
                body.extend_from_slice(&chunk[..chunk.len().min(body_limit - body.len())]);
            }
            Ok(Response { status, headers, body: body.freeze(), certificate_expires_at })
        };
        traces::within(span, exchanging, conclude).await
    }
}

/// What a span says of a request: not its path, which may be a secret.
fn described(request: &reqwest::Request) -> traces::Described {
    let url = request.url();
    let attributes = vec![
        KeyValue::new("http.request.method", request.method().to_string()),
        KeyValue::new("url.scheme", url.scheme().to_owned()),
        KeyValue::new("server.address", url.host_str().unwrap_or_default().to_owned()),
        KeyValue::new("server.port", i64::from(url.port_or_known_default().unwrap_or_default())),
    ];
    (request.method().to_string().into(), attributes)
}

fn conclude(exchange: &Result<Response, HttpError>, span: &SpanRef<'_>) {
    match exchange {
        Ok(answer) => {
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(answer.status.as_u16())));
            if answer.status.is_client_error() || answer.status.is_server_error() {
                traces::fail(span, answer.status.as_str().to_owned());
            }
        }
        Err(error) => traces::fail(span, error.to_string()),
    }
}

/// Makes rustls use the one provider that is compiled in. Needed once, before the first TLS connection.
pub fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a provider is installed already, which is all that is wanted.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    });
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that builds HTTP clients")]
fn build(egress: &Egress, redirects: impl Fn() -> Policy, connections: Connections) -> reqwest::Client {
    let builder = || {
        reqwest::Client::builder()
            .no_proxy()
            .redirect(redirects())
            .referer(false)
            .dns_resolver(Arc::new(GuardedResolver(egress.clone())))
            .pool_max_idle_per_host(connections.idle_per_host)
            .pool_idle_timeout(connections.idle_for)
            .connect_timeout(connections.connect_timeout)
            .tcp_nodelay(true)
            .tls_info(true)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
    };
    // It fails where there are no CA certificates: then nobody's is trusted. `crate::trust` says so to whoever starts.
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.expect("a client that need not read certificates can be built")
}

fn check_literal(egress: &Egress, url: &Url) -> Result<(), EgressError> {
    let port = url.port_or_known_default().unwrap_or_default();
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => ip.into(),
        Some(Host::Ipv6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    if egress.permits(SocketAddr::new(ip, port)) {
        return Ok(());
    }
    Err(EgressError::Refused { host: ip.to_string() })
}

fn follow(egress: &Egress, attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
    }
    match check_literal(egress, attempt.url()) {
        Ok(()) => attempt.follow(),
        Err(refused) => attempt.error(refused),
    }
}

#[derive(Debug)]
struct GuardedResolver(Egress);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.0.clone();
        Box::pin(async move {
            // The port is not known here: own addresses, which name one, are always literal.
            let addresses = egress.resolve(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
