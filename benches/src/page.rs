//! The status page under load, and a bare handler with the same bytes in turns with it. The server has one core and the
//! load the other.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use plimsoll_domain::time::{Clock, Span, Tick};
use plimsoll_runtime::system_clock::SystemClock;

use crate::cores::{self, on_core};
use crate::fleet::{Fleet, INTERVAL, SetClock, ticker};
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};
use crate::{history, http, peer, process};

const PATH: &str = "/s/tenant-0";
const CONNECTIONS: &str = "64";
const WARM_UP: &str = "1s";
const ROUND: &str = "4s";
const GOAL: f64 = 0.8;

/// Loads the page of a tenant with five components and ninety days.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    progress("page: a tenant with five components and ninety days");
    let folder = tempfile::tempdir()?;
    write_history(&folder.path().join("data")).await?;
    let ours = Server::start(folder.path(), &embedded(folder.path()), Some(cores::SERVER))?;
    let mut table = Table::new(format!(
        "Status page: overview of five components with 90 days; server on one core, wrk with {CONNECTIONS} connections on \
         the other; log line, metrics, request id and ETag in place; medians of {rounds}"
    ));
    for (encoding, header) in [("br", "Accept-Encoding: br\r\n"), ("identity", "")] {
        let answer = http::read(&ours.address, PATH, header)?;
        ensure!(
            String::from_utf8_lossy(&http::read(&ours.address, PATH, "")?.body).contains("tenant-0"),
            "not the page"
        );
        let same = start_peer(folder.path(), &answer)?;
        let bytes = answer.body.len();
        let (mut loads, mut beside) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            progress(&format!("page: {encoding}, {bytes} bytes, round {round} of {rounds}"));
            loads.push(load(&ours, header)?);
            beside.push(load(&same, header)?);
        }
        rows(&mut table, &format!("{encoding}, {bytes} bytes"), &loads, &beside);
    }
    Ok(table)
}

async fn write_history(folder: &Path) -> anyhow::Result<()> {
    let uri = format!("embedded:{}", folder.display());
    let store = plimsoll_store::open(&plimsoll_store::OpenOptions { uri }).await?;
    let fleet = Fleet { tenants: 1, components: 5 };
    let end = Tick::containing(SystemClock.now(), INTERVAL);
    let begin = Tick::containing(end.start().minus(Span::days(90)), INTERVAL);
    fleet.create(store.as_ref(), begin.start()).await?;
    ticker(&store, &SetClock::at(begin.start())).run(begin).await?;
    history::fill(store.as_ref(), &fleet, begin..end).await?;
    ticker(&store, &SetClock::at(end.start())).run(end).await?;
    store.close().await;
    Ok(())
}

fn rows(table: &mut Table, what: &str, loads: &[Load], beside: &[Load]) {
    let of = |loads: &[Load], figure: fn(&Load) -> f64| median(loads.iter().map(figure).collect());
    let both = |figure: fn(&Load) -> f64| (of(loads, figure), of(beside, figure));
    let (ours, peer) = both(|load| load.rate);
    let row = Row::new(format!("requests per second, {what}"), format!("{ours:.0}"));
    table.push(row.beside(format!("bare axum {peer:.0}"), ours / peer).goal("≥ 0.8 of it", ours / peer >= GOAL));
    let (ours, peer) = both(|load| load.p99);
    let row = Row::new(format!("99th percentile, {what}"), format!("{ours:.2} ms"));
    table.push(row.beside(format!("bare axum {peer:.2} ms"), ours / peer));
    let (ours, peer) = both(|load| load.cpu);
    let row = Row::new(format!("processor of a request, {what}"), format!("{ours:.1} µs"));
    table.push(row.beside(format!("bare axum {peer:.1} µs"), ours / peer));
}

/// What both servers write by themselves is left out of what the peer is told.
fn start_peer(folder: &Path, answer: &http::Answer) -> anyhow::Result<Server> {
    let (headers, body) = (folder.join("headers"), folder.join("body"));
    let lines = answer.headers.iter().filter(|(name, _)| name != "date" && name != "content-length");
    fs::write(&headers, lines.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n"))?;
    fs::write(&body, &answer.body)?;
    let address = format!("127.0.0.1:{}", plimsoll_tests::port::free());
    let mut command = on_core(Some(cores::SERVER), &std::env::current_exe()?);
    command.args([peer::MODE, &address, PATH]).args([headers, body]).stdin(Stdio::null());
    let server = Server::wait_for(command, address, PATH)?;
    let same = http::read(&server.address, PATH, "")?;
    let size = |answer: &http::Answer| answer.headers.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>();
    ensure!(same.body == answer.body && size(&same) == size(answer), "the peer does not answer the same");
    Ok(server)
}

/// What one round of load came to.
struct Load {
    /// Requests per second.
    rate: f64,
    /// 99th percentile in ms.
    p99: f64,
    /// Processor time of the server for a request, in µs.
    cpu: f64,
}

fn load(server: &Server, header: &str) -> anyhow::Result<Load> {
    let url = format!("http://{}{PATH}", server.address);
    let run = |seconds: &str| {
        let mut wrk = on_core(Some(cores::LOAD), Path::new("wrk"));
        wrk.args(["--threads", "1", "--connections", CONNECTIONS, "--duration", seconds, "--latency"]);
        if !header.is_empty() {
            wrk.args(["--header", header.trim_end()]);
        }
        said_by(wrk.arg(&url))
    };
    run(WARM_UP)?;
    let before = process::cpu_seconds(server.pid())?;
    let text = run(ROUND)?;
    let used = process::cpu_seconds(server.pid())? - before;
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
