//! How soon a new installation answers, and what it takes while nothing happens.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::server::{Server, program};
use crate::table::{Row, Table, median, progress};
use crate::{http, process};

const STARTS: usize = 5;
const TICKS: f64 = 2.0;
const TWO_TICKS: Duration = Duration::from_secs(130);
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const START_GOAL_SECONDS: f64 = 1.0;
const MEMORY_GOAL_MIB: f64 = 100.0;

/// Starts the program on empty folders, and lets the last of them tick.
pub(crate) async fn measure() -> anyhow::Result<Table> {
    progress("start: five cold starts, then two ticks of a minute");
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..STARTS {
        drop(last.take());
        let folder = tempfile::tempdir()?;
        let server = Server::start(folder.path(), &embedded(folder.path()), None)?;
        seconds.push(server.took.as_secs_f64());
        last = Some((server, folder));
    }
    let mut table = Table::new("Start: the release binary, default settings, an empty folder");
    let start = median(seconds);
    let row = Row::new("cold start to the first 200 of /ready (median of five)", format!("{:.0} ms", start * 1e3));
    table.push(row.goal("< 1 s", start < START_GOAL_SECONDS));
    if let Some((server, _folder)) = &last {
        wait_for_ticks(server).await?;
        let (now, peak) = process::memory_mib(server.pid())?;
        let row = Row::new("memory after two ticks, nobody asking", format!("{now:.0} MiB"));
        table.push(row.goal("< 100 MiB", now < MEMORY_GOAL_MIB));
        let row = Row::new("the same at its highest", format!("{peak:.0} MiB"));
        table.push(row.goal("< 100 MiB", peak < MEMORY_GOAL_MIB));
    }
    let mib = program()?.metadata()?.len() as f64 / f64::from(1 << 20);
    table.push(Row::new("size of the binary", format!("{mib:.1} MiB")));
    Ok(table)
}

/// The address of an embedded store in `folder`.
pub(crate) fn embedded(folder: &std::path::Path) -> String {
    format!("embedded:{}", folder.join("data").display())
}

async fn wait_for_ticks(server: &Server) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let text = http::read(&server.address, "/metrics", "")?.body;
        let text = String::from_utf8(text)?;
        let count = text.lines().find_map(|line| line.strip_prefix("plimsoll_tick_duration_seconds_count "));
        if count.and_then(|count| count.parse::<f64>().ok()).is_some_and(|count| count >= TICKS) {
            return Ok(());
        }
        ensure!(started.elapsed() < TWO_TICKS, "two ticks did not come");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
