//! wrk, which reads one page over and over on connections that are kept.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::cores::{self, on_core};
use crate::process;
use crate::server::Server;

pub(crate) const CONNECTIONS: &str = "64";
const WARM_UP: &str = "1s";
const ROUND: &str = "4s";

/// What one round of load came to.
pub(crate) struct Load {
    /// Requests per second.
    pub(crate) rate: f64,
    /// 99th percentile in ms.
    pub(crate) p99: f64,
    /// Processor time of the server for a request, in µs.
    pub(crate) cpu: f64,
}

/// Reads `path` of `server` with this further header line for some seconds.
pub(super) fn load(server: &Server, path: &str, header: &str) -> anyhow::Result<Load> {
    load_for(server, path, header, ROUND)
}

/// The same for so long, such as `4s`.
pub(crate) fn load_for(server: &Server, path: &str, header: &str, round: &str) -> anyhow::Result<Load> {
    let url = format!("http://{}{path}", server.address);
    let run = |seconds: &str| {
        let mut wrk = on_core(Some(cores::LOAD), Path::new("wrk"));
        wrk.args(["--threads", "1", "--connections", CONNECTIONS, "--duration", seconds, "--latency"]);
        if !header.is_empty() {
            wrk.args(["--header", header.trim_end()]);
        }
        said_by(wrk.arg(&url))
    };
    run(WARM_UP)?;
    let family = process::family(server.pid())?;
    let cpu = || family.iter().map(|pid| process::cpu_seconds(*pid)).sum::<anyhow::Result<f64>>();
    let before = cpu()?;
    let text = run(round)?;
    let used = cpu()? - before;
    ensure!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "requests failed:\n{text}");
    let after = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
    let requests = text.lines().find_map(|line| line.trim().split_once(" requests in "));
    let said = || format!("wrk said:\n{text}");
    Ok(Load {
        rate: number(after("Requests/sec:")).with_context(said)?,
        p99: after("99%").and_then(milliseconds).with_context(said)?,
        cpu: used / number(requests.map(|(count, _)| count)).with_context(said)? * 1e6,
    })
}

fn said_by(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("wrk (Debian package wrk) cannot be started")?;
    ensure!(output.status.success(), "wrk ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
    units.iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}
