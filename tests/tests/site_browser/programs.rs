//! What programs read, by programs that are not ours; the page as files; and the form with a keyboard alone.

use plimsoll_tests::node::script;
use plimsoll_tests::{eventually, port};
use serde_json::{Value, json};

use crate::MACHINE;
use crate::cargo::STATUSES;
use crate::harbour::Harbour;

/// Those of the past two weeks; the last is over.
const INCIDENTS: [&str; 5] =
    ["Payments are declined", "Checkout is down", "Warehouse is down", "Search is degraded", "Mail was late"];

/// What the elements of a list say of themselves under a name.
#[track_caller]
fn all<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap_or_else(|| panic!("a list: {list}"));
    list.iter().map(|one| one[name].as_str().unwrap_or_else(|| panic!("{name} of {one}"))).collect()
}

#[track_caller]
fn of<'a>(list: &'a Value, name: &str, value: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|one| one[name] == value);
    found.unwrap_or_else(|| panic!("no {value} in {list}"))
}

/// What the programs make of the harbour's feeds, calendar and Statuspage API.
async fn read(harbour: &Harbour) -> Value {
    let base = format!("{}/s/shop", harbour.server.url());
    let at = |part: &str| format!("{base}/{part}");
    let urls =
        json!({"atom": at("feed.atom"), "rss": at("feed.rss"), "jsonFeed": at("feed.json"), "ics": at("calendar.ics")});
    script("site/formats.mjs", &json!({"urls": urls, "statuspage": base})).await
}

fn assert_feeds(told: &Value, page: &str, open: &str) {
    let (atom, rss, feed) = (&told["atom"], &told["rss"], &told["jsonFeed"]);
    let titles = all(&atom["entries"], "title");
    for title in INCIDENTS {
        assert_eq!(titles.iter().filter(|one| **one == title).count(), 1, "{title} is told of once: {titles:?}");
    }
    for title in ["Scrubbing of the keel", "New masts"] {
        assert!(titles.iter().any(|one| one.contains(title)), "{title} is announced: {titles:?}");
    }
    assert!(!titles.contains(&"A mast broke"), "what is long over is not news");
    for other in [rss, feed] {
        assert_eq!(all(&other["items"], "title"), titles, "every feed tells the same");
        assert_eq!(all(&other["items"], "id"), all(&atom["entries"], "id"), "by the same names");
    }
    let name = "How the shop does: incidents and maintenance";
    assert_eq!([&atom["title"], &rss["title"], &feed["title"]], [name; 3]);
    assert_eq!([&rss["link"], &feed["home"]], [page; 2]);
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    let entry = of(&atom["entries"], "title", "Payments are declined");
    let text = entry["text"].as_str().expect("a text");
    assert!(
        text.contains("<li><em>cards</em> are declined</li>") && text.contains("We are looking into it."),
        "{text}"
    );
    assert_eq!(entry["link"], format!("{page}/incidents/{open}"));
}

fn assert_calendar(told: &Value) {
    let events = &told["ics"]["events"];
    assert_eq!(told["ics"]["name"], "How the shop does: maintenance");
    let summaries = all(events, "summary");
    let count = |words: &str| summaries.iter().filter(|one| one.contains(words)).count();
    assert_eq!(
        (count("Scrubbing of the keel"), count("New masts")),
        (1, 20),
        "each time of what recurs: {summaries:?}"
    );
    let keel = of(events, "summary", "Maintenance: Scrubbing of the keel");
    assert!(keel["text"].as_str().is_some_and(|text| text.contains("Mail may be late.")), "no Markdown: {keel}");
    let mut uids = all(events, "uid");
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), 21, "each has a name of its own");
}

fn assert_statuspage(told: &Value) {
    let page = &told["statuspage"];
    for (id, status) in STATUSES {
        // Statuspage has no word for what is not known.
        let status = if status == "unknown" { "degraded_performance" } else { status };
        for answer in ["components", "summary"] {
            assert_eq!(of(&page[answer]["components"], "id", id)["status"], status, "{id} in {answer}");
        }
    }
    assert_eq!(
        (&page["status"]["status"]["indicator"], &page["summary"]["page"]["name"]),
        (&json!("major"), &json!("How the shop does"))
    );
    let (open, over) = INCIDENTS.split_at(4);
    let unresolved = all(&page["unresolved"]["incidents"], "name");
    assert!(open.iter().all(|name| unresolved.contains(name)) && !unresolved.contains(&over[0]), "{unresolved:?}");
    let incidents = &page["incidents"]["incidents"];
    let names = all(incidents, "name");
    assert!(INCIDENTS.iter().chain(&["A mast broke"]).all(|name| names.contains(name)), "{names:?}");
    let declined = of(incidents, "name", "Payments are declined");
    assert_eq!((&declined["impact"], &declined["status"]), (&json!("major"), &json!("identified")));
    assert_eq!(all(&declined["incident_updates"], "status"), ["identified", "investigating"]);
    let keel = of(&page["summary"]["scheduled_maintenances"], "name", "Scrubbing of the keel");
    assert_eq!(keel["status"], "in_progress");
    let upcoming = all(&page["upcoming"]["scheduled_maintenances"], "name");
    assert!(!upcoming.is_empty() && upcoming.iter().all(|name| *name == "New masts"), "{upcoming:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_of_others_read_in_feeds_calendar_and_api_what_was_set_up() {
    let harbour = Harbour::open().await;
    let told = read(&harbour).await;
    assert_feeds(&told, &format!("{}/s/shop", harbour.server.url()), &harbour.open);
    assert_calendar(&told);
    assert_statuspage(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_in_files_has_everything_that_it_names_and_asks_nobody_else() {
    let harbour = Harbour::open().await;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), port::free());
    let (out, url) = (folder.path().display().to_string(), format!("http://127.0.0.1:{port}"));
    let mut command = harbour.server.command(&["export", "--tenant", "shop", "--out", &out, "--url", &url]);
    command.env("PLIMSOLL_URL", harbour.server.url()).env("PLIMSOLL_KEY", harbour.admin.key());
    let exported = command.output().expect("the program starts");
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let _machine = MACHINE.lock().await;
    let copy = script("site/copy.mjs", &json!({"folder": folder.path(), "port": port})).await;
    let pages: Vec<_> = copy["pages"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let wanted = [
        "/".to_owned(),
        "/incidents".to_owned(),
        format!("/incidents/{}", harbour.over),
        format!("/history/{}", harbour.month),
    ];
    let components = STATUSES.map(|(id, _)| format!("/components/{id}"));
    for page in wanted.iter().chain(&components) {
        assert!(pages.contains(&page.as_str()), "{page} is led to: {pages:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyboard_alone_subscribes_and_reads_what_each_day_was_like() {
    let harbour = Harbour::open().await;
    let told = json!({"base": harbour.server.url(), "slug": "shop", "address": "kim@example.com"});
    let seen = script("site/form.mjs", &told).await;
    assert_eq!(seen["says"], "Nearly there", "{seen}");
    let came = async || harbour.smtp.taken_for("kim@example.com").into_iter().next();
    eventually(30, "the mail that asks to confirm has come", came).await;
    let days: Vec<_> = seen["days"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(days.len() == 2 && days[0] != days[1] && days.iter().all(|day| day.contains(": ")), "{seen}");
}
