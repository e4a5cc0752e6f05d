//! What it costs to be profiled all the time: the same server, taken in turns without any profiling, with the allocator
//! noting what it gives out, and with profiles pushed besides. The server has one core and the load the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cores;
use crate::page::wrk::{self, Load};
use crate::server::Server;
use crate::start::embedded;
use crate::table::{Row, Table, median, progress};

const PATH: &str = "/public/status?tenant=bench";
const ROOT_KEY: &str = "the-root-key-of-the-benches";
/// Two pushes are within it.
const SECONDS: &str = "65s";
/// Without it the allocator notes as it was built to.
const NOTHING_NOTED: (&str, &str) = ("_RJEM_MALLOC_CONF", "prof:false");

/// In what the servers differ.
#[derive(Clone, Copy)]
enum Way {
    Off,
    Noting,
    Pushing,
}

const WAYS: [Way; 3] = [Way::Off, Way::Noting, Way::Pushing];

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Off => "no profiling",
            Self::Noting => "heap profiling",
            Self::Pushing => "profiles pushed",
        }
    }
}

/// Loads one API path, each way in turns.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    let sink = start_sink().await?;
    let mut found = WAYS.map(|_| Vec::new());
    for round in 1..=rounds {
        for (way, loads) in WAYS.into_iter().zip(&mut found) {
            progress(&format!("profiles: {}, round {round} of {rounds}", way.name()));
            loads.push(one(way, &sink.url)?);
        }
    }
    let taken = sink.pushes.load(Ordering::Relaxed);
    ensure!(taken >= 2 * rounds, "of two profiles at least in each of {rounds} rounds, {taken} came");
    let mut table = Table::new(format!(
        "Profiling: {PATH} on one core, wrk with {} connections on the other; CPU sampled 100 times a second and pushed, heap \
         sampled each 4 MiB; medians of {rounds} rounds of {SECONDS}; {taken} profiles came",
        wrk::CONNECTIONS
    ));
    let [off, noting, pushing] = found;
    rows(&mut table, Way::Noting, &noting, &off);
    rows(&mut table, Way::Pushing, &pushing, &off);
    Ok(table)
}

fn one(way: Way, sink: &str) -> anyhow::Result<Load> {
    let folder = tempfile::tempdir()?;
    let mut variables = vec![("PLIMSOLL_ROOT_KEY", ROOT_KEY)];
    match way {
        Way::Off => variables.push(NOTHING_NOTED),
        Way::Noting => {}
        Way::Pushing => variables.push(("PLIMSOLL_PYROSCOPE_URL", sink)),
    }
    let server = Server::start_with(folder.path(), &embedded(folder.path()), Some(cores::SERVER), &variables)?;
    server.tenant(ROOT_KEY)?;
    wrk::load_for(&server, PATH, "", SECONDS)
}

fn rows(table: &mut Table, way: Way, loads: &[Load], off: &[Load]) {
    let of = |loads: &[Load], figure: fn(&Load) -> f64| median(loads.iter().map(figure).collect());
    let both = |figure: fn(&Load) -> f64| (of(loads, figure), of(off, figure));
    let (ours, without) = both(|load| load.rate);
    let row = Row::new(format!("requests per second, {}", way.name()), format!("{ours:.0}"));
    table.push(
        row.beside(format!("{} {without:.0}", Way::Off.name()), ours / without).goal("≥ 0.98", ours >= 0.98 * without),
    );
    let (ours, without) = both(|load| load.cpu);
    let row = Row::new(format!("processor of a request, {}", way.name()), format!("{ours:.1} µs"));
    let row = row.beside(format!("{} {without:.1} µs", Way::Off.name()), ours / without);
    table.push(row.goal("< 1.02", ours < 1.02 * without));
}

/// Takes whatever is pushed, and counts it, until it is dropped.
struct Sink {
    url: String,
    pushes: Arc<AtomicUsize>,
    _serving: JoinSet<std::io::Result<()>>,
}

async fn start_sink() -> anyhow::Result<Sink> {
    let pushes = Arc::new(AtomicUsize::new(0));
    let take = async |State(pushes): State<Arc<AtomicUsize>>, body: Bytes| {
        pushes.fetch_add(usize::from(!body.is_empty()), Ordering::Relaxed);
    };
    let router = Router::new().route("/ingest", post(take)).with_state(Arc::clone(&pushes));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    Ok(Sink { url, pushes, _serving: serving })
}
