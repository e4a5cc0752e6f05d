//! A process that ticks over many SLOs, so that its memory and its processor time are those of its ticks: some ticks in the
//! middle of an hour, then the end of that hour, each with one fresh sample of every component.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_domain::time::Tick;
use plimsoll_store::{OpenOptions, SeriesRecord, Store};
use serde_json::{Value, json};

use crate::fleet::{Fleet, INTERVAL, SetClock, sample, ticker};
use crate::process;

/// The first argument that makes the bench run as this process.
pub(crate) const MODE: &str = "run-slo-ticks";
/// Ticks after the first one.
const USUAL: i64 = 6;

/// Arguments: store, tenants, components of each, the second of the first tick. Prints one line of JSON.
#[expect(clippy::print_stdout, reason = "this is how it reports to the process that started it")]
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [uri, tenants, components, first] = arguments else { anyhow::bail!("expected four arguments") };
    let fleet = Fleet { tenants: tenants.parse()?, components: components.parse()? };
    let store = plimsoll_store::open(&OpenOptions { uri: uri.clone() }).await?;
    println!("{}", ticks(&store, &fleet, Tick::from_seconds(first.parse()?)).await?);
    store.close().await;
    Ok(())
}

async fn ticks(store: &Arc<dyn Store>, fleet: &Fleet, first: Tick) -> anyhow::Result<Value> {
    let pid = std::process::id();
    let clock = SetClock::at(first.start());
    let mut ticker = ticker(store, &clock);
    let mut all = Vec::new();
    for number in 0..=USUAL {
        let tick = Tick::from_seconds(first.seconds() + number * INTERVAL.seconds());
        push(store.as_ref(), fleet, tick.previous(INTERVAL)).await?;
        clock.set(tick.start());
        let (started, cpu) = (Instant::now(), process::cpu_seconds(pid)?);
        let report = ticker.run(tick).await?;
        anyhow::ensure!(report.missed == 0, "ticks were missed, so these are not usual ones");
        let used = process::cpu_seconds(pid)? - cpu;
        all.push(json!({ "seconds": started.elapsed().as_secs_f64(), "cpu": used }));
    }
    let peak = process::memory_mib(pid)?.1;
    // What the ticker holds between ticks is what is given back when it goes.
    let before = allocated()?;
    drop(ticker);
    let held = before.saturating_sub(allocated()?);
    Ok(json!({ "first": all[0], "usual": all[1..], "peak_mib": peak, "held_bytes": held }))
}

fn allocated() -> anyhow::Result<usize> {
    tikv_jemalloc_ctl::epoch::advance().map_err(anyhow::Error::msg)?;
    tikv_jemalloc_ctl::stats::allocated::read().map_err(anyhow::Error::msg)
}

async fn push(store: &dyn Store, fleet: &Fleet, tick: Tick) -> anyhow::Result<()> {
    let of = |(number, tenant, component): (i64, _, _)| {
        SeriesRecord::of_component(&tenant, &component, vec![sample(number, tick)])
    };
    let batch: Vec<_> = fleet.series().into_iter().map(of).collect();
    for part in batch.chunks(5_000) {
        store.record_samples(part).await?;
    }
    Ok(())
}
