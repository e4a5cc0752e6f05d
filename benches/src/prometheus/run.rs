//! Runs the peer and reads what it took.
//!
//! Why this is fair to Prometheus:
//! - History, scrapes and recorded ratios are a minute apart, so that a window holds what it holds in use. Where the rules are
//!   few they are evaluated more often, to see more cycles in less time: what they read is then warmer, and nothing else
//!   changes. There is always time for every cycle, or there are no figures.
//! - What the server costs without rules (scrapes, collecting garbage, itself) is measured in the same process just before,
//!   over a minute with its scrape, and taken off.
//! - Nothing is asked of it while its processor time is counted, no alert fires, and the blocks are longer than its own.
//! - Each objective has two counters, the least there can be. A service of many codes, handlers and instances has hundreds.

use std::time::Duration;

use anyhow::ensure;
use plimsoll_domain::time::Clock;
use plimsoll_runtime::system_clock::SystemClock;

use super::history::{History, Loaded, STEP};
use super::rules;
use super::server::{Evaluations, Prometheus};
use super::target::Target;
use crate::table::progress;

/// Up to so many objectives are evaluated more often than usual.
const FEW: u32 = 200;
const OFTEN: Pace = Pace { interval: STEP / 4, minutes: 1 };
const USUAL: Pace = Pace { interval: STEP, minutes: 2 };
/// After the start, which reads the blocks' indexes, and after the first cycle, which makes the series of the rules.
const SETTLE: Duration = Duration::from_secs(5);

/// What Prometheus takes to evaluate the rules of so many objectives.
#[derive(Clone, Debug)]
pub(crate) struct PrometheusFigures {
    /// Seconds from begin to end of one evaluation, summed over all groups of rules.
    pub(crate) evaluation_seconds: f64,
    /// Processor seconds of evaluating every rule once.
    pub(crate) cpu_seconds_per_cycle: f64,
    /// Resident memory of the server, mapped blocks included, as it counts by itself.
    pub(crate) resident_mib: f64,
    /// Which version it is, what it was given and how often it evaluated, in words.
    pub(crate) fed: String,
}

/// How often rules are evaluated, and for how long that is watched.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Seconds from one evaluation of a rule to its next.
    interval: i64,
    /// Each holds one scrape.
    minutes: i64,
}

impl Pace {
    const fn cycles(self) -> i64 {
        self.minutes * STEP / self.interval
    }
}

/// Loads the history of so many objectives, and measures without rules and with them. Takes some minutes.
pub(crate) async fn measure(slos: u32) -> anyhow::Result<PrometheusFigures> {
    progress(&format!("prometheus: loading thirty days of {slos} objectives"));
    let pace = if slos > FEW { USUAL } else { OFTEN };
    let folder = tempfile::tempdir()?;
    let history = History::until(SystemClock.now(), slos);
    let loaded = history.load(folder.path(), &folder.path().join("data"))?;
    let target = Target::start(history).await?;
    let server = Prometheus::start(folder.path(), &target.address, STEP, pace.interval)?;
    pause(SETTLE).await;
    let idle = cpu_of_minutes(&server, 1).await?;
    server.evaluate(&rules::file(slos))?;
    pause(Duration::from_secs(pace.interval.unsigned_abs()) + SETTLE).await;
    let busy = cpu_of_minutes(&server, pace.minutes).await?;
    let resident_mib = server.resident_mib()?;
    let said = evaluated(&server, slos, pace)?;
    progress(&format!("prometheus: {busy:.2} s of processor in {pace:?}, {idle:.2} s in a minute without rules"));
    let cpu_seconds_per_cycle = (busy - idle * pace.minutes as f64) / pace.cycles() as f64;
    let fed = format!("Prometheus {}: {}", said.version, fed(loaded, pace));
    Ok(PrometheusFigures { evaluation_seconds: said.seconds, cpu_seconds_per_cycle, resident_mib, fed })
}

/// Each group is evaluated once in every interval, at a moment of its own, so that whole minutes hold whole cycles.
async fn cpu_of_minutes(server: &Prometheus<'_>, minutes: i64) -> anyhow::Result<f64> {
    progress(&format!("prometheus: watching its processor for {minutes} min"));
    let before = server.cpu_seconds()?;
    pause(Duration::from_secs((minutes * STEP).unsigned_abs())).await;
    Ok(server.cpu_seconds()? - before)
}

async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What a server says that has evaluated every rule in every cycle, with a result.
fn evaluated(server: &Prometheus<'_>, slos: u32, pace: Pace) -> anyhow::Result<Evaluations> {
    let said = server.evaluations()?;
    ensure!(said.missed == 0.0 && said.failed == 0.0, "evaluations were missed or failed: {said:?}");
    ensure!(said.cycles >= f64::from(said.groups) * pace.cycles() as f64, "too few cycles: {said:?}");
    let (ratios, expected) = (server.series_named("slo:sli_error:ratio_rate.%2B")?, slos as usize * rules::RATIOS);
    ensure!(ratios == expected, "{ratios} ratios were recorded instead of {expected}");
    Ok(said)
}

fn fed(loaded: Loaded, pace: Pace) -> String {
    let (millions, seconds) = (loaded.samples as f64 / 1e6, loaded.took.as_secs_f64());
    format!(
        "two counters for 3 days, ratio for 30, {STEP} s apart: {millions:.1} M samples, loaded in {seconds:.0} s; {} cycles \
         of {} s",
        pace.cycles(),
        pace.interval
    )
}
