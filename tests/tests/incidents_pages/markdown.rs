//! What people write runs nothing and fetches nothing, wherever it is shown.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_domain::time::Span;
use plimsoll_tests::subscribing::Town;
use plimsoll_tests::visitor::{PATHS, attributes, dangers};
use plimsoll_tests::{Answer, Setup, eventually, now};
use scraper::{Html, Selector};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::corpus::{CORPUS, line};

/// A page on which all that can be written by somebody is out of the corpus.
async fn smuggled() -> Town {
    let town = Town::start(Setup::embedded()).await;
    for (number, text) in CORPUS.iter().enumerate() {
        let component = json!({"id": format!("c{number}"), "name": line(text), "description": text,
            "group": line(text).chars().take(80).collect::<String>(), "probe": {"kind": "push"}});
        town.admin.post("/tenants/acme/components", &component).await.ok(201);
    }
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let url = "https://x.example/?a=\"><script>alert(1)</script>";
    let links: Vec<Value> =
        CORPUS[..10].iter().map(|text| json!({"label": cut(&line(text), 40), "url": url})).collect();
    let header = cut(&CORPUS[..20].join("\n\n"), 1_000);
    let page = json!({"title": "\"><script>alert(1)</script>", "header": header, "links": links});
    town.admin.put("/tenants/acme/page", &page).await.ok(200);
    town.joined("ada@example.com", &[]).await;
    for (number, text) in CORPUS.iter().enumerate() {
        let body = json!({"title": line(text), "body": text, "components": {format!("c{number}"): "major_outage"}});
        let opened = town.admin.post("/incidents", &body).await.ok(201);
        let path = format!("/incidents/{}", opened["id"].as_str().expect("an id"));
        if number % 3 == 0 {
            town.admin.patch(&path, &json!({"status": "resolved", "body": text})).await.ok(200);
            town.admin.patch(&path, &json!({"status": "postmortem", "body": text})).await.ok(200);
        }
        let at = |hours: i64| now().plus(Span::minutes(60 * hours)).to_string();
        let work = json!({"id": format!("w{number}"), "title": line(text), "body": text,
            "components": [format!("c{number}")],
            "starts_at": at(10), "ends_at": at(12)});
        town.admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    }
    let last = format!("c{}", CORPUS.len() - 1);
    let shown = async || {
        let overview = town.visitor.get("").await.text;
        let all = overview.matches("class=\"card maintenance").count() >= 5 && overview.contains(&last);
        (all && town.visitor.get("/incidents").await.text.contains("mglyph")).then_some(())
    };
    eventually(30, "all of it is on the page", shown).await;
    town
}

/// What is dangerous in a page of ours: anything, and a script that its own policy does not name.
fn dangers_of_page(answer: &Answer, own: &str) -> Vec<String> {
    let mut found = dangers(&answer.text, &[own]);
    let policy = answer.header("content-security-policy");
    if policy.is_empty() || policy.contains("unsafe") {
        found.push(format!("policy {policy:?}"));
    }
    let document = Html::parse_document(&answer.text);
    for script in document.select(&Selector::parse("script").expect("a selector")) {
        let hash = STANDARD.encode(Sha256::digest(script.text().collect::<String>()));
        if !policy.contains(&format!("'sha256-{hash}'")) {
            found.push(format!("a script of somebody else: {}", script.html()));
        }
    }
    let refresh = attributes(&answer.text, "meta[http-equiv]", "content");
    found.extend(refresh.into_iter().filter(|content| content != "30"));
    found
        .extend(attributes(&answer.text, "form", "action").into_iter().filter(|action| !action.starts_with("/s/acme")));
    found
}

/// What stands between the tags of this name, as whoever reads the feed has it.
fn inside(xml: &str, tag: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in xml.split(&format!("<{tag}")).skip(1) {
        let Some((_, rest)) = part.split_once('>') else { continue };
        let raw = rest.split(&format!("</{tag}>")).next().unwrap_or_default();
        let text = if let Some(data) = raw.strip_prefix("<![CDATA[") {
            data.trim_end_matches("]]>").replace("]]]]><![CDATA[>", "]]>")
        } else {
            assert!(!raw.contains('<'), "{tag}: {raw}");
            let names =
                [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
            names.iter().fold(raw.to_owned(), |text, (name, meant)| text.replace(name, meant))
        };
        found.push(text);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_write_runs_or_fetches_anything_on_any_page() {
    let town = smuggled().await;
    let own = town.server.url();
    let incidents = town.admin.get("/incidents?limit=500").await.ok(200);
    let ids =
        incidents["items"].as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("an id").to_owned());
    let mut paths: Vec<String> = PATHS.iter().map(|path| (*path).to_owned()).filter(|path| path != "/").collect();
    paths.extend(ids.map(|id| format!("/incidents/{id}")));
    paths.extend((0..CORPUS.len()).map(|number| format!("/components/c{number}")));
    paths.extend((0..CORPUS.len()).map(|number| format!("/badge.svg?component=c{number}")));
    let mut found = Vec::new();
    for path in &paths {
        for language in ["en", "sv"] {
            let answer = town.visitor.with("accept-language", language).get(path).await;
            let kind = answer.header("content-type").to_owned();
            assert!(kind.starts_with("image/svg") || answer.header("x-content-type-options") == "nosniff", "{path}");
            let dangers = if kind.starts_with("text/html") {
                dangers_of_page(&answer, &own)
            } else if kind.starts_with("image/svg") {
                dangers(&answer.text, &[])
            } else {
                Vec::new()
            };
            found.extend(dangers.into_iter().map(|danger| format!("{path}: {danger}")));
        }
    }
    assert_eq!(found, Vec::<String>::new());
    assert!(paths.len() > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_write_runs_in_a_feed_a_report_or_a_mail() {
    let town = smuggled().await;
    let own = town.server.url();
    let mut found = Vec::new();
    for (path, tag) in [("/feed.atom", "content"), ("/feed.rss", "description")] {
        let feed = town.visitor.get(path).await;
        assert!(!feed.text.contains("<script") && !feed.text.contains("<img"), "{path}: {}", feed.text);
        let entries = inside(&feed.text, tag);
        assert!(entries.len() > 20, "{path}: {} entries", entries.len());
        found.extend(entries.iter().flat_map(|html| dangers(html, &[&own])).map(|danger| format!("{path}: {danger}")));
        found.extend(
            entries
                .iter()
                .filter(|html| !attributes(html, "script", "src").is_empty() || html.contains("<script"))
                .map(|html| format!("{path}: {html}")),
        );
    }
    let feed = town.visitor.get("/feed.json").await.ok(200);
    for item in feed["items"].as_array().expect("items") {
        let html = item["content_html"].as_str().expect("HTML");
        found.extend(dangers(html, &[&own]).into_iter().map(|danger| format!("/feed.json: {danger}")));
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    }
    for path in [
        "/api/v2/summary.json",
        "/api/v2/incidents.json",
        "/api/v2/components.json",
        "/api/v2/scheduled-maintenances.json",
    ] {
        let answer = town.visitor.get(path).await;
        answer.ok(200);
        assert_eq!(
            (answer.header("content-type"), answer.header("x-content-type-options")),
            ("application/json", "nosniff")
        );
    }
    let report = town.admin.get("/tenants/acme/report?format=html").await;
    found.extend(dangers_of_page(&report, &own).into_iter().map(|danger| format!("report: {danger}")));

    let mails = town.mails("ada@example.com", 1 + CORPUS.len()).await;
    for mail in &mails {
        // Its own style is written into it, as mail programs want it.
        let dangers = dangers(&mail.html, &[]).into_iter().filter(|danger| !danger.contains(" style="));
        found.extend(dangers.map(|danger| format!("mail {}: {danger}", mail.header("subject"))));
        assert!(!mail.html.contains("<script") && !mail.html.contains("<img"), "{}", mail.html);
        let styles: std::collections::BTreeSet<_> = attributes(&mail.html, "[style]", "style").into_iter().collect();
        assert!(styles.iter().all(|style| !style.contains("url")), "{styles:?}");
    }
    assert_eq!((found, town.smtp.faults()), (Vec::<String>::new(), Vec::new()));
}
