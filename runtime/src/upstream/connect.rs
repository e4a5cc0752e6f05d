//! From an origin to a stream: every address is judged right before it is connected to.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::UpstreamError;
use super::pool::Origin;
use crate::egress::{Egress, EgressError};

/// For the name, the connection and TLS together.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// What bytes go over.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Makes connections.
pub(super) struct Connector {
    pub(super) egress: Egress,
    /// Or why there is none: plain connections can be made all the same.
    pub(super) tls: Result<TlsConnector, String>,
}

impl Connector {
    /// A connection to `origin`, with TLS agreed upon where that is asked for.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<Stream, UpstreamError> {
        let deadline = Instant::now() + CONNECT_WITHIN;
        let connecting = async {
            let addresses = self.addresses(&origin.host, origin.port).await?;
            let tcp = reach(&addresses, deadline).await?;
            // Failing to set it only costs time.
            let _set = tcp.set_nodelay(true);
            if origin.is_https { self.agree(&origin.host, tcp).await } else { Ok(Stream::Plain(tcp)) }
        };
        timeout_at(deadline, connecting).await.unwrap_or_else(|_| Err(too_slow()))
    }

    /// At least one.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let Ok(ip) = host.parse::<IpAddr>() else { return self.egress.resolve(host, port).await };
        let address = SocketAddr::new(ip, port);
        if self.egress.permits(address) {
            return Ok(vec![address]);
        }
        Err(EgressError::Refused { host: host.to_owned() })
    }

    async fn agree(&self, host: &str, tcp: TcpStream) -> Result<Stream, UpstreamError> {
        let tls = self.tls.as_ref().map_err(|reason| UpstreamError::NotConnected(reason.clone()))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| not_connected(&error))?;
        let agreed = tls.connect(name, tcp).await.map_err(|error| not_connected(&error))?;
        Ok(Stream::Tls(Box::new(agreed)))
    }
}

/// Tries one after the other; each has its share of the time, so that one that is silent leaves some to the next.
async fn reach(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, UpstreamError> {
    let mut last = UpstreamError::NotConnected("there is no address".to_owned());
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        left = (left - 1).max(1);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => last = not_connected(&error),
            Err(_) => last = too_slow(),
        }
    }
    Err(last)
}

fn not_connected(error: &dyn std::error::Error) -> UpstreamError {
    UpstreamError::NotConnected(error.to_string())
}

fn too_slow() -> UpstreamError {
    UpstreamError::ConnectTimeout(CONNECT_WITHIN.as_millis())
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
