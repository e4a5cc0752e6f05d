//! `plimsoll export`: the page as files, served by something that knows nothing of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use plimsoll_domain::time::Span;
use plimsoll_tests::acts::push_component;
use plimsoll_tests::static_files::StaticFiles;
use plimsoll_tests::visitor::{PNG, attributes, dangers};
use plimsoll_tests::{Client, Server, Setup, eventually, now};
use serde_json::json;

struct Original {
    server: Server,
    admin: Client,
}

impl Original {
    /// A page with everything on it, and things that nobody may see.
    async fn start() -> Self {
        let server = Setup::embedded().start().await;
        let admin = server.tenant("acme").await;
        for component in ["web", "db", "xyzzy"] {
            admin.post("/tenants/acme/components", &push_component(component)).await.ok(201);
        }
        let look = json!({"hidden": ["xyzzy"], "colour": "#0b5c8a",
            "links": [{"label": "Help", "url": "https://help.example/"}]});
        admin.put("/tenants/acme/page", &look).await.ok(200);
        let put = admin.send("PUT", "/tenants/acme/page/logo", &[], Some(PNG.to_vec())).await.expect("an answer");
        put.ok(200);
        let body = json!({"title": "Trouble", "body": "We **look** into it.",
            "components": {"web": "major_outage", "xyzzy": "major_outage"}});
        admin.post("/incidents", &body).await.ok(201);
        admin.post("/incidents", &json!({"title": "Unheard of", "body": "Hush.", "draft": true})).await.ok(201);
        let ago = |days: i64| now().minus(Span::days(days)).to_string();
        let past = json!({"title": "Long ago", "updates": [{"status": "investigating", "body": "a", "at": ago(61)},
            {"status": "resolved", "body": "b", "at": ago(60)}]});
        admin.post("/incidents", &past).await.ok(201);
        let ahead = |hours: i64| now().plus(Span::minutes(60 * hours)).to_string();
        let work = json!({"title": "New disks", "components": ["db"], "starts_at": ahead(5), "ends_at": ahead(6)});
        admin.post("/tenants/acme/maintenances", &work).await.ok(201);
        let anybody = server.anybody();
        let shown = async || {
            let page = anybody.page("/s/acme").await.text;
            ["Trouble", "New disks", "look."].iter().all(|words| page.contains(words)).then_some(())
        };
        eventually(20, "the page has all of it", shown).await;
        Self { server, admin }
    }

    fn export(&self, key: &str, more: &[&str]) -> Output {
        let url = self.server.url();
        let arguments = ["export", "--tenant", "acme", "--server", &url, "--key", key];
        self.server.run(&arguments.iter().chain(more).copied().collect::<Vec<_>>())
    }

    async fn viewer(&self) -> String {
        let made = self.admin.post("/tenants/acme/keys", &json!({"name": "export", "role": "viewer"})).await.ok(201);
        made["key"].as_str().expect("a key").to_owned()
    }
}

/// Follows every link from the overview on; how many files there were.
async fn follows_every_link(client: &Client, start: &str) -> BTreeSet<String> {
    let (mut to_do, mut seen) = (vec![start.to_owned()], BTreeSet::new());
    while let Some(path) = to_do.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let bare = path.split(['?', '#']).next().unwrap_or_default();
        let answer = client.page(bare).await;
        assert_eq!(answer.status, 200, "{path}");
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        assert_eq!(dangers(&answer.text, &["http://127.0.0.1:"]), Vec::<String>::new(), "{path}");
        assert_eq!(
            attributes(&answer.text, "form:not([method=dialog])", "method"),
            Vec::<String>::new(),
            "nothing answers there: {path}"
        );
        let links =
            attributes(&answer.text, "[href]", "href").into_iter().chain(attributes(&answer.text, "[src]", "src"));
        for link in links {
            if link.starts_with('/') {
                to_do.push(link);
            } else if !link.starts_with('#') {
                let is_whole = ["https://help.example/", "http://127.0.0.1:", "mailto:"]
                    .iter()
                    .any(|start| link.starts_with(start));
                assert!(is_whole, "{path} leads to {link}");
            }
        }
    }
    seen
}

fn every_file(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            every_file(&path, found);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

async fn a_copy_at(base: &str) {
    let original = Original::start().await;
    let (key, folder) = (original.viewer().await, tempfile::tempdir().expect("a folder"));
    let out = folder.path().join("copy");
    let port = StaticFiles::port();
    let url = format!("http://127.0.0.1:{port}{base}");
    let place = ["--out", out.to_str().expect("a path"), "--url", &url];
    let done = original.export(&key, &place);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!String::from_utf8_lossy(&done.stdout).contains(&key), "the key is not said");
    let files = StaticFiles::start(port, base, &out);
    let client = Client::new(&files.url());
    let seen = follows_every_link(&client, &format!("{base}/")).await;
    assert!(seen.len() >= 12, "{seen:?}");
    for feed in ["feed.atom", "feed.rss", "feed.json", "calendar.ics", "badge.svg", "api/v2/summary.json", "incidents/"]
    {
        let answer = client.page(&format!("{base}/{feed}")).await;
        assert_eq!(answer.status, 200, "{feed}");
        assert!(!answer.text.contains(&original.server.url()), "{feed} names the server");
    }
    let feed = client.page(&format!("{base}/feed.json")).await.json();
    let entry = feed["items"][0]["url"].as_str().and_then(|link| link.strip_prefix(&files.url()).map(str::to_owned));
    assert_eq!(client.page(&entry.expect("a link into the copy")).await.status, 200);
    let mut all = Vec::new();
    every_file(&out, &mut all);
    for (path, text) in &all {
        for secret in ["Unheard of", "Hush.", "xyzzy", key.as_str(), "/s/acme"] {
            assert!(!text.contains(secret), "{path} holds {secret}");
        }
    }
    assert!(all.iter().any(|(_, text)| text.contains("Long ago")), "the past is in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_at_the_root_of_a_host_leads_nowhere_else() {
    a_copy_at("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_below_a_path_leads_nowhere_else() {
    a_copy_at("/status").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_renewed_and_nothing_else_is_touched() {
    let original = Original::start().await;
    let (key, folder) = (original.viewer().await, tempfile::tempdir().expect("a folder"));
    let out = folder.path().to_str().expect("a path").to_owned();
    let error = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let wrong = original.export("plk_wrong", &["--out", &out]);
    assert!(!wrong.status.success() && error(&wrong).contains("key"), "{}", error(&wrong));
    std::fs::write(folder.path().join("notes.txt"), "mine").expect("a file");
    let full = original.export(&key, &["--out", &out]);
    assert!(!full.status.success() && error(&full).contains("--force"), "{}", error(&full));
    assert!(original.export(&key, &["--out", &out, "--force"]).status.success());
    let stale = folder.path().join("incidents");
    let before = std::fs::read_dir(&stale).expect("incidents").count();
    original.admin.post("/incidents", &json!({"title": "More", "body": "x"})).await.ok(201);
    let renewed = async || {
        assert!(original.export(&key, &["--out", &out]).status.success());
        (std::fs::read_dir(&stale).expect("incidents").count() > before).then_some(())
    };
    eventually(30, "the copy has the new incident", renewed).await;
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).expect("it is there"), "mine");
}
