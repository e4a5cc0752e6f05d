//! The Sentry tunnel beside what else stands between a browser and Sentry: nginx, with and without buffering, and the tunnel
//! in Node that the documentation shows; all with the same envelopes and the same upstream, in turns.
//!
//! The server under test has one core, wrk and the upstream have the other. Sentry Relay is not at hand wherever this
//! runs: it stands here by what it comes to beside nginx.

mod envelope;
mod peer;
mod report;
mod sink;
mod surge;
mod wrk;

use std::path::Path;
use std::time::Duration;

use crate::process;
use crate::table::{Table, progress};
use envelope::Load;
use peer::Peer;
use sink::Sink;

pub(crate) use sink::MODE as SINK_MODE;
pub(crate) use sink::serve as sink;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const PROJECT: &str = "4242";
/// Of the page that the envelopes come from.
const ORIGIN: &str = "https://shop.example";
const WARM_UP_SECONDS: u32 = 1;
const SECONDS: u32 = 6;
/// After a load: what is under way arrives.
const SETTLE: Duration = Duration::from_millis(300);

/// What one peer came to in one round.
struct Round {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor seconds of the server for 100,000 envelopes.
    cpu: f64,
    /// Share of its core that it used: far below one, something else was the limit.
    busy: f64,
    peak_mib: f64,
    /// Share of one core that whatever else ran on this machine took.
    others: f64,
    errors: u64,
    /// Envelopes that were answered with 200 and have not arrived.
    lost: u64,
}

/// All rounds of one load, by peer.
type Rounds = [(Peer, Vec<Round>); peer::ALL.len()];

/// Envelopes through each peer in turns, then a thousand uploads at once through ours.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    surge::allow_files()?;
    let sink = Sink::start()?;
    let dsn = format!("http://{KEY}@{}/{PROJECT}", sink.address());
    let loads = envelope::loads(&dsn);
    let mut table = report::table(rounds);
    for load in &loads {
        let folder = tempfile::tempdir()?;
        wrk::prepare(folder.path(), &load.envelope)?;
        let mut found: Rounds = peer::ALL.map(|peer| (peer, Vec::new()));
        for round in 1..=rounds {
            for (peer, found) in &mut found {
                progress(&format!("tunnel: {}, {}, round {round} of {rounds}", load.name, peer.name()));
                let round = one(*peer, load, folder.path(), (&sink, &dsn))?;
                let (rate, p99, others) = (round.rate, round.p99_ms, round.others * 100.0);
                progress(&format!("  {rate:.0} a second, p99 {p99:.2} ms; others took {others:.0}% of a core"));
                found.push(round);
            }
        }
        report::rows(&mut table, load, &found);
    }
    let [_, _, replay] = loads;
    progress(&format!("tunnel: {} uploads at once", surge::UPLOADS));
    let ours = Peer::Ours.start(sink.address(), &dsn)?;
    report::surge(&mut table, &surge::run(&ours, &sink, &replay.envelope, rounds).await?);
    Ok(table)
}

/// A peer that has just been started, under load.
fn one(peer: Peer, load: &Load, script: &Path, (sink, dsn): (&Sink, &str)) -> anyhow::Result<Round> {
    let running = peer.start(sink.address(), dsn)?;
    let url = format!("http://{}{}", running.server().address, running.path);
    wrk::send(script, &url, load.connections, WARM_UP_SECONDS)?;
    std::thread::sleep(SETTLE);
    let family = process::family(running.server().pid())?;
    let cpu = || family.iter().map(|pid| process::cpu_seconds(*pid)).sum::<anyhow::Result<f64>>();
    let others =
        || Ok::<_, anyhow::Error>(process::all_cpu_seconds()? - process::own_cpu_seconds()? - sink.cpu_seconds()?);
    let (counts, used, taken) = (sink.counts()?, cpu()?, others()?);
    let said = wrk::send(script, &url, load.connections, SECONDS)?;
    std::thread::sleep(SETTLE);
    let (after, used, taken) = (sink.counts()?, cpu()? - used, others()? - taken);
    let (arrived, bytes) = (after.requests - counts.requests, after.bytes - counts.bytes);
    anyhow::ensure!(bytes == arrived * load.envelope.len() as u64, "{} changed envelopes", peer.name());
    let memory = family.iter().map(|pid| Ok(process::memory_mib(*pid)?.1));
    Ok(Round {
        rate: said.rate(),
        p50_ms: said.p50_ms(),
        p99_ms: said.p99_ms(),
        busy: used / said.seconds,
        cpu: used / arrived.max(1) as f64 * 1e5,
        peak_mib: memory.sum::<anyhow::Result<f64>>()?,
        others: (taken - used).max(0.0) / said.seconds,
        errors: said.errors(),
        lost: said.taken().saturating_sub(arrived),
    })
}
