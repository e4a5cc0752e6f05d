//! One command that measures Plimsoll beside its limits and prints what came out.
//!
//! Figures drift from machine to machine, so every ratio is made of two figures of the same run, taken in turns. What is
//! measured is the release binary, or the very function it calls. A framework for micro-benchmarks was rejected: the
//! promises speak of a whole tick, a whole page and a whole batch.

mod alerts;
mod cores;
mod fleet;
mod history;
mod http;
mod ingest;
mod metrics;
mod nginx;
mod page;
mod peer;
mod process;
mod profiles;
mod prometheus;
mod prometheus_rules;
mod raw;
mod server;
mod slo;
mod slo_ticks;
mod start;
mod table;
mod telemetry;
mod tick;
mod ticks;
mod tunnel;

use std::process::ExitCode;

use anyhow::{Context, bail};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const USAGE: &str = "usage: plimsoll-benches [--tenants N] [--rounds N] [--slos N]… [--as-built] \
                     [start] [page] [ingest] [tick] [slo] [alerts] [tunnel] [metrics] [telemetry] \
                     [profiles] [prometheus-rules]";

/// What is measured, and how much of it.
struct Plan {
    parts: Vec<String>,
    /// Tenants of the tick's history.
    tenants: usize,
    /// Rounds in which ours and its peer take turns.
    rounds: usize,
    /// Numbers of objectives whose rules the peer evaluates.
    slos: Vec<u32>,
    /// Whether the program is measured as it lies there, even if the sources have changed.
    as_built: bool,
}

impl Plan {
    fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut plan = Self { parts: Vec::new(), tenants: 1_000, rounds: 3, slos: Vec::new(), as_built: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || rest.next().and_then(|text| text.parse().ok()).filter(|n| *n > 0).context(USAGE);
            match argument.as_str() {
                "--tenants" => plan.tenants = number()?,
                "--rounds" => plan.rounds = number()?,
                "--slos" => plan.slos.push(u32::try_from(number()?)?),
                "--as-built" => plan.as_built = true,
                "tick" | "page" | "ingest" | "start" | "slo" | "alerts" | "tunnel" | "metrics" | "telemetry"
                | "profiles" | "prometheus-rules" => {
                    plan.parts.push(argument.clone());
                }
                _ => bail!(USAGE),
            }
        }
        if plan.parts.is_empty() {
            plan.parts =
                ["start", "page", "ingest", "tick", "slo", "alerts", "tunnel", "metrics", "telemetry", "profiles"]
                    .map(str::to_owned)
                    .to_vec();
        }
        if plan.slos.is_empty() {
            plan.slos = vec![10, 100, 1_000];
        }
        Ok(plan)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            table::progress(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that was asked for could be measured.
fn run(arguments: &[String]) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The bench starts itself again where a figure is one of a whole process.
    match arguments {
        [mode, rest @ ..] if mode == peer::MODE => runtime.block_on(peer::serve(rest)).map(|()| true),
        [mode, rest @ ..] if mode == slo_ticks::MODE => runtime.block_on(slo_ticks::run(rest)).map(|()| true),
        [mode, rest @ ..] if mode == ticks::MODE => runtime.block_on(ticks::run(rest)).map(|()| true),
        [mode, rest @ ..] if mode == tunnel::SINK_MODE => tunnel::sink(rest).map(|()| true),
        _ => runtime.block_on(measure(&Plan::read(arguments)?)),
    }
}

async fn measure(plan: &Plan) -> anyhow::Result<bool> {
    if !plan.as_built {
        table::progress("building the program");
        server::build()?;
    }
    let mut complete = true;
    for part in &plan.parts {
        let tables = match part.as_str() {
            "start" => start::measure().await,
            "page" => page::measure(plan.rounds).await,
            "ingest" => ingest::measure(plan.rounds).await,
            "slo" => slo::measure().await,
            "alerts" => alerts::measure(plan.rounds).await,
            "tunnel" => tunnel::measure(plan.rounds).await,
            "metrics" => metrics::measure().await,
            "telemetry" => telemetry::measure(plan.rounds).await,
            "profiles" => profiles::measure(plan.rounds).await,
            "prometheus-rules" => prometheus_rules::table(&plan.slos).await,
            _ => tick::measure(plan.tenants).await,
        };
        match tables {
            Ok(table) => table.print(),
            Err(error) => {
                complete = false;
                table::progress(&format!("{part} could not be measured: {error:#}"));
            }
        }
    }
    Ok(complete)
}
