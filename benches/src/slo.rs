//! Measuring many SLOs: a tick over 1,000, 10,000 and 30,000 of them on each store, and beside it what Prometheus takes to
//! evaluate as many objectives as recording rules.
//!
//! Each SLO is of one component, over 30 days, with all its windows. Behind it lie the stretches that such an SLO reads,
//! which are the edges of its windows: that the months between cost nothing is what the part `tick` shows, on all of them.

use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use plimsoll_domain::ids::SloType;
use plimsoll_domain::slo::{Objective, Scope, SliKind, Slo, SloConfig};
use plimsoll_domain::time::{Span, Tick, Timestamp};
use plimsoll_store::{OpenOptions, Store};
use plimsoll_tests::mongod::Mongod;
use serde_json::Value;

use crate::fleet::{Fleet, INTERVAL, SetClock, ticker};
use crate::history;
use crate::prometheus::{self, PrometheusFigures, RULES};
use crate::slo_ticks;
use crate::table::{Row, Table, median, progress};

/// Components, and SLOs, of each tenant.
const EACH: usize = 10;
const NUMBERS: [usize; 3] = [1_000, 10_000, 30_000];
/// In the middle of an hour.
const START: &str = "2026-11-01T12:30:00Z";
/// How far back stretches of history lie, and how long they are.
const STRETCHES: [(Span, Span); 4] = [
    (Span::days(30), Span::hours(3)),
    (Span::days(3), Span::hours(3)),
    (Span::days(1), Span::hours(3)),
    (Span::hours(8), Span::hours(8)),
];
/// How fast the cost may grow: as some power of the number of SLOs.
const EXPONENT: f64 = 1.05;
const CHEAPER: f64 = 20.0;
const BYTES: f64 = 4_096.0;
/// Objectives of which Prometheus is given the rules; the goal is for the last.
const PEER: [u32; 3] = [10, 100, 1_000];

/// What one process found.
struct Found {
    slos: usize,
    figures: Value,
}

/// Ours on both stores, then the peer.
pub(crate) async fn measure() -> anyhow::Result<Table> {
    let mut table = Table::new("SLOs: each of one push component, rolling 30 days, all windows, four tiers");
    let embedded = embedded().await?;
    rows(&mut table, "embedded", &embedded)?;
    rows(&mut table, "MongoDB", &on_mongod().await?)?;
    let ours = embedded.iter().find(|found| found.slos == 1_000).context("a run")?;
    for slos in PEER {
        progress(&format!("slo: Prometheus with the rules of {slos} objectives"));
        peer_rows(&mut table, ours, slos, prometheus::measure(slos).await?)?;
    }
    Ok(table)
}

async fn embedded() -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for slos in NUMBERS {
        let folder = tempfile::tempdir()?;
        all.push(on_store(&format!("embedded:{}", folder.path().display()), slos).await?);
    }
    Ok(all)
}

async fn on_mongod() -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for slos in NUMBERS {
        let server = Mongod::start().await?;
        all.push(on_store(&server.uri(), slos).await?);
    }
    Ok(all)
}

async fn on_store(uri: &str, slos: usize) -> anyhow::Result<Found> {
    let fleet = Fleet { tenants: slos / EACH, components: EACH };
    let first = Tick::containing(START.parse::<Timestamp>().map_err(anyhow::Error::msg)?, INTERVAL);
    progress(&format!("slo: writing what {slos} SLOs read"));
    let store = plimsoll_store::open(&OpenOptions { uri: uri.to_owned() }).await?;
    prepare(&store, &fleet, first).await?;
    store.close().await;
    progress(&format!("slo: a new process with {slos} SLOs"));
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(slo_ticks::MODE).arg(uri);
    command.args([fleet.tenants.to_string(), fleet.components.to_string(), first.seconds().to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the process that ticks ended with {}", output.status);
    Ok(Found { slos, figures: serde_json::from_slice(&output.stdout)? })
}

async fn prepare(store: &Arc<dyn Store>, fleet: &Fleet, first: Tick) -> anyhow::Result<()> {
    let back = |span: Span| Tick::containing(first.start().minus(span), INTERVAL);
    let begin = back(Span::days(31));
    fleet.create(store.as_ref(), begin.start()).await?;
    ticker(store, &SetClock::at(begin.start())).run(begin).await?;
    let puts = fleet.tenant_ids().into_iter().map(|tenant| {
        let config = SloConfig { version: 1, objectives: (0..fleet.components).map(slo).collect() };
        async move { store.put_slo_config(&tenant, &config).await }
    });
    try_join_all(puts).await?;
    let stretches: Vec<Range<Tick>> = STRETCHES
        .iter()
        .map(|(ago, long)| back(*ago)..Tick::containing(back(*ago).start().plus(*long), INTERVAL).min(first))
        .collect();
    history::fill_stretches(store.as_ref(), fleet, &stretches, first.previous(INTERVAL)).await.map(drop)
}

/// The promise on one component.
fn slo(component: usize) -> Slo {
    let name: SloType = format!("availability-{component}").parse().expect("a name");
    let scope = Scope::Component(Fleet::component(component));
    Slo { scope, ..Slo::new(name, SliKind::Availability, Objective::THREE_NINES) }
}

/// Median seconds, and mean processor seconds, of the usual ticks.
fn usual(figures: &Value) -> anyhow::Result<(f64, f64)> {
    let ticks = figures["usual"].as_array().context("usual ticks")?;
    let of = |name: &str| ticks.iter().filter_map(|tick| tick[name].as_f64()).collect::<Vec<_>>();
    let cpu = of("cpu");
    Ok((median(of("seconds")), cpu.iter().sum::<f64>() / cpu.len() as f64))
}

fn rows(table: &mut Table, store: &str, all: &[Found]) -> anyhow::Result<()> {
    let interval = INTERVAL.seconds() as f64;
    for Found { slos, figures } in all {
        let (seconds, cpu) = usual(figures)?;
        let text = format!("{seconds:.2} s, {cpu:.2} s of processor");
        let row = Row::new(format!("a tick, {slos} SLOs, {store}"), text);
        table.push(
            row.beside(format!("interval {interval:.0} s"), seconds / interval).goal("< interval", seconds < interval),
        );
        let first = figures["first"]["seconds"].as_f64().context("a first tick")?;
        let peak = figures["peak_mib"].as_f64().context("a peak")?;
        let text = format!("{first:.2} s, then at most {peak:.0} MiB");
        table.push(Row::new(format!("the first tick of a new process, {slos} SLOs, {store}"), text));
        let held = figures["held_bytes"].as_f64().context("held bytes")? / *slos as f64;
        let row = Row::new(format!("held between ticks for each of {slos} SLOs, {store}"), format!("{held:.0} bytes"));
        table.push(row.beside(format!("{BYTES:.0} bytes"), held / BYTES).goal("< 4 KiB", held < BYTES));
    }
    for pair in all.windows(2) {
        let (name, exponent) = (format!("from {} to {} SLOs", pair[0].slos, pair[1].slos), exponent(pair)?);
        let row = Row::new(format!("growth of processor {name}, {store}"), format!("exponent {exponent:.2}"));
        table.push(row.beside("1, linear", exponent));
    }
    let exponent = exponent(all)?;
    let row = Row::new(format!("growth of processor over all of them, {store}"), format!("exponent {exponent:.2}"));
    table.push(row.beside("1, linear", exponent).goal("≤ 1.05", exponent <= EXPONENT));
    Ok(())
}

/// The power of the number of SLOs that the processor time grows as: the slope of the straight line that fits best through
/// the logarithms.
fn exponent(all: &[Found]) -> anyhow::Result<f64> {
    let mut points = Vec::with_capacity(all.len());
    for Found { slos, figures } in all {
        points.push(((*slos as f64).ln(), usual(figures)?.1.ln()));
    }
    let count = points.len() as f64;
    let mean = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let together: f64 = points.iter().map(|(x, y)| (x - mean.0) * (y - mean.1)).sum();
    let alone: f64 = points.iter().map(|(x, _)| (x - mean.0).powi(2)).sum();
    Ok(together / alone)
}

fn peer_rows(table: &mut Table, ours: &Found, slos: u32, peer: PrometheusFigures) -> anyhow::Result<()> {
    let theirs = peer.cpu_seconds_per_cycle;
    let name = format!("Prometheus, {RULES} rules for each of {slos} objectives: processor of an evaluation");
    let text = format!("{theirs:.3} s, evaluated in {:.3} s, {:.0} MiB", peer.evaluation_seconds, peer.resident_mib);
    table.push(Row::new(name, "").with_peer(text));
    table.push(Row::new(format!("what it was fed for {slos}"), "").with_peer(peer.fed));
    if usize::try_from(slos)? == ours.slos {
        let whole = usual(&ours.figures)?.1;
        let row =
            Row::new(format!("processor of a whole tick, {slos} SLOs, embedded, against it"), format!("{whole:.3} s"));
        let cheaper = theirs / whole;
        table.push(row.beside(format!("{theirs:.3} s"), cheaper).goal("≥ 20 × less", cheaper >= CHEAPER));
    }
    Ok(())
}
