//! The store goes away while alerts come in and go out: whoever fires is told to come again, nothing is half stored, and
//! whatever was answered 202 arrives.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use plimsoll_tests::alerts::{Desk, deliveries, events, taken, text, told, trigger, webhook};
use plimsoll_tests::mongod::Mongod;
use plimsoll_tests::receivers::Webhook;
use plimsoll_tests::{Client, Setup, eventually};
use serde_json::{Value, json};

const WRITERS: usize = 4;
/// The longest that anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody who triggers one key after the other and resolves every second one; a request that is not answered 202 is sent
/// again as the same.
struct Writer {
    client: Client,
    path: String,
    name: String,
    answered: Vec<String>,
    refused: BTreeMap<u16, u64>,
    longest: Duration,
}

impl Writer {
    fn key(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    fn requests(&self, number: usize) -> Vec<(String, Value)> {
        let key = self.key(number);
        let mut all = vec![(format!("{key} trigger"), trigger(&key))];
        if number % 2 == 1 {
            let old = self.key(number - 1);
            all.push((format!("{old} resolve"), json!({"event_action": "resolve", "dedup_key": old})));
        }
        all
    }

    /// Writes on until `is_over`, and then until all of it is answered.
    async fn write(&mut self, is_over: &AtomicBool) {
        for number in 0.. {
            if is_over.load(Ordering::Acquire) {
                return;
            }
            for (request, signal) in self.requests(number) {
                while !self.ask(&request, &signal).await {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                self.answered.push(request);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn ask(&mut self, request: &str, signal: &Value) -> bool {
        let began = Instant::now();
        let headers: &[_] = &[("idempotency-key", request)];
        let asking = self.client.ask("POST", &self.path, headers, Some(signal.to_string()));
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        let answer = answer.unwrap_or_else(|_| panic!("{request}: no answer within {PATIENCE:?}"));
        self.longest = self.longest.max(began.elapsed());
        if answer.status == 202 {
            return true;
        }
        assert_eq!(answer.status, 503, "{request}: {}", answer.text);
        assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
        assert!(!answer.text.contains("mongodb://") && !answer.text.contains("127.0.0.1:"), "{}", answer.text);
        *self.refused.entry(answer.status).or_default() += 1;
        false
    }
}

/// Takes the store away for a while, while `writers` write: kills it, or has it stand still.
async fn while_it_is_away(writers: &mut [Writer], mongod: &mut Mongod, kills: bool) {
    let is_over = AtomicBool::new(false);
    let writing = join_all(writers.iter_mut().map(|writer| writer.write(&is_over)));
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        if kills { mongod.kill() } else { mongod.pause() }.expect("it goes away");
        tokio::time::sleep(Duration::from_secs(12)).await;
        if kills { mongod.start_again().await } else { mongod.go_on() }.expect("it comes back");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        is_over.store(true, Ordering::Release);
    };
    let both = async { tokio::join!(writing, leaving) };
    tokio::time::timeout(Duration::from_secs(90), both).await.expect("all is answered once it is back");
}

fn writers(desk: &Desk) -> Vec<Writer> {
    let writer = |number: usize| Writer {
        client: desk.client.clone(),
        path: desk.path("fire"),
        name: format!("away-{number}"),
        answered: Vec::new(),
        refused: BTreeMap::new(),
        longest: Duration::ZERO,
    };
    (0..WRITERS).map(writer).collect()
}

async fn nothing_is_lost_while_it_is_away(kills: bool) {
    let mut mongod = Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
    let server = Setup::mongodb(&mongod.uri()).with("RUST_LOG", "warn").start().await;
    let hook = Webhook::start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    desk.configure(&json!({"receivers": [webhook("hook", &hook)]})).await;
    let mut writers = writers(&desk);
    while_it_is_away(&mut writers, &mut mongod, kills).await;
    let refused: u64 = writers.iter().flat_map(|writer| writer.refused.values()).sum();
    assert!(refused > 0, "it was away, and somebody noticed");
    assert!(writers.iter().all(|writer| writer.longest < PATIENCE));
    arrived(&desk, &writers, &hook).await;
}

/// Whether an alert was over before any of it was sent.
fn is_collapsed(alert: &Value) -> bool {
    deliveries(alert).iter().all(|one| one["state"] == "collapsed")
}

/// Everything that was answered 202 arrives, and the history has all of it and nothing by halves.
async fn arrived(desk: &Desk, writers: &[Writer], hook: &Webhook) {
    // What was stored with the lease of a call that was given up is free when the lease ends, after a minute.
    let all_is_over = async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut came: HashSet<String> =
            hook.accepted().iter().map(told).map(|(action, key)| format!("{key} {action}")).collect();
        for alert in desk.history().await.iter().filter(|alert| is_collapsed(alert)) {
            came.extend(["trigger", "resolve"].map(|action| format!("{} {action}", text(&alert["dedup_key"]))));
        }
        let mut answered = writers.iter().flat_map(|writer| &writer.answered);
        (answered.all(|request| came.contains(request)) && desk.all_is_sent().await).then_some(())
    };
    eventually(120, "all of it is sent", all_is_over).await;
    assert_eq!(hook.faults(), Vec::<String>::new());
    let history: BTreeMap<String, Value> =
        desk.history().await.into_iter().map(|alert| (text(&alert["dedup_key"]), alert)).collect();
    let mut keys = 0;
    for request in writers.iter().flat_map(|writer| &writer.answered) {
        let (key, action) = request.split_once(' ').expect("both");
        let alert = history.get(key).unwrap_or_else(|| panic!("{key} is not in the history"));
        let said = events(alert);
        assert_eq!(said.iter().filter(|kind| *kind == action).count(), 1, "{request} is heard once: {alert}");
        keys += usize::from(action == "trigger");
        let came = taken(hook, key);
        let resolve = came.iter().position(|one| one == "resolve");
        let trigger = came.iter().rposition(|one| one == "trigger");
        assert!(came.iter().any(|one| one == action) || is_collapsed(alert), "{request} never came: {alert}");
        assert!(resolve.is_none() || trigger < resolve, "{key}: {came:?}");
    }
    assert_eq!(history.len(), keys, "nothing is in the history that nobody fired");
    for alert in history.values() {
        for event in alert["events"].as_array().expect("events") {
            let made = event["deliveries"].as_array().expect("ids");
            let is_quiet = event["suppressed"].is_string();
            assert!(is_quiet || !made.is_empty(), "an event without its deliveries: {alert}");
            let there = deliveries(alert);
            assert!(made.iter().all(|id| there.iter().any(|one| one["id"] == *id)), "{alert}");
        }
        let over = |one: &Value| one["state"] == "delivered" || one["state"] == "collapsed";
        assert!(deliveries(alert).iter().all(over), "{alert}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stands_still_in_mid_flight_loses_nothing() {
    nothing_is_lost_while_it_is_away(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_killed_in_mid_flight_loses_nothing() {
    nothing_is_lost_while_it_is_away(true).await;
}
