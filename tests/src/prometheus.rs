//! A real Prometheus for tests: on a free port of loopback, in a folder of its own, with a history that it did not have to
//! live through. Whatever else runs on the machine, a system's own Prometheus included, is left alone.
//!
//! As with the mongod, a shell holds the server and waits for its standard input to end: however the test's process goes, the
//! server is killed and its folder removed. A server that only speaks like Prometheus was rejected: what is tested against it
//! is whether we understand the real one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::{Client, eventually, port};

/// The user that a server with a password knows.
pub const USER: &str = "plimsoll";
/// That user's password.
pub const PASSWORD: &str = "a-password-of-the-tests";
/// Both, as the header `Authorization` carries them.
pub const AUTHORIZATION: &str = "Basic cGxpbXNvbGw6YS1wYXNzd29yZC1vZi10aGUtdGVzdHM=";
/// The bcrypt hash of [`PASSWORD`], of the least cost.
const HASH: &str = "$2b$04$tr50ryCQ/mb1obP9Q0dXuOkNBwj8Z3.oVvrFrEKeV5FCe1awY8..2";

const START: u64 = 60;
/// Between scrapes of a target, and between evaluations of a rule.
const INTERVAL: &str = "1s";
/// Histories of tests lie anywhere in time, and none of them may expire.
const KEPT: &str = "100y";
/// The longest blocks there may be: `promtool` reads its whole input again for each block that it writes.
const BLOCK: &str = "744h";
/// A server answers at most 11,000 points of a series at once.
const POINTS: i64 = 10_000;
/// Runs `"$@"` until standard input ends, then removes the folder `$0`.
const KEEPER: &str = r#""$@" & read -r _; kill -9 $!; wait $! 2>/dev/null; rm -rf "$0""#;

/// A server that is not started yet.
#[derive(Clone, Debug, Default)]
pub struct PrometheusSetup {
    targets: Vec<(String, String)>,
    history: Option<String>,
    rules: Option<String>,
    alertmanager: Option<Value>,
    config: Option<Value>,
    has_password: bool,
}

/// A running server. Dropping it kills it and removes all it holds.
#[derive(Debug)]
pub struct Prometheus {
    folder: PathBuf,
    port: u16,
    keeper: Child,
    client: Client,
    has_password: bool,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, its name as `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// Its values, oldest first; they may be infinite or not a number.
    pub points: Vec<(Timestamp, f64)>,
}

impl PrometheusSetup {
    /// The same, scraping `/metrics` of `address` (`host:port`) every second under the name `job`.
    #[must_use]
    pub fn scraping(mut self, job: &str, address: &str) -> Self {
        self.targets.push((job.to_owned(), address.to_owned()));
        self
    }

    /// The same with what it would hold if it had run before: `OpenMetrics` text with timestamps in seconds, that ends with
    /// `# EOF`. All of it must be older than the start of the server, if anything is scraped or recorded.
    #[must_use]
    pub fn with_history(mut self, openmetrics: &str) -> Self {
        self.history = Some(openmetrics.to_owned());
        self
    }

    /// The same with a file of rules (YAML), which are evaluated every second unless they say otherwise.
    #[must_use]
    pub fn with_rules(mut self, yaml: &str) -> Self {
        self.rules = Some(yaml.to_owned());
        self
    }

    /// The same, telling `address` (`host:port`) of alerts as if it were an Alertmanager below `prefix`, with the key `bearer`.
    /// What fires is told again every second, and is over 4 s after it was told last.
    #[must_use]
    pub fn alerting(mut self, address: &str, prefix: &str, bearer: &str) -> Self {
        self.alertmanager = Some(json!({
            "static_configs": [{"targets": [address]}],
            "path_prefix": prefix,
            "api_version": "v2",
            "authorization": {"type": "Bearer", "credentials": bearer},
        }));
        self
    }

    /// The same with this whole configuration in place of one that is made here; [`Self::with_rules`] are in `rules.yml`.
    #[must_use]
    pub fn configured(mut self, config: Value) -> Self {
        self.config = Some(config);
        self
    }

    /// The same, answering only [`USER`] with [`PASSWORD`].
    #[must_use]
    pub fn with_password(mut self) -> Self {
        self.has_password = true;
        self
    }

    /// Loads the history, starts the server and waits until it answers. What it scrapes comes a little later.
    pub async fn start(self) -> Prometheus {
        let folder = tempfile::Builder::new().prefix("plimsoll-prometheus-").tempdir().expect("a folder");
        self.write(folder.path());
        let port = port::free();
        let keeper = spawn(folder.path(), port);
        let (client, has_password) = (Client::new(&format!("http://127.0.0.1:{port}")), self.has_password);
        // From here on the keeper removes the folder.
        let server = Prometheus { folder: folder.keep(), port, keeper, client, has_password };
        let look = async || server.try_get("/-/ready").await.ok().filter(|answer| answer.status == 200);
        eventually(START, "prometheus is ready", look).await;
        server
    }

    fn write(&self, folder: &Path) {
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file in a folder of our own");
        let scrape =
            |(job, address): &(String, String)| json!({"job_name": job, "static_configs": [{"targets": [address]}]});
        // JSON is YAML.
        let config = json!({
            "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
            "alerting": {"alertmanagers": self.alertmanager.iter().collect::<Vec<_>>()},
            "rule_files": self.rules.iter().map(|_| "rules.yml").collect::<Vec<_>>(),
            "scrape_configs": self.targets.iter().map(scrape).collect::<Vec<_>>(),
        });
        write("config.yml", &self.config.as_ref().unwrap_or(&config).to_string());
        write("rules.yml", self.rules.as_deref().unwrap_or_default());
        let users = if self.has_password { json!({"basic_auth_users": {USER: HASH}}) } else { json!({}) };
        write("web.yml", &users.to_string());
        promtool(folder, &["check", "config", "config.yml"]);
        if let Some(history) = &self.history {
            write("history.om", history);
            let longest = format!("--max-block-duration={BLOCK}");
            promtool(folder, &["tsdb", "create-blocks-from", "openmetrics", &longest, "history.om", "data"]);
        }
    }
}

/// Runs it to its end in `folder`.
fn promtool(folder: &Path, arguments: &[&str]) {
    let output = Command::new("promtool").args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}; `make test` installs it with prometheus"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {}: {}", arguments.join(" "), String::from_utf8_lossy(&said));
}

fn spawn(folder: &Path, port: u16) -> Child {
    let log = File::create(folder.join("log")).expect("a log file");
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER]).arg(folder).arg("prometheus").current_dir(folder);
    command.args(["--config.file=config.yml", "--web.config.file=web.yml", "--storage.tsdb.path=data"]);
    command.arg(format!("--storage.tsdb.retention.time={KEPT}")).arg("--rules.alert.resend-delay=1s");
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("a shell starts")
}

impl Prometheus {
    /// Its address, e.g. `http://127.0.0.1:20001`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What an expression comes to at an instant: of each series one point.
    pub async fn query(&self, expression: &str, at: Timestamp) -> Vec<Series> {
        self.ask("query", &[("query", expression), ("time", &seconds(at))]).await
    }

    /// The same for an expression of one series: its value, or nothing when there is no series.
    pub async fn value(&self, expression: &str, at: Timestamp) -> Option<f64> {
        let series = self.query(expression, at).await;
        assert!(series.len() <= 1, "{expression} is more than one series: {series:?}");
        series.first().and_then(|series| series.points.first()).map(|(_, value)| *value)
    }

    /// What an expression comes to at `from` and every `step` after it, until `to`, which is included.
    pub async fn query_range(&self, expression: &str, from: Timestamp, to: Timestamp, step: Span) -> Vec<Series> {
        let mut whole: BTreeMap<BTreeMap<String, String>, Vec<(Timestamp, f64)>> = BTreeMap::new();
        let (mut start, width) = (from, format!("{}s", step.seconds()));
        while start <= to {
            let end = to.min(start.plus(Span::from_seconds(step.seconds() * (POINTS - 1))));
            let range = [("start", seconds(start)), ("end", seconds(end)), ("step", width.clone())];
            let mut parameters = vec![("query", expression)];
            parameters.extend(range.iter().map(|(name, value)| (*name, value.as_str())));
            for series in self.ask("query_range", &parameters).await {
                whole.entry(series.labels).or_default().extend(series.points);
            }
            start = start.plus(Span::from_seconds(step.seconds() * POINTS));
        }
        whole.into_iter().map(|(labels, points)| Series { labels, points }).collect()
    }

    async fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> Vec<Series> {
        let url = reqwest::Url::parse_with_params(&self.url(), parameters).expect("an address of loopback");
        let path = format!("/api/v1/{what}?{}", url.query().unwrap_or_default());
        let answer = self.try_get(&path).await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        read(&answer.ok(200)["data"])
    }

    async fn try_get(&self, path: &str) -> reqwest::Result<crate::Answer> {
        let headers: &[_] = if self.has_password { &[("authorization", AUTHORIZATION)] } else { &[] };
        self.client.try_ask("GET", path, headers, None).await
    }
}

impl Drop for Prometheus {
    #[expect(clippy::print_stderr, reason = "this is how a test shows why it failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("--- the log of prometheus at {}\n{log}---", self.url());
        }
        drop(self.keeper.stdin.take());
        // The keeper has removed the folder when it ends, unless something went wrong with it.
        let _ended = self.keeper.wait();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// Seconds since 1970 with three decimals.
fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.seconds(), at.millis().rem_euclid(1_000))
}

/// The series of an answer, whether it is a scalar, a vector or a matrix.
fn read(data: &Value) -> Vec<Series> {
    let result = &data["result"];
    if data["resultType"] == "scalar" {
        return vec![Series { labels: BTreeMap::new(), points: vec![point(result)] }];
    }
    let series = |one: &Value| {
        let labels = serde_json::from_value(one["metric"].clone()).expect("labels are strings");
        let points =
            one["values"].as_array().map_or_else(|| vec![point(&one["value"])], |all| all.iter().map(point).collect());
        Series { labels, points }
    };
    result.as_array().expect("a list of series").iter().map(series).collect()
}

/// A pair of seconds, as a number of at most three decimals, and a value in words.
fn point(pair: &Value) -> (Timestamp, f64) {
    let at = Duration::try_from_secs_f64(pair[0].as_f64().expect("seconds")).expect("a time after 1970");
    let half = Duration::from_micros(500);
    let millis = i64::try_from((at + half).as_millis()).expect("it is before the year 292000000");
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (Timestamp::from_millis(millis), value.unwrap_or_else(|| panic!("a value: {pair}")))
}
