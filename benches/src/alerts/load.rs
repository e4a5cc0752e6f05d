//! Firing alerts: one at a time, each after the one before has arrived, or as fast as they are taken.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;

use super::Target;
use super::receiver::Receiver;
use crate::http::Connection;

const ARRIVES_WITHIN: Duration = Duration::from_secs(20);
/// When nothing has arrived for so long, nothing comes any more.
const QUIET: Duration = Duration::from_secs(3);
static NEXT: AtomicU64 = AtomicU64::new(0);

/// How alerts are fired.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) writers: usize,
    pub(super) batch: usize,
    pub(super) lasting: Duration,
}

/// Milliseconds from the request to the webhook.
pub(super) struct Fired(Vec<f64>);

/// What a target comes to when it is given as much as it takes.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub(super) delivered_per_second: f64,
}

impl Fired {
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is an index of the list")]
        let at = ((sorted.len() - 1) as f64 * share).ceil() as usize;
        sorted[at]
    }
}

/// A name that no alert had before.
fn uid() -> String {
    format!("u{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The labels of an alert.
pub(super) fn labels(uid: &str) -> BTreeMap<&str, &str> {
    let labels = [("alertname", "Burn"), ("tenant", "t1"), ("service", "api"), ("severity", "page"), ("uid", uid)];
    BTreeMap::from(labels)
}

/// Alerts as Prometheus sends them.
pub(super) fn prometheus_body(uids: &[String]) -> String {
    let alerts = uids.iter().map(|uid| {
        json!({"labels": labels(uid), "annotations": {"summary": "The budget burns 14.4 times as fast as it may"},
            "generatorURL": "http://127.0.0.1/graph"})
    });
    json!(alerts.collect::<Vec<_>>()).to_string()
}

/// Fires `count` alerts, each when the one before has arrived.
pub(super) async fn one_by_one(target: &impl Target, receiver: &Receiver, count: usize) -> anyhow::Result<Fired> {
    let mut connection = Connection::open(target.address())?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let uid = uid();
        let arrival = receiver.expect(&uid);
        let request = target.request(std::slice::from_ref(&uid));
        let started = Instant::now();
        let answer = tokio::task::block_in_place(|| connection.ask(&request))?;
        ensure!(matches!(answer.status, 200 | 202), "{}", String::from_utf8_lossy(&answer.body));
        let arrived = tokio::time::timeout(ARRIVES_WITHIN, arrival).await.context("an alert did not arrive")??;
        took.push(arrived.duration_since(started).as_secs_f64() * 1e3);
    }
    Ok(Fired(took))
}

/// Fires as fast as requests are answered, and waits until everything has arrived.
pub(super) async fn at_full(target: &impl Target, receiver: &Receiver, shape: Shape) -> anyhow::Result<Rate> {
    let before = receiver.arrived();
    let requests: Vec<Vec<Vec<u8>>> = (0..shape.writers).map(|_| prepared(target, shape)).collect();
    let address = target.address().to_owned();
    let started = Instant::now();
    let accepted: usize = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let write = |requests: &[Vec<u8>]| write(&address, requests, started + shape.lasting);
            let writers: Vec<_> = requests.iter().map(|requests| scope.spawn(move || write(requests))).collect();
            let each = writers.into_iter().map(|writer| writer.join().expect("a writer does not panic"));
            each.sum::<anyhow::Result<usize>>()
        })
    })?;
    let expected = before + accepted * shape.batch;
    let last = receiver.until(expected, QUIET).await;
    ensure!(receiver.arrived() >= expected, "{} of {expected} alerts arrived", receiver.arrived());
    let delivered = (accepted * shape.batch) as f64;
    Ok(Rate { delivered_per_second: delivered / last.duration_since(started).as_secs_f64() })
}

/// More requests than can be sent, made before the clock runs.
fn prepared(target: &impl Target, shape: Shape) -> Vec<Vec<u8>> {
    let count = 160_000 / (shape.writers * shape.batch).min(512);
    (0..count).map(|_| target.request(&(0..shape.batch).map(|_| uid()).collect::<Vec<_>>())).collect()
}

/// How many requests were taken.
fn write(address: &str, requests: &[Vec<u8>], until: Instant) -> anyhow::Result<usize> {
    let mut connection = Connection::open(address)?;
    for (count, request) in requests.iter().enumerate() {
        if Instant::now() >= until {
            return Ok(count);
        }
        let answer = connection.ask(request)?;
        ensure!(matches!(answer.status, 200 | 202), "{}", String::from_utf8_lossy(&answer.body));
    }
    Ok(requests.len())
}
