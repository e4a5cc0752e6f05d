//! A process that ticks, so that its memory and its processor time are those of ticks and of nothing else: started on a
//! stored history, through an hour's end and midnight, each tick with one fresh sample of every component.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use plimsoll_domain::sample::ticks_between;
use plimsoll_domain::time::{Tick, Timestamp};
use plimsoll_jobs::Ticker;
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::{SeriesRecord, Store};
use serde_json::{Value, json};

use crate::fleet::{Fleet, INTERVAL, SetClock, sample, ticker};
use crate::process;

/// The first argument that makes the bench run as this process.
pub(crate) const MODE: &str = "run-ticks";
/// Ticks between the restart and the end of the hour.
pub(crate) const BEFORE_HOUR: i64 = 10;
/// The restart is this long before the last hour of a day.
const LAST_HOUR: i64 = 60;

/// Arguments: folder, tenants, components of each, the second of the first tick. Prints one line of JSON.
#[expect(clippy::print_stdout, reason = "this is how it reports to the process that started it")]
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [folder, tenants, components, first] = arguments else { anyhow::bail!("expected four arguments") };
    let fleet = Fleet { tenants: tenants.parse()?, components: components.parse()? };
    let first = Tick::from_seconds(first.parse()?);
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(Path::new(folder), Limits::default()).await?);
    let clock = SetClock::at(first.start());
    let mut driven = Driven { ticker: ticker(&store, &clock), store, clock, fleet };
    println!("{}", driven.through_midnight(first).await?);
    driven.store.close().await;
    Ok(())
}

struct Driven {
    store: Arc<dyn Store>,
    clock: Arc<SetClock>,
    fleet: Fleet,
    ticker: Ticker,
}

impl Driven {
    async fn through_midnight(&mut self, first: Tick) -> anyhow::Result<Value> {
        let later = |ticks: i64| Tick::from_seconds(first.seconds() + ticks * INTERVAL.seconds());
        let restart = self.timed(first).await?;
        let restart_peak = peak()?;
        let mut usual = Vec::new();
        for number in 1..BEFORE_HOUR {
            usual.push(self.pushed(later(number)).await?);
        }
        let hour = self.pushed(later(BEFORE_HOUR)).await?;
        usual.push(self.pushed(later(BEFORE_HOUR + 1)).await?);
        // Most of the last hour passes without ticks, though not without samples: one tick makes up for it.
        let (resumed, midnight) = (later(BEFORE_HOUR + LAST_HOUR - 2), later(BEFORE_HOUR + LAST_HOUR));
        self.push(later(BEFORE_HOUR + 1)..resumed).await?;
        self.timed(resumed).await?;
        usual.push(self.pushed(resumed.next(INTERVAL)).await?);
        let midnight = self.pushed(midnight).await?;
        Ok(json!({
            "restart": restart, "restart_peak_mib": restart_peak, "usual": usual, "hour": hour, "midnight": midnight,
            "peak_mib": peak()?,
        }))
    }

    /// Runs `tick` after every component has sent its sample for the one before.
    async fn pushed(&mut self, tick: Tick) -> anyhow::Result<Value> {
        self.push(tick.previous(INTERVAL)..tick).await?;
        self.timed(tick).await
    }

    async fn push(&self, ticks: Range<Tick>) -> anyhow::Result<()> {
        let sent =
            |series: i64| ticks_between(ticks.start, ticks.end, INTERVAL).map(|tick| sample(series, tick)).collect();
        let of = |(number, tenant, component)| SeriesRecord::of_component(&tenant, &component, sent(number));
        let batch: Vec<_> = self.fleet.series().into_iter().map(of).collect();
        self.store.record_samples(&batch).await.context("pushing")?;
        Ok(())
    }

    async fn timed(&mut self, tick: Tick) -> anyhow::Result<Value> {
        let now: Timestamp = tick.start();
        self.clock.set(now);
        let (started, cpu) = (Instant::now(), process::cpu_seconds(std::process::id())?);
        let report = self.ticker.run(tick).await?;
        let (took, used) = (started.elapsed(), process::cpu_seconds(std::process::id())? - cpu);
        Ok(json!({
            "seconds": took.as_secs_f64(), "cpu": used, "components": report.components, "missed": report.missed,
        }))
    }
}

fn peak() -> anyhow::Result<f64> {
    Ok(process::memory_mib(std::process::id())?.1)
}
