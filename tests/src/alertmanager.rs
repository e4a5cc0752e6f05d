//! A real Alertmanager for tests: on free ports of loopback, in a folder of its own, held by a shell as the Prometheus is.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::{Client, eventually, port};

const START: u64 = 60;
/// Runs `"$@"` until standard input ends, then removes the folder `$0`.
const KEEPER: &str = r#""$@" & read -r _; kill -9 $!; wait $! 2>/dev/null; rm -rf "$0""#;

/// A running server that tells one webhook of everything. Dropping it kills it and removes all it holds.
#[derive(Debug)]
pub struct Alertmanager {
    folder: PathBuf,
    port: u16,
    keeper: Child,
    client: Client,
}

impl Alertmanager {
    /// Starts one that tells `webhook`, with the key `bearer`, of what fires every second. What is not told to it again is
    /// over after `resolve_timeout`, e.g. `4s`.
    pub async fn start(webhook: &str, bearer: &str, resolve_timeout: &str) -> Self {
        let authorization = json!({"type": "Bearer", "credentials": bearer});
        let hook = json!({"url": webhook, "send_resolved": true, "http_config": {"authorization": authorization}});
        // JSON is YAML.
        let config = json!({
            "global": {"resolve_timeout": resolve_timeout},
            "route": {
                "receiver": "plimsoll", "group_by": ["alertname"],
                "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s",
            },
            "receivers": [{"name": "plimsoll", "webhook_configs": [hook]}],
        });
        Self::configured(&config).await
    }

    /// Starts one with this configuration.
    pub async fn configured(config: &Value) -> Self {
        let folder = tempfile::Builder::new().prefix("plimsoll-alertmanager-").tempdir().expect("a folder").keep();
        fs::write(folder.join("config.yml"), config.to_string()).expect("a file in a folder of our own");
        let port = port::free();
        let log = File::create(folder.join("log")).expect("a log file");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).arg(&folder).arg("prometheus-alertmanager").current_dir(&folder);
        command.args(["--config.file=config.yml", "--storage.path=data", "--cluster.listen-address="]);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let keeper = command.spawn().expect("a shell starts");
        let server = Self { folder, port, keeper, client: Client::new(&format!("http://127.0.0.1:{port}")) };
        let look = async || {
            let answer = server.client.try_ask("GET", "/-/ready", &[], None).await;
            answer.ok().filter(|answer| answer.status == 200)
        };
        eventually(START, "alertmanager is ready", look).await;
        server
    }

    /// Its `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Tells it that these fire.
    pub async fn post(&self, alerts: &Value) {
        self.client.post("/api/v2/alerts", alerts).await.ok(200);
    }
}

impl Drop for Alertmanager {
    #[expect(clippy::print_stderr, reason = "this is how a test shows why it failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("--- the log of alertmanager\n{log}---");
        }
        drop(self.keeper.stdin.take());
        // The keeper has removed the folder when it ends, unless something went wrong with it.
        let _ended = self.keeper.wait();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}
