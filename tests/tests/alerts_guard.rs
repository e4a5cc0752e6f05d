//! What alerts must not do: reach what only this machine can reach, and tell anybody a secret.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;

use plimsoll_tests::alerts::{Desk, at, deliveries, opsgenie, pagerduty, text, trigger, with};
use plimsoll_tests::receivers::{Answer, Host, Opsgenie, PagerDuty, Slack, Smtp, SmtpSetup, Teams, Webhook};
use plimsoll_tests::{Client, Server, Setup, port};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn no_receiver_is_reached_on_this_machine_unless_that_is_allowed() {
    let server = Setup::embedded().without("PLIMSOLL_EGRESS_ALLOW").start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    let port = port::free();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
    // Where there is no IPv6, nobody can be reached by it.
    let listeners: Vec<_> =
        std::iter::once(listener).chain(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).ok()).collect();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::]",
        "[64:ff9b::7f00:1]",
    ];
    let url = |host: &str| format!("http://{host}:{port}/hook");
    let hook = |(number, host): (usize, &&str)| at(&format!("hook-{number}"), "webhook", &url(host));
    let mut receivers: Vec<Value> = hosts.iter().enumerate().map(hook).collect();
    let key = PagerDuty::ROUTING_KEY;
    receivers.push(json!({"name": "pd", "kind": "pagerduty", "routing_key": key, "endpoint": url("localhost")}));
    receivers.push(json!({"name": "og", "kind": "opsgenie", "api_key": "key", "endpoint": url("127.0.0.1")}));
    receivers.push(at("slack", "slack", &url("127.0.0.1")));
    receivers.push(at("teams", "teams", &url("[::1]")));
    desk.tell(&receivers).await;
    let fired = desk.trigger("within").await;
    let alert = desk.until(30, &fired, &["dead"]).await;
    let all = deliveries(&alert);
    assert_eq!(all.len(), receivers.len(), "{alert}");
    for delivery in all {
        assert!(text(&delivery["reason"]).contains("PLIMSOLL_EGRESS_ALLOW"), "{delivery}");
        assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(1), "it is not tried again: {delivery}");
    }
    let tested = desk.client.post(&desk.path("config/receivers/hook-0/test"), &json!({})).await.ok(200);
    assert!(tested["delivered"] == false && tested.to_string().contains("PLIMSOLL_EGRESS_ALLOW"), "{tested}");
    for listener in listeners {
        listener.set_nonblocking(true).expect("it may be nonblocking");
        let nobody = listener.accept().map(|(_, from)| from).map_err(|error| error.kind());
        assert_eq!(nobody, Err(ErrorKind::WouldBlock), "somebody connected");
    }
}

/// What nobody may read anywhere.
fn secrets(smtp: &Smtp) -> Vec<(&'static str, String)> {
    vec![
        ("routing key", PagerDuty::ROUTING_KEY.to_owned()),
        ("API key", Opsgenie::API_KEY.to_owned()),
        ("Slack's address", "s1ack-s3cret-of-the-tests".to_owned()),
        ("Teams' address", "t3ams-s3cret-of-the-tests".to_owned()),
        ("token of the webhook", "w3bhook-token-of-the-tests".to_owned()),
        ("secret of the webhook", Webhook::SECRET.trim_start_matches("whsec_").to_owned()),
        ("password of the mail server", Smtp::PASSWORD.to_owned()),
        ("the same, escaped", smtp.url().rsplit(['@', ':']).nth(2).expect("a login").to_owned()),
        ("the same, in base64", "AHBsaW1zb2xsQGV4YW1wbGUuY29tAGE".to_owned()),
    ]
}

/// Every file below `folder`, whole.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            // A file of the database may go while this is going on.
            found.extend(fs::read(&entry).ok().map(|bytes| (entry.display().to_string(), bytes)));
        }
    }
    found
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

/// Everything that can be read of a tenant's alerts, and of the server.
async fn told(server: &Server, desk: &Desk) -> Vec<(String, Vec<u8>)> {
    let mut told = vec![("the log".to_owned(), server.log_text().into_bytes())];
    let below = ["config", "config/receivers", "history", "dead"].map(|what| desk.path(what));
    let others = ["/observability/config", "/health/detailed"].map(str::to_owned);
    for path in below.into_iter().chain(others) {
        let answer = desk.client.try_ask("GET", &path, &[], None).await.expect("an answer");
        told.push((path, answer.text.into_bytes()));
    }
    let anybody: Client = server.anybody();
    told.push(("/metrics".to_owned(), anybody.page("/metrics").await.text.into_bytes()));
    told
}

#[track_caller]
fn no_secret_in(places: &[(String, Vec<u8>)], secrets: &[(&str, String)]) {
    for (place, bytes) in places {
        for (what, secret) in secrets {
            assert!(!has(bytes, secret), "{place} tells the {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_told_or_lies_in_the_clear_anywhere() {
    let smtp = SmtpSetup::default().with_starttls().with_login().start().await;
    let (pd, og, slack) = (PagerDuty::start().await, Opsgenie::start().await, Slack::start().await);
    let (teams, hook) = (Teams::start().await, Webhook::start_signed(&[Webhook::SECRET]).await);
    let authority = smtp.ca_file();
    let setup = Setup::embedded().with("PLIMSOLL_SMTP_URL", &smtp.url()).with("RUST_LOG", "debug");
    let setup = setup.with("PLIMSOLL_SMTP_CA_FILE", authority.to_str().expect("a readable path"));
    let mut server = setup.start().await;
    let desk = Desk::new(&server.tenant("acme").await, "acme");
    desk.tell(&[
        pagerduty("pd", &pd),
        opsgenie("og", "opsgenie", &og),
        at("slack", "slack", &slack.url()),
        at("teams", "teams", &teams.url()),
        with(at("hook", "webhook", &hook.url()), &json!({"secret": Webhook::SECRET})),
        json!({"name": "mail", "kind": "email", "to": ["on-call@example.com"]}),
    ])
    .await;
    desk.fence("a-key-that-is-found").await;

    // Providers that repeat what they were sent, and networks that fail.
    let secrets = secrets(&smtp);
    let own: [(&Host, &[usize]); 5] = [(&pd, &[0]), (&og, &[1]), (&slack, &[2]), (&teams, &[3]), (&hook, &[4, 5])];
    for (host, own) in own {
        let said: Vec<&str> = own.iter().map(|index| secrets[*index].1.as_str()).collect();
        host.answer_with([Answer::Says(400, format!("no such thing: {} at {}", said.join(", "), host.base()))]);
    }
    smtp.answer_with([Answer::Says(550, "no such user".to_owned())]);
    let fired = desk.fire(&with(trigger("refused"), &json!({"severity": "critical"}))).await;
    desk.until(30, &fired, &["dead"]).await;
    for (host, _) in own {
        host.answer_with([Answer::Reset]);
    }
    let fired = desk.trigger("reset").await;
    desk.until(30, &fired, &["waiting", "delivered"]).await;
    hook.stop();
    let tested = desk.client.post(&desk.path("config/receivers/hook/test"), &json!({})).await;
    assert!(tested.text.contains("retry"), "{}", tested.text);

    let places = told(&server, &desk).await;
    for (place, words) in [(0, "a delivery is dead"), (1, "••••"), (3, "no such thing"), (4, "no such user")] {
        assert!(has(&places[place].1, words), "{} says {words}", places[place].0);
    }
    no_secret_in(&places, &secrets);
    lies_sealed(&server, &secrets);
    assert!(server.stop().await.success());
    lies_sealed(&server, &secrets);
    no_secret_in(&[("the log".to_owned(), server.log_text().into_bytes())], &secrets);
}

#[track_caller]
fn lies_sealed(server: &Server, secrets: &[(&str, String)]) {
    let files = files(&server.data());
    assert!(files.iter().any(|(_, bytes)| has(bytes, "a-key-that-is-found")), "the files are those of the store");
    assert!(files.iter().any(|(_, bytes)| has(bytes, "sealed:v1:")), "something is sealed in them");
    no_secret_in(&files, secrets);
}
