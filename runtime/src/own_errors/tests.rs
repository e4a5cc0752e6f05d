//! What is heard, and what an event is made of it. How it is sent is tested with a whole program, in `tests/`.

use secrecy::SecretString;
use sentry_types::protocol::v7::Event;
use serde_json::{Value, json};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::system_clock::SystemClock;

use super::*;

const DSN: &str = "https://feed0001@sentry.example.com/7";

/// The events that `act` leads to, as they are sent.
fn events_of(act: impl FnOnce()) -> Vec<Value> {
    let (put, mut queue) = mpsc::channel::<Event<'static>>(WAITING);
    let facts = Facts { version: "1.2.3", server_name: "host-1".to_owned() };
    let hearing = Hearing::new(put, Template::new(facts, "staging".to_owned()), Arc::new(SystemClock));
    let subscriber = Registry::default().with(hearing.with_filter(LevelFilter::ERROR));
    tracing::subscriber::with_default(subscriber, act);
    let mut events = Vec::new();
    while let Ok(event) = queue.try_recv() {
        events.push(serde_json::to_value(event).expect("an event serialises"));
    }
    events
}

#[test]
fn an_error_is_told_with_everything_around_it_and_without_any_secret() {
    let within = plimsoll_traces::unsampled(&plimsoll_traces::Context::new()).attach();
    let ids = plimsoll_traces::current().expect("ids");
    let events = events_of(|| {
        let _inside = plimsoll_traces::of_request(&plimsoll_traces::Context::current(), "r1").attach();
        plimsoll_traces::say_tenant("acme");
        tracing::warn!("not an error");
        let (url, cause) = ("https://u:p4ss@host/x", "used plk_22");
        tracing::error!(attempt = 3, token = "t0k", api_key = "k1", url, cause, "it failed");
    });
    drop(within);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let expected = json!({
        "message": "it failed", "release": "plimsoll@1.2.3", "environment": "staging", "server_name": "host-1",
        "platform": "native", "logger": "plimsoll_runtime::own_errors::tests",
        "tags": {"request_id": "r1", "tenant_id": "acme"},
        "extra": {
            "attempt": 3, "token": "••••", "api_key": "••••", "url": "https://••••@host/x", "cause": "used plk_••••"
        },
        "contexts": {
            "trace": {"type": "trace", "trace_id": ids.trace.to_string(), "span_id": ids.span.to_string()}
        },
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&event[name], value, "{name}");
    }
    for secret in ["k1", "t0k", "p4ss", "plk_22"] {
        assert!(!event.to_string().contains(secret), "{event}");
    }
}

#[test]
fn the_same_error_is_told_a_few_times_a_minute_and_another_all_the_same() {
    let events = events_of(|| {
        for round in 0..100 {
            tracing::error!(round, "over and over");
        }
        tracing::error!("something else");
    });
    let messages: Vec<_> = events.iter().map(|event| event["message"].as_str().unwrap_or_default()).collect();
    assert_eq!(
        messages,
        ["over and over", "over and over", "over and over", "over and over", "over and over", "something else"]
    );
}

#[test]
fn however_many_different_errors_there_are_no_more_than_the_queue_holds_are_kept() {
    let errors = || (0..500).for_each(|number| tracing::error!("error {number}"));
    assert_eq!(events_of(errors).len(), 60);
}

#[tokio::test]
async fn an_error_while_sending_is_not_itself_sent() {
    let (put, mut queue) = mpsc::channel(WAITING);
    let facts = Facts { version: "1.2.3", server_name: "host-1".to_owned() };
    let hearing = Hearing::new(put, Template::new(facts, "staging".to_owned()), Arc::new(SystemClock));
    let _heard = tracing::subscriber::set_default(Registry::default().with(hearing));
    sender::while_sending(async { tracing::error!("within") }).await;
    tracing::error!("without");
    assert_eq!(queue.try_recv().expect("one").message.as_deref(), Some("without"));
    assert!(queue.try_recv().is_err());
}

#[test]
fn a_panic_is_an_error_that_says_where_it_was() {
    log_panics_from_now_on();
    let events = events_of(|| {
        let caught = std::panic::catch_unwind(|| panic!("used plk_22"));
        assert!(caught.is_err());
    });
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event["exception"]["values"][0]["value"], "used plk_••••");
    assert!(event["extra"]["place"].to_string().contains("own_errors/tests.rs:"), "{event}");
}

#[test]
fn panics_of_two_places_are_two_things() {
    let events = events_of(|| {
        tracing::error!(place = "a.rs:1:2", reason = "used plk_22", thread = "main", "a thread panicked");
        tracing::error!(place = "b.rs:1:2", reason = "no", thread = "main", "a thread panicked");
    });
    assert_eq!(events[0]["exception"]["values"][0]["type"], "panic");
    assert_eq!(events[0]["exception"]["values"][0]["value"], "used plk_••••");
    assert_ne!(events[0]["fingerprint"], events[1]["fingerprint"]);
    assert_eq!(events[0]["extra"]["place"], "a.rs:1:2");
}

#[test]
fn a_dsn_is_refused_without_being_repeated() {
    let config = |dsn: &str| OwnErrorsConfig { dsn: SecretString::from(dsn), environment: "production".to_owned() };
    let facts = || Facts { version: "1.2.3", server_name: "host-1".to_owned() };
    assert!(OwnErrors::new(&config(DSN), facts(), Arc::new(SystemClock)).is_ok());
    let Err(error) = OwnErrors::new(&config("https://czNj@"), facts(), Arc::new(SystemClock)) else { panic!("taken") };
    assert!(error.to_string().contains("PLIMSOLL_SENTRY_DSN") && !error.to_string().contains("czNj"), "{error}");
}
