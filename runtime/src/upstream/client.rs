//! One request after another: on a kept connection where there is one, else on a new one.

use std::sync::Arc;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, Uri, Version};
use plimsoll_traces::{self as traces, KeyValue, SpanKind, SpanRef};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio_rustls::TlsConnector;

use super::answer::AnswerBody;
use super::connect::Connector;
use super::error::UpstreamError;
use super::link::{Link, OutgoingBody, Sent};
use super::pool::{Origin, Pool};
use crate::egress::Egress;
use crate::http_client::install_tls_provider;

/// Sends requests to permitted addresses only, and keeps connections. Clones share them.
#[derive(Clone)]
pub struct Upstream(Arc<Parts>);

struct Parts {
    connector: Connector,
    pool: Pool,
}

impl Upstream {
    /// A client that speaks only to what `egress` permits, and trusts the certificates that this machine trusts.
    pub fn new(egress: &Egress) -> Self {
        install_tls_provider();
        let config = ClientConfig::with_platform_verifier();
        Self::with(egress, config.map_err(|error| format!("there is no TLS: {error}")))
    }

    /// The same, with TLS as `tls` says but for its protocols: for servers whose certificate is of one's own making.
    pub fn with_tls(egress: &Egress, tls: ClientConfig) -> Self {
        Self::with(egress, Ok(tls))
    }

    fn with(egress: &Egress, tls: Result<ClientConfig, String>) -> Self {
        let tls = tls.map(|mut config| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsConnector::from(Arc::new(config))
        });
        let connector = Connector { egress: egress.clone(), tls };
        Self(Arc::new(Parts { connector, pool: Pool::default() }))
    }

    /// Sends `request`, whose URI is absolute, and answers when the head of the answer is there. `Host` is set by the
    /// URI; other headers go as they are. How long the answer may take is for the caller to say.
    pub async fn send(&self, mut request: Request<OutgoingBody>) -> Result<Response<AnswerBody>, UpstreamError> {
        let span = traces::child_of(SpanKind::Client, || described(request.method(), request.uri()));
        let exchange = async {
            traces::inject(request.headers_mut());
            self.exchange(request).await
        };
        traces::within(span, exchange, conclude).await
    }

    async fn exchange(&self, mut request: Request<OutgoingBody>) -> Result<Response<AnswerBody>, UpstreamError> {
        let origin = self.0.pool.origin(request.uri())?;
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, origin.header.clone());
        // Each that fails is one less; what comes back was not written anywhere.
        while let Some(mut link) = origin.take() {
            match link.send(request).await {
                Sent::Unsent(unsent) => request = unsent,
                sent => return answer(sent, link),
            }
        }
        // Most requests find a connection: they need no room for making one.
        let mut link = Box::pin(self.connect(origin)).await?;
        let sent = link.send(request).await;
        answer(sent, link)
    }

    /// Closes connections that have been idle for longer than 55 seconds; to be called every few seconds.
    pub fn sweep(&self) {
        self.0.pool.sweep();
    }

    async fn connect(&self, origin: Arc<Origin>) -> Result<Box<Link>, UpstreamError> {
        let stream = self.0.connector.connect(&origin).await?;
        Link::open(origin, stream).await
    }
}

/// What a span says of a request: not its path, in which Sentry's projects have secrets.
fn described(method: &Method, uri: &Uri) -> traces::Described {
    let attributes = vec![
        KeyValue::new("http.request.method", method.to_string()),
        KeyValue::new("server.address", uri.host().unwrap_or_default().to_owned()),
    ];
    (method.to_string().into(), attributes)
}

fn conclude(exchange: &Result<Response<AnswerBody>, UpstreamError>, span: &SpanRef<'_>) {
    match exchange {
        Ok(answer) => {
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(answer.status().as_u16())));
        }
        Err(error) => traces::fail(span, error.to_string()),
    }
}

fn answer(sent: Sent, link: Box<Link>) -> Result<Response<AnswerBody>, UpstreamError> {
    match sent {
        Sent::Answered(response) => Ok(response.map(|body| AnswerBody::new(body, link))),
        Sent::Unsent(_) => Err(UpstreamError::NotConnected("the connection was closed at once".to_owned())),
        Sent::Failed(error) => Err(error),
    }
}
