//! wrk, which sends one envelope over and over on connections that are kept.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::ORIGIN;
use crate::cores::{self, installed, on_core};

/// What wrk counted.
#[derive(Deserialize)]
pub(super) struct Said {
    /// That were answered.
    requests: u64,
    pub(super) seconds: f64,
    p50_us: f64,
    p99_us: f64,
    /// Answers of 400 and above.
    refused: u64,
    /// Connections that failed, and answers that did not come in time.
    broken: u64,
}

impl Said {
    pub(super) const fn taken(&self) -> u64 {
        self.requests - self.refused
    }

    pub(super) const fn errors(&self) -> u64 {
        self.refused + self.broken
    }

    /// A second.
    pub(super) fn rate(&self) -> f64 {
        self.taken() as f64 / self.seconds
    }

    pub(super) const fn p50_ms(&self) -> f64 {
        self.p50_us / 1e3
    }

    pub(super) const fn p99_ms(&self) -> f64 {
        self.p99_us / 1e3
    }
}

/// Writes the script that sends `envelope`, and the envelope, into `folder`.
pub(super) fn prepare(folder: &Path, envelope: &[u8]) -> anyhow::Result<()> {
    let (file, script) = (folder.join("envelope"), folder.join("send.lua"));
    fs::write(&file, envelope)?;
    // The answers are not looked at one by one, which would take the processor from what is measured: wrk counts those
    // of 400 and above by itself, and the upstream counts what arrives.
    let text = format!(
        r#"
local file = assert(io.open([[{}]], "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/x-sentry-envelope"
wrk.headers["Origin"] = "{ORIGIN}"
file:close()

function done(summary, latency, requests)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '{{"requests":%d,"seconds":%f,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), errors.status, broken))
end
"#,
        file.display()
    );
    Ok(fs::write(script, text)?)
}

/// Sends what was prepared in `folder` to `url` for so long.
pub(super) fn send(folder: &Path, url: &str, connections: usize, seconds: u32) -> anyhow::Result<Said> {
    let mut wrk = on_core(Some(cores::LOAD), &installed("wrk", "wrk")?);
    wrk.args(["--threads", "1", "--connections", &connections.to_string(), "--duration", &format!("{seconds}s")]);
    wrk.args(["--timeout", "10s", "--latency", "--script"]).arg(folder.join("send.lua")).arg(url);
    let output = wrk.output().context("wrk cannot be started")?;
    let text = String::from_utf8(output.stdout)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "wrk ended with {}: {errors}", output.status);
    let line = text.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_default()).with_context(|| format!("wrk said:\n{text}\n{errors}"))
}
