//! The whole loop on a real service, on each store: sample, status, incident, page, budget, and back again.

use plimsoll_tests::acts::{http_component, public_status, slo, slo_status, status_of, until_status};
use plimsoll_tests::{Backing, Client, Mode, Setup, Target, eventually};
use scraper::{Html, Selector};
use serde_json::{Value, json};

/// The texts of everything on the page that `selector` finds.
async fn texts(anybody: &Client, path: &str, selector: &str) -> Vec<String> {
    let page = anybody.page(path).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
    let (html, selector) = (Html::parse_document(&page.text), Selector::parse(selector).expect("a selector"));
    html.select(&selector).map(|found| found.text().collect::<String>().trim().to_owned()).collect()
}

/// The one incident that the public is told of, once it has `status`.
async fn incident(anybody: &Client, status: &str) -> Value {
    let looking = async || {
        let told = anybody.get("/public/status/incidents?tenant=acme").await.ok(200);
        let incidents = told["incidents"].as_array().expect("a list").clone();
        assert!(incidents.len() <= 1, "one failure is one incident: {told}");
        incidents.into_iter().find(|incident| incident["status"] == status)
    };
    eventually(60, &format!("the incident is {status}"), looking).await
}

async fn a_failure_is_seen_told_and_over(backing: Backing) {
    let server = Setup::on(backing).await.start().await;
    let mut target = Target::start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    let component = http_component("web", "Web shop", &target.url("/"));
    admin.post("/tenants/acme/components", &component).await.ok(201);
    let wanted = slo("availability", 0.9, &json!({"component": "web"}));
    admin.put("/observability/slo/config/acme", &json!({"objectives": [wanted]})).await.ok(200);

    until_status(&anybody, "acme", "web", "operational").await;
    assert_eq!(public_status(&anybody, "acme").await["overall"], "operational");
    let measured = async || slo_status(&admin, "acme", "availability").await["good"].as_u64().filter(|good| *good > 0);
    eventually(20, "a good sample is measured", measured).await;
    let before = burndown(&admin).await;
    assert_eq!((&before["budget_consumed"], &before["status"]), (&json!(0.0), &json!("ok")), "{before}");

    target.switch(Mode::Failing).await;
    until_status(&anybody, "acme", "web", "major_outage").await;
    opened_and_shown(&admin, &anybody).await;
    let burnt = async || Some(burndown(&admin).await).filter(|now| now["budget_consumed"].as_f64() >= Some(1.0));
    let after = eventually(20, "the budget is drawn down", burnt).await;
    assert!(after["budget_remaining_ratio"].as_f64() < before["budget_remaining_ratio"].as_f64(), "{after}");
    assert!(after["burn_rates"]["5m"].as_f64() > Some(0.0), "{after}");

    target.switch(Mode::Healthy).await;
    incident(&anybody, "monitoring").await;
    closed_and_kept(&admin, &anybody).await;
    history_tells_it(&admin).await;
}

async fn burndown(reader: &Client) -> Value {
    reader.get("/observability/slo/burndown/acme").await.ok(200)["objectives"][0].clone()
}

async fn opened_and_shown(admin: &Client, anybody: &Client) {
    let opened = incident(anybody, "investigating").await;
    assert_eq!((&opened["title"], &opened["impact"]), (&json!("Web shop is down"), &json!("major")), "{opened}");
    assert_eq!(opened["components"], json!({"web": "major_outage"}));
    assert_eq!((&opened["updates"][0]["by"], &opened["resolved_at"]), (&json!("automatic"), &Value::Null), "{opened}");
    let listed = admin.get("/incidents").await.ok(200);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["automatic"]),
        (&opened["id"], &json!(true)),
        "{listed}"
    );

    let shown = async || {
        let titles = texts(anybody, "/s/acme", "article.incident h3").await;
        (titles == ["Web shop is down"]).then_some(())
    };
    eventually(10, "the page shows the incident", shown).await;
    assert_eq!(texts(anybody, "/s/acme", "#component-web .state").await, ["Down"]);
    let own_page = format!("/s/acme/incidents/{}", opened["id"].as_str().expect("an id"));
    assert_eq!(texts(anybody, &own_page, "h1").await, ["Web shop is down"]);
    assert_eq!(anybody.page("/s/acme/incidents/none").await.status, 404);
}

async fn closed_and_kept(admin: &Client, anybody: &Client) {
    let closed = incident(anybody, "resolved").await;
    let updates = closed["updates"].as_array().expect("a list");
    let course: Vec<_> = updates.iter().filter_map(|update| update["status"].as_str()).collect();
    assert_eq!(course, ["investigating", "monitoring", "resolved"], "{closed}");
    assert!(closed["resolved_at"].is_string() && closed["components"]["web"] == "operational", "{closed}");
    let status = public_status(anybody, "acme").await;
    assert_eq!((status_of(&status, "web"), &status["overall"]), ("operational", &json!("operational")));
    let past = async || (texts(anybody, "/s/acme", "details.past .what").await == ["Web shop is down"]).then_some(());
    eventually(10, "the page keeps the incident among the past ones", past).await;
    assert!(texts(anybody, "/s/acme", "article.incident").await.is_empty(), "no incident is open");
    assert_eq!(admin.get("/incidents").await.ok(200)["items"].as_array().map(Vec::len), Some(1));
}

async fn history_tells_it(reader: &Client) {
    let history = reader.get("/observability/slo/history/acme/availability").await.ok(200);
    let points = history["points"].as_array().expect("a list");
    assert!(points.len() >= 3, "{history}");
    let figures = |name: &str| points.iter().filter_map(|point| point[name].as_u64()).collect::<Vec<_>>();
    assert!(figures("valid").is_sorted() && figures("good").is_sorted(), "counts only grow inside a window: {history}");
    let bad = |point: &Value| point["valid"].as_u64().zip(point["good"].as_u64()).map(|(valid, good)| valid - good);
    assert_eq!(bad(&points[0]), Some(0), "{history}");
    assert!(bad(&points[points.len() - 1]) >= Some(1), "{history}");
    let series = &burndown(reader).await["series"];
    assert!(series.as_array().is_some_and(|series| !series.is_empty()), "{series}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_sampled_told_to_the_public_and_resolved_on_the_embedded_store() {
    a_failure_is_seen_told_and_over(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_sampled_told_to_the_public_and_resolved_on_mongodb() {
    a_failure_is_seen_told_and_over(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_service_is_degraded_and_one_that_does_not_listen_is_down() {
    let server = Setup::embedded().start().await;
    let mut target = Target::start().await;
    let (admin, anybody) = (server.tenant("acme").await, server.anybody());
    admin.post("/tenants/acme/components", &http_component("web", "Web shop", &target.url("/"))).await.ok(201);
    target.switch(Mode::Slow).await;
    until_status(&anybody, "acme", "web", "degraded_performance").await;
    let opened = incident(&anybody, "investigating").await;
    assert_eq!((&opened["title"], &opened["impact"]), (&json!("Web shop is degraded"), &json!("minor")), "{opened}");
    target.switch(Mode::Refused).await;
    until_status(&anybody, "acme", "web", "major_outage").await;
    assert_eq!(incident(&anybody, "investigating").await["impact"], "major");
    target.switch(Mode::Healthy).await;
    until_status(&anybody, "acme", "web", "operational").await;
    incident(&anybody, "resolved").await;
}
