//! The HTTP server's loop: accepts, limits and ends connections.
//!
//! Rejected: `axum::serve`, which has no limits, and keeps an idle connection for ever. What a connection costs while it
//! is silent counts here: a relay has thousands of them. Until its first request it holds no buffer at all, and after
//! that a small one, or what its last upload needed: 32 KiB.

mod short_reads;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower::Service;

use plimsoll_runtime::lifecycle::Lifecycle;

use self::short_reads::{Open, ShortReads};

/// For a request's head, counted from the connection or from the end of the request before: so it ends idle ones, too.
const HEAD_WITHIN: Duration = Duration::from_mins(1);
/// How long a request's head may be, and how much of an answer is gathered before it is written; in bytes.
const MAX_BUFFERED: usize = 64 * 1024;
const BACKLOG: u32 = 4_096;
/// Files that are left for the store and for logs; and of the others, a quarter for connections of our own.
const FILES_KEPT: u64 = 256;
/// Where the system names no limit.
const MOST_CONNECTIONS: usize = 1_000_000;
/// After accepting has failed for want of something.
const REST: Duration = Duration::from_millis(100);

/// Listens at `address`. As many as may wait to be accepted as the system allows, up to 4,096: with the usual 128, a burst of
/// new connections overflows, and those that do are tried again a second later.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What answers requests: a router, or something in front of one.
pub(crate) trait Routes:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Routes for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

/// Answers with `routes` whoever connects to `listener`, until the life is asked to stop: then `draining` is called, and
/// requests in hand are finished.
pub(crate) fn serve(
    listener: TcpListener,
    routes: impl Routes,
    life: &Lifecycle,
    draining: impl FnOnce() + Send + 'static,
) {
    serve_up_to(seats(), listener, routes, life, draining);
}

fn serve_up_to(
    seats: usize,
    listener: TcpListener,
    routes: impl Routes,
    life: &Lifecycle,
    draining: impl FnOnce() + Send + 'static,
) {
    let server = Arc::new(Server {
        builder: builder(life),
        routes,
        door: AtomicU8::new(OPEN),
        bell: Notify::new(),
        open: Open { seats: Arc::new(Semaphore::new(seats)), of: seats },
    });
    let life_of_connections = life.clone();
    life.spawn::<Infallible>("http", async move {
        // Dropped with this task, when the life is aborted.
        let serving = Serving(server);
        serving.accept(&listener, &life_of_connections).await;
        drop(listener);
        draining();
        serving.0.turn(DRAINING);
        let all = u32::try_from(seats).unwrap_or(u32::MAX);
        // Taken when everybody has left. It fails only if the semaphore is closed, which it never is.
        let _empty = serving.0.open.seats.acquire_many(all).await;
        Ok(())
    });
}

/// How many connections may be open: what the system allows, which is first raised as far as it can be.
fn seats() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).or_else(|error| {
        tracing::warn!(%error, "the limit of open files cannot be raised");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(soft, _)| soft)
    });
    files.map_or(MOST_CONNECTIONS, seats_of)
}

/// How many connections may be open where so many files may be.
pub(crate) fn seats_of(files: u64) -> usize {
    let left = usize::try_from(files.saturating_sub(FILES_KEPT) / 4 * 3).unwrap_or(MOST_CONNECTIONS);
    left.clamp(1, MOST_CONNECTIONS)
}

fn builder(life: &Lifecycle) -> Builder<Tracked> {
    let mut builder = Builder::new(Tracked(life.clone()));
    let timer = TokioTimer::new;
    builder.http1().timer(timer()).header_read_timeout(HEAD_WITHIN).max_buf_size(MAX_BUFFERED);
    // Whoever does not answer is gone: over HTTP/2 nothing else would tell.
    builder.http2().timer(timer()).keep_alive_interval(HEAD_WITHIN).max_send_buf_size(MAX_BUFFERED);
    builder
}

/// Everybody may come in.
const OPEN: u8 = 0;
/// Whoever is in finishes.
const DRAINING: u8 = 1;
/// Whoever is in leaves.
const CLOSED: u8 = 2;

/// What all connections share.
struct Server<R> {
    builder: Builder<Tracked>,
    routes: R,
    door: AtomicU8,
    /// Rung when the door is turned.
    bell: Notify,
    open: Open,
}

impl<R: Routes> Server<R> {
    fn turn(&self, door: u8) {
        self.door.store(door, Ordering::Release);
        self.bell.notify_waiters();
    }

    fn door(&self) -> u8 {
        self.door.load(Ordering::Acquire)
    }

    /// Serves one connection until either side has had enough.
    async fn attend(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, _seat: OwnedSemaphorePermit) {
        let has_asked = AtomicBool::new(false);
        let answering = Answering { routes: &self.routes, peer: ConnectInfo(peer), has_asked: &has_asked };
        let stream = TokioIo::new(ShortReads::of(stream, self.open.clone()));
        let mut connection = pin!(self.builder.serve_connection(stream, answering));
        let mut bell = pin!(self.bell.notified());
        let mut first_head = pin!(tokio::time::sleep(HEAD_WITHIN));
        let (mut listens, mut finishes) = (false, false);
        poll_fn(|cx| {
            // A task's waker stays the same: it is left at the bell once, and the door is looked at each time.
            if !listens {
                listens = true;
                let _rung = bell.as_mut().poll(cx);
            }
            if !finishes && self.door() == DRAINING {
                finishes = true;
                connection.as_mut().graceful_shutdown();
                bell.set(self.bell.notified());
                let _rung = bell.as_mut().poll(cx);
            }
            // hyper counts the time once it knows the version, for which it waits without end.
            let mut is_late = || !has_asked.load(Ordering::Relaxed) && first_head.as_mut().poll(cx).is_ready();
            if self.door() == CLOSED || is_late() {
                return Poll::Ready(());
            }
            // What a peer does wrong is not ours to log.
            connection.as_mut().poll(cx).map(|_ended| ())
        })
        .await;
    }
}

/// The server, until its task ends: then everybody leaves.
struct Serving<R: Routes>(Arc<Server<R>>);

impl<R: Routes> Drop for Serving<R> {
    fn drop(&mut self) {
        self.0.turn(CLOSED);
    }
}

impl<R: Routes> Serving<R> {
    /// Lets callers in until the life is asked to stop.
    async fn accept(&self, listener: &TcpListener, life: &Lifecycle) {
        let (mut was_full, mut has_failed) = (false, false);
        let coming = async {
            loop {
                let seat = self.seat(&mut was_full).await;
                match listener.accept().await {
                    Ok((stream, peer)) => {
                        // Without it a small answer waits for the client's acknowledgement; failing to set it only costs
                        // that time.
                        let _set = stream.set_nodelay(true);
                        life.track(Arc::clone(&self.0).attend(stream, peer, seat));
                    }
                    Err(error) if concerns_one_caller(&error) => {}
                    Err(error) => {
                        if !std::mem::replace(&mut has_failed, true) {
                            tracing::error!(%error, "connections cannot be accepted for now; this is said once");
                        }
                        tokio::time::sleep(REST).await;
                    }
                }
            }
        };
        tokio::select! {
            () = coming => {}
            () = life.stopping().cancelled() => {}
        }
    }

    async fn seat(&self, was_full: &mut bool) -> OwnedSemaphorePermit {
        let seats = &self.0.open.seats;
        if seats.available_permits() == 0 && !std::mem::replace(was_full, true) {
            tracing::warn!("as many connections are open as may be: others wait until one closes; this is said once");
        }
        Arc::clone(seats).acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// Whoever has hung up before being let in.
fn concerns_one_caller(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection.
struct Answering<'a, R> {
    routes: &'a R,
    peer: ConnectInfo<SocketAddr>,
    has_asked: &'a AtomicBool,
}

impl<R: Routes> hyper::service::Service<Request<Incoming>> for Answering<'_, R> {
    type Response = Response;
    type Error = Infallible;
    type Future = R::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.has_asked.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        self.routes.clone().call(request)
    }
}

/// Runs what hyper does for HTTP/2 besides the connection: one task for each request.
#[derive(Clone)]
struct Tracked(Lifecycle);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        let aborting = self.0.aborting().clone();
        self.0.track(async move {
            tokio::select! {
                _ = task => {}
                () = aborting.cancelled() => {}
            }
        });
    }
}
