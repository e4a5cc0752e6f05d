//! Secrets of receivers and within alerts: receivers that repeat what they are sent, that are away, and that send elsewhere.

use plimsoll_tests::alerts::{Desk, at, deliveries};
use plimsoll_tests::receivers::{Answer, Smtp, SmtpSetup};
use plimsoll_tests::{eventually, port};
use serde_json::{Value, json};

use crate::secrets::Secrets;
use crate::world::World;

/// Receivers of every kind at `base`, each with secrets of its own.
fn receivers(secrets: &Secrets, base: &str, prefix: &str) -> Vec<Value> {
    let core = |what: &str| secrets.core(&format!("{what} of {prefix}"));
    let named = |kind: &str| format!("{prefix}-{kind}");
    // Hexadecimal is valid base64.
    let signing = |what: &str| format!("whsec_{}01234567", core(what));
    vec![
        json!({"name": named("pagerduty"), "kind": "pagerduty", "routing_key": core("a routing key") + "01234567", "endpoint": base}),
        json!({"name": named("opsgenie"), "kind": "opsgenie", "api_key": core("an api key") + "-tail", "endpoint": base}),
        json!({"name": named("jsm"), "kind": "jsm", "api_key": core("another api key") + "-tail", "endpoint": base}),
        at(&named("slack"), "slack", &format!("{base}/services/T00/B00/{}-tail", core("a Slack token"))),
        at(&named("teams"), "teams", &format!("{base}/teams/x?sig={}%2F-tail&sv=1.0", core("a Teams signature"))),
        json!({"name": named("webhook"), "kind": "webhook", "secret": signing("a webhook's secret"),
            "url": format!("{base}/hook/{}/%22?token={}-tail", core("a webhook's path"), core("a webhook's token"))}),
        json!({"name": named("email"), "kind": "email", "to": ["ada@example.com"]}),
    ]
}

/// An alert with secrets in it, where somebody who does not think puts them.
fn alert(secrets: &Secrets, key: &str) -> Value {
    let core = |what: &str| secrets.core(&format!("{what} of {key}"));
    let details = json!({
        "request": {"headers": {"Authorization": format!("Bearer {}", core("a bearer")), "Cookie": core("a cookie")},
            "url": format!("https://user:{}@example.com/x?token={}&n=1", core("a user"), core("a query"))},
        "attempts": [{"password": core("a nested password")}, [{"api_key": {"value": core("an object")}}]],
        "env": format!("DB_PASSWORD={} started", core("a variable")),
        "chain": format!("cannot log in: 401: {{\"client_secret\":\"{}\"}}: closed", core("a chain")),
    });
    json!({
        "event_action": "trigger", "dedup_key": key, "severity": "error", "source": "tests",
        "summary": format!("{key}: no answer from mongodb://user:{}@db/x", core("a summary")),
        "labels": {"password": core("a label"), "authorization": format!("Token {}", core("a labelled header"))},
        "runbook_url": format!("https://example.com/book?access_token={}", core("a runbook")),
        "details": details,
    })
}

/// Waits until each delivery of the alert was attempted once, and whatever comes of it.
async fn until_attempted(desk: &Desk, fired: &Value) {
    let attempted = async || {
        let all = deliveries(&desk.alert(&fired["alert_id"]).await);
        (!all.is_empty() && all.iter().all(|one| one["attempts"].as_array().is_some_and(|tries| !tries.is_empty())))
            .then_some(())
    };
    eventually(60, "every receiver was tried", attempted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_is_reached_by_is_said_nowhere_whatever_it_answers() {
    let smtp = SmtpSetup::default().with_login().start().await;
    let world = World::start_with(&[("PLIMSOLL_SMTP_URL", &smtp.url())]).await;
    world.secrets.note("the password for mail that is right", Smtp::PASSWORD);
    smtp.answer_always(&Answer::Says(550, format!("not by {} with {}", Smtp::USER, Smtp::PASSWORD)));
    let desk = Desk::new(&world.admin, "acme");
    let away = format!("http://127.0.0.1:{}", port::free());
    for (status, base) in [(400, world.echo.url()), (503, world.echo.url()), (307, world.echo.url()), (503, away)] {
        world.echo.answer(status);
        let name = format!("r{status}-{}", base.len());
        desk.tell(&receivers(&world.secrets, &base, &name)).await;
        // What is signed with is replaced, and the old one signs along.
        let next = receivers(&world.secrets, &base, &format!("{name}-next"));
        let signed = |one: &&Value| one["kind"] == "webhook";
        let mut hook = next.iter().find(signed).expect("a webhook").clone();
        hook["previous_secret"] = format!("whsec_{}01234567", world.secrets.core(&format!("previous {name}"))).into();
        let mut all: Vec<Value> = next.iter().filter(|one| !signed(one)).cloned().collect();
        all.push(hook);
        desk.tell(&all).await;
        let fired = desk.fire(&alert(&world.secrets, &name)).await;
        until_attempted(&desk, &fired).await;
        let shown = world
            .read(&world.admin, &desk.path(&format!("history/{}", fired["alert_id"].as_str().expect("an id"))))
            .await;
        assert!(shown.text.contains("••••"), "{}", shown.text);
        // One that is tried is waited for, for ten seconds, unless it refuses.
        for one in next.iter().filter(|_| status == 400) {
            let path = desk.path(&format!("config/receivers/{}/test", one["name"].as_str().expect("a name")));
            world.ask(&world.admin, ("POST", &path), Some(&json!({}))).await;
        }
    }
    world.ends_without_a_word().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_receiver_is_said_without_its_secret() {
    let world = World::start().await;
    let path = "/observability/alerts/config/acme";
    let core = |what: &str| world.secrets.core(what);
    let wrong = [
        json!({"name": "a", "kind": "pagerduty", "routing_key": core("a short routing key")}),
        json!({"name": "a", "kind": "pagerduty", "routing_key": {"key": core("an object for a routing key")}}),
        json!({"name": "a", "kind": "pagerduty", "api_key": core("a key under another name")}),
        json!({"name": "a", "kind": "opsgenie", "api_key": [core("a list for an api key")]}),
        json!({"name": "a", "kind": "opsgenie", "api_key": format!("{}\n", core("an api key with a line"))}),
        json!({"name": "a", "kind": "slack", "url": core("no address at all")}),
        json!({"name": "a", "kind": "slack", "url": format!("ftp://127.0.0.1/{}", core("an ftp address"))}),
        json!({"name": "a", "kind": "teams", "url": format!("http://user:{}@127.0.0.1/", core("a user in an address"))}),
        json!({"name": "a", "kind": "webhook", "url": "http://127.0.0.1/", "secret": core("a secret without prefix")}),
        json!({"name": "a", "kind": "webhook", "url": "http://127.0.0.1/", "secret": format!("whsec_{}!", core("no base64"))}),
        json!({"name": "a", "kind": "webhook", "url": "http://127.0.0.1/", "previous_secret": core("a previous secret")}),
        json!({"name": "a", "kind": core("a secret for a kind").len(), "secret": core("of no kind")}),
    ];
    for receiver in wrong {
        let answer = world.ask(&world.admin, ("PUT", path), Some(&json!({"receivers": [receiver]}))).await;
        assert!((400..500).contains(&answer.status), "{}: {receiver}", answer.text);
    }
    let torn = format!("{{\"receivers\": [{{\"api_key\": \"{}", core("a torn body"));
    world.ask_with(&world.admin, ("PUT", path), &[], Some(torn)).await;
    let fire = "/observability/alerts/fire/acme";
    for body in [
        json!({"event_action": "trigger", "password": core("an unknown field")}),
        json!({"event_action": "trigger", "details": core("details that are a text")}),
        json!({"event_action": "trigger", "labels": {"token": {"x": core("a label that is none")}}}),
    ] {
        world.ask(&world.admin, ("POST", fire), Some(&body)).await;
    }
    world.ends_without_a_word().await;
}
