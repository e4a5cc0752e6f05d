//! What it costs to be seen: the same server, taken in turns with all telemetry off and with all of it on. The server has
//! one core, and the load and the collector the other.

use anyhow::ensure;
use plimsoll_tests::receivers::Otlp;

use crate::cores::{self, Pinned};
use crate::page::wrk::{self, Load};
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};

const ROOT_KEY: &str = "the-root-key-of-the-benches";
const SECONDS: &str = "5s";
/// In the order in which they are shown: what the public reads most, and what a dashboard reads with a key.
const PATHS: [&str; 2] = ["/s/bench", "/observability/slo/status/bench"];
const OFF: [(&str, &str); 2] = [("RUST_LOG", "off"), ("PLIMSOLL_METRICS_ENABLED", "false")];

/// The loads of one path: without telemetry, and with it.
#[derive(Default)]
struct Loads {
    off: Vec<Load>,
    on: Vec<Load>,
}

/// Loads each path without telemetry and with it, in turns.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    let _beside = Pinned::to(cores::LOAD)?;
    let otlp = Otlp::start().await;
    let mut found = [Loads::default(), Loads::default()];
    for round in 1..=rounds {
        progress(&format!("telemetry: round {round} of {rounds}"));
        for (path, loads) in PATHS.iter().zip(&mut found) {
            loads.off.push(one(path, &OFF)?);
            loads.on.push(one(path, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint())])?);
        }
    }
    let spans = otlp.spans().len();
    ensure!(spans > 0, "no span came");
    let mut table = Table::new(format!(
        "Telemetry: one core, wrk with {} connections on the other; off: no lines, no metrics, no spans; on: a JSON line each \
         to a file, metrics, a tenth of the traces to a collector ({spans} spans came); medians of {rounds} rounds of {SECONDS}",
        wrk::CONNECTIONS
    ));
    for (path, loads) in PATHS.iter().zip(&found) {
        rows(&mut table, path, loads);
    }
    Ok(table)
}

fn one(path: &str, variables: &[(&str, &str)]) -> anyhow::Result<Load> {
    let folder = tempfile::tempdir()?;
    let variables: Vec<_> = variables.iter().copied().chain([("PLIMSOLL_ROOT_KEY", ROOT_KEY)]).collect();
    let server = Server::start_with(folder.path(), &embedded(folder.path()), Some(cores::SERVER), &variables)?;
    let key = server.tenant(ROOT_KEY)?;
    wrk::load_for(&server, path, &format!("Authorization: Bearer {key}"), SECONDS)
}

fn rows(table: &mut Table, path: &str, loads: &Loads) {
    let both = |figure: fn(&Load) -> f64| {
        let of = |loads: &[Load]| median(loads.iter().map(figure).collect());
        (of(&loads.on), of(&loads.off))
    };
    let (on, off) = both(|load| load.rate);
    let row = Row::new(format!("{path}: requests per second"), format!("{on:.0}"));
    table.push(row.beside(format!("off {off:.0}"), on / off).goal("≥ 0.85", on >= 0.85 * off));
    let (on, off) = both(|load| load.cpu);
    let row = Row::new(format!("{path}: processor of a request"), format!("{on:.1} µs"));
    table.push(row.beside(format!("off {off:.1} µs"), on / off));
}
