//! The store goes away for a while: the page stays, nothing is half written, and everything goes on afterwards.

use plimsoll_tests::acts::{
    good_and_valid, http_component, metric, public_status, push_component, slo, slo_status, until_status,
};
use plimsoll_tests::mongod::Mongod;
use plimsoll_tests::{Client, INTERVAL, Server, Setup, Target, eventually, now};
use scraper::{Html, Selector};
use serde_json::{Value, json};

/// The sentence on the page that says how old it is, when there is one.
async fn age_on_the_page(anybody: &Client) -> Option<String> {
    let page = anybody.page("/s/acme").await;
    assert_eq!(page.status, 200, "the page stays up");
    let selector = Selector::parse("p.stale").expect("a selector");
    Html::parse_document(&page.text).select(&selector).next().map(|found| found.text().collect())
}

fn samples() -> Value {
    let at = |back: i64| now().minus(plimsoll_domain::time::Span::minutes(60 + back)).to_string();
    let one = |back| json!({"component": "batch", "at": at(back), "status": "down"});
    json!({"samples": (0..300).map(one).collect::<Vec<_>>()})
}

async fn while_it_is_away(server: &Server, admin: &Client, pushed: &Value) {
    let anybody = server.anybody();
    let unready = async || {
        let answer = anybody.get("/ready").await;
        (answer.status == 503).then_some(answer)
    };
    let answer = eventually(20, "the server is not ready", unready).await;
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    anybody.get("/health").await.ok(200);
    let detailed = anybody.get("/health/detailed").await.ok(200);
    assert_eq!((&detailed["status"], &detailed["store"]["status"]), (&json!("degraded"), &json!("down")), "{detailed}");

    let refused = admin.post("/tenants/acme/samples", pushed).await;
    refused.ok(503);
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    let leaked = ["mongodb://", "127.0.0.1:", "Connection refused"].iter().find(|words| refused.text.contains(**words));
    assert_eq!(leaked, None, "{}", refused.text);

    let stale = async || Some(public_status(&anybody, "acme").await).filter(|status| status["stale"] == true);
    let status = eventually(90, "the page says that it is old", stale).await;
    // Two ticks and half a minute: younger than that, something newer is not overdue.
    assert!(status["age_seconds"].as_i64() >= Some(2 * INTERVAL.seconds() + 30), "{status}");
    assert_eq!(status["components"].as_array().map(Vec::len), Some(2), "it is the last good state");
    let words = eventually(10, "the page says its age", async || age_on_the_page(&anybody).await).await;
    assert!(words.contains("Last known state, as of") && words.contains("ago"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_stays_while_the_store_is_away_and_ticks_go_on_when_it_is_back() {
    let mut mongod = Mongod::start().await.unwrap_or_else(|error| panic!("mongod: {error:#}"));
    let server = Setup::mongodb(&mongod.uri()).start().await;
    let target = Target::start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    admin.post("/tenants/acme/components", &push_component("batch")).await.ok(201);
    admin.post("/tenants/acme/components", &http_component("web", "Web", &target.url("/"))).await.ok(201);
    let slos = [slo("batch", 0.5, &json!({"component": "batch"})), slo("web", 0.5, &json!({"component": "web"}))];
    admin.put("/observability/slo/config/acme", &json!({"objectives": slos})).await.ok(200);
    until_status(&anybody, "acme", "web", "operational").await;
    assert_eq!(age_on_the_page(&anybody).await, None);

    let pushed = samples();
    let (left, missed_before) = (now(), missed(&anybody).await);
    mongod.kill().expect("it can be killed");
    while_it_is_away(&server, &admin, &pushed).await;
    mongod.start_again().await.expect("it starts again");
    let away = now().millis_since(left) / 1_000 / INTERVAL.seconds();

    let fresh = async || Some(public_status(&anybody, "acme").await).filter(|status| status["stale"] == false);
    let status = eventually(60, "the page is fresh again", fresh).await;
    assert!(status["as_of"].as_str() > Some(left.to_string().as_str()), "{status}");
    anybody.get("/ready").await.ok(200);
    until_status(&anybody, "acme", "web", "operational").await;
    assert_eq!(age_on_the_page(&anybody).await, None);
    let told = missed(&anybody).await - missed_before;
    assert!(told >= (away - 2) as f64, "{told} samples were written down as missed, of {away} ticks");
    let web = slo_status(&admin, "acme", "web").await;
    assert_eq!(web["good"], web["valid"], "what nobody saw is neither good nor bad: {web}");

    let answer = admin.post("/tenants/acme/samples", &pushed).await.ok(200);
    assert_eq!(answer, json!({"accepted": 300, "duplicate": 0}), "nothing of what was refused was stored");
    let counted = async || (good_and_valid(&admin, "acme", "batch").await == Some((0, 300))).then_some(());
    eventually(30, "it counts now", counted).await;
}

async fn missed(anybody: &Client) -> f64 {
    metric(anybody, "plimsoll_samples_missed_total", "").await.unwrap_or(0.0)
}
