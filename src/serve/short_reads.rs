//! A stream whose reads stay short, so that hyper's buffers do.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// hyper doubles its buffer whenever a read has filled it. A read that never fills one of these sizes keeps it there. Few
/// connections read much at a time, which saves calls; many hold little each.
const LARGE: u64 = 64 * 1024 - 1;
const SMALL: u64 = 16 * 1024 - 1;
const FEW: usize = 256;

/// How many connections are open.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) seats: Arc<Semaphore>,
    pub(super) of: usize,
}

impl Open {
    fn largest_read(&self) -> u64 {
        if self.of.saturating_sub(self.seats.available_permits()) <= FEW { LARGE } else { SMALL }
    }
}

/// A stream that gives no more at a time than becomes the number of those that are open.
pub(super) struct ShortReads {
    stream: Take<TcpStream>,
    open: Open,
}

impl ShortReads {
    pub(super) fn of(stream: TcpStream, open: Open) -> Self {
        Self { stream: stream.take(LARGE), open }
    }
}

impl AsyncRead for ShortReads {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let largest = self.open.largest_read();
        self.stream.set_limit(largest);
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for ShortReads {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}
