//! The process is killed again and again while it ticks and while samples are pushed: what it has acknowledged is there
//! afterwards, once.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::acts::{good_and_valid, http_component, metric, push_component, slo, slo_status, until_status};
use plimsoll_tests::{Backing, Client, INTERVAL, Server, Setup, Target, eventually, now, tick_boundary};
use serde_json::{Value, json};

const BATCH: u64 = 8;
const LARGEST_PUSH: usize = 5_000;

/// Everything that was pushed, by its number: each has a tick of its own, and whether its receipt was acknowledged.
struct Pushed {
    newest: Timestamp,
    acknowledged: BTreeMap<u64, bool>,
}

impl Pushed {
    fn new() -> Self {
        // Old enough that the ticks of this test stay clear of them.
        Self { newest: now().minus(Span::minutes(20)), acknowledged: BTreeMap::new() }
    }

    fn status(number: u64) -> &'static str {
        ["operational", "degraded", "down"][usize::try_from(number * 7 % 11 % 3).expect("below 3")]
    }

    fn body(&self, numbers: impl Iterator<Item = u64>) -> Value {
        let sample = |number: u64| {
            let back = Span::from_seconds(i64::try_from(number).expect("small") * INTERVAL.seconds());
            let at = self.newest.minus(back).to_string();
            json!({"component": "batch", "at": at, "status": Self::status(number), "latency_ms": 20})
        };
        json!({"samples": numbers.map(sample).collect::<Vec<_>>()})
    }

    /// Pushes batch after batch until `end`; one that is in the air then is not acknowledged.
    async fn push_until(&mut self, ingest: &Client, end: impl Future<Output = ()>) {
        let pushing = async {
            loop {
                let first = self.acknowledged.len() as u64;
                let numbers = first..first + BATCH;
                self.acknowledged.extend(numbers.clone().map(|number| (number, false)));
                let answer = ingest.post("/tenants/acme/samples", &self.body(numbers.clone())).await.ok(200);
                assert_eq!(answer, json!({"accepted": BATCH, "duplicate": 0}));
                self.acknowledged.extend(numbers.map(|number| (number, true)));
                // Leaves the store to the tick now and then, and keeps the samples within a day.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = pushing => {}
            () = end => {}
        }
    }

    /// Pushes everything again: what was acknowledged must be known already.
    async fn push_again(&self, ingest: &Client) {
        for is_acknowledged in [true, false] {
            let of = self.acknowledged.iter().filter(|(_, acknowledged)| **acknowledged == is_acknowledged);
            let numbers: Vec<u64> = of.map(|(number, _)| *number).collect();
            let (accepted, duplicate) = self.push_all(ingest, &numbers).await;
            assert_eq!(accepted + duplicate, numbers.len() as u64);
            assert!(!is_acknowledged || accepted == 0, "{accepted} of {} were acknowledged and lost", numbers.len());
        }
        let everything: Vec<u64> = self.acknowledged.keys().copied().collect();
        assert_eq!(self.push_all(ingest, &everything).await, (0, everything.len() as u64));
    }

    /// Pushes these: how many were new, and how many were known.
    async fn push_all(&self, ingest: &Client, numbers: &[u64]) -> (u64, u64) {
        let mut sums = (0, 0);
        for part in numbers.chunks(LARGEST_PUSH) {
            let answer = ingest.post("/tenants/acme/samples", &self.body(part.iter().copied())).await.ok(200);
            sums.0 += answer["accepted"].as_u64().expect("a number");
            sums.1 += answer["duplicate"].as_u64().expect("a number");
        }
        sums
    }

    fn good_and_valid(&self) -> (u64, u64) {
        let good = self.acknowledged.keys().filter(|number| Self::status(**number) != "down");
        (good.count() as u64, self.acknowledged.len() as u64)
    }
}

async fn nothing_is_lost_and_nothing_is_counted_twice(backing: Backing, kills: u32) {
    let mut server = Setup::on(backing).await.start().await;
    let target = Target::start().await;
    let admin = server.tenant("acme").await;
    admin.post("/tenants/acme/components", &push_component("batch")).await.ok(201);
    let began = now();
    admin.post("/tenants/acme/components", &http_component("web", "Web", &target.url("/"))).await.ok(201);
    let slos = [slo("batch", 0.5, &json!({"component": "batch"})), slo("web", 0.5, &json!({"component": "web"}))];
    admin.put("/observability/slo/config/acme", &json!({"objectives": slos})).await.ok(200);
    until_status(&server.anybody(), "acme", "web", "operational").await;

    // On the embedded store nobody else can have the work: the next tick is its own. On MongoDB the lease of the process
    // that was killed must end first.
    let resumes_within = if backing == Backing::Embedded { 9 } else { 30 };
    let mut pushed = Pushed::new();
    for round in 0..kills {
        // Another place in the tick each time, from its very beginning to where its work is done.
        pushed.push_until(&admin, tick_boundary(Duration::from_millis(u64::from(round) * 17))).await;
        server.kill9();
        server.start_again().await;
    }
    pushed.push_again(&admin).await;
    let (expected, total) = pushed.good_and_valid();
    let counted = async || (good_and_valid(&admin, "acme", "batch").await == Some((expected, total))).then_some(());
    let what = format!("{expected} of {total} pushed samples are good, and each counts once");
    eventually(40, &what, counted).await;
    missed_ticks_are_unknown(&mut server, &admin, began, resumes_within).await;
    assert_eq!(good_and_valid(&admin, "acme", "batch").await, Some((expected, total)), "and it stays so");
}

/// Leaves the server dead for some ticks: they are written down as unknown, and count neither way.
async fn missed_ticks_are_unknown(server: &mut Server, admin: &Client, began: Timestamp, resumes_within: u64) {
    server.kill9();
    let away = 3 * INTERVAL.seconds();
    tokio::time::sleep(Duration::from_secs(away.unsigned_abs())).await;
    server.start_again().await;
    let restarted = now().to_string();
    let measured = async || {
        let status = slo_status(admin, "acme", "web").await;
        (status["measured_at"].as_str() > Some(restarted.as_str())).then_some(status)
    };
    let status = eventually(resumes_within, "ticks go on", measured).await;
    let missed = metric(&server.anybody(), "plimsoll_samples_missed_total", "").await;
    // Two ticks went by for sure, for `web` and for each of the three components of Plimsoll's own tenant.
    assert!(missed >= Some(8.0), "missed: {missed:?}");
    // The tick in which `web` came may have looked at it already: it counts from its beginning.
    let tick = |at: Timestamp| at.seconds().div_euclid(INTERVAL.seconds());
    let ticks = tick(now()) - tick(began) + 1;
    let valid = status["valid"].as_i64().expect("a number");
    assert!(valid <= ticks - 2, "{valid} samples are known of {ticks} ticks, of which at least 2 were missed");
    assert_eq!(status["good"], status["valid"], "the target was well whenever somebody looked: {status}");
    until_status(&server.anybody(), "acme", "web", "operational").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_counted_twice_on_the_embedded_store() {
    nothing_is_lost_and_nothing_is_counted_twice(Backing::Embedded, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_counted_twice_on_mongodb() {
    nothing_is_lost_and_nothing_is_counted_twice(Backing::MongoDb, 3).await;
}
