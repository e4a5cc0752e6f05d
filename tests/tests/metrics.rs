//! What a scraper sees: that every series is one of the catalogue's, with labels out of closed sets, whatever people ask; and
//! that the sources count what the catalogue says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_domain::time::Span;
use plimsoll_runtime::instruments::OTHERS;
use plimsoll_runtime::instruments::catalogue::{self, Kind, Label, OF_THE_SYSTEM, Values};
use plimsoll_tests::acts::{http_component, metric, push_component};
use plimsoll_tests::receivers::SmtpSetup;
use plimsoll_tests::{Client, INTERVAL, Raw, Server, Setup, Target, TlsTarget, eventually, now};
use regex::Regex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Tenants that may have series of their own.
const CAP: usize = 3;
const TENANTS: [&str; 6] = ["mercury", "venus", "terra", "mars", "jupiter", "saturn"];
const ROOMS: [&str; 7] = ["api", "jobs", "status-site", "store", "runtime", "traces", ""];

struct Series {
    name: String,
    labels: BTreeMap<String, String>,
}

fn series(text: &str) -> Vec<Series> {
    let label = Regex::new(r#"([a-z_]+)="([^"]*)""#).expect("a pattern");
    let read = |line: &str| {
        let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a name and a value"));
        let labels = label.captures_iter(rest).map(|found| (found[1].to_owned(), found[2].to_owned()));
        Series { name: name.to_owned(), labels: labels.collect() }
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(read).collect()
}

/// The metric that a series belongs to: of a histogram, the name without what Prometheus adds to it.
fn family(name: &str) -> &str {
    let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    histogram.filter(|name| catalogue::named(name).is_some()).unwrap_or(name)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files of a room, without its tests.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of ours") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if matches!(name, "tests" | "tests.rs" | "catalogue") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let tested = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            found.push((path, text[..tested].to_owned()));
        }
    }
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for room in ROOMS {
        sources(&root().join(room).join("src"), &mut found);
    }
    found
}

#[test]
fn what_is_counted_is_in_the_catalogue_and_what_is_there_is_counted() {
    let counting = Regex::new(r"\b(counter|gauge|histogram)!\(\s*([^\s,)]*)").expect("a pattern");
    let by_hand = Regex::new(r#""(plimsoll_[a-z_]+)""#).expect("a pattern");
    let mut counted = BTreeSet::new();
    for (path, text) in all_sources() {
        assert!(!text.contains("describe_"), "{}: the catalogue describes", path.display());
        for found in counting.captures_iter(&text) {
            let (kind, place) = (&found[1], path.display());
            let name = found[2].trim_matches('"');
            let known = catalogue::named(name).unwrap_or_else(|| panic!("{place} counts {name}: it is not known"));
            assert_eq!(known.kind.as_str(), kind, "{place}: {name}");
            counted.insert(known.name);
        }
        if path.ends_with("instruments/tenant_gauges.rs") {
            counted.extend(by_hand.captures_iter(&text).filter_map(|found| Some(catalogue::named(&found[1])?.name)));
        }
    }
    let uncounted: Vec<_> = catalogue::all().map(|one| one.name).filter(|name| !counted.contains(name)).collect();
    assert!(uncounted.is_empty(), "nobody counts {uncounted:?}");
}

/// Whoever asks what nobody should: everything that could become a label.
async fn ask_strangely(server: &Server, admins: &[Client]) {
    let anybody = server.anybody().without_key();
    for number in 0..40 {
        let id = format!("stray-{number}");
        let headers = [("x-request-id", id.as_str()), ("user-agent", id.as_str())];
        let paths = [
            format!("/{id}"),
            format!("/tenants/{id}/{id}"),
            format!("/s/{id}"),
            format!("/public/status?tenant={id}"),
        ];
        for path in &paths {
            let answer = anybody.try_ask("GET", path, &headers, None).await.expect("an answer");
            assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.status);
        }
        let stranger = anybody.with_key(&format!("plk_{id}"));
        assert_eq!(stranger.try_ask("GET", "/tenants", &headers, None).await.expect("an answer").status, 401);
        let odd = ["BREW", "PROPFIND", "STRAY"][number % 3];
        anybody.try_ask(odd, &format!("/tenants/{id}"), &headers, None).await.expect("an answer");
    }
    let root = server.root();
    for admin in admins {
        for path in ["/tenants/stray-tenant/components", "/incidents?stray=1", "/incidents/stray-incident"] {
            admin.try_ask("GET", path, &[], None).await.expect("an answer");
            root.try_ask("GET", path, &[], None).await.expect("an answer");
        }
    }
    let mut raw = Raw::connect(&server.address()).await.expect("a connection");
    raw.send(b"STRAY-METHOD /stray-path HTTP/1.1\r\nHost: stray-host\r\nAuthorization: Bearer stray-key\r\n\r\n").await;
    assert_eq!(raw.status().await, Some(404));
}

async fn live(server: &Server, target: &Target) -> Vec<Client> {
    let mut admins = Vec::new();
    for tenant in TENANTS {
        let admin = server.tenant(tenant).await;
        let components = format!("/tenants/{tenant}/components");
        admin.post(&components, &http_component("stray-web", "Stray web", &target.url("/"))).await.ok(201);
        admin.post(&components, &push_component("stray-push")).await.ok(201);
        let slos = json!({"objectives": [
            {"slo_type": "kept", "kind": "availability", "objective": 0.99, "window": "30d"},
            {"slo_type": "fast", "kind": "latency", "objective": 0.9, "window": "7d", "threshold_ms": 300},
        ]});
        admin.put(&format!("/observability/slo/config/{tenant}"), &slos).await.ok(200);
        let alert =
            json!({"event_action": "trigger", "summary": "stray summary", "severity": "critical", "source": "stray"});
        admin.post(&format!("/observability/alerts/fire/{tenant}"), &alert).await.ok(202);
        let at = now().minus(Span::from_seconds(INTERVAL.seconds() * 2)).to_string();
        let samples =
            json!({"samples": [{"component": "stray-push", "at": at, "status": "operational", "latency_ms": 3}]});
        admin.post(&format!("/tenants/{tenant}/samples"), &samples).await.ok(200);
        admins.push(admin);
    }
    admins
}

fn routes(document: &Value) -> BTreeSet<String> {
    let path = Regex::new(r#""(/[^"\s]*)""#).expect("a pattern");
    let declared: Vec<_> = all_sources();
    let in_sources = declared.iter().flat_map(|(_, text)| path.captures_iter(text).map(|found| found[1].to_owned()));
    let in_document = document["paths"].as_object().expect("paths").keys().cloned();
    in_sources.chain(in_document).chain(["unmatched", "tunnel alias"].map(str::to_owned)).collect()
}

fn is_within(label: &Label, value: &str, routes: &BTreeSet<String>) -> bool {
    match (label.values, label.name) {
        (Values::OneOf(values), _) => values.contains(&value),
        (_, "tenant") => value == OTHERS || value == "plimsoll" || TENANTS.contains(&value),
        (_, "route") => routes.contains(value),
        (_, "status") => value.parse::<u16>().is_ok_and(|status| (100..600).contains(&status)),
        (_, "slo_type") => ["kept", "fast", "availability", "latency_p95", "latency_p99"].contains(&value),
        (_, "window") => value.len() <= 4 && value.starts_with(|c: char| c.is_ascii_digit()),
        (_, "version") => value == env!("CARGO_PKG_VERSION"),
        (Values::BoundBy(_), _) => value.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | ' ')),
    }
}

fn check(text: &str, routes: &BTreeSet<String>) {
    let mut tenants: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Series { name, labels } in series(text) {
        let name = family(&name).to_owned();
        let of_system = || OF_THE_SYSTEM.instruments.iter().find(|one| one.name == name);
        let known = catalogue::named(&name).or_else(of_system).unwrap_or_else(|| panic!("{name} is not known"));
        for (label, value) in &labels {
            if label == "le" && matches!(known.kind, Kind::Histogram(_)) {
                continue;
            }
            let label = known.labels.iter().find(|one| one.name == label);
            let label = label.unwrap_or_else(|| panic!("{name} has a label {labels:?}"));
            assert!(is_within(label, value, routes), "{name} {}={value:?}", label.name);
        }
        assert!(known.labels.iter().all(|label| labels.contains_key(label.name)), "{name}: {labels:?}");
        if let Some(tenant) = labels.get("tenant") {
            tenants.entry(known.name).or_default().insert(tenant.clone());
        }
        for what in ["HELP", "TYPE"] {
            assert_eq!(text.matches(&format!("# {what} {name} ")).count(), 1, "{what} of {name}");
        }
    }
    for (name, tenants) in &tenants {
        let has_others = usize::from(tenants.contains(OTHERS));
        assert!(tenants.len() <= CAP + has_others, "{name}: {tenants:?}");
    }
    assert!(tenants["plimsoll_tenant_api_requests_total"].contains(OTHERS) && tenants.len() >= 3, "{tenants:?}");
}

/// Asks promtool what is wrong with it: nothing may be.
fn check_with_promtool(text: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().unwrap_or_else(|error| panic!("promtool: {error}; `make prometheus` installs it"));
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_every_series_is_known_and_its_labels_bounded() {
    let target = Target::start().await;
    let server = Setup::embedded().with("PLIMSOLL_METRICS_TENANTS", &CAP.to_string()).start().await;
    let admins = live(&server, &target).await;
    ask_strangely(&server, &admins).await;
    let anybody = server.anybody();
    let measured = async || metric(&anybody, "plimsoll_slo_objective_ratio", "slo_type=\"fast\"").await;
    eventually(30, "a tick measures", measured).await;
    let left_out = async || metric(&anybody, "plimsoll_slo_gauges_left_out", "").await.filter(|many| *many >= 6.0);
    eventually(30, "the tick leaves out what is too much", left_out).await;

    let text = anybody.get("/metrics").await.text;
    assert!(!text.to_lowercase().contains("stray"), "something that somebody made up became a label:\n{text}");
    assert!(!text.contains("plk_") && !text.contains("127.0.0.1"));
    let document = anybody.page("/openapi.json").await.ok(200);
    check(&text, &routes(&document));
    check_with_promtool(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_tells_how_it_is_and_what_it_stands_on() {
    let smtp = SmtpSetup::default().start().await;
    let collector = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
    let endpoint = format!("http://{}", collector.local_addr().expect("it is bound"));
    let certified = TlsTarget::start(now().plus(Span::days(40)));
    let setup = Setup::embedded()
        .with("PLIMSOLL_SMTP_URL", &smtp.url())
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .with("SSL_CERT_FILE", certified.ca_file().to_str().expect("a readable path"));
    let server = setup.start().await;
    let (anybody, admin) = (server.anybody(), server.tenant("acme").await);
    let shop = http_component("shop", "Shop", &certified.url());
    admin.post("/tenants/acme/components", &shop).await.ok(201);

    let health = anybody.get("/health/detailed").await.ok(200);
    let told = health["dependencies"].as_array().expect("a list").iter();
    let named: Vec<_> = told.map(|one| one["name"].as_str().unwrap_or_default()).collect();
    assert_eq!((health["status"].as_str(), named), (Some("ok"), vec!["store", "smtp", "otlp"]), "{health}");
    let is = async |name: &str, label: &str| metric(&anybody, name, label).await;
    for dependency in ["store", "smtp", "otlp"] {
        let label = format!("dependency=\"{dependency}\"");
        let up = async || is("plimsoll_dependency_up", &label).await.filter(|up| *up > 0.0);
        eventually(30, &label, up).await;
        assert!(is("plimsoll_dependency_latency_seconds", &label).await.is_some_and(|took| took < 1.0));
    }

    let ends = now().plus(Span::days(39)).seconds() as f64;
    let certificate = async || is("plimsoll_certificate_expiry_timestamp_seconds", "tenant=\"acme\"").await;
    assert!(eventually(30, "the certificate is seen", certificate).await >= ends);
    for job in ["tick", "deliver", "reconsider", "notices", "relay", "retention", "counts", "dependencies"] {
        let label = format!("task=\"{job}\",result=\"ok\"");
        eventually(30, &label, async || is("plimsoll_job_runs_total", &label).await.filter(|runs| *runs > 0.0)).await;
        assert!(is("plimsoll_job_last_timestamp_seconds", &format!("task=\"{job}\"")).await > Some(1.7e9), "{job}");
    }
    assert!(is("plimsoll_tick_last_timestamp_seconds", "").await > Some(1.7e9));
    assert_eq!(is("plimsoll_tick_interval_seconds", "").await, Some(INTERVAL.seconds() as f64));
    for name in [
        "plimsoll_build_info",
        "plimsoll_tenants",
        "plimsoll_components",
        "plimsoll_spool_capacity_bytes",
        "plimsoll_runtime_workers",
        "plimsoll_runtime_tasks",
        "plimsoll_memory_allocated_bytes",
        "plimsoll_memory_resident_bytes",
        "plimsoll_log_lines_total",
        "process_resident_memory_bytes",
    ] {
        assert!(is(name, "").await >= Some(1.0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_metrics_are_switched_off_there_are_none() {
    let server = Setup::embedded().with("PLIMSOLL_METRICS_ENABLED", "false").start().await;
    let answer = server.anybody().get("/metrics").await;
    let problem = answer.ok(404);
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("PLIMSOLL_METRICS_ENABLED")), "{problem}");
    server.tenant("acme").await.get("/tenants/acme/components").await.ok(200);
}
