//! The status page under load, in turns with nginx that serves the same bytes as a file and with a bare handler that has
//! them in memory; and how long a change takes to be seen. The server has one core and the load the other.

mod change;
pub(crate) mod wrk;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::ensure;
use plimsoll_domain::time::{Clock, Span, Tick};
use plimsoll_runtime::system_clock::SystemClock;
use tempfile::TempDir;

use self::wrk::Load;
use crate::cores::{self, on_core};
use crate::fleet::{Fleet, INTERVAL, SetClock, ticker};
use crate::nginx::Nginx;
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};
use crate::{history, http, peer};

const PATH: &str = "/s/tenant-0";
const COMPONENTS: usize = 50;
const NGINX: &str = include_str!("nginx.conf");

/// Loads the page of a tenant with fifty components and ninety days.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    progress(&format!("page: a tenant with {COMPONENTS} components and ninety days"));
    let folder = tempfile::tempdir()?;
    write_history(&folder.path().join("data")).await?;
    let ours = Server::start_with(folder.path(), &embedded(folder.path()), Some(cores::SERVER), &change::VARIABLES)?;
    let mut table = Table::new(format!(
        "Status page: overview of {COMPONENTS} components with 90 days; server on one core, wrk with {} connections on the \
         other; log line, metrics, request id and ETag in place; medians of {rounds}",
        wrk::CONNECTIONS
    ));
    for (encoding, header) in [("br", "Accept-Encoding: br\r\n"), ("gzip", "Accept-Encoding: gzip\r\n")] {
        let answer = http::read(&ours.address, PATH, header)?;
        let plain = http::read(&ours.address, PATH, "")?;
        ensure!(String::from_utf8_lossy(&plain.body).contains("tenant-0"), "not the page");
        let (nginx, bare) = (start_nginx(&answer)?, start_bare(folder.path(), &answer)?);
        let (mut loads, mut of_nginx, mut of_bare) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=rounds {
            progress(&format!("page: {encoding}, {} bytes, round {round} of {rounds}", answer.body.len()));
            loads.push(wrk::load(&ours, PATH, header)?);
            of_nginx.push(wrk::load(&nginx.1.server, PATH, header)?);
            of_bare.push(wrk::load(&bare, PATH, header)?);
        }
        let what = format!("{encoding}, {} of {} bytes", answer.body.len(), plain.body.len());
        rows(&mut table, &what, &loads, &[("nginx, as a file", &of_nginx, true), ("bare axum", &of_bare, false)]);
    }
    change::rows(&mut table, &ours)?;
    Ok(table)
}

async fn write_history(folder: &Path) -> anyhow::Result<()> {
    let uri = format!("embedded:{}", folder.display());
    let store = plimsoll_store::open(&plimsoll_store::OpenOptions { uri }).await?;
    let fleet = Fleet { tenants: 1, components: COMPONENTS };
    let end = Tick::containing(SystemClock.now(), INTERVAL);
    let begin = Tick::containing(end.start().minus(Span::days(90)), INTERVAL);
    fleet.create(store.as_ref(), begin.start()).await?;
    ticker(&store, &SetClock::at(begin.start())).run(begin).await?;
    history::fill(store.as_ref(), &fleet, begin..end).await?;
    ticker(&store, &SetClock::at(end.start())).run(end).await?;
    store.close().await;
    Ok(())
}

fn rows(table: &mut Table, what: &str, loads: &[Load], beside: &[(&str, &[Load], bool)]) {
    let of = |loads: &[Load], figure: fn(&Load) -> f64| median(loads.iter().map(figure).collect());
    for (name, theirs, is_goal) in beside {
        let both = |figure: fn(&Load) -> f64| (of(loads, figure), of(theirs, figure));
        let goal = |row: Row, goal: &str, met: bool| if *is_goal { row.goal(goal, met) } else { row };
        let (ours, peer) = both(|load| load.rate);
        let row = Row::new(format!("requests per second, {what}"), format!("{ours:.0}"));
        let row = row.beside(format!("{name} {peer:.0}"), ours / peer);
        table.push(goal(row, "≥ 1.0 of it", ours >= peer));
        let (ours, peer) = both(|load| load.p99);
        let row = Row::new(format!("99th percentile, {what}"), format!("{ours:.2} ms"));
        let row = row.beside(format!("{name} {peer:.2} ms"), ours / peer);
        table.push(goal(row, "≤ its", ours <= peer));
        let (ours, peer) = both(|load| load.cpu);
        let row = Row::new(format!("processor of a request, {what}"), format!("{ours:.1} µs"));
        table.push(row.beside(format!("{name} {peer:.1} µs"), ours / peer));
    }
}

/// The same bytes under the same headers, as a file.
fn start_nginx(answer: &http::Answer) -> anyhow::Result<(TempDir, Nginx)> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("page"), &answer.body)?;
    let own = ["date", "content-length", "etag", "last-modified", "content-type", "accept-ranges"];
    let kept = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let lines: Vec<_> = kept.map(|(name, value)| format!("add_header {name} \"{value}\";")).collect();
    let lines = lines.join("\n");
    let nginx = Nginx::start(folder.path(), &NGINX.replace("@PATH@", PATH).replace("@HEADERS@", &lines))?;
    let same = http::read(&nginx.server.address, PATH, "")?;
    ensure!(same.body == answer.body, "nginx does not answer the same");
    Ok((folder, nginx))
}

/// What both servers write by themselves is left out of what the peer is told.
fn start_bare(folder: &Path, answer: &http::Answer) -> anyhow::Result<Server> {
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
