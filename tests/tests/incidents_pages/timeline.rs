//! Incidents as people tell them: from a template, in draft, afterwards, better said, and looked back on.

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::push_component;
use plimsoll_tests::visitor::{attributes, texts};
use plimsoll_tests::{Answer, Backing, Client, Server, Setup, Visitor, eventually, now};
use serde_json::{Value, json};

/// A tenant with the components `web` and `db`.
pub(crate) async fn start(setup: Setup) -> (Server, Client, Visitor) {
    let server = setup.start().await;
    let admin = server.tenant("acme").await;
    for component in ["web", "db"] {
        admin.post("/tenants/acme/components", &push_component(component)).await.ok(201);
    }
    let visitor = Visitor::new(&server.anybody(), "acme");
    (server, admin, visitor)
}

/// Waits until a part of the page says `words`; the page.
pub(crate) async fn until_said(visitor: &Visitor, part: &str, words: &str) -> Answer {
    let look = async || Some(visitor.get(part).await).filter(|page| page.status == 200 && page.text.contains(words));
    eventually(20, &format!("{part} says {words}"), look).await
}

fn path(incident: &Value) -> String {
    format!("/incidents/{}", incident["id"].as_str().expect("an id"))
}

async fn told_to_its_end(backing: Backing) {
    let (_server, admin, visitor) = start(Setup::on(backing).await).await;
    let template = json!({"id": "slow", "title": "Slow answers", "body": "We see **slow** answers.", "impact": "major",
        "components": {"web": "degraded_performance"}});
    admin.put("/tenants/acme/incident-templates", &json!({"templates": [template]})).await.ok(200);
    let opened =
        admin.post("/incidents", &json!({"template": "slow", "components": {"db": "partial_outage"}})).await.ok(201);
    assert_eq!((&opened["title"], &opened["impact"]), (&json!("Slow answers"), &json!("major")), "{opened}");
    let page = until_said(&visitor, &path(&opened), "Slow answers").await;
    assert_eq!(texts(&page.text, ".text strong"), ["slow"], "Markdown");
    until_said(&visitor, "", "Slow answers").await;
    let public = visitor.at("").get("/public/status?tenant=acme").await.ok(200);
    assert_eq!(public["incidents"][0]["components"], json!({"db": "partial_outage", "web": "degraded_performance"}));

    admin.patch(&path(&opened), &json!({"status": "identified", "body": "It is the dsik."})).await.ok(200);
    admin.patch(&format!("{}/updates/1", path(&opened)), &json!({"body": "It is the disk."})).await.ok(200);
    let page = until_said(&visitor, &path(&opened), "It is the disk.").await;
    assert!(!page.text.contains("dsik"), "what was corrected is gone");
    let early = admin.patch(&path(&opened), &json!({"status": "postmortem", "body": "Why."})).await;
    assert_eq!(early.status, 422, "nobody looks back on what is not over: {}", early.text);
    admin.patch(&path(&opened), &json!({"status": "resolved", "body": "It is over."})).await.ok(200);
    admin
        .patch(&path(&opened), &json!({"status": "postmortem", "body": "# Why\n\nThe disk was *full*."}))
        .await
        .ok(200);
    let page = until_said(&visitor, &path(&opened), "postmortem").await;
    assert_eq!(texts(&page.text, "#postmortem .text em"), ["full"]);
    for (feed, words) in [
        ("/feed.atom", "Slow answers"),
        ("/feed.rss", "Slow answers"),
        ("/feed.json", "The disk was"),
        ("/api/v2/incidents.json", "Slow answers"),
        ("/incidents", "Slow answers"),
        ("/history", "Slow answers"),
    ] {
        until_said(&visitor, feed, words).await;
    }
    let unresolved = visitor.get("/api/v2/incidents/unresolved.json").await.ok(200);
    assert_eq!(unresolved["incidents"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_told_from_its_template_to_its_postmortem_on_the_embedded_store() {
    told_to_its_end(Backing::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_told_from_its_template_to_its_postmortem_on_mongodb() {
    told_to_its_end(Backing::MongoDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_nowhere_until_it_is_published() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let draft = json!({"title": "Unheard of", "body": "Hush.", "draft": true, "impact": "critical",
        "components": {"web": "major_outage"}});
    let draft = admin.post("/incidents", &draft).await.ok(201);
    let shown = json!({"title": "Heard of", "body": "Listen.", "components": {}});
    let shown = admin.post("/incidents", &shown).await.ok(201);
    until_said(&visitor, &path(&shown), "Heard of").await;
    let id = draft["id"].as_str().expect("an id");
    for part in plimsoll_tests::visitor::PATHS {
        let text = visitor.get(part).await.text;
        assert!(!text.contains("Unheard of") && !text.contains(id), "{part}");
    }
    assert_eq!(visitor.get(&path(&draft)).await.status, 404);
    let public = visitor.at("").get("/public/status?tenant=acme").await;
    assert!(!public.text.contains(id) && !public.text.contains("major_outage"), "{}", public.text);
    admin.patch(&path(&draft), &json!({"publish": true})).await.ok(200);
    until_said(&visitor, &path(&draft), "Unheard of").await;
    let back = admin.patch(&path(&draft), &json!({"publish": false})).await;
    assert_eq!(back.status, 422, "what was published stays so: {}", back.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_over_before_it_was_written_down_stands_in_its_month() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let at = |minutes: i64| now().minus(Span::days(70)).plus(Span::minutes(minutes)).to_string();
    let past = json!({"title": "Long ago", "impact": "major", "updates": [
        {"status": "investigating", "body": "It began.", "at": at(0), "components": {"web": "major_outage"}},
        {"status": "monitoring", "body": "Better.", "at": at(30), "components": {"web": "operational"}},
        {"status": "resolved", "body": "It ended.", "at": at(60)},
    ]});
    let past = admin.post("/incidents", &past).await.ok(201);
    assert_eq!((&past["backfilled"], &past["status"]), (&json!(true), &json!("resolved")), "{past}");
    let page = until_said(&visitor, &path(&past), "It ended.").await;
    assert_eq!(texts(&page.text, "#story .text").len(), 3, "the whole story: {}", page.text);
    let month = &past["started_at"].as_str().expect("an instant")[..7];
    until_said(&visitor, &format!("/history/{month}"), "Long ago").await;
    until_said(&visitor, &format!("/history?month={month}"), "Long ago").await;
    assert!(!visitor.get("").await.text.contains("Long ago"), "it is not news");
    assert_eq!(visitor.get("/history/2026-13").await.status, 404);
    let future = json!({"title": "To come", "updates": [
        {"status": "investigating", "body": "a", "at": at(0)},
        {"status": "resolved", "body": "b", "at": "2099-01-01T00:00:00Z"}]});
    assert_eq!(admin.post("/incidents", &future).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_read_something_older_changes_nothing() {
    let (_server, admin, _) = start(Setup::embedded()).await;
    let opened = admin.post("/incidents", &json!({"title": "Mails", "body": "Slow."})).await;
    let (tag, path) = (opened.header("etag").to_owned(), path(&opened.ok(201)));
    assert_eq!(admin.get(&path).await.header("etag"), tag, "it names what is shown");
    let say = async |path: &str, tag: &str, body: Value| {
        admin.ask("PATCH", path, &[("if-match", tag)], Some(body.to_string())).await
    };
    let first = say(&path, &tag, json!({"body": "Slower."})).await;
    first.ok(200);
    for (path, body) in
        [(path.clone(), json!({"body": "Fast."})), (format!("{path}/updates/0"), json!({"body": "Fast."}))]
    {
        let stale = say(&path, &tag, body).await;
        assert_eq!((stale.status, stale.header("content-type")), (412, "application/problem+json"), "{}", stale.text);
    }
    say(&format!("{path}/updates/0"), first.header("etag"), json!({"body": "Not fast."})).await.ok(200);
    let held = admin.get(&path).await.ok(200);
    let bodies: Vec<_> = held["updates"].as_array().expect("updates").iter().map(|one| one["body"].clone()).collect();
    assert_eq!(bodies, [json!("Not fast."), json!("Slower.")]);
    assert_eq!(admin.patch(&format!("{path}/updates/9"), &json!({"body": "x"})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_did_not_change_is_answered_with_304_and_links_lead_somewhere() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let opened = admin.post("/incidents", &json!({"title": "Mails", "body": "Slow."})).await.ok(201);
    until_said(&visitor, "", "Mails").await;
    for part in [
        "",
        "/incidents",
        "/components/web",
        "/history",
        "/feed.atom",
        "/feed.rss",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/api/v2/summary.json",
        &path(&opened),
    ] {
        let unchanged = async || {
            let first = visitor.get(part).await;
            let again = visitor.with("if-none-match", first.header("etag")).get(part).await;
            (first.status == 200 && again.status == 304 && again.text.is_empty()).then_some(())
        };
        eventually(10, &format!("{part} is not sent twice"), unchanged).await;
    }
    let mut to_do = vec![String::from("/s/acme")];
    let mut seen = std::collections::BTreeSet::new();
    let root = visitor.at("");
    while let Some(next) = to_do.pop().filter(|_| seen.len() < 200) {
        if !seen.insert(next.clone()) {
            continue;
        }
        let answer = root.get(&next).await;
        assert!(answer.status == 200, "{next}: {}", answer.status);
        if answer.header("content-type").starts_with("text/html") {
            let links = attributes(&answer.text, "a[href], link[href], img[src], form[action]", "href");
            to_do.extend(
                links
                    .into_iter()
                    .filter(|href| href.starts_with('/'))
                    .map(|href| href.split('#').next().unwrap_or_default().to_owned()),
            );
        }
    }
    assert!(seen.len() > 12, "{seen:?}");
}
