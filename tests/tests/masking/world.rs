//! A server all of whose secrets are known, and everything that it says: to its log, its collector, its Sentry and whoever asks.

use std::sync::{Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plimsoll_tests::receivers::{Otlp, Sentry};
use plimsoll_tests::{Answer, Client, Server, Setup, eventually};
use serde_json::Value;

use crate::echo::Echo;
use crate::secrets::Secrets;

const PROJECT: u64 = 7;
/// As much as there is: the libraries that we use have their say, too.
const EVERYTHING: &str = "trace";

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) root: Client,
    pub(crate) admin: Client,
    pub(crate) secrets: Secrets,
    /// Where mail, profiles and whatever a test points there goes; it answers 400 unless it is told otherwise.
    pub(crate) echo: Echo,
    /// Whether its key is another one than what is stored was sealed with.
    pub(crate) opens_nothing: bool,
    otlp: Otlp,
    sentry: Sentry,
    /// What somebody was told, and what they had asked.
    told: Mutex<Vec<(String, String)>>,
}

impl World {
    /// With a secret in each variable that may hold one, and the tenant `acme`.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with these variables.
    pub(crate) async fn start_with(variables: &[(&str, &str)]) -> Self {
        let (secrets, echo, otlp) = (Secrets::default(), Echo::start(400), Otlp::start().await);
        let sentry = Sentry::start_for_servers().await;
        secrets.note("the key of our own DSN", &Sentry::key(PROJECT));
        let setup = with_secrets(Setup::embedded(), &secrets, &echo)
            .with("RUST_LOG", EVERYTHING)
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint())
            .with("OTEL_TRACES_SAMPLER", "always_on")
            .with("OTEL_BSP_SCHEDULE_DELAY", "200")
            .with("PLIMSOLL_TRUSTED_PROXIES", "127.0.0.0/8")
            .with("PLIMSOLL_SENTRY_DSN", &sentry.dsn(PROJECT));
        let setup = variables.iter().fold(setup, |setup, (name, value)| setup.with(name, value));
        let root_key = format!("root-{}-tail", secrets.core("the root key"));
        let server = setup.with("PLIMSOLL_ROOT_KEY", &root_key).start().await;
        let root = server.anybody().with_key(&root_key);
        let made = root.post("/tenants", &serde_json::json!({"id": "acme", "name": "Acme"})).await.ok(201);
        let key = secrets.note("the administrator's key", made["admin_key"].as_str().expect("a key"));
        let admin = root.with_key(&key);
        Self { server, root, admin, secrets, echo, opens_nothing: false, otlp, sentry, told: Mutex::default() }
    }

    /// Asks for something that may not be answered with any secret, whatever the answer is.
    pub(crate) async fn ask(&self, by: &Client, (method, path): (&str, &str), body: Option<&Value>) -> Answer {
        self.ask_with(by, (method, path), &[], body.map(Value::to_string)).await
    }

    /// The same with headers, and a body that may be anything.
    pub(crate) async fn ask_with(
        &self,
        by: &Client,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let answer = by.try_ask(method, path, headers, body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
        let mut headers = answer.headers.clone();
        // The asker's own.
        headers.remove("x-request-id");
        let id = answer.header("x-request-id");
        let body = if id.is_empty() { answer.text.clone() } else { answer.text.replace(id, "ID") };
        self.tell(&answer.asked, &format!("{headers:?}\n{body}"));
        answer
    }

    /// Reads what may hold no secret; of a server that cannot open what is sealed, some of it is an error.
    pub(crate) async fn read(&self, by: &Client, path: &str) -> Answer {
        let answer = self.ask(by, ("GET", path), None).await;
        let is_expected = answer.status == 200 || (self.opens_nothing && answer.status == 500);
        assert!(is_expected, "{}: {}", answer.asked, answer.text);
        answer
    }

    /// Keeps what somebody was told.
    pub(crate) fn tell(&self, whom: &str, words: &str) {
        self.told().push((whom.to_owned(), words.to_owned()));
    }

    fn told(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.told.lock().expect("not poisoned")
    }

    /// Reads whatever there is to be read of the tenant and of the process, ends it, and looks for every secret in all of it.
    pub(crate) async fn ends_without_a_word(mut self) {
        for path in ["/metrics", "/health", "/ready", "/openapi.json"] {
            self.read(&self.server.anybody(), path).await;
        }
        for path in [
            "/tenants/acme/audit?limit=500",
            "/tenants/acme/audit?format=csv&limit=500",
            "/observability/alerts/history/acme?limit=500",
            "/observability/alerts/dead/acme?limit=500",
            "/observability/alerts/config/acme",
            "/observability/alerts/config/acme/receivers",
            "/observability/slo/config/acme",
            "/observability/slo/status/acme",
            "/tenants/acme/components",
            "/tenants/acme/keys",
            "/tenants/acme/page",
            "/tenants/acme/page/links",
            "/tenants/acme/subscribers?limit=500",
            "/tenants/acme/notices?limit=500",
        ] {
            self.read(&self.admin, path).await;
        }
        for path in ["/audit?limit=500", "/observability/config", "/health/detailed", "/tenants"] {
            self.read(&self.root, path).await;
        }
        for arguments in
            [&["config"][..], &["config", "--format", "json"], &["config", "--format", "toml"], &["doctor"]]
        {
            let output = self.server.run(arguments);
            self.tell(&format!("{arguments:?}"), &String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
        }
        assert!(self.server.stop().await.success());
        let spans = self.otlp.spans();
        assert!(spans.iter().any(|span| span.name.starts_with("GET ")), "spans came");
        self.tell("the collector", &format!("{spans:?}"));
        for came in self.sentry.came() {
            self.tell("our Sentry", &came.json("event").to_string());
        }
        let log = self.server.log_text();
        assert!(log.contains("\"level\":\"trace\"") || log.contains("\"level\":\"debug\""), "it said what it could");
        self.tell("the log", &log);
        self.nothing_is_told();
    }

    fn nothing_is_told(&self) {
        let mut found = Vec::new();
        for (whom, words) in self.told().iter() {
            if whom == "the log" {
                // Each line by itself, so that one does not hide the others.
                let lines = words.lines().flat_map(|line| self.secrets.found_in(line));
                found.extend(lines.map(|secret| format!("the log: {secret}")));
            } else {
                found.extend(self.secrets.found_in(words).into_iter().map(|secret| format!("{whom}: {secret}")));
            }
        }
        assert!(found.is_empty(), "{} secrets are told:\n{}", found.len(), found.join("\n"));
    }

    /// Waits until our Sentry was told of an error.
    pub(crate) async fn until_an_error_is_sent(&self) {
        eventually(20, "an error is sent", async || (!self.sentry.came().is_empty()).then_some(())).await;
    }
}

/// The variables that may hold a secret, each with one.
pub(crate) fn with_secrets(setup: Setup, secrets: &Secrets, echo: &Echo) -> Setup {
    let sealing = |what: &str| {
        let core = secrets.core(what);
        let bytes: [u8; 32] = format!("{core}--32byte").into_bytes().try_into().expect("32 bytes");
        STANDARD.encode(bytes)
    };
    let previous = [sealing("a previous secret key"), sealing("another previous secret key")].join(",");
    let (smtp, pyroscope) = (secrets.core("the password for mail"), secrets.core("the password for profiles"));
    setup
        .with("PLIMSOLL_SECRET_KEY", &sealing("the secret key"))
        .with("PLIMSOLL_SECRET_KEY_PREVIOUS", &previous)
        .with("PLIMSOLL_SMTP_URL", &format!("smtp://post%40example.com:{smtp}%22%2F@{}", echo.address()))
        .with("PLIMSOLL_PYROSCOPE_URL", &format!("http://pusher:{pyroscope}%22@{}/base", echo.address()))
        .with("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-otlp-key={}%2C%22", secrets.core("the collector's key")))
}
