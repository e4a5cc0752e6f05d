//! Alerts, from the request that fires one to the webhook that is told of it, beside Alertmanager: both with the same
//! receiver, the same labels and a notification for each alert, in turns. Alertmanager keeps alerts in memory; ours are on
//! the disk before they are answered.
//!
//! The server under test has one core, the receiver and whoever fires have the other.

mod load;
mod peer;
mod receiver;

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::cores::{self, Pinned};
use crate::http::{Connection, post};
use crate::server::Server;
use crate::table::{Row, Table, median, progress};
use load::{Fired, Rate, Shape};
use receiver::Receiver;

const ROOT_KEY: &str = "plk_the-root-key-of-a-bench";
/// Alerts that are fired one at a time.
const SINGLES: usize = 1_000;
/// How long alerts are fired as fast as they are taken.
const FULL: Duration = Duration::from_secs(5);
/// Deliveries that wait for a receiver that is dead.
const WAITING: usize = 10_000;
/// By how much they may slow the others down.
const DISTURBANCE: f64 = 1.2;

/// One that alerts can be fired at.
trait Target {
    /// A request that fires alerts with these labels `uid`.
    fn request(&self, uids: &[String]) -> Vec<u8>;
    /// Where it listens.
    fn address(&self) -> &str;
}

/// Ours, with a tenant whose alerts all go to one webhook.
struct Ours {
    server: Server,
    key: String,
    _folder: tempfile::TempDir,
}

impl Ours {
    fn start(receiver: &Receiver, dead: Option<&str>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = format!("embedded:{}", folder.path().join("data").display());
        let server = Server::start_with(
            folder.path(),
            &store,
            Some(cores::SERVER),
            &[("PLIMSOLL_ROOT_KEY", ROOT_KEY), ("PLIMSOLL_EGRESS_ALLOW", "127.0.0.0/8")],
        )?;
        let key = server.tenant(ROOT_KEY)?;
        let hook = |name: &str, url: &str| json!({"name": name, "kind": "webhook", "url": url});
        let mut receivers = vec![hook("hook", &receiver.url())];
        let mut routes = Vec::new();
        if let Some(dead) = dead {
            receivers.push(hook("dead", dead));
            routes.push(json!({"matchers": ["severity=\"info\""], "receivers": ["dead"]}));
        }
        let config = json!({"receivers": receivers, "routes": routes, "default_receivers": ["hook"]}).to_string();
        let put = post("/observability/alerts/config/bench", &key, &config);
        let put = String::from_utf8(put)?.replacen("POST", "PUT", 1).into_bytes();
        let answer = Connection::open(&server.address)?.ask(&put)?;
        ensure!(answer.status == 200, "the configuration: {}", String::from_utf8_lossy(&answer.body));
        Ok(Self { server, key, _folder: folder })
    }

    fn fire(&self, uid: &str, severity: &str) -> Vec<u8> {
        let body = json!({"event_action": "trigger", "summary": "The budget burns 14.4 times as fast as it may",
            "severity": severity, "source": "bench", "dedup_key": uid, "labels": load::labels(uid)});
        post("/observability/alerts/fire/bench", &self.key, &body.to_string())
    }
}

impl Target for Ours {
    fn request(&self, uids: &[String]) -> Vec<u8> {
        match uids {
            [uid] => self.fire(uid, "critical"),
            uids => post("/observability/alerts/bench/api/v2/alerts", &self.key, &load::prometheus_body(uids)),
        }
    }

    fn address(&self) -> &str {
        &self.server.address
    }
}

/// What was found in all rounds.
#[derive(Default)]
struct Found {
    p50: Vec<f64>,
    p99: Vec<f64>,
    single: Vec<f64>,
    batch: Vec<f64>,
}

impl Found {
    fn note(&mut self, one_by_one: &Fired, single: Rate, batch: Rate) {
        self.p50.push(one_by_one.quantile(0.5));
        self.p99.push(one_by_one.quantile(0.99));
        self.single.push(single.delivered_per_second);
        self.batch.push(batch.delivered_per_second);
    }
}

/// Ours and Alertmanager in turns, and ours beside a receiver that is dead.
pub(crate) async fn measure(rounds: usize) -> anyhow::Result<Table> {
    let _pinned = Pinned::to(cores::LOAD)?;
    let receiver = Receiver::start().await?;
    let (mut ours, mut theirs) = (Found::default(), Found::default());
    for round in 1..=rounds {
        progress(&format!("alerts: ours, round {round} of {rounds}"));
        run(&Ours::start(&receiver, None)?, &receiver, &mut ours).await?;
        progress(&format!("alerts: Alertmanager, round {round} of {rounds}"));
        let folder = tempfile::tempdir()?;
        run(&peer::Alertmanager::start(folder.path(), &receiver, cores::SERVER)?, &receiver, &mut theirs).await?;
    }
    let mut table = Table::new("Alerts: from the request to the webhook, embedded store, one core for the server");
    rows(&mut table, ours, theirs);
    progress(&format!("alerts: {WAITING} deliveries wait for a dead receiver"));
    disturbed(&mut table, &receiver, rounds).await?;
    Ok(table)
}

async fn run(target: &impl Target, receiver: &Receiver, found: &mut Found) -> anyhow::Result<()> {
    // The first ones make connections.
    load::one_by_one(target, receiver, 20).await?;
    let one_by_one = load::one_by_one(target, receiver, SINGLES).await?;
    let single = load::at_full(target, receiver, Shape { writers: 64, batch: 1, lasting: FULL }).await?;
    let batch = load::at_full(target, receiver, Shape { writers: 8, batch: 64, lasting: FULL }).await?;
    found.note(&one_by_one, single, batch);
    Ok(())
}

fn rows(table: &mut Table, ours: Found, theirs: Found) {
    for (name, ours, theirs, is_goal) in [("p50", ours.p50, theirs.p50, false), ("p99", ours.p99, theirs.p99, true)] {
        let (ours, theirs) = (median(ours), median(theirs));
        let row = Row::new(format!("one at a time, {name}"), format!("{ours:.2} ms"));
        let row = row.beside(format!("Alertmanager {theirs:.2} ms"), ours / theirs);
        table.push(if is_goal { row.goal("≤ its", ours <= theirs) } else { row });
    }
    for (name, ours, theirs) in [
        ("one a request, sustained", ours.single, theirs.single),
        ("64 a request (Alertmanager's API), sustained", ours.batch, theirs.batch),
    ] {
        let (ours, theirs) = (median(ours), median(theirs));
        let row = Row::new(name, format!("{ours:.0}/s"));
        let row = row.beside(format!("Alertmanager {theirs:.0}/s"), ours / theirs);
        table.push(row.goal("≥ its", ours >= theirs));
    }
}

/// The same target with and without deliveries that wait for a receiver that takes connections and never answers.
async fn disturbed(table: &mut Table, receiver: &Receiver, rounds: usize) -> anyhow::Result<()> {
    let dead = receiver::hanging().await?;
    let (mut calm, mut disturbed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let ours = Ours::start(receiver, Some(&dead))?;
        load::one_by_one(&ours, receiver, 20).await?;
        calm.push(load::one_by_one(&ours, receiver, SINGLES).await?.quantile(0.99));
        let mut connection = Connection::open(ours.address())?;
        for number in 0..WAITING {
            let answer = connection.ask(&ours.fire(&format!("dead-{number}"), "info"))?;
            ensure!(answer.status == 202, "{}", String::from_utf8_lossy(&answer.body));
        }
        disturbed.push(load::one_by_one(&ours, receiver, SINGLES).await?.quantile(0.99));
    }
    let (calm, disturbed) = (median(calm), median(disturbed));
    let row = Row::new(format!("p99 while {WAITING} wait for a dead receiver"), format!("{disturbed:.2} ms"));
    let row = row.beside(format!("without them {calm:.2} ms"), disturbed / calm);
    table.push(row.goal(format!("< {DISTURBANCE} of it"), disturbed < calm * DISTURBANCE));
    Ok(())
}
