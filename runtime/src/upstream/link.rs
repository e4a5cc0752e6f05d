//! One connection, and whoever holds it drives it.
//!
//! What hyper's two halves say to each other never leaves the task that polls both, so their channels are listened to
//! with a waker that does nothing: only the socket and the request's body wake the task.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::connect::Stream;
use super::error::{BoxError, UpstreamError};
use super::pool::Origin;

/// What is sent: a body that is asked for its next part when there is room for it.
pub type OutgoingBody = UnsyncBoxBody<Bytes, BoxError>;

/// How much of one connection is buffered at most, each way, and how long the head of an answer may be; in bytes.
const MAX_BUFFERED: usize = 64 * 1024;

/// Where a body leaves the error that it failed with: hyper would lend it, but not give it back.
type Fault = Arc<Mutex<Option<BoxError>>>;

/// A connection.
pub(super) struct Link {
    /// Where it leads to. `None` while it lies there idle, so that the two do not keep each other.
    pub(super) origin: Option<Arc<Origin>>,
    /// When it was last given back.
    pub(super) idle_since: Instant,
    sender: SendRequest<Watched>,
    /// `None` once it has ended.
    connection: Option<Connection<TokioIo<Stream>, Watched>>,
    fault: Fault,
}

/// What became of a request.
pub(super) enum Sent {
    /// The head of the answer is there.
    Answered(Response<Incoming>),
    /// Nothing of it was written: here it is back.
    Unsent(Request<OutgoingBody>),
    /// It may have arrived.
    Failed(UpstreamError),
}

impl Link {
    /// Speaks HTTP/1.1 on `stream`.
    pub(super) async fn open(origin: Arc<Origin>, stream: Stream) -> Result<Box<Self>, UpstreamError> {
        let opened = Builder::new().max_buf_size(MAX_BUFFERED).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| UpstreamError::failed(&error))?;
        let (origin, idle_since, connection) = (Some(origin), Instant::now(), Some(connection));
        Ok(Box::new(Self { origin, idle_since, sender, connection, fault: Fault::default() }))
    }

    /// Sends `request`, and drives the connection until the head of the answer is there.
    pub(super) async fn send(&mut self, request: Request<OutgoingBody>) -> Sent {
        let fault = Arc::clone(&self.fault);
        let request = request.map(|body| Watched { body, fault });
        // Outside of the task's budget: a refusal for want of it would wake nobody.
        let mut answer = pin!(unconstrained(self.sender.try_send_request(request)));
        let (connection, fault) = (&mut self.connection, &self.fault);
        poll_fn(|cx| {
            // When it ends it is dropped, and gives back what it has not written.
            if drive(connection, cx).is_err() {
                *connection = None;
            }
            let answer = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            answer.map(|answered| match answered {
                Ok(response) => Sent::Answered(response),
                Err(mut error) => match error.take_message() {
                    Some(request) => Sent::Unsent(request.map(|watched| watched.body)),
                    None => Sent::Failed(reason(fault, Some(&error.into_error()))),
                },
            })
        })
        .await
    }

    /// Goes on with the exchange as far as that goes. `Err` once, when the connection has ended.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Result<(), Option<hyper::Error>> {
        let driven = drive(&mut self.connection, cx);
        if driven.is_err() {
            self.connection = None;
        }
        driven
    }

    /// Why the exchange failed: the request's body's own reason comes before what hyper makes of it.
    pub(super) fn reason(&self, error: Option<&hyper::Error>) -> UpstreamError {
        reason(&self.fault, error)
    }

    /// Whether another request can be sent now. Looks whether the peer has hung up meanwhile.
    pub(super) fn is_usable(&mut self) -> bool {
        let looked = self.drive(&mut Context::from_waker(Waker::noop()));
        looked.is_ok() && self.connection.is_some() && self.sender.is_ready()
    }

    /// Whether hyper has said, as far as the connection was driven, that another request can be sent.
    pub(super) fn is_ready(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }
}

fn drive(
    connection: &mut Option<Connection<TokioIo<Stream>, Watched>>,
    cx: &mut Context<'_>,
) -> Result<(), Option<hyper::Error>> {
    let Some(driven) = connection else { return Ok(()) };
    match Pin::new(driven).poll(cx) {
        Poll::Pending => Ok(()),
        Poll::Ready(ended) => Err(ended.err()),
    }
}

fn reason(fault: &Fault, error: Option<&hyper::Error>) -> UpstreamError {
    match (fault.lock().unwrap_or_else(PoisonError::into_inner).take(), error) {
        (Some(fault), _) => UpstreamError::Body(fault),
        (None, Some(error)) => UpstreamError::failed(error),
        (None, None) => UpstreamError::Failed("the connection ended before the answer did".to_owned()),
    }
}

/// A body that leaves the error it fails with in the connection's keeping.
struct Watched {
    body: OutgoingBody,
    fault: Fault,
}

/// Stands for an error that was left in keeping.
#[derive(Debug, thiserror::Error)]
#[error("the request's body failed")]
struct Kept;

impl Body for Watched {
    type Data = Bytes;
    type Error = Kept;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Kept>>> {
        Pin::new(&mut self.body).poll_frame(cx).map_err(|error| {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            Kept
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
