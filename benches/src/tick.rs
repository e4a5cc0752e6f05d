//! The tick of a large installation: a thousand tenants of five push components with thirty days behind them.

use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use plimsoll_domain::slo::{Slo, SloConfig};
use plimsoll_domain::time::{Span, Tick, Timestamp};
use plimsoll_store::Store;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use serde_json::Value;

use crate::fleet::{Fleet, INTERVAL, SetClock, ticker};
use crate::history::{self, Written, samples_text};
use crate::table::{Row, Table, median, progress};
use crate::ticks;

const COMPONENTS: usize = 5;
const HISTORY: Span = Span::days(30);
/// When the first process starts: ten ticks before the last hour of a day.
const START: &str = "2026-11-01T22:50:00Z";
const WINDOWS: [Span; 4] = [Span::days(1), Span::days(2), Span::days(30), Span::days(90)];
/// What longer windows are held against: the windows of burn rates end at 3 days, and one of 1 day is among them, so that
/// only from here on every SLO has a window of its own.
const BASE: Span = Span::days(2);
/// How much dearer a tick may be for a longer window, in the noise of one run.
const FLAT: f64 = 1.15;

/// Writes the history, then lets a new process tick for each length of the window.
pub(crate) async fn measure(tenants: usize) -> anyhow::Result<Table> {
    let fleet = Fleet { tenants, components: COMPONENTS };
    let folder = tempfile::tempdir()?;
    let first = Tick::containing(START.parse::<Timestamp>().map_err(anyhow::Error::msg)?, INTERVAL);
    let written = write_history(folder.path(), &fleet, first).await?;
    let bytes = folder.path().join("plimsoll.db").metadata()?.len();
    let mut runs = Vec::new();
    let (mut reached, mut at) = (first, first);
    for window in WINDOWS {
        promise(folder.path(), &fleet, window, reached..at).await?;
        progress(&format!("tick: a new process with a window of {window}"));
        runs.push((window, run_process(folder.path(), &fleet, at)?));
        at = Tick::containing(at.start().plus(Span::days(1)), INTERVAL);
        // Each process goes on until midnight.
        reached = Tick::containing(at.start().day().start(), INTERVAL);
    }
    let samples = tenants * COMPONENTS;
    let title = format!(
        "Tick: {tenants} tenants of {COMPONENTS} push components, {samples} fresh samples each tick, 30 days behind them \
         ({} in {:.1} GB, written in {:.0} s and folded in {:.0} s), embedded store",
        samples_text(written.samples),
        bytes as f64 / 1e9,
        written.recording.as_secs_f64(),
        written.folding.as_secs_f64()
    );
    table_of(title, &runs)
}

async fn open(folder: &Path) -> anyhow::Result<Arc<dyn Store>> {
    Ok(Arc::new(EmbeddedStore::open(folder, Limits::default()).await?))
}

/// The tenants are made and shown once, before their history.
async fn write_history(folder: &Path, fleet: &Fleet, end: Tick) -> anyhow::Result<Written> {
    progress("tick: writing thirty days of history (some minutes)");
    let store = open(folder).await?;
    let begin = Tick::containing(end.start().minus(HISTORY), INTERVAL);
    fleet.create(store.as_ref(), begin.start()).await?;
    ticker(&store, &SetClock::at(begin.start())).run(begin).await?;
    let written = history::fill(store.as_ref(), fleet, begin..end).await?;
    store.close().await;
    Ok(written)
}

/// Fills what lies between the process before and this one, and sets every tenant's window.
async fn promise(folder: &Path, fleet: &Fleet, window: Span, gap: Range<Tick>) -> anyhow::Result<()> {
    let store = open(folder).await?;
    history::fill(store.as_ref(), fleet, gap).await?;
    let held = store.slo_configs_across_tenants().await?;
    let puts = fleet.tenant_ids().into_iter().map(|tenant| {
        let version = held.get(&tenant).map_or(0, |config| config.version) + 1;
        let config =
            SloConfig { version, objectives: vec![Slo { window: window.into(), ..Slo::default_availability() }] };
        let store = Arc::clone(&store);
        async move { store.put_slo_config(&tenant, &config).await }
    });
    try_join_all(puts).await?;
    store.close().await;
    Ok(())
}

fn run_process(folder: &Path, fleet: &Fleet, first: Tick) -> anyhow::Result<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ticks::MODE).arg(folder);
    command.args([fleet.tenants.to_string(), fleet.components.to_string(), first.seconds().to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the process that ticks ended with {}", output.status);
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let missed = figures["usual"].as_array().into_iter().flatten().any(|tick| tick["missed"] != 0);
    ensure!(!missed, "ticks were missed, so these are not usual ones: {figures}");
    Ok(figures)
}

fn number(figures: &Value, pointer: &str) -> anyhow::Result<f64> {
    figures.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer} in {figures}"))
}

/// Median seconds of the usual ticks, and their mean processor seconds: those are counted in coarse steps.
fn usual(figures: &Value) -> anyhow::Result<(f64, f64)> {
    let ticks = figures["usual"].as_array().context("usual ticks")?;
    let of = |name: &str| ticks.iter().filter_map(|tick| tick[name].as_f64()).collect::<Vec<_>>();
    let cpu = of("cpu");
    Ok((median(of("seconds")), cpu.iter().sum::<f64>() / cpu.len() as f64))
}

fn table_of(title: String, runs: &[(Span, Value)]) -> anyhow::Result<Table> {
    let mut table = Table::new(title);
    let interval = INTERVAL.seconds() as f64;
    let (shortest, base) = runs.iter().find(|(window, _)| *window == BASE).context("a run")?;
    for (window, figures) in runs {
        let (seconds, cpu) = usual(figures)?;
        let row = Row::new(format!("a tick, window {window}"), format!("{seconds:.2} s, {cpu:.2} s of processor"));
        let row = row.beside(format!("interval {interval:.0} s"), seconds / interval);
        table.push(row.goal("< interval", seconds < interval));
    }
    for (window, figures) in runs.iter().filter(|(window, _)| *window > BASE) {
        let (ours, least) = (usual(figures)?.1, usual(base)?.1);
        let row = Row::new(format!("processor of a tick, {window} against {shortest}"), format!("{ours:.2} s"));
        table.push(row.beside(format!("{least:.2} s"), ours / least).goal("flat (≤ 1.15)", ours / least <= FLAT));
    }
    let events = [
        ("/hour", "the tick after an hour's end"),
        ("/midnight", "the tick after midnight"),
        ("/restart", "the first tick of a new process"),
    ];
    for (event, name) in events {
        for (window, figures) in runs {
            let seconds = number(figures, &format!("{event}/seconds"))?;
            let cpu = number(figures, &format!("{event}/cpu"))?;
            let row = Row::new(format!("{name}, window {window}"), format!("{seconds:.2} s, {cpu:.2} s of processor"));
            let row = row.beside(format!("interval {interval:.0} s"), seconds / interval);
            table.push(row.goal("< interval", seconds < interval));
        }
    }
    for (window, figures) in runs {
        let (restart, whole) = (number(figures, "/restart_peak_mib")?, number(figures, "/peak_mib")?);
        let text = format!("{whole:.0} MiB ({restart:.0} after its first tick)");
        table.push(Row::new(format!("highest memory of the process, window {window}"), text));
    }
    Ok(table)
}
