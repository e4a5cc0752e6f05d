//! Ten thousand clients that begin an envelope and take their time: the others do not notice.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use plimsoll_tests::frontend::{ENVELOPE, Frontend};
use plimsoll_tests::receivers::Sentry;
use plimsoll_tests::{Raw, Setup};
use serde_json::json;

use super::MIB;

const CLIENTS: usize = 10_000;
const FILES: u64 = 20_000;
const AT_ONCE: usize = 100;
/// How long an envelope may take that nobody holds up: far more than it does.
const SOON: Duration = Duration::from_secs(5);
/// Most that ten thousand may cost together.
const MOST: u64 = 400 * MIB;

/// One of them, and what it has not sent yet.
struct Slow {
    raw: Raw,
    rest: Vec<u8>,
}

impl Slow {
    /// Sends the head and half of the envelope: every other one stops in the middle of the first line.
    async fn begin(app: &Frontend, address: &str, number: usize) -> Self {
        let envelope = app.numbered(number as u64);
        let head = format!("POST {ENVELOPE} HTTP/1.1\r\nhost: here\r\ncontent-length: {}\r\n\r\n", envelope.len());
        let line = envelope.iter().position(|byte| *byte == b'\n').expect("a line");
        let half = if number.is_multiple_of(2) { line / 2 } else { line + 10 };
        let mut raw = Raw::connect(address).await.expect("there is room for everybody");
        assert!(raw.send(&[head.as_bytes(), &envelope[..half]].concat()).await);
        Self { raw, rest: envelope[half..].to_vec() }
    }

    async fn dribble(mut self) -> Self {
        let byte = self.rest.remove(0);
        self.raw.send(&[byte]).await;
        self
    }

    async fn end(mut self) -> Option<u16> {
        self.raw.send(&self.rest).await;
        self.raw.status().await
    }
}

async fn passes_soon(app: &Frontend) {
    let sent = tokio::time::timeout(SOON, app.send(app.numbered(1), &[])).await;
    sent.expect("nobody holds it up").ok(200);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "whoever runs this wants to know what it takes")]
async fn ten_thousand_slow_clients_hold_up_nobody_and_pass_when_they_have_finished() {
    let files = rlimit::increase_nofile_limit(FILES).expect("the limit can be read");
    assert!(files >= CLIENTS as u64 + 1_000, "{files} open files are too few for this test");
    let server = Setup::embedded().with("RUST_LOG", "warn").start().await;
    let sentry = Sentry::start().await;
    let limits = json!({"rate_limits": {"app_per_minute": 1_000_000, "client_per_minute": 1_000_000}});
    let app = Frontend::new((&server.tenant("acme").await, "acme", "web"), &sentry, 1, &limits).await;
    passes_soon(&app).await;
    let (before, _) = server.memory();
    let (address, started) = (server.address(), std::time::Instant::now());
    let beginning = stream::iter(0..CLIENTS).map(|number| Slow::begin(&app, &address, number));
    let mut clients: Vec<Slow> = beginning.buffer_unordered(AT_ONCE).collect().await;
    println!("{CLIENTS} have begun after {:?}: {} files", started.elapsed(), server.open_files());
    for _ in 0..3 {
        clients = stream::iter(clients).map(Slow::dribble).buffer_unordered(AT_ONCE).collect().await;
        passes_soon(&app).await;
    }
    let (during, _) = server.memory();
    println!("they cost {} MiB; {} connections to Sentry", (during - before) / MIB, sentry.connections());
    assert!(during - before < MOST, "they cost {} MiB", (during - before) / MIB);
    assert!(sentry.connections() < 100, "whoever has sent half an envelope is none of Sentry's business");
    let ended: Vec<_> = stream::iter(clients).map(Slow::end).buffer_unordered(AT_ONCE).collect().await;
    let count = |status: u16| ended.iter().filter(|one| **one == Some(status)).count();
    println!("after {:?}: {} passed, {} were too late", started.elapsed(), count(200), count(408));
    assert_eq!(count(200) + count(408), CLIENTS, "{:?}", ended.iter().find(|one| !matches!(one, Some(200 | 408))));
    // Whoever ends in the last seconds of the time that they have is put aside.
    app.until_all_is_relayed(60).await;
    assert_eq!(sentry.accepted().len(), count(200) + 4);
    passes_soon(&app).await;
    let (after, _) = server.memory();
    println!("{} MiB more than before are held now", after.saturating_sub(before) / MIB);
    assert_eq!(sentry.faults(), Vec::<String>::new());
}
