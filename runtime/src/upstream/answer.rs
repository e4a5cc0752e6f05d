//! The body of an answer: reading it drives the connection that it comes by.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::error::UpstreamError;
use super::link::Link;
use super::pool;

/// Arrives as it is read. When it has ended, its connection is kept for the next request if it can be; dropped before
/// that, it closes the connection, and with it what is still being sent.
pub struct AnswerBody {
    body: Incoming,
    /// `None` once it has been given back or has failed.
    link: Option<Box<Link>>,
}

impl AnswerBody {
    /// The body of an answer that came by `link`.
    pub(super) fn new(body: Incoming, link: Box<Link>) -> Self {
        let mut answer = Self { body, link: Some(link) };
        if answer.body.is_end_stream() {
            answer.settle();
        }
        answer
    }

    /// At its end: a connection that can take another request is kept.
    fn settle(&mut self) {
        if let Some(mut link) = self.link.take()
            && (link.is_ready() || link.is_usable())
        {
            pool::keep(link);
        }
    }

    /// What is there already, without waiting for it.
    fn arrived(&mut self) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    fn fail(&mut self, error: Option<&hyper::Error>) -> UpstreamError {
        match (self.link.take(), error) {
            (Some(link), error) => link.reason(error),
            (None, Some(error)) => UpstreamError::failed(error),
            (None, None) => UpstreamError::Failed("the answer was given up".to_owned()),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let mut arrived = self.arrived();
        if arrived.is_pending() {
            let Some(link) = &mut self.link else { return Poll::Ready(None) };
            let driven = link.drive(cx);
            arrived = self.arrived();
            if let (Poll::Pending, Err(error)) = (&arrived, driven) {
                return Poll::Ready(Some(Err(self.fail(error.as_ref()))));
            }
        }
        match std::task::ready!(arrived) {
            Some(Ok(frame)) => {
                // Whoever knows the length does not ask for an end.
                if self.body.is_end_stream() {
                    self.settle();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(self.fail(Some(&error))))),
            None => {
                self.settle();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
