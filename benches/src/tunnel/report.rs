//! What was found, in two tables: each peer with each load, and ours beside them with the goals.

use super::envelope::Load;
use super::peer::Peer;
use super::surge::{Surge, UPLOADS};
use super::{Round, Rounds};
use crate::table::{Row, Table, median};

const BESIDE_NODE: f64 = 8.0;
const BESIDE_RELAY: f64 = 4.0;
/// Of one core: with more, the ratios say what else was running.
const MOST_OTHERS: f64 = 0.05;
const MOST_MIB: f64 = 64.0;
const MOST_MIB_AT_ONCE: f64 = 150.0;

/// What one peer came to with one load.
struct Figures {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu: f64,
    busy: f64,
    /// The most of all rounds, and so is the next; those after it are sums.
    peak_mib: f64,
    others: f64,
    errors: u64,
    lost: u64,
}

impl Figures {
    fn of(rounds: &[Round]) -> Self {
        let middle = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            rate: middle(|round| round.rate),
            p50_ms: middle(|round| round.p50_ms),
            p99_ms: middle(|round| round.p99_ms),
            cpu: middle(|round| round.cpu),
            busy: middle(|round| round.busy),
            peak_mib: rounds.iter().map(|round| round.peak_mib).fold(0.0, f64::max),
            others: rounds.iter().map(|round| round.others).fold(0.0, f64::max),
            errors: rounds.iter().map(|round| round.errors).sum(),
            lost: rounds.iter().map(|round| round.lost).sum(),
        }
    }

    fn line(&self, load: &Load, peer: Peer) -> Vec<String> {
        let Self { rate, p50_ms, p99_ms, cpu, busy, peak_mib, others, errors, lost } = self;
        vec![
            format!("{}, {} bytes", load.name, load.envelope.len()),
            peer.name().to_owned(),
            format!("{rate:.0}"),
            format!("{p50_ms:.2}"),
            format!("{p99_ms:.2}"),
            format!("{cpu:.2}"),
            format!("{:.0}%", busy * 100.0),
            format!("{peak_mib:.1}"),
            format!("{:.0}%", others * 100.0),
            errors.to_string(),
            lost.to_string(),
        ]
    }
}

/// The tables, without anything in them.
pub(super) fn table(rounds: usize) -> Table {
    let mut table = Table::new(format!(
        "Sentry tunnel: envelopes on kept connections; server on one core, wrk and the upstream on the other; all checks, \
         limits, counts and log lines in place; medians of {rounds}"
    ));
    let heads =
        ["load", "through", "req/s", "p50 ms", "p99 ms", "CPU s/100k", "core", "peak MiB", "others", "errors", "lost"];
    table.detail(heads.map(str::to_owned).to_vec());
    table
}

/// What came of one load.
pub(super) fn rows(table: &mut Table, load: &Load, found: &Rounds) {
    let figures = found.each_ref().map(|(peer, rounds)| (*peer, Figures::of(rounds)));
    for (peer, figures) in &figures {
        table.detail(figures.line(load, *peer));
    }
    let [(_, buffered), (_, streaming), (_, fetch), (_, agent), (_, ours)] = &figures;
    let rate = |peer: &str, theirs: f64, least: f64| {
        let row = Row::new(format!("{}, requests per second", load.name), format!("{:.0}", ours.rate));
        let ratio = ours.rate / theirs;
        row.beside(format!("{peer} {theirs:.0}"), ratio).goal(format!("≥ {least:.0} × its"), ratio >= least)
    };
    table.push(rate(Peer::NginxBuffered.name(), buffered.rate, 1.0));
    table.push(rate(Peer::NginxStreaming.name(), streaming.rate, 1.0));
    let relay = format!("Relay, put at {:.2} of nginx, buffered:", load.relay_share);
    table.push(rate(&relay, buffered.rate * load.relay_share, BESIDE_RELAY));
    table.push(rate(Peer::NodeFetch.name(), fetch.rate, BESIDE_NODE));
    table.push(rate(Peer::NodeAgent.name(), agent.rate, BESIDE_NODE));
    for (peer, theirs) in [(Peer::NginxBuffered, buffered), (Peer::NginxStreaming, streaming)] {
        let row = Row::new(format!("{}, 99th percentile", load.name), format!("{:.2} ms", ours.p99_ms));
        let row = row.beside(format!("{} {:.2} ms", peer.name(), theirs.p99_ms), ours.p99_ms / theirs.p99_ms);
        table.push(row.goal("≤ its", ours.p99_ms <= theirs.p99_ms));
    }
    let row = Row::new(format!("{}, peak memory", load.name), format!("{:.1} MiB", ours.peak_mib));
    table.push(row.goal(format!("< {MOST_MIB:.0} MiB"), ours.peak_mib < MOST_MIB));
    let others = figures.iter().map(|(_, figures)| figures.others).fold(0.0, f64::max);
    let row = Row::new(format!("{}, what else ran", load.name), format!("{:.0}% of a core", others * 100.0));
    table.push(row.goal(format!("< {:.0}%, or it was not quiet", MOST_OTHERS * 100.0), others < MOST_OTHERS));
    let row = Row::new(format!("{}, errors, and lost", load.name), format!("{}, {}", ours.errors, ours.lost));
    table.push(row.goal("none", ours.errors + ours.lost == 0));
}

/// What came of many uploads at once.
pub(super) fn surge(table: &mut Table, surge: &Surge) {
    let Surge { sent, taken, arrived, held_mib, peak_mib } = surge;
    let what = format!("{UPLOADS} uploads of 500 KB at once");
    let row = Row::new(format!("{what}, peak memory"), format!("{peak_mib:.1} MiB"));
    let row = row.with_peer(format!("{held_mib:.1} MiB with all halfway"));
    table.push(row.goal(format!("< {MOST_MIB_AT_ONCE:.0} MiB"), *peak_mib < MOST_MIB_AT_ONCE));
    let row = Row::new(format!("{what}, answered with 200"), format!("{taken} of {sent}"));
    let row = row.with_peer(format!("{arrived} arrived"));
    table.push(row.goal("all", taken == sent && *arrived == *sent as u64));
}
