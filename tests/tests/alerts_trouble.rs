//! Receivers in trouble: slow ones, broken ones, ones that want nothing any more. Nothing is lost, and nobody else waits.

use std::time::Duration;

use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_tests::acts::metric;
use plimsoll_tests::alerts::{
    Desk, at, deliveries, events, pagerduty, taken, text, told, trigger, until_taken, webhook, with,
};
use plimsoll_tests::receivers::{Answer, PagerDuty, Webhook};
use plimsoll_tests::{Server, Setup, eventually, now};
use serde_json::{Value, json};

async fn start() -> (Server, Desk) {
    let server = Setup::embedded().start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    (server, desk)
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("an instant: {value}"))
}

/// The words of the newest attempt of an alert's newest delivery, and its status.
fn last_words(alert: &Value) -> (String, Value) {
    let all = deliveries(alert);
    let attempts = all.last().expect("a delivery")["attempts"].as_array().expect("attempts").clone();
    let last = attempts.last().unwrap_or_else(|| panic!("no attempt: {alert}"));
    (text(&last["words"]), last["status"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_time_is_given_it_and_told_in_order_then() {
    let (_server, desk) = start().await;
    let pd = PagerDuty::start().await;
    desk.tell(&[pagerduty("pd", &pd)]).await;
    pd.answer_with([Answer::RetryAfter(429, 8)]);
    let fired = desk.trigger("busy").await;
    let waiting = desk.until(5, &fired, &["waiting"]).await;
    let first = &deliveries(&waiting)[0]["attempts"][0];
    assert_eq!((&first["status"], &first["result"]), (&json!(429), &json!("retry")), "{waiting}");
    let next = instant(&deliveries(&waiting)[0]["next_attempt_at"]).millis_since(instant(&first["at"]));
    assert!((8_000..9_500).contains(&next), "it comes {next} ms later");
    until_taken(20, &pd, "busy", &["trigger"]).await;
    let came: Vec<Timestamp> = pd.received().iter().map(|one| one.at).collect();
    assert!(came.len() == 2 && came[1].millis_since(came[0]) >= 8_000, "{came:?}");
    desk.say("resolve", "busy").await;
    until_taken(10, &pd, "busy", &["trigger", "resolve"]).await;
    assert_eq!(pd.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_refuses_is_dead_with_its_words_and_replayed_when_the_fault_is_mended() {
    let (server, desk) = start().await;
    let pd = PagerDuty::start().await;
    let wrong = with(pagerduty("pd", &pd), &json!({"routing_key": "x".repeat(32)}));
    desk.tell(std::slice::from_ref(&wrong)).await;
    let mut fired = Vec::new();
    for key in ["one", "two", "three"] {
        fired.push(desk.trigger(key).await);
        let alert = desk.until(10, fired.last().expect("one"), &["dead"]).await;
        let (words, status) = last_words(&alert);
        assert!(status == 400 && words.contains("not of a service here"), "{words}");
        assert_eq!(deliveries(&alert)[0]["reason"], words, "the provider's words are the reason");
        assert!(!alert.to_string().contains(&"x".repeat(32)), "{alert}");
    }
    assert_eq!(pd.received().len(), 3, "what is refused for good is not tried again");
    let dead = desk.dead().await;
    assert_eq!(dead.iter().map(|one| text(&one["dedup_key"])).collect::<Vec<_>>(), ["three", "two", "one"]);
    assert_eq!(desk.of_key("two&state=dead").await["dedup_key"], "two");
    assert_eq!(metric(&server.anybody(), "plimsoll_alerts_dead_total", "pagerduty").await, Some(3.0));
    // This one is over before it is replayed: it is opened and closed then, and not left open.
    desk.say("resolve", "three").await;

    pd.forget();
    desk.tell(&[pagerduty("pd", &pd)]).await;
    let id = text(&dead[2]["id"]);
    desk.client.post(&desk.path(&format!("dead/{id}/replay")), &json!({})).await.ok(202);
    until_taken(10, &pd, "one", &["trigger"]).await;
    let twice = desk.client.post(&desk.path(&format!("dead/{id}/replay")), &json!({})).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    let answer = desk.client.post(&desk.path("dead/replay"), &json!({"receiver": "pd"})).await.ok(202);
    assert_eq!(answer, json!({"replayed": 2, "left": 0}));
    until_taken(10, &pd, "two", &["trigger"]).await;
    until_taken(10, &pd, "three", &["trigger", "resolve"]).await;
    desk.say("resolve", "one").await;
    until_taken(10, &pd, "one", &["trigger", "resolve"]).await;
    assert!(desk.dead().await.is_empty() && pd.faults().is_empty(), "{:?}", pd.faults());
    assert_eq!(events(&desk.alert(&fired[0]["alert_id"]).await), ["trigger", "replayed", "resolve"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_gone_is_switched_off_until_somebody_enables_it() {
    let (_server, desk) = start().await;
    let hook = Webhook::start().await;
    desk.tell(&[webhook("hook", &hook)]).await;
    hook.answer_with([Answer::Status(410)]);
    let gone = desk.trigger("gone").await;
    desk.until(10, &gone, &["dead"]).await;
    let off = async || Some(desk.health("hook").await).filter(|health| !health["switched_off"].is_null());
    let health = eventually(10, "the list says that it is off", off).await;
    assert_eq!(health["switched_off"]["reason"], "scripted 410", "{health}");
    let unsent = desk.trigger("unsent").await;
    let alert = desk.until(10, &unsent, &["dead"]).await;
    assert!(text(&deliveries(&alert)[0]["reason"]).contains("switched off"), "{alert}");
    assert_eq!(hook.received().len(), 1, "nothing is sent to it");

    let enabled = desk.client.post(&desk.path("config/receivers/hook/enable"), &json!({})).await.ok(200);
    assert_eq!(enabled["health"]["switched_off"], Value::Null, "{enabled}");
    let fired = desk.trigger("at once").await;
    let alert = desk.until(20, &fired, &["delivered", "dead"]).await;
    assert_eq!(deliveries(&alert)[0]["state"], "delivered", "what comes after it was enabled is sent: {alert}");
    desk.client.post(&desk.path("dead/replay"), &json!({})).await.ok(202);
    until_taken(10, &hook, "gone", &["trigger"]).await;
    until_taken(10, &hook, "unsent", &["trigger"]).await;
    assert_eq!(desk.health("hook").await["switched_off"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_keeps_nobody_else_waiting() {
    let (server, desk) = start().await;
    let (stuck, well) = (Webhook::start().await, Webhook::start().await);
    desk.tell(&[webhook("stuck", &stuck), webhook("well", &well)]).await;
    let elsewhere = Desk::new(&server.tenant("other").await, "other");
    elsewhere.tell(&[webhook("well", &well)]).await;
    stuck.answer_always(Answer::Hang);
    let mut fired_at = Vec::new();
    for number in 0..60 {
        fired_at.push((format!("{number}"), now()));
        desk.trigger(&format!("{number}")).await;
    }
    elsewhere.fence("of the other tenant").await;
    let all = async || (well.accepted().len() == 61).then(|| well.accepted());
    let accepted = eventually(10, "all others are told", all).await;
    for (key, at) in fired_at {
        let came = accepted.iter().find(|one| told(one).1 == key).expect("it came").at;
        assert!(came.millis_since(at) < 2_000, "{key} came {} ms later", came.millis_since(at));
    }
    assert!(stuck.accepted().is_empty() && (1..=16).contains(&stuck.received().len()), "{}", stuck.received().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_says_so() {
    let (_server, desk) = start().await;
    let (hook, elsewhere) = (Webhook::start().await, Webhook::start().await);
    desk.tell(&[webhook("hook", &hook)]).await;
    hook.answer_with([Answer::Redirect(elsewhere.url())]);
    let fired = desk.trigger("away").await;
    let alert = desk.until(5, &fired, &["waiting", "dead"]).await;
    let (words, status) = last_words(&alert);
    assert!(status == 307 && words.contains("redirects are not followed"), "{words}");
    until_taken(15, &hook, "away", &["trigger"]).await;
    assert!(elsewhere.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_be_tried_whatever_the_routes_say() {
    let (_server, desk) = start().await;
    let (pd, hook) = (PagerDuty::start().await, Webhook::start().await);
    let receivers = [pagerduty("pd", &pd), webhook("hook", &hook)];
    desk.configure(&json!({"receivers": receivers, "default_receivers": ["hook"]})).await;
    let tested = desk.client.post(&desk.path("config/receivers/pd/test"), &json!({})).await.ok(200);
    assert_eq!(tested["delivered"], true, "{tested}");
    let said: Vec<_> = pd.accepted().iter().map(|one| told(one).0).collect();
    assert_eq!((said.as_slice(), pd.faults().len()), (&["trigger".to_owned(), "resolve".to_owned()][..], 0));
    let summary = text(&pd.accepted()[0].body["payload"]["summary"]);
    assert!(summary.starts_with("[TEST]") && summary.contains("pd"), "{summary}");
    hook.answer_with([Answer::Says(403, "you are not welcome".to_owned())]);
    let tested = desk.client.post(&desk.path("config/receivers/hook/test"), &json!({})).await.ok(200);
    assert!(tested["delivered"] == false && tested.to_string().contains("you are not welcome"), "{tested}");
    let unknown = desk.client.post(&desk.path("config/receivers/nobody/test"), &json!({})).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_under_an_old_key_is_closed_under_it() {
    let (_server, desk) = start().await;
    let (pd, other) = (PagerDuty::start().await, PagerDuty::start().await);
    desk.tell(&[pagerduty("pd", &pd)]).await;
    for key in ["edited", "moved", "removed"] {
        desk.fence(key).await;
    }
    desk.tell(&[with(pagerduty("pd", &pd), &json!({"routing_key": "y".repeat(32)}))]).await;
    // Said again, it still is where it was opened.
    desk.fire(&with(trigger("edited"), &json!({"severity": "critical"}))).await;
    desk.say("resolve", "edited").await;
    until_taken(10, &pd, "edited", &["trigger", "trigger", "resolve"]).await;
    assert_eq!(pd.faults(), Vec::<String>::new(), "the old key was used");
    let fired = desk.trigger("new").await;
    desk.until(10, &fired, &["dead"]).await;
    assert!(pd.faults().iter().any(|fault| fault.contains("routing_key")), "the new key is used for what is new");

    desk.tell(&[pagerduty("pd", &other)]).await;
    desk.say("resolve", "moved").await;
    until_taken(10, &pd, "moved", &["trigger", "resolve"]).await;
    desk.tell(&[]).await;
    desk.say("resolve", "removed").await;
    until_taken(10, &pd, "removed", &["trigger", "resolve"]).await;
    assert!(other.received().is_empty() && pd.open().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_is_heard_once() {
    let (_server, desk) = start().await;
    let hook = Webhook::start().await;
    desk.tell(&[webhook("hook", &hook)]).await;
    let asked = async || {
        let (path, body) = (desk.path("fire"), trigger("again").to_string());
        desk.client.ask("POST", &path, &[("idempotency-key", "first of all")], Some(body)).await.ok(202)
    };
    let first = asked().await;
    for _ in 0..5 {
        assert_eq!(asked().await["alert_id"], first["alert_id"]);
    }
    let alert = desk.until_delivered(&first).await;
    assert_eq!(events(&alert), ["trigger"]);
    desk.fence("fence").await;
    assert_eq!(taken(&hook, "again"), ["trigger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_is_told_in_order_when_it_is_back() {
    let (_server, desk) = start().await;
    let hook = Webhook::start().await;
    desk.tell(&[at("hook", "webhook", &hook.url())]).await;
    desk.fence("open before").await;
    hook.stop();
    let began = now();
    let fired = desk.trigger("meanwhile").await;
    desk.say("resolve", "open before").await;
    let (words, _) = last_words(&desk.until(10, &fired, &["waiting"]).await);
    assert!(!words.is_empty());
    hook.start_again().await;
    until_taken(20, &hook, "meanwhile", &["trigger"]).await;
    until_taken(20, &hook, "open before", &["trigger", "resolve"]).await;
    assert!(now() < began.plus(Span::from_seconds(15)), "the first delay is 5 s");
    tokio::time::timeout(Duration::from_secs(10), desk.fence("afterwards")).await.expect("it is not left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_something_is_on_its_way_has_nothing_sent_twice() {
    let (_server, desk) = start().await;
    let (hook, pd) = (Webhook::start().await, PagerDuty::start().await);
    desk.tell(&[webhook("hook", &hook), pagerduty("pd", &pd)]).await;
    for host in [&*hook, &*pd] {
        host.answer_always(Answer::After(Duration::from_millis(700)));
    }
    let fired = desk.trigger("slow").await;
    // On its way, more is said of it.
    desk.say("acknowledge", "slow").await;
    desk.trigger("slow").await;
    desk.say("resolve", "slow").await;
    for host in [&*hook, &*pd] {
        until_taken(20, host, "slow", &["trigger", "acknowledge", "resolve"]).await;
    }
    let alert = desk.until_delivered(&fired).await;
    assert!(deliveries(&alert).iter().all(|one| one["attempts"].as_array().map(Vec::len) == Some(1)), "{alert}");
}
