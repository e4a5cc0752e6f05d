//! Receivers and routes: what is written is read back, without its secrets, and every fault is named.

use rstest::rstest;
use serde_json::{Value, json};

use plimsoll_domain::alert::{Region, Target};

use crate::alerts::CONFIG;
use crate::common::World;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

async fn world() -> (World, String) {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    (world, admin)
}

fn every_kind() -> Value {
    json!({
        "receivers": [
            {"name": "pd", "kind": "pagerduty", "routing_key": KEY, "endpoint": "https://pd.example/v2/enqueue"},
            {"name": "og", "kind": "opsgenie", "api_key": "og-secret-key-1234", "region": "eu"},
            {"name": "jsm", "kind": "jsm", "api_key": "jsm-secret-key-5678"},
            {"name": "slack", "kind": "slack", "url": "https://hooks.slack.example/services/T0/B0/abcdefgh"},
            {"name": "teams", "kind": "teams", "url": "https://teams.example/workflows/xyz-12345678"},
            {"name": "mail", "kind": "email", "to": ["on.call@acme.example"]},
            {"name": "hook", "kind": "webhook", "url": "https://acme.example/hooks/t0ken-123456", "secret": SECRET,
                "previous_secret": OTHER}
        ],
        "routes": [
            {"name": "pages", "matchers": ["severity=\"critical\"", "team=~\"core|shop\""], "receivers": ["pd"],
                "continue": true, "active_hours": {"time_zone": "Europe/Stockholm", "days": ["mon", "fri"],
                "from": "08:00", "to": "17:00"},
                "routes": [{"name": null, "matchers": ["team=\"shop\""], "receivers": [], "continue": false,
                    "active_hours": null, "routes": []}]}
        ],
        "severity_tiers": {"critical": ["pd"], "info": ["mail"]},
        "default_receivers": ["og", "slack"],
        "cooldown_seconds": 60, "repeat_after_seconds": 3600, "resolve_timeout_seconds": 120
    })
}

#[tokio::test]
async fn who_never_configured_anything_has_the_defaults() {
    let (world, admin) = world().await;
    let read = world.get(&admin, CONFIG).await.expect(200);
    assert_eq!(read.header("etag"), "\"v0\"");
    let defaults = json!({"version": 0, "receivers": [], "routes": [], "severity_tiers": {}, "default_receivers": [],
        "cooldown_seconds": 300, "repeat_after_seconds": null, "resolve_timeout_seconds": 300});
    assert_eq!(read.body, defaults);
}

#[tokio::test]
async fn every_kind_is_read_back_without_its_secrets_and_can_be_written_again() {
    let (world, admin) = world().await;
    let put = world.put(&admin, CONFIG, every_kind()).await.expect(200);
    assert_eq!(put.header("etag"), "\"v1\"");
    assert_eq!(world.told.load(std::sync::atomic::Ordering::Relaxed), 1);
    let read = world.get(&admin, CONFIG).await.expect(200);
    assert_eq!(read.body, put.body);
    let mut expected = every_kind();
    expected["version"] = json!(1);
    for (pointer, mask) in [
        ("/receivers/0/routing_key", "••••cdef"),
        ("/receivers/1/api_key", "••••1234"),
        ("/receivers/2/api_key", "••••5678"),
        ("/receivers/3/url", "••••efgh"),
        ("/receivers/4/url", "••••5678"),
        ("/receivers/6/url", "https://acme.example/••••3456"),
        ("/receivers/6/secret", "••••ZWY="),
        ("/receivers/6/previous_secret", "••••MTA="),
    ] {
        *expected.pointer_mut(pointer).expect("a field") = json!(mask);
    }
    assert_eq!(read.body, expected);
    let mut again = read.body;
    again.as_object_mut().expect("an object").remove("version");
    world.put(&admin, CONFIG, again).await.expect(200);
    let tenant = "acme".parse().expect("valid");
    let stored = world.store.alert_config(&tenant).await.expect("reads").expect("configured");
    assert_eq!((stored.version, stored.receivers.len()), (2, 7));
    let mut targets = stored.receivers.into_iter().map(|receiver| receiver.target);
    assert!(matches!(targets.next(), Some(Target::Pagerduty { routing_key, .. }) if routing_key.expose() == KEY));
    assert!(matches!(targets.next(),
        Some(Target::Opsgenie { api_key, region: Region::Eu, .. }) if api_key.expose() == "og-secret-key-1234"));
    assert!(
        matches!(targets.next_back(), Some(Target::Webhook { url, secret: Some(secret), previous_secret: Some(before) })
        if url.expose() == "https://acme.example/hooks/t0ken-123456" && secret.expose() == SECRET
            && before.expose() == OTHER)
    );
}

#[tokio::test]
async fn whoever_names_no_default_receivers_means_all_of_them() {
    let (world, admin) = world().await;
    let body = json!({"receivers": [{"name": "a", "kind": "email", "to": ["a@b.example"]},
        {"name": "b", "kind": "email", "to": ["b@b.example"]}]});
    assert_eq!(world.put(&admin, CONFIG, body).await.expect(200).body["default_receivers"], json!(["a", "b"]));
}

#[tokio::test]
async fn a_change_of_an_older_version_is_refused() {
    let (world, admin) = world().await;
    let put = |tag| world.matching("PUT", &admin, (CONFIG, tag), json!({}));
    put("\"v0\"").await.expect(200);
    put("\"v0\"").await.problem(412);
    assert_eq!(put("\"v1\"").await.expect(200).header("etag"), "\"v2\"");
}

fn hook(url: &str, secret: Option<&str>, previous: Option<&str>) -> Value {
    json!({"receivers": [{"name": "hook", "kind": "webhook", "url": url, "secret": secret, "previous_secret": previous}]})
}

async fn secrets(world: &World) -> (Option<String>, Option<String>) {
    let stored = world.store.alert_config(&"acme".parse().expect("valid")).await.expect("reads").expect("configured");
    let Target::Webhook { secret, previous_secret, .. } = stored.receivers[0].target.clone() else {
        panic!("a webhook")
    };
    (secret.map(|one| one.expose().to_owned()), previous_secret.map(|one| one.expose().to_owned()))
}

#[tokio::test]
async fn a_webhooks_secret_is_replaced_without_knowing_the_old_one() {
    let (world, admin) = world().await;
    let (url, shown) = ("https://acme.example/hooks/t0ken-123456", "https://acme.example/••••3456");
    world.put(&admin, CONFIG, hook(url, Some(SECRET), None)).await.expect(200);
    world.put(&admin, CONFIG, hook(shown, Some(OTHER), Some("••••ZWY="))).await.expect(200);
    assert_eq!(secrets(&world).await, (Some(OTHER.to_owned()), Some(SECRET.to_owned())));
    world.put(&admin, CONFIG, hook(shown, Some("••••MTA="), Some("••••ZWY="))).await.expect(200);
    assert_eq!(secrets(&world).await, (Some(OTHER.to_owned()), Some(SECRET.to_owned())));
    // Another path of the same host keeps the secret; only what is sent counts.
    world.put(&admin, CONFIG, hook("https://acme.example/new", Some("••••MTA="), None)).await.expect(200);
    assert_eq!(secrets(&world).await, (Some(OTHER.to_owned()), None));
    let elsewhere = hook("https://evil.example/new", Some("••••MTA="), None);
    assert_eq!(world.put(&admin, CONFIG, elsewhere).await.problem(422), ["/receivers/0/secret"]);
    let unknown = hook("https://acme.example/new", Some(SECRET), Some("••••0000"));
    assert_eq!(world.put(&admin, CONFIG, unknown).await.problem(422), ["/receivers/0/previous_secret"]);
    let masked = hook("https://evil.example/••••", Some(SECRET), None);
    assert_eq!(world.put(&admin, CONFIG, masked).await.problem(422), ["/receivers/0/url"]);
}

/// A change of one field of the first receivers after which the mask beside it stands for nothing.
#[rstest]
#[case("/receivers/0", json!({"name": "pd", "kind": "pagerduty", "routing_key": "••••cdef"}), "routing_key")]
#[case("/receivers/0", json!({"name": "pd", "kind": "pagerduty", "routing_key": "••••cdef",
    "endpoint": "https://evil.example/v2/enqueue"}), "routing_key")]
#[case("/receivers/0", json!({"name": "pd", "kind": "pagerduty", "routing_key": "••••0000",
    "endpoint": "https://pd.example/v2/enqueue"}), "routing_key")]
#[case("/receivers/0", json!({"name": "dp", "kind": "pagerduty", "routing_key": "••••cdef",
    "endpoint": "https://pd.example/v2/enqueue"}), "routing_key")]
#[case("/receivers/1", json!({"name": "og", "kind": "opsgenie", "api_key": "••••1234", "region": "us"}), "api_key")]
#[case("/receivers/1", json!({"name": "og", "kind": "jsm", "api_key": "••••1234"}), "api_key")]
#[case("/receivers/2", json!({"name": "jsm", "kind": "jsm", "api_key": "••••5678", "endpoint": "https://evil.example/"}),
    "api_key")]
#[case("/receivers/3", json!({"name": "slack", "kind": "slack", "url": "••••0000"}), "url")]
#[case("/receivers/3", json!({"name": "slack", "kind": "teams", "url": "••••efgh"}), "url")]
#[case("/receivers/4", json!({"name": "other", "kind": "teams", "url": "••••5678"}), "url")]
#[tokio::test]
async fn a_mask_is_kept_only_where_it_leads_to_the_same_place(
    #[case] pointer: &str,
    #[case] receiver: Value,
    #[case] field: &str,
) {
    let (world, admin) = world().await;
    world.put(&admin, CONFIG, every_kind()).await.expect(200);
    let mut changed = json!({"receivers": every_kind()["receivers"]});
    *changed.pointer_mut(pointer).expect("a receiver") = receiver;
    assert_eq!(world.put(&admin, CONFIG, changed).await.problem(422), [format!("{pointer}/{field}")]);
}

fn with_receiver(receiver: &Value) -> Value {
    json!({"receivers": [receiver]})
}

fn with_route(route: &Value) -> Value {
    json!({"receivers": [{"name": "m", "kind": "email", "to": ["a@b.example"]}], "routes": [route]})
}

#[rstest]
#[case(json!([]), &[""])]
#[case(json!({"loud": true}), &["/loud"])]
#[case(json!({"receivers": "none"}), &["/receivers"])]
#[case(json!({"receivers": [{"kind": "email"}]}), &["/receivers/0/name"])]
#[case(json!({"receivers": [{"name": "x"}]}), &["/receivers/0/kind"])]
#[case(json!({"receivers": [{"name": "x", "kind": "email", "colour": "red"}]}), &["/receivers/0/colour"])]
#[case(with_receiver(&json!({"name": "x", "kind": "pigeon", "url": "x"})), &["/receivers/0/kind"])]
#[case(with_receiver(&json!({"name": "a b", "kind": "email", "to": ["a@b.example"]})), &["/receivers/0/name"])]
#[case(with_receiver(&json!({"name": "", "kind": "email", "to": []})), &["/receivers/0/name", "/receivers/0/to"])]
#[case(with_receiver(&json!({"name": "x", "kind": "email"})), &["/receivers/0/to"])]
#[case(with_receiver(&json!({"name": "x", "kind": "email", "to": ["nobody"]})), &["/receivers/0/to/0"])]
#[case(with_receiver(&json!({"name": "x", "kind": "email", "to": "a@b.example"})), &["/receivers/0/to"])]
#[case(with_receiver(&json!({"name": "x", "kind": "email", "to": ["a@b.example"], "url": "x"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "pagerduty"})), &["/receivers/0/routing_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "pagerduty", "routing_key": "short"})), &["/receivers/0/routing_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "pagerduty", "routing_key": KEY, "api_key": "x"})),
    &["/receivers/0/api_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "pagerduty", "routing_key": KEY, "endpoint": "ftp://x"})),
    &["/receivers/0/endpoint"])]
#[case(with_receiver(&json!({"name": "x", "kind": "opsgenie"})), &["/receivers/0/api_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "opsgenie", "api_key": "a b"})), &["/receivers/0/api_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "opsgenie", "api_key": "k", "region": "mars"})),
    &["/receivers/0/region"])]
#[case(with_receiver(&json!({"name": "x", "kind": "opsgenie", "api_key": "k", "to": []})), &["/receivers/0/to"])]
#[case(with_receiver(&json!({"name": "x", "kind": "jsm"})), &["/receivers/0/api_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "jsm", "api_key": "k", "region": "us"})), &["/receivers/0/region"])]
#[case(with_receiver(&json!({"name": "x", "kind": "jsm", "api_key": "k", "routing_key": "us"})),
    &["/receivers/0/routing_key"])]
#[case(with_receiver(&json!({"name": "x", "kind": "slack"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "slack", "url": "hooks.example"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "slack", "url": "https://u:p@h.example/"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "slack", "url": "https://h.example/", "secret": "x"})),
    &["/receivers/0/secret"])]
#[case(with_receiver(&json!({"name": "x", "kind": "teams", "url": "https://h.example/", "endpoint": "x"})),
    &["/receivers/0/endpoint"])]
#[case(with_receiver(&json!({"name": "x", "kind": "teams", "url": "••••"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "webhook"})), &["/receivers/0/url"])]
#[case(with_receiver(&json!({"name": "x", "kind": "webhook", "url": "https://h.example/", "secret": "short"})),
    &["/receivers/0/secret"])]
#[case(with_receiver(&json!({"name": "x", "kind": "webhook", "url": "https://h.example/", "previous_secret": SECRET})),
    &["/receivers/0/previous_secret"])]
#[case(with_receiver(&json!({"name": "x", "kind": "webhook", "url": "https://h.example/", "secret": "••••"})),
    &["/receivers/0/secret"])]
#[case(json!({"receivers": [{"name": "x", "kind": "email", "to": ["a@b.example"]},
    {"name": "x", "kind": "email", "to": ["a@b.example"]}]}), &["/receivers/1/name"])]
#[case(json!({"receivers": [{"name": "x", "kind": "email", "to": ["a@b.example"]}], "default_receivers": []}),
    &["/default_receivers"])]
#[case(json!({"default_receivers": ["nobody"]}), &["/default_receivers/0"])]
#[case(json!({"default_receivers": ["no body"]}), &["/default_receivers/0"])]
#[case(json!({"severity_tiers": {"purple": [], "info": ["nobody"]}}), &["/severity_tiers/purple", "/severity_tiers/info/0"])]
#[case(with_route(&json!({"receivers": ["nobody"]})), &["/routes/0/receivers/0"])]
#[case(with_route(&json!({"receivers": []})), &["/routes/0/receivers"])]
#[case(with_route(&json!({"receivers": ["m"], "matchers": ["severity"]})), &["/routes/0/matchers/0"])]
#[case(with_route(&json!({"receivers": ["m"], "matchers": ["a=\"b\"", "a=~\"[\""]})), &["/routes/0/matchers/1"])]
#[case(with_route(&json!({"receivers": ["m"], "name": ""})), &["/routes/0/name"])]
#[case(with_route(&json!({"receivers": ["m"], "continue": "yes"})), &["/routes/0/continue"])]
#[case(with_route(&json!({"receivers": ["m"], "loud": 1})), &["/routes/0/loud"])]
#[case(with_route(&json!({"receivers": ["m"], "active_hours": {"from": "08:00", "to": "17:00"}})),
    &["/routes/0/active_hours/time_zone"])]
#[case(with_route(&json!({"receivers": ["m"], "active_hours":
    {"time_zone": "Mars/Base", "days": ["moon"], "from": "8", "to": "24:00"}})),
    &["/routes/0/active_hours/time_zone", "/routes/0/active_hours/days/0", "/routes/0/active_hours/from",
        "/routes/0/active_hours/to"])]
#[case(with_route(&json!({"receivers": ["m"], "routes": [{"receivers": ["nobody"], "matchers": ["x"]}]})),
    &["/routes/0/routes/0/matchers/0", "/routes/0/routes/0/receivers/0"])]
#[case(json!({"cooldown_seconds": -1, "repeat_after_seconds": 1, "resolve_timeout_seconds": 0}),
    &["/cooldown_seconds", "/repeat_after_seconds", "/resolve_timeout_seconds"])]
#[case(json!({"cooldown_seconds": i64::MAX}), &["/cooldown_seconds"])]
#[case(json!({"cooldown_seconds": 1.5}), &["/cooldown_seconds"])]
#[tokio::test]
async fn every_fault_is_named(#[case] body: Value, #[case] pointers: &[&str]) {
    let (world, admin) = world().await;
    assert_eq!(world.put(&admin, CONFIG, body).await.problem(422), pointers);
}

#[tokio::test]
async fn no_secret_is_shown_by_any_route() {
    let (world, admin) = world().await;
    world.put(&admin, CONFIG, every_kind()).await.expect(200);
    let mut fired = crate::alerts::trigger("db", "critical");
    fired["labels"] = json!({"team": "core"});
    world.post(&admin, crate::alerts::FIRE, fired).await.expect(202);
    let receivers = format!("{CONFIG}/receivers");
    for path in [CONFIG, &receivers, crate::alerts::HISTORY, "/observability/alerts/dead/acme"] {
        let shown = world.get(&admin, path).await.expect(200).text;
        for secret in [KEY, SECRET, OTHER, "og-secret", "jsm-secret", "services/T0", "workflows/xyz", "t0ken"] {
            assert!(!shown.contains(secret), "{path} shows {secret}");
        }
    }
}
