//! `plimsoll doctor` on real parts: stores, a mail server, a Prometheus, closed ports, and whatever is in its way. It
//! changes nothing, and shows no secret.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use plimsoll_tests::prometheus::PrometheusSetup;
use plimsoll_tests::receivers::{Smtp, SmtpSetup};
use plimsoll_tests::{Backing, ROOT_KEY, Server, Setup, port};
use serde_json::{Value, json};

/// What it says of each thing that it looks at: verdicts, and words with advice. And whether it ended well.
struct Findings {
    all: Vec<Value>,
    code: Option<i32>,
}

impl Findings {
    fn of(server: &Server, more: &[&str]) -> Self {
        let output = server.run(&[&["doctor", "--format", "json"], more].concat());
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let well = report["well"] == true;
        assert_eq!(output.status.code(), Some(i32::from(!well)), "{report}");
        Self { all: report["findings"].as_array().expect("a list").clone(), code: output.status.code() }
    }

    /// Asserts that something is said about `check` with this verdict and these words.
    fn assert(&self, check: &str, verdict: &str, words: &str) {
        let found = self.all.iter().any(|finding| {
            let said = format!("{} {}", finding["seen"], finding["advice"]);
            finding["check"] == check && finding["verdict"] == verdict && said.contains(words)
        });
        assert!(found, "{check} {verdict} {words:?} in {:#}", Value::from(self.all.clone()));
    }

    fn failed(&self) -> Vec<&str> {
        let failed = self.all.iter().filter(|finding| finding["verdict"] == "failed");
        failed.filter_map(|finding| finding["check"].as_str()).collect()
    }
}

/// Every file below `folder`, with its length, its time and its mode.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let known = fs::metadata(&path).expect("its metadata");
        if known.is_dir() {
            found.extend(files(&path));
        } else {
            let state = format!("{} {:?} {:o}", known.len(), known.modified().ok(), known.permissions().mode());
            found.insert(path.display().to_string(), state);
        }
    }
    found
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The address of what answers everything with this date.
fn with_date(date: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answer = format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4_096];
            // Whoever asks is answered, whatever they ask.
            let _done = stream.read(&mut head).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    format!("http://{address}")
}

#[test]
fn before_the_first_start_nothing_fails_and_nothing_is_made() {
    let server = Setup::embedded().without("PLIMSOLL_ROOT_KEY").stopped();
    let findings = Findings::of(&server, &[]);
    assert_eq!(findings.code, Some(0), "{:?}", findings.all);
    findings.assert("store", "ok", "the first start makes it");
    findings.assert("root key", "ok", "the first start makes one");
    findings.assert("egress", "ok", "except 127.0.0.0/8");
    findings.assert("server", "not_checked", "none runs");
    findings.assert("mail", "not_checked", "PLIMSOLL_SMTP_URL");
    assert!(!server.data().exists(), "no folder is made");
    let told = server.run(&["doctor"]);
    let text = words(&told);
    assert!(told.status.success() && text.contains("ok           store ") && text.contains(" 0 failed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_asked_and_its_folder_left_alone() {
    let mut server = Setup::embedded().start().await;
    server.configure("PLIMSOLL_KEY", Some(ROOT_KEY));
    let findings = Findings::of(&server, &[]);
    findings.assert("store", "ok", "a running server has it open");
    findings.assert("server", "ok", "with the roles api, jobs, status");
    findings.assert("running config", "ok", "with this configuration");
    findings.assert("clock", "not_checked", "this machine");
    findings.assert("prometheus", "ok", "no SLO asks");
    assert!(findings.failed().is_empty(), "{:?}", findings.all);

    server.configure("PLIMSOLL_SITE_TENANT", Some("acme"));
    Findings::of(&server, &[]).assert("running config", "warning", "site_tenant");
    server.configure("PLIMSOLL_KEY", Some("plk_of_nobody_at_all"));
    let stranger = server.run(&["doctor"]);
    assert!(!stranger.status.success() && !words(&stranger).contains("nobody_at_all"), "{}", words(&stranger));
    server.configure("PLIMSOLL_KEY", None);
    server.configure("PLIMSOLL_URL", Some(&format!("http://127.0.0.1:{}", port::free())));
    Findings::of(&server, &[]).assert("server", "failed", "nothing answers");

    server.configure("PLIMSOLL_URL", None);
    assert!(server.stop().await.success());
    let before = files(&server.data());
    Findings::of(&server, &[]).assert("store", "ok", "no server has it open");
    assert_eq!(files(&server.data()), before, "nothing is changed");
    assert!(before.keys().any(|name| name.ends_with("plimsoll.db")), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_told_and_its_log_left_for_the_next() {
    let mut server = Setup::embedded().start().await;
    server.tenant("acme").await;
    server.kill9();
    let before = files(&server.data());
    let findings = Findings::of(&server, &[]);
    findings.assert("store", "warning", "did not end in order");
    findings.assert("secret key", "not_checked", "could not be looked at");
    assert_eq!(files(&server.data()), before, "nothing is changed");
    server.start_again().await;
    server.root().get("/tenants/acme").await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_others_may_read_or_that_open_nothing_are_found() {
    for backing in [Backing::Embedded, Backing::MongoDb] {
        let mut server = Setup::on(backing).await.without("PLIMSOLL_ROOT_KEY").start().await;
        let root = fs::read_to_string(server.data().join("root.key")).expect("a key");
        let owner = server.anybody().with_key(root.trim());
        owner.post("/tenants", &json!({"id": "acme", "name": "Acme"})).await.ok(201);
        let hook = json!({"name": "pd", "kind": "pagerduty", "routing_key": "0123456789abcdef0123456789abcdef"});
        owner.put("/observability/alerts/config/acme", &json!({"receivers": [hook]})).await.ok(200);
        assert!(server.stop().await.success());
        Findings::of(&server, &[]).assert("secret key", "ok", "opens all 1 stored secrets");

        let kept = server.data().join("root.key");
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).expect("it is ours");
        let findings = Findings::of(&server, &[]);
        findings.assert("root key", "failed", "chmod 600");
        assert_eq!(findings.failed(), ["root key"]);

        let secret = server.data().join("secret.key");
        let old = fs::read_to_string(&secret).expect("a key");
        fs::rename(&secret, secret.with_extension("away")).expect("it is ours");
        Findings::of(&server, &[]).assert("secret key", "failed", "put back the key");
        server.configure("PLIMSOLL_SECRET_KEY", Some(&format!("{}A", "B".repeat(42))));
        Findings::of(&server, &[]).assert("secret key", "failed", "PLIMSOLL_SECRET_KEY_PREVIOUS");
        server.configure("PLIMSOLL_SECRET_KEY_PREVIOUS", Some(old.trim()));
        Findings::of(&server, &[]).assert("secret key", "warning", "plimsoll secrets rotate");
        let text = words(&server.run(&["doctor"]));
        assert!(!text.contains(old.trim()) && !text.contains(root.trim()) && !text.contains("BBBB"), "{text}");
        assert!(!secret.exists(), "no key is made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongodb_is_described_and_one_that_is_away_is_a_failure() {
    let server = Setup::on(Backing::MongoDb).await.stopped();
    let findings = Findings::of(&server, &[]);
    findings.assert("store", "ok", "replica set rs0 with 1 members");
    findings.assert("write concern", "ok", "all 1 are up");
    assert!(findings.failed().is_empty(), "{:?}", findings.all);

    let away = format!("mongodb://user:czNjcjN0@127.0.0.1:{}/x?replicaSet=rs0", port::free());
    let server = Setup::mongodb(&away).stopped();
    let findings = Findings::of(&server, &[]);
    findings.assert("store", "failed", "start it");
    let text = words(&server.run(&["doctor"]));
    assert!(!text.contains("czNjcjN0") && text.contains("store: still looking"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_logged_in_to_and_given_no_mail() {
    for setup in [SmtpSetup::default().with_tls(), SmtpSetup::default().with_starttls()] {
        let smtp = setup.with_login().start().await;
        let mut server = Setup::embedded().with("PLIMSOLL_SMTP_URL", &smtp.url()).stopped();
        Findings::of(&server, &[]).assert("mail", "failed", "certificate");
        server.configure("PLIMSOLL_SMTP_CA_FILE", Some(&smtp.ca_file().display().to_string()));
        Findings::of(&server, &[]).assert("mail", "ok", "takes user and password; no mail was sent");
        assert!(smtp.received().is_empty() && smtp.faults().is_empty(), "{:?}", smtp.faults());

        let wrong = smtp.url().replace("a-p%2Fassword", "wrong");
        server.configure("PLIMSOLL_SMTP_URL", Some(&wrong));
        let findings = Findings::of(&server, &[]);
        findings.assert("mail", "failed", "see user and password");
        assert_eq!(findings.failed(), ["mail"]);
        assert!(!words(&server.run(&["doctor"])).contains(Smtp::PASSWORD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_listens_at_is_a_failure_with_its_name() {
    let closed = || format!("127.0.0.1:{}", port::free());
    let server = Setup::embedded()
        .with("PLIMSOLL_SMTP_URL", &format!("smtp://{}", closed()))
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", closed()))
        .with("PLIMSOLL_PYROSCOPE_URL", &format!("http://user:czNjcjN0@{}", closed()))
        .with("PLIMSOLL_SENTRY_DSN", &format!("http://czNjcjN0@{}/7", closed()))
        .with("PLIMSOLL_DNS_SERVERS", &closed())
        .stopped();
    let findings = Findings::of(&server, &["--prometheus", &format!("http://{}", closed())]);
    assert_eq!(
        findings.failed(),
        ["dns", "mail", "prometheus", "traces", "profiles", "own errors"],
        "{:?}",
        findings.all
    );
    let text = words(&server.run(&["doctor"]));
    assert!(!text.contains("czNjcjN0") && text.contains("-> "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prometheus_of_an_slo_is_asked_through_the_guard() {
    let prometheus = PrometheusSetup::default().with_password().start().await;
    let mut server = Setup::embedded().start().await;
    let admin = server.tenant("acme").await;
    let of = |url: &str| {
        json!({"slo_type": "ratio", "kind": "prometheus", "objective": 0.5, "window": "1h",
        "prometheus": {"url": url, "ratio": "1"}})
    };
    admin.put("/observability/slo/config/acme", &json!({"objectives": [of(&prometheus.url())]})).await.ok(200);
    server.configure("PLIMSOLL_KEY", Some(ROOT_KEY));
    Findings::of(&server, &[]).assert("prometheus", "ok", "which SLOs ask, answers, and wants credentials");
    server.configure("PLIMSOLL_EGRESS_ALLOW", Some("10.0.0.0/8"));
    Findings::of(&server, &[]).assert("prometheus", "failed", "PLIMSOLL_EGRESS_ALLOW");
    server.configure("PLIMSOLL_KEY", None);
    server.configure("PLIMSOLL_EGRESS_ALLOW", Some("127.0.0.0/8"));
    Findings::of(&server, &[]).assert("prometheus", "not_checked", "--prometheus");
}

#[test]
fn a_clock_that_is_wrong_and_a_folder_that_is_in_the_way_are_found() {
    let somewhere = with_date("Thu, 01 Jan 2015 00:00:00 GMT");
    let mut server = Setup::embedded().stopped();
    let findings = Findings::of(&server, &["--server", &somewhere]);
    findings.assert("clock", "failed", "ahead of 127.0.0.1");
    fs::write(server.data(), "a file").expect("written");
    Findings::of(&server, &[]).assert("data folder", "failed", "is no folder");
    server.configure("PLIMSOLL_SETTLE_SECONDS", Some("soon"));
    let wrong = Findings::of(&server, &[]);
    wrong.assert("configuration", "failed", "PLIMSOLL_SETTLE_SECONDS");
    wrong.assert("everything else", "not_checked", "configuration");
}
