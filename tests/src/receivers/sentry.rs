//! A Sentry that takes envelopes, strictly: what the protocol does not allow is refused and kept as a fault. Every number is
//! a project of it, each with a key of its own.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::sentry_envelope::Came;
use super::sentry_rules::{check, key};
use super::sentry_wire::{Read, Wire};
use crate::{now, port};

/// How an envelope is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// 200 and the event's id.
    Accept,
    /// The same, so much later. It is taken at once.
    After(Duration),
    /// 200 with these limits from now on.
    AcceptWithLimits(String),
    /// 429 with `Retry-After` in seconds, and `X-Sentry-Rate-Limits`.
    Limited(u64, String),
    /// This status and a few words.
    Status(u16),
    /// Nothing; the connection stays open.
    Hang,
    /// Nothing: the connection is closed.
    Reset,
    /// 200 with a body that never ends. It is taken.
    SlowBody,
}

/// How an envelope is answered that no script speaks of.
type Standing = Box<dyn FnMut(&Came) -> Reply + Send>;

struct Noted {
    script: VecDeque<Reply>,
    standing: Standing,
    came: Vec<Came>,
    faults: Vec<String>,
    connections: usize,
    cut: usize,
}

struct Shared {
    port: u16,
    /// Whether envelopes come through a tunnel, which must say for whom it sends.
    is_tunnelled: bool,
    noted: Mutex<Noted>,
}

/// The server. Dropping it stops it.
pub struct Sentry {
    shared: Arc<Shared>,
    /// Its own runtime: when it goes, the listener and every open connection go with it.
    running: Mutex<Option<Runtime>>,
}

impl Sentry {
    /// One that takes everything that is right.
    pub async fn start() -> Self {
        let sentry = Self::stopped();
        sentry.start_again().await;
        sentry
    }

    /// One that is sent to by a server of its own accord, and takes everything that is right.
    pub async fn start_for_servers() -> Self {
        let sentry = Self::made(false);
        sentry.start_again().await;
        sentry
    }

    /// One that does not listen yet.
    pub fn stopped() -> Self {
        Self::made(true)
    }

    fn made(is_tunnelled: bool) -> Self {
        let (script, standing): (_, Standing) = (VecDeque::new(), Box::new(|_| Reply::Accept));
        let noted = Noted { script, standing, came: Vec::new(), faults: Vec::new(), connections: 0, cut: 0 };
        let shared = Arc::new(Shared { port: port::free(), is_tunnelled, noted: Mutex::new(noted) });
        Self { shared, running: Mutex::new(None) }
    }

    /// The DSN of a project.
    pub fn dsn(&self, project: u64) -> String {
        format!("http://{}@127.0.0.1:{}/{project}", key(project), self.shared.port)
    }

    /// The public key of a project.
    pub fn key(project: u64) -> String {
        key(project)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// Answers the next envelopes like this, one after the other, and the others as ever.
    pub fn answer_with(&self, script: impl IntoIterator<Item = Reply>) {
        self.shared.noted().script = script.into_iter().collect();
    }

    /// Answers like this whatever no script speaks of, from now on.
    pub fn answer_always(&self, reply: Reply) {
        self.answer_by(move |_| reply.clone());
    }

    /// Answers as `choose` says whatever no script speaks of, from now on.
    pub fn answer_by(&self, choose: impl FnMut(&Came) -> Reply + Send + 'static) {
        self.shared.noted().standing = Box::new(choose);
    }

    /// Every envelope that came and was right, oldest first.
    pub fn came(&self) -> Vec<Came> {
        self.shared.noted().came.clone()
    }

    /// Those that were taken, oldest first.
    pub fn accepted(&self) -> Vec<Came> {
        self.shared.noted().came.iter().filter(|came| came.accepted).cloned().collect()
    }

    /// What `look` makes of each that was taken, oldest first; nothing is copied.
    pub fn of_accepted<T>(&self, look: impl FnMut(&Came) -> T) -> Vec<T> {
        self.shared.noted().came.iter().filter(|came| came.accepted).map(look).collect()
    }

    /// Whether one of those that were taken is what `look` looks for; the newest are looked at first.
    pub fn has_accepted(&self, look: impl FnMut(&Came) -> bool) -> bool {
        self.shared.noted().came.iter().rev().filter(|came| came.accepted).any(look)
    }

    /// Every violation of the protocol that came.
    pub fn faults(&self) -> Vec<String> {
        self.shared.noted().faults.clone()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.shared.noted().connections
    }

    /// How many requests broke off.
    pub fn cut(&self) -> usize {
        self.shared.noted().cut
    }

    /// Stops listening, and breaks every connection. What came is still known.
    pub fn stop(&self) {
        if let Some(runtime) = self.running.lock().expect("not poisoned").take() {
            runtime.shutdown_background();
        }
    }

    /// Listens again on the same port.
    pub async fn start_again(&self) {
        let port = self.shared.port;
        let bind = async || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
        let listener = crate::eventually(5, "the receiver's port is free again", bind).await;
        listener.set_nonblocking(true).expect("a listener may be nonblocking");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        runtime.spawn(listen(listener, Arc::clone(&self.shared)));
        *self.running.lock().expect("not poisoned") = Some(runtime);
    }
}

impl Drop for Sentry {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("not poisoned")
    }

    /// Notes an envelope; how it is to be answered, and the event's id.
    fn note(&self, mut came: Came) -> (Reply, String) {
        let mut noted = self.noted();
        let scripted = noted.script.pop_front();
        let reply = scripted.unwrap_or_else(|| (noted.standing)(&came));
        came.accepted = match reply {
            Reply::Accept | Reply::After(_) | Reply::AcceptWithLimits(_) | Reply::SlowBody => true,
            Reply::Status(status) => (200..300).contains(&status),
            Reply::Limited(..) | Reply::Hang | Reply::Reset => false,
        };
        let id = came.header["event_id"].as_str().unwrap_or_default().replace('-', "");
        noted.came.push(came);
        (reply, id)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener that is nonblocking");
    let mut attending = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        shared.noted().connections += 1;
        // Otherwise a small answer waits for the peer's acknowledgement.
        let _set = stream.set_nodelay(true);
        attending.spawn(attend(Wire::new(stream), Arc::clone(&shared)));
        while attending.try_join_next().is_some() {}
    }
}

async fn attend(mut wire: Wire, shared: Arc<Shared>) {
    loop {
        let request = match wire.read().await {
            Read::Whole(request) => request,
            Read::Ended => return,
            Read::Cut => return shared.noted().cut += 1,
            Read::Fault(words) => return shared.noted().faults.push(words),
        };
        let (reply, id) = match check(request, (shared.port, shared.is_tunnelled), now()) {
            Ok(came) => shared.note(came),
            Err(faults) => {
                let words = serde_json::json!({"detail": faults.join("; ")});
                shared.noted().faults.extend(faults);
                wire.write(&answer(400, "", &words.to_string())).await;
                return;
            }
        };
        if !write(&mut wire, reply, &id).await {
            return;
        }
    }
}

/// Answers; whether the connection is good for another request.
async fn write(wire: &mut Wire, reply: Reply, id: &str) -> bool {
    let taken = if id.is_empty() { "{}".to_owned() } else { format!("{{\"id\":\"{id}\"}}") };
    let bytes = match reply {
        Reply::Accept => answer(200, "", &taken),
        Reply::After(time) => {
            tokio::time::sleep(time).await;
            answer(200, "", &taken)
        }
        Reply::AcceptWithLimits(limits) => answer(200, &format!("X-Sentry-Rate-Limits: {limits}\r\n"), &taken),
        Reply::Limited(seconds, limits) => {
            let headers = format!("Retry-After: {seconds}\r\nX-Sentry-Rate-Limits: {limits}\r\n");
            answer(429, &headers, "{\"detail\":\"Sentry dropped data due to a quota or rate limit being reached.\"}")
        }
        Reply::Status(status) => {
            answer(status, "X-Sentry-Error: scripted\r\n", &format!("{{\"detail\":\"scripted {status}\"}}"))
        }
        Reply::Hang => std::future::pending().await,
        Reply::Reset => return false,
        Reply::SlowBody => {
            wire.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{").await;
            std::future::pending().await
        }
    };
    wire.write(&bytes).await
}

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    // What a server says of itself is for nobody behind the tunnel.
    let own = "Content-Type: application/json\r\nServer: sentry\r\nSet-Cookie: a=b\r\n";
    format!("HTTP/1.1 {status} Scripted\r\n{own}{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}
