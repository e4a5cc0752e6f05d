//! One envelope on its way: what comes from the client, measured, to whoever takes it; and kept, within bounds, in case
//! nobody does.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use plimsoll_domain::frontend::Contents;
use plimsoll_runtime::upstream::BoxError;

use super::decoding::Encoding;
use super::kept::{BEGINNING, Kept, Pieces, Room};
use super::meter::{Meter, Refusal};
use super::settings::TunnelSettings;

/// How much of what is refused is read, and for how long, before that is said.
const DISCARDED: u64 = 2 << 20;
const DISCARDING: Duration = Duration::from_secs(2);
/// Most bytes that come before the first line is known. It may be encoded, and what decodes to nothing is no line.
const BEFORE_LINE: u64 = 128 << 10;

/// Why an envelope went no further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassageError {
    /// It may not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The client sent no more.
    #[error("the client sent no more")]
    Cut,
}

/// One envelope. Clones are the same envelope: whoever sends it and whoever waits for the answer share it.
#[derive(Clone)]
pub(crate) struct Passage(Arc<Mutex<Inner>>);

struct Inner {
    body: Body,
    meter: Meter,
    /// Pieces that were read before anybody took them.
    ahead: Pieces,
    /// A piece that is still being decoded.
    held: Option<Bytes>,
    kept: Kept,
    received: u64,
    most: u64,
    /// Since when all of it has come.
    ended: Option<Instant>,
    /// Whether whoever reads waits for the client.
    waits: bool,
    error: Option<Refusal>,
}

impl Passage {
    /// The envelope in `body`; `leave` to decode it where that costs memory.
    pub(super) fn new(
        body: Body,
        encoding: Encoding,
        leave: Option<OwnedSemaphorePermit>,
        settings: &TunnelSettings,
    ) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            body,
            meter: Meter::new(encoding, settings.max_decompressed_bytes, leave),
            ahead: Pieces::default(),
            held: None,
            kept: Kept::default(),
            received: 0,
            most: settings.max_bytes,
            ended: None,
            waits: false,
            error: None,
        })))
    }

    /// An envelope that is all here.
    pub(crate) fn of(envelope: Vec<u8>, settings: &TunnelSettings) -> Self {
        Self::new(Body::from(envelope), Encoding::Identity, None, settings)
    }

    /// The first line, decoded, without its newline.
    pub(crate) async fn first_line(&self) -> Result<Bytes, PassageError> {
        poll_fn(|cx| self.inner().poll_line(cx)).await
    }

    /// From now on keeps what passes, what was read already included, as far as these rooms go.
    pub(super) fn keep(&self, of_all: &Arc<Room>, of_app: &Arc<Room>) {
        let inner = &mut *self.inner();
        inner.kept = Kept::within(of_all, of_app);
        inner.ahead.settle();
        for piece in inner.ahead.iter().chain(&inner.held) {
            inner.kept.keep(piece, inner.ended.is_some());
        }
    }

    /// Reads all of it if it is small and there is room to keep it, or else its beginning.
    pub(super) async fn read_first(&self) -> Result<(), PassageError> {
        poll_fn(|cx| self.inner().poll_first(cx)).await
    }

    /// Reads what nobody took.
    pub(super) async fn drain(&self) -> Result<(), PassageError> {
        while poll_fn(|cx| self.inner().poll_piece(cx)).await.transpose()?.is_some() {}
        Ok(())
    }

    /// Reads some of what nobody wants, so that the client hears the answer: one that is still sending hears only that
    /// the connection has ended.
    pub(super) async fn discard(&self) {
        let reading =
            async { while self.received() < DISCARDED && poll_fn(|cx| self.inner().poll_unread(cx)).await {} };
        let _in_time = tokio::time::timeout(DISCARDING, reading).await;
    }

    /// What was in it, once all of it has come and is read.
    pub(super) fn contents(&self) -> Option<Contents> {
        let mut inner = self.inner();
        (inner.ended.is_some() && inner.held.is_none()).then(|| inner.meter.finish())
    }

    /// Since when all of it has come.
    pub(super) fn ended(&self) -> Option<Instant> {
        self.inner().ended
    }

    /// Whether it is the client that is waited for.
    pub(super) fn waits(&self) -> bool {
        self.inner().waits
    }

    /// Whether something of it could not be kept.
    pub(super) fn is_lost(&self) -> bool {
        self.inner().kept.is_lost
    }

    /// Why it was refused on its way, if it was.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.inner().error
    }

    /// How many bytes have come.
    pub(super) fn received(&self) -> u64 {
        self.inner().received
    }

    /// All of it, if all was kept.
    pub(super) fn kept(&self) -> Option<Vec<u8>> {
        let inner = self.inner();
        (!inner.kept.is_lost && inner.ended.is_some()).then(|| inner.kept.concat())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What panicked in the middle of it is answered with 500; nothing reads on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, PassageError>> {
        loop {
            if let Some(line) = self.meter.line() {
                return Poll::Ready(Ok(line));
            }
            match ready!(self.poll_new(cx)) {
                Some(Ok(piece)) => self.ahead.push(&piece, self.ended.is_some()),
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => self.meter.end_line(),
            }
            if self.received > BEFORE_LINE && self.meter.line().is_none() {
                self.error = Some(Refusal::EndlessLine);
            }
        }
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PassageError>> {
        while self.ended.is_none() && !self.kept.is_lost && self.received < BEGINNING {
            if let Some(piece) = ready!(self.poll_new(cx)).transpose()? {
                self.ahead.push(&piece, self.ended.is_some());
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on without looking at what comes. Whether there is more.
    fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(Ok(frame)) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else { return Poll::Ready(false) };
        self.received += frame.data_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(true)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PassageError>>> {
        match self.ahead.pop() {
            Some(piece) => Poll::Ready(Some(Ok(piece))),
            None => self.poll_new(cx),
        }
    }

    /// The next piece that comes from the client, once it has been measured.
    fn poll_new(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PassageError>>> {
        loop {
            if let Some(refusal) = self.error {
                return Poll::Ready(Some(Err(refusal.into())));
            }
            if let Some(piece) = self.held.take() {
                match self.meter.work() {
                    Ok(true) => {
                        if self.ended.is_some() {
                            self.meter.end();
                        }
                        return Poll::Ready(Some(Ok(piece)));
                    }
                    Ok(false) => {
                        self.held = Some(piece);
                        // Others have their turn before the next step.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Err(refusal) => self.error = Some(refusal),
                }
                continue;
            }
            if self.ended.is_some() {
                self.meter.end();
                return Poll::Ready(None);
            }
            let frame = Pin::new(&mut self.body).poll_frame(cx);
            self.waits = frame.is_pending();
            match ready!(frame) {
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.into_data().ok().filter(|piece| !piece.is_empty())
                        && let Some(piece) = self.take(piece)
                    {
                        return Poll::Ready(Some(Ok(piece)));
                    }
                }
                Some(Err(_)) => return Poll::Ready(Some(Err(PassageError::Cut))),
                None => self.ended = Some(Instant::now()),
            }
        }
    }

    /// Measures a piece that came just now; the piece, unless it is still being decoded or is refused.
    fn take(&mut self, piece: Bytes) -> Option<Bytes> {
        self.received += piece.len() as u64;
        // Known at once where the length was given: whoever takes the last piece asks for no end.
        if self.body.is_end_stream() {
            self.ended = Some(Instant::now());
        }
        if self.received > self.most {
            self.error = Some(Refusal::TooLarge);
            return None;
        }
        self.kept.keep(&piece, self.ended.is_some());
        match self.meter.take(&piece) {
            Ok(true) => {
                if self.ended.is_some() {
                    self.meter.end();
                }
                return Some(piece);
            }
            Ok(false) => self.held = Some(piece),
            Err(refusal) => self.error = Some(refusal),
        }
        None
    }
}

/// As the body of a request.
impl http_body::Body for Passage {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.inner().poll_piece(cx));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data).map_err(BoxError::from)))
    }

    fn is_end_stream(&self) -> bool {
        let inner = self.inner();
        inner.ended.is_some() && inner.ahead.len() == 0 && inner.held.is_none() && inner.error.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner();
        let ahead = inner.ahead.len() + inner.held.as_ref().map_or(0, Bytes::len);
        match inner.body.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + ahead as u64),
            None => SizeHint::default(),
        }
    }
}
