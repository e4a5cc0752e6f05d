//! Logos that run nothing, and a month in figures.

use plimsoll_domain::time::Span;
use plimsoll_tests::visitor::{PNG, attributes, dangers, texts};
use plimsoll_tests::{Answer, Client, Setup, eventually, now};
use serde_json::json;

use crate::timeline::start;

const LOGO: &str = "/tenants/acme/page/logo";

async fn put(admin: &Client, bytes: &[u8], kind: &str) -> Answer {
    let headers = [("content-type", kind)];
    admin.send("PUT", LOGO, &headers, Some(bytes.to_vec())).await.expect("an answer")
}

fn svg(inside: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"32\" height=\"16\">{inside}</svg>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_stands_on_the_page_and_runs_nothing() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let shown = async |hash: &str| {
        let look = async || {
            let page = visitor.get("").await;
            attributes(&page.text, "header img", "src").into_iter().find(|src| src.contains(hash))
        };
        let src = eventually(10, "the logo is on the page", look).await;
        visitor.at("").get(&src).await
    };
    let logo = put(&admin, PNG, "image/png").await.ok(200);
    assert_eq!((&logo["kind"], &logo["width"]), (&json!("png"), &json!(1)), "{logo}");
    let picture = shown(logo["hash"].as_str().expect("a hash")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
    let inside = "<script>alert(1)</script><rect onload=\"alert(1)\" width=\"9\" height=\"9\"/>\
        <a href=\"javascript:alert(1)\"><circle r=\"3\"/></a>\
        <foreignObject><iframe xmlns=\"http://www.w3.org/1999/xhtml\" src=\"https://evil.example/\"/></foreignObject>";
    // It is what its bytes say, whatever it is called.
    let logo = put(&admin, svg(inside).as_bytes(), "image/png").await.ok(200);
    assert_eq!(logo["kind"], "svg");
    let picture = shown(logo["hash"].as_str().expect("a hash")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
    for word in ["script", "alert", "onload", "evil", "iframe", "javascript"] {
        assert!(!picture.text.contains(word), "{word}: {}", picture.text);
    }
    assert!(
        picture.text.contains("rect") && picture.header("content-security-policy").contains("sandbox"),
        "{picture:?}"
    );
    assert_eq!((picture.header("x-content-type-options"), dangers(&picture.text, &[])), ("nosniff", Vec::new()));
    admin.delete(LOGO).await.ok(204);
    let gone = async || attributes(&visitor.get("").await.text, "header img", "src").is_empty().then_some(());
    eventually(10, "it is gone", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_leads_elsewhere_or_is_too_large_is_refused() {
    let (_server, admin, _) = start(Setup::embedded()).await;
    let wrong = [
        b"GIF89a\x01\0\x01\0\0\0\0".to_vec(),
        b"<html><script>alert(1)</script></html>".to_vec(),
        b"%PDF-1.7".to_vec(),
        Vec::new(),
        svg("<image href=\"https://evil.example/a.png\"/>").into_bytes(),
        svg("<style>@import url(https://evil.example/a.css)</style>").into_bytes(),
        format!("<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", svg("<text>&x;</text>")).into_bytes(),
    ];
    for (number, bytes) in wrong.iter().enumerate() {
        let answer = put(&admin, bytes, "image/svg+xml").await;
        let is_refused = answer.status == 422 || answer.status == 400;
        // What leads elsewhere may be taken out instead.
        let is_cleaned = answer.status == 200 && (4..6).contains(&number);
        assert!(is_refused || is_cleaned, "{number}: {} {}", answer.status, answer.text);
        if is_cleaned {
            assert!(!admin.page("/s/acme").await.text.contains("evil"), "{number}");
        }
    }
    let large = vec![b' '; 300 * 1_024];
    assert_eq!(put(&admin, &large, "image/png").await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_told_in_figures_as_a_table_and_as_a_page() {
    let (server, admin, _) = start(Setup::embedded()).await;
    let at = now().minus(Span::minutes(90)).to_string();
    let sample = json!({"samples": [{"component": "web", "at": at, "status": "down"}]});
    admin.post("/tenants/acme/samples", &sample).await.ok(200);
    let named = json!({"id": "db", "name": "=cmd|' /C calc'!A0", "probe": {"kind": "push"}});
    admin.put("/tenants/acme/components/db", &named).await.ok(200);
    admin.post("/incidents", &json!({"title": "=1+1 \"quoted\", <b>bold</b>", "body": "x"})).await.ok(201);
    admin.post("/incidents", &json!({"title": "Unheard of", "body": "x", "draft": true})).await.ok(201);
    let month = now().to_string()[..7].to_owned();
    let path = format!("/tenants/acme/report?month={month}");
    let report = admin.get(&path).await.ok(200);
    assert_eq!((&report["month"], &report["whole"]), (&json!(month), &json!(false)), "{report}");
    assert_eq!(report["components"].as_array().map(Vec::len), Some(2), "{report}");
    assert!(report["incidents"].to_string().contains("=1+1") && !report.to_string().contains("Unheard of"), "{report}");
    let table = admin.get(&format!("{path}&format=csv")).await;
    assert_eq!((table.status, table.header("content-type").split(';').next()), (200, Some("text/csv")));
    assert!(table.header("content-disposition").starts_with("attachment"), "{}", table.header("content-disposition"));
    assert!(
        table.text.starts_with("kind,id,name")
            && table.text.contains("'=1+1 \"\"quoted\"\"")
            && table.text.contains("'=cmd"),
        "no formula: {}",
        table.text
    );
    let page = admin.get(&format!("{path}&format=html")).await;
    assert_eq!((page.status, dangers(&page.text, &[&server.url()])), (200, Vec::new()));
    assert!(texts(&page.text, "b").iter().all(|text| text != "bold") && page.text.contains("=1+1"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for wrong in ["2026-13", "x", "2099-01"] {
        assert_eq!(admin.get(&format!("/tenants/acme/report?month={wrong}")).await.status, 422, "{wrong}");
    }
    let html = admin.ask("GET", &path, &[("accept", "text/html")], None).await;
    assert!(html.header("content-type").starts_with("text/html"));
}
