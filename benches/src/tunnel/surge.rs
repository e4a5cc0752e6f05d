//! A thousand uploads at once, each of which stops halfway until all of them have come so far: how much memory that takes.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::peer::Running;
use super::{ORIGIN, Sink};
use crate::cores::{self, Pinned};
use crate::process;

/// Uploads at once.
pub(super) const UPLOADS: usize = 1_000;
/// How long all of them stay where they are: long enough for the halves to have gone as far as they go.
const PAUSE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_mins(1);
/// Files that this process and the upstream need.
const FILES: u64 = 4_096;

/// What came of it.
pub(super) struct Surge {
    pub(super) sent: usize,
    /// Answered with 200.
    pub(super) taken: usize,
    /// At the upstream, whole.
    pub(super) arrived: u64,
    /// Memory while all wait halfway, the most of all rounds, and at its highest.
    pub(super) held_mib: f64,
    pub(super) peak_mib: f64,
}

/// Uploads `envelope` to `ours` by so many connections at once, `rounds` times.
pub(super) async fn run(ours: &Running, sink: &Sink, envelope: &[u8], rounds: usize) -> anyhow::Result<Surge> {
    let _pinned = Pinned::to(cores::LOAD)?;
    let request = request(ours.path, envelope);
    let (pid, before) = (ours.server().pid(), sink.counts()?);
    let mut surge = Surge { sent: 0, taken: 0, arrived: 0, held_mib: 0.0, peak_mib: 0.0 };
    for _ in 0..rounds {
        let (first, rest) = request.split_at(request.len() / 2);
        let begun = join_all((0..UPLOADS).map(|_| within(begin(&ours.server().address, first)))).await;
        sleep(PAUSE).await;
        surge.held_mib = surge.held_mib.max(process::memory_mib(pid)?.0);
        let finished = begun.into_iter().map(async |begun| within(finish(begun?, rest)).await);
        let statuses = join_all(finished).await;
        surge.sent += UPLOADS;
        surge.taken += statuses.iter().filter(|status| matches!(status, Ok(200))).count();
    }
    let after = sink.counts()?;
    ensure!(
        after.bytes - before.bytes == (after.requests - before.requests) * envelope.len() as u64,
        "bytes were lost"
    );
    (surge.arrived, surge.peak_mib) = (after.requests - before.requests, process::memory_mib(pid)?.1);
    Ok(surge)
}

fn request(path: &str, envelope: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {ORIGIN}\r\nConnection: close\r\n\
         Content-Type: application/x-sentry-envelope\r\nContent-Length: {}\r\n\r\n",
        envelope.len()
    );
    [head.as_bytes(), envelope].concat()
}

async fn begin(address: &str, first: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(first).await?;
    Ok(stream)
}

/// The status that is answered with.
async fn finish(mut stream: TcpStream, rest: &[u8]) -> anyhow::Result<u16> {
    stream.write_all(rest).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = String::from_utf8_lossy(&answer);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status line")
}

async fn within<T>(step: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    timeout(PATIENCE, step).await.context("it took too long")?
}

/// Makes room for all connections where the system allows that and did not give it: here, and in what is started later.
pub(super) fn allow_files() -> anyhow::Result<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit of files")?;
    let soft = files.split_whitespace().next().unwrap_or_default();
    if soft.parse().is_ok_and(|soft: u64| soft < FILES) {
        let (process, limit) = (std::process::id().to_string(), format!("--nofile={FILES}:"));
        let raised = Command::new("prlimit").args(["--pid", &process, &limit]).output().context("prlimit")?;
        ensure!(raised.status.success(), "{UPLOADS} uploads at once need {FILES} open files (ulimit -n)");
    }
    Ok(())
}
