//! How long a scrape takes where there is much to tell: a thousand tenants, each with SLOs over all windows and with requests
//! of its own. Asked over HTTP as a scraper asks, by a connection for each scrape, plain and compressed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use plimsoll_domain::sample::ticks_between;
use plimsoll_domain::slo::{Objective, SliKind, Slo, SloConfig};
use plimsoll_domain::time::{Clock, Span, Tick};
use plimsoll_runtime::system_clock::SystemClock;
use plimsoll_store::{OpenOptions, SeriesRecord};
use tempfile::TempDir;

use crate::cores;
use crate::fleet::{Fleet, INTERVAL, SetClock, sample, ticker};
use crate::http::{Connection, get};
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};

const FLEET: Fleet = Fleet { tenants: 1_000, components: 1 };
/// The windows of burn rates that each SLO has at least.
const WINDOWS: usize = 6;
const NAMES: [&str; 3] = ["availability", "latency_p95", "latency_p99"];
const SCRAPES: usize = 50;
const GOAL_MS: f64 = 50.0;
const A_TICK: Duration = Duration::from_secs(130);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Scrapes a server that has ticked.
pub(crate) async fn measure() -> anyhow::Result<Table> {
    progress(&format!("metrics: {} tenants with {} SLOs each", FLEET.tenants, NAMES.len()));
    let folder = tempfile::tempdir()?;
    let keys = write(&folder).await?;
    let server = Server::start(folder.path(), &embedded(folder.path()), Some(cores::SERVER))?;
    let mut connection = Connection::open(&server.address)?;
    for (tenant, key) in FLEET.tenant_ids().iter().zip(&keys) {
        let asked = get(&format!("/tenants/{tenant}/components"), &format!("Authorization: Bearer {key}\r\n"));
        ensure!(connection.ask(&asked)?.status == 200, "{tenant} was refused");
    }
    progress("metrics: waiting for a tick");
    wait_for_tick(&server.address).await?;
    let mut table = Table::new(format!(
        "Metrics: a scrape of {} tenants with {} SLOs each, the server on one core; medians of {SCRAPES}",
        FLEET.tenants,
        NAMES.len()
    ));
    for (name, header) in [("plain", ""), ("gzip", "Accept-Encoding: gzip\r\n")] {
        rows(&mut table, name, header, &server.address)?;
    }
    Ok(table)
}

/// Everything that the server finds when it starts; the tenants' keys.
async fn write(folder: &TempDir) -> anyhow::Result<Vec<String>> {
    let store = plimsoll_store::open(&OpenOptions { uri: embedded(folder.path()) }).await?;
    let end = Tick::containing(SystemClock.now(), INTERVAL);
    let begin = Tick::containing(end.start().minus(Span::minutes(10)), INTERVAL);
    let keys = FLEET.create(store.as_ref(), begin.start()).await?;
    let slo = |name: &str| -> anyhow::Result<Slo> {
        Ok(Slo::new(name.parse().map_err(anyhow::Error::msg)?, SliKind::Availability, Objective::THREE_NINES))
    };
    let config = SloConfig { version: 1, objectives: NAMES.into_iter().map(slo).collect::<anyhow::Result<_>>()? };
    try_join_all(FLEET.tenant_ids().iter().map(|tenant| store.put_slo_config(tenant, &config))).await?;
    ticker(&store, &SetClock::at(begin.start())).run(begin).await?;
    let ticks: Vec<_> = ticks_between(begin, end, INTERVAL).collect();
    let of = |(number, tenant, component): (i64, _, _)| {
        SeriesRecord::of_component(&tenant, &component, ticks.iter().map(|tick| sample(number, *tick)).collect())
    };
    store.record_samples(&FLEET.series().into_iter().map(of).collect::<Vec<_>>()).await?;
    store.close().await;
    Ok(keys)
}

async fn wait_for_tick(address: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let text = String::from_utf8(scrape(address, "")?)?;
        // One of the places is the tenant's that watches Plimsoll itself.
        if text.matches("\nplimsoll_slo_burn_rate{").count() >= (FLEET.tenants - 1) * NAMES.len() * WINDOWS {
            let counted = text.matches("\nplimsoll_tenant_api_requests_total{").count();
            ensure!(counted >= FLEET.tenants, "requests of {counted} tenants were counted");
            return Ok(());
        }
        ensure!(started.elapsed() < A_TICK, "no tick measured everything");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn rows(table: &mut Table, name: &str, header: &str, address: &str) -> anyhow::Result<()> {
    let (mut took, mut bytes) = (Vec::with_capacity(SCRAPES), 0);
    for _ in 0..SCRAPES {
        let started = Instant::now();
        bytes = scrape(address, header)?.len();
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let longest = took.iter().copied().fold(0.0, f64::max);
    let middle = median(took);
    let size = format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20));
    let row = Row::new(format!("a scrape, {name}, {size}"), format!("{middle:.1} ms"));
    table.push(row.goal("< 50 ms", middle < GOAL_MS));
    table.push(Row::new(format!("the longest of them, {name}"), format!("{longest:.1} ms")));
    Ok(())
}

/// The body that a scrape is answered with. By HTTP/1.0 it ends with the connection, also where its length is not known when
/// it begins.
fn scrape(address: &str, header: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nHost: localhost\r\n{header}\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").context("an answer without an end of its head")?;
    ensure!(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"), "not a 200");
    Ok(answer.split_off(end + 4))
}
