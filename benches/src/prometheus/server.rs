//! The server: Debian's, with its usual settings, in a folder and on a port of its own. It starts without rules, which are
//! given to it later.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::server::Server;
use crate::{http, process};

/// Beyond the month that is loaded, so that nothing of it goes.
const KEPT: &str = "60d";
const PATIENCE: Duration = Duration::from_secs(30);
const RULES: &str = "rules.json";

/// A running Prometheus. It is killed when this is dropped.
pub(crate) struct Prometheus<'a> {
    folder: &'a Path,
    server: Server,
}

/// What it says of its rules, summed over all groups.
#[derive(Debug, Default)]
pub(crate) struct Evaluations {
    /// The server's version.
    pub(crate) version: String,
    pub(crate) groups: u32,
    /// Seconds that the last evaluation of every group took.
    pub(crate) seconds: f64,
    pub(crate) cycles: f64,
    pub(crate) missed: f64,
    pub(crate) failed: f64,
}

impl<'a> Prometheus<'a> {
    /// Starts it over the blocks in `folder/data`, scraping `target` once in `scrape` seconds.
    pub(crate) fn start(folder: &'a Path, target: &str, scrape: i64, evaluation: i64) -> anyhow::Result<Self> {
        let config = json!({
            "global": {"scrape_interval": format!("{scrape}s"), "evaluation_interval": format!("{evaluation}s")},
            "rule_files": [folder.join(RULES)],
            "scrape_configs": [
                {"job_name": "services", "honor_labels": true, "static_configs": [{"targets": [target]}]}
            ],
        });
        fs::write(folder.join("config.json"), config.to_string())?;
        fs::write(folder.join(RULES), json!({"groups": []}).to_string())?;
        let address = format!("127.0.0.1:{}", plimsoll_tests::port::free());
        let mut command = Command::new("prometheus");
        let options = [
            ("config.file", folder.join("config.json").display().to_string()),
            ("storage.tsdb.path", folder.join("data").display().to_string()),
            ("storage.tsdb.retention.time", KEPT.to_owned()),
            ("web.listen-address", address.clone()),
            ("log.level", "warn".to_owned()),
        ];
        command.args(options.map(|(name, value)| format!("--{name}={value}")));
        command.arg("--web.enable-lifecycle").current_dir(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.join("log"))?);
        let server = Server::wait_for(command, address, "/-/ready").with_context(|| {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            format!("prometheus (Debian package prometheus) did not start:\n{log}")
        })?;
        Ok(Self { folder, server })
    }

    /// Gives it rules, which it begins to evaluate within one interval.
    pub(crate) fn evaluate(&self, rules: &Value) -> anyhow::Result<()> {
        fs::write(self.folder.join(RULES), rules.to_string())?;
        let reload = b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
        let answer = http::Connection::open(&self.server.address)?.ask(reload)?;
        ensure!(answer.status == 200, "the rules are refused: {}", String::from_utf8_lossy(&answer.body));
        Ok(())
    }

    /// Processor seconds that it has used.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(self.server.pid())
    }

    /// Its resident memory.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        Ok(process::memory_mib(self.server.pid())?.0)
    }

    /// What it has counted of its rules.
    pub(crate) fn evaluations(&self) -> anyhow::Result<Evaluations> {
        let mut sums = Evaluations::default();
        for line in self.metrics()?.lines() {
            let Some(((name, labels), (_, value))) = line.split_once('{').zip(line.rsplit_once(' ')) else { continue };
            let sum = match name {
                "prometheus_build_info" => {
                    let version = labels.split_once(",version=\"").and_then(|(_, rest)| rest.split('"').next());
                    version.unwrap_or_default().clone_into(&mut sums.version);
                    continue;
                }
                "prometheus_rule_group_last_duration_seconds" => &mut sums.seconds,
                "prometheus_rule_group_iterations_total" => &mut sums.cycles,
                "prometheus_rule_group_iterations_missed_total" => &mut sums.missed,
                "prometheus_rule_evaluation_failures_total" => &mut sums.failed,
                _ => continue,
            };
            *sum += value.parse::<f64>()?;
            sums.groups += u32::from(name == "prometheus_rule_group_iterations_total");
        }
        Ok(sums)
    }

    /// How many series there are now of those whose name matches.
    pub(crate) fn series_named(&self, matching: &str) -> anyhow::Result<usize> {
        let path = format!("/api/v1/query?query=count(%7B__name__=~%22{matching}%22%7D)");
        let answer: Value = serde_json::from_slice(&http::read(&self.server.address, &path, "")?.body)?;
        let count = answer.pointer("/data/result/0/value/1").and_then(Value::as_str);
        Ok(count.unwrap_or("0").parse()?)
    }

    /// Asked in the older way: a body of megabytes then comes in one piece.
    fn metrics(&self) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(&self.server.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        ensure!(text.starts_with("HTTP/1.0 200"), "/metrics: {}", text.lines().next().unwrap_or_default());
        Ok(text)
    }
}
