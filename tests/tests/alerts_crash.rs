//! The process is killed fifty times while alerts come in and go out: whatever was answered 202 arrives, in order, under its
//! own key, and no oftener than its attempts say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use plimsoll_tests::alerts::{Desk, deliveries, events, pagerduty, text, told, trigger, with};
use plimsoll_tests::receivers::{Answer, PagerDuty, Received};
use plimsoll_tests::{Backing, Chance, Client, Setup, eventually};
use serde_json::{Value, json};

const SEED: u64 = 0x5eed_2026_1125;
const KILLS: u32 = 50;
const WRITERS: u64 = 8;
/// `PagerDuty` takes so much a minute for each receiver: with several of them, more is in the air.
const SHARDS: u64 = 8;
const ANSWERED: u16 = 202;

/// One key that a writer has spoken of: what was asked for, and what was answered.
#[derive(Clone, Copy, Default)]
struct Story {
    trigger: Told,
    resolve: Told,
    /// How often either was sent without an answer.
    unanswered: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Not,
    /// Sent, and not answered: it is sent again as the same request.
    Asked,
    Answered,
}

/// Somebody who triggers one key after the other, and resolves some of them later.
struct Writer {
    number: u64,
    stories: BTreeMap<u64, Story>,
}

/// What becomes of a key, which its name decides.
fn fate(key: &str) -> Chance {
    Chance::of(SEED, key)
}

impl Writer {
    fn key(&self, number: u64) -> String {
        format!("crash-{}-{number}", self.number)
    }

    /// Speaks until nobody listens.
    async fn write(&mut self, client: &Client, path: &str) {
        let mut chance = Chance::of(SEED ^ self.stories.len() as u64, &self.key(0));
        while self.settle(client, path).await {
            let number = self.stories.len() as u64;
            self.stories.insert(number, Story { trigger: Told::Asked, ..Story::default() });
            let old = number.saturating_sub(chance.below(12));
            let story = self.stories.get_mut(&old).expect("it is there");
            let is_open = story.trigger == Told::Answered && story.resolve == Told::Not;
            if is_open && fate(&format!("crash-{}-{old}", self.number)).below(100) < 70 {
                story.resolve = Told::Asked;
            }
            tokio::time::sleep(Duration::from_millis(chance.below(12))).await;
        }
    }

    /// Asks for everything that was not answered; whether all of it was.
    async fn settle(&mut self, client: &Client, path: &str) -> bool {
        let open: Vec<u64> = self.stories.iter().filter(|(_, story)| story.is_asked()).map(|(key, _)| *key).collect();
        for number in open {
            let key = self.key(number);
            let story = self.stories.get_mut(&number).expect("it is there");
            let shard = fate(&key).below(SHARDS).to_string();
            let signals = [
                (&mut story.trigger, with(trigger(&key), &json!({"labels": {"shard": shard}}))),
                (&mut story.resolve, json!({"event_action": "resolve", "dedup_key": key})),
            ];
            for (told, signal) in signals {
                if *told != Told::Asked {
                    continue;
                }
                let request = format!("{key} {}", text(&signal["event_action"]));
                let headers: &[_] = &[("idempotency-key", request.as_str())];
                story.unanswered += 1;
                let answer = client.try_ask("POST", path, headers, Some(signal.to_string())).await;
                let Ok(answer) = answer else { return false };
                story.unanswered -= 1;
                assert_eq!(answer.status, ANSWERED, "{}", answer.text);
                *told = Told::Answered;
            }
        }
        true
    }
}

impl Story {
    fn is_asked(self) -> bool {
        self.trigger == Told::Asked || self.resolve == Told::Asked
    }
}

/// Now and then it answers 500, the first time only; now and then it is slow.
fn moody(pd: &PagerDuty) {
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    pd.answer_by(move |received| {
        let told = told(received);
        let mut mood = Chance::of(SEED, &format!("{} {}", told.0, told.1));
        let times = seen.entry(told).or_default();
        *times += 1;
        match mood.below(100) {
            0..6 if *times == 1 => Answer::Status(500),
            6..16 => Answer::After(Duration::from_millis(20 + mood.below(300))),
            _ => Answer::Accept,
        }
    });
}

async fn killed_again_and_again(backing: Backing) {
    let mut server = Setup::on(backing).await.with("RUST_LOG", "warn").start().await;
    let pd = PagerDuty::start().await;
    moody(&pd);
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let receivers: Vec<Value> = (0..SHARDS).map(|shard| pagerduty(&format!("pd-{shard}"), &pd)).collect();
    let route = |shard: u64| json!({"matchers": [format!("shard=\"{shard}\"")], "receivers": [format!("pd-{shard}")]});
    let routes: Vec<Value> = (0..SHARDS).map(route).collect();
    desk.configure(&json!({"receivers": receivers, "routes": routes, "default_receivers": ["pd-0"]})).await;
    let path = desk.path("fire");

    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer { number, stories: BTreeMap::new() }).collect();
    let mut chance = Chance::new(SEED);
    for _ in 0..KILLS {
        let load = Duration::from_millis(50 + chance.below(350));
        let writing = join_all(writers.iter_mut().map(|writer| writer.write(&desk.client, &path)));
        tokio::select! {
            _ = writing => panic!("the server ended by itself"),
            () = tokio::time::sleep(load) => server.kill9(),
        }
        server.start_again().await;
    }
    let settling = async |writer: &mut Writer| {
        eventually(30, "all is answered", async || writer.settle(&desk.client, &path).await.then_some(())).await;
    };
    for writer in &mut writers {
        settling(writer).await;
    }
    converged(&desk, &writers, &pd).await;
    nothing_is_lost_doubled_or_out_of_order(&desk, &writers, &pd).await;
}

/// Waits until nothing waits to be sent any more, and until what is open at the receiver is what was left open.
async fn converged(desk: &Desk, writers: &[Writer], pd: &PagerDuty) {
    let of = |writer: &Writer| {
        let open = writer.stories.iter().filter(|(_, story)| story.resolve == Told::Not);
        open.map(|(number, _)| writer.key(*number)).collect::<Vec<_>>()
    };
    let left: BTreeSet<String> = writers.iter().flat_map(of).collect();
    let looking = async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (pd.open() == left && desk.all_is_sent().await).then_some(())
    };
    let looked = tokio::time::timeout(Duration::from_mins(2), async { while looking().await.is_none() {} });
    if looked.await.is_err() {
        let open = pd.open();
        let (missing, extra) = (left.difference(&open).collect::<Vec<_>>(), open.difference(&left).collect::<Vec<_>>());
        panic!("seed {SEED:#x}: after 120 s, open at the receiver: missing {missing:?}, should be closed {extra:?}");
    }
}

#[expect(clippy::print_stdout, reason = "whoever runs this wants to know how much it has tried")]
async fn nothing_is_lost_doubled_or_out_of_order(desk: &Desk, writers: &[Writer], pd: &PagerDuty) {
    assert_eq!(pd.faults(), Vec::<String>::new());
    let mut history: BTreeMap<String, Value> = BTreeMap::new();
    for alert in desk.history().await {
        let key = text(&alert["dedup_key"]);
        assert!(history.insert(key.clone(), alert).is_none(), "seed {SEED:#x}: two alerts of {key}");
    }
    let mut received: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    for one in pd.received() {
        received.entry(told(&one).1).or_default().push(one);
    }
    let (mut keys, mut again, mut collapsed) = (0, 0, 0);
    for writer in writers {
        for (number, story) in &writer.stories {
            let key = writer.key(*number);
            keys += 1;
            let alert = history.remove(&key).unwrap_or_else(|| panic!("seed {SEED:#x}: {key} is not in the history"));
            let of_key = received.remove(&key).unwrap_or_default();
            let is_resolved = story.resolve == Told::Answered;
            let found = Found { alert, of_key, is_resolved, unanswered: story.unanswered };
            found.check().unwrap_or_else(|what| panic!("seed {SEED:#x}: {key}: {what}\n{}", found.alert));
            again +=
                found.accepted("trigger").len().saturating_sub(1) + found.accepted("resolve").len().saturating_sub(1);
            collapsed += usize::from(found.accepted("trigger").is_empty());
        }
    }
    assert!(received.is_empty(), "seed {SEED:#x}: keys that were never fired arrived: {:?}", received.keys());
    assert!(history.is_empty(), "seed {SEED:#x}: the history has keys that were never fired: {:?}", history.keys());
    println!("{keys} keys, {again} messages came again, {collapsed} alerts were over before they were sent");
    assert!(keys > 150, "only {keys} alerts in all: that is no load");
}

/// Everything there is of one key.
struct Found {
    alert: Value,
    of_key: Vec<Received>,
    is_resolved: bool,
    /// What was on its way when the process was killed may have been sent without being stored.
    unanswered: usize,
}

impl Found {
    /// The places of the messages of `action` that were taken, among all of the key.
    fn accepted(&self, action: &str) -> Vec<usize> {
        let all = self.of_key.iter().enumerate();
        all.filter(|(_, one)| one.accepted && told(one).0 == action).map(|(place, _)| place).collect()
    }

    fn check(&self) -> Result<(), String> {
        let (triggers, resolves) = (self.accepted("trigger"), self.accepted("resolve"));
        let expected: &[&str] = if self.is_resolved { &["trigger", "resolve"] } else { &["trigger"] };
        ensure(events(&self.alert) == expected, "a request that was sent again was heard twice, or not at all")?;
        let all = deliveries(&self.alert);
        let states: Vec<String> = all.iter().map(|one| text(&one["state"])).collect();
        ensure(all.len() <= expected.len(), "a signal made more than one delivery")?;
        if self.is_resolved && triggers.is_empty() {
            ensure(resolves.is_empty() && states == ["collapsed"], "it never came, and the history does not say why")?;
        } else {
            ensure(!triggers.is_empty(), "the trigger never came")?;
            ensure(resolves.is_empty() != self.is_resolved, "the resolve never came, or came of nothing")?;
            ensure(states.iter().all(|state| state == "delivered"), "the history does not say that it was delivered")?;
        }
        if let (Some(trigger), Some(resolve)) = (triggers.last(), resolves.first()) {
            ensure(trigger < resolve, "a trigger came after the resolve")?;
        }
        for action in ["trigger", "resolve"] {
            let attempts = all.iter().filter(|one| one["action"] == action);
            let attempts: Vec<_> = attempts.flat_map(|one| one["attempts"].as_array().expect("attempts")).collect();
            let may_have = attempts.iter().filter(|one| one["result"] == "delivered" || one["result"] == "unknown");
            let came = self.of_key.iter().filter(|one| told(one).0 == action).count();
            ensure(came <= attempts.len() + self.unanswered, "it came oftener than it was tried")?;
            let known = may_have.count() + self.unanswered;
            ensure(self.accepted(action).len() <= known, "it was taken oftener than the history knows")?;
        }
        Ok(())
    }
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_no_alert_on_the_embedded_store() {
    killed_again_and_again(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_no_alert_on_mongodb() {
    killed_again_and_again(Backing::MongoDb).await;
}
