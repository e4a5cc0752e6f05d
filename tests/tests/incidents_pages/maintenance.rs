//! Maintenance on the page: what goes on, what comes, and when it comes again.

use plimsoll_domain::time::Span;
use plimsoll_tests::visitor::{attributes, texts};
use plimsoll_tests::{Setup, eventually, now};
use serde_json::json;

use crate::timeline::{start, until_said};

#[tokio::test(flavor = "multi_thread")]
async fn what_recurs_says_when_it_comes_again() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let recurrence = json!({"rule": "FREQ=DAILY;INTERVAL=2;COUNT=9", "time_zone": "Europe/Stockholm"});
    let first = now().plus(Span::days(2)).to_string();
    let first = format!("{}T01:30:00Z", &first[..10]);
    let work = json!({"id": "patches", "title": "Regular patches", "body": "Some *restarts*.", "components": ["db"],
        "starts_at": first, "ends_at": first.replace("T01:30", "T02:30"), "recurrence": recurrence});
    let made = admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    let page = until_said(&visitor, "", "Regular patches").await;
    let again = attributes(&page.text, ".maintenance .names time", "datetime");
    assert!(again.len() >= 2, "{again:?}: {}", page.text);
    let all = attributes(&page.text, ".maintenance time", "datetime");
    assert_eq!(all[0][..16], first[..16], "{all:?}");
    assert_eq!(texts(&page.text, ".maintenance .text em"), ["restarts"]);
    let calendar = until_said(&visitor, "/calendar.ics", "Regular patches").await;
    let starts: Vec<_> = calendar.text.lines().filter(|line| line.starts_with("DTSTART")).collect();
    assert!(!starts.is_empty() && calendar.text.contains("BEGIN:VEVENT"), "{}", calendar.text);
    let upcoming = visitor.get("/api/v2/scheduled-maintenances/upcoming.json").await.ok(200);
    let times = upcoming["scheduled_maintenances"].as_array().expect("a list");
    assert!(
        !times.is_empty() && times[0]["scheduled_for"].as_str().is_some_and(|at| at[..16] == first[..16]),
        "{upcoming}"
    );
    let path = format!("/tenants/acme/maintenances/{}", made["id"].as_str().expect("an id"));
    admin.delete(&path).await.ok(204);
    let gone = async || (!visitor.get("").await.text.contains("Regular patches")).then_some(());
    eventually(20, "it is gone", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_recur_too_often_or_never_are_refused() {
    let (_server, admin, _) = start(Setup::embedded()).await;
    let starts = now().plus(Span::days(2));
    for rule in [
        "FREQ=HOURLY",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "nonsense",
        "",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY\nEXRULE:FREQ=DAILY",
    ] {
        let work = json!({"title": "Work", "components": ["db"], "starts_at": starts.to_string(),
            "ends_at": starts.plus(Span::minutes(30)).to_string(), "recurrence": {"rule": rule}});
        let answer = admin.post("/tenants/acme/maintenances", &work).await;
        assert_eq!(answer.status, 422, "{rule}: {}", answer.text);
        assert!(answer.text.contains("/recurrence"), "{rule}: {}", answer.text);
    }
    let long = json!({"title": "Work", "components": ["db"], "starts_at": starts.to_string(),
        "ends_at": starts.plus(Span::days(2)).to_string(), "recurrence": {"rule": "FREQ=DAILY"}});
    assert_eq!(admin.post("/tenants/acme/maintenances", &long).await.status, 422, "it would begin before it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_stands_is_read_off_the_clock() {
    let (_server, admin, visitor) = start(Setup::embedded()).await;
    let at = |seconds| now().plus(Span::from_seconds(seconds)).to_string();
    let work = json!({"id": "disks", "title": "New disks", "components": ["db"], "starts_at": at(6), "ends_at": at(16),
        "verify_minutes": 1});
    admin.post("/tenants/acme/maintenances", &work).await.ok(201);
    let status = async |wanted: &str| {
        let look = async || {
            let public = visitor.at("").get("/public/status?tenant=acme").await.ok(200);
            let held = public["maintenances"].as_array()?.iter().find(|one| one["id"] == "disks")?.clone();
            (held["status"] == wanted).then_some(public)
        };
        eventually(40, &format!("it is {wanted}"), look).await
    };
    status("scheduled").await;
    let public = status("in_progress").await;
    let db = public["components"].as_array().and_then(|all| all.iter().find(|one| one["id"] == "db")).cloned();
    assert_eq!(db.map(|one| one["status"].clone()), Some(json!("under_maintenance")), "{public}");
    let active = visitor.get("/api/v2/scheduled-maintenances/active.json").await.ok(200);
    assert_eq!(active["scheduled_maintenances"].as_array().map(Vec::len), Some(1), "{active}");
    status("verifying").await;
}
