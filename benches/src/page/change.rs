//! How long a change takes to be seen: from the request that makes it to the first page that shows it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::http::{self, Connection, post};
use crate::server::Server;
use crate::table::{Row, Table, median, progress};

const ROOT_KEY: &str = "plk_the-root-key-of-a-bench";
pub(super) const VARIABLES: [(&str, &str); 1] = [("PLIMSOLL_ROOT_KEY", ROOT_KEY)];
const CHANGES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Opens incidents of a tenant whose page is looked at all the time.
pub(super) fn rows(table: &mut Table, server: &Server) -> anyhow::Result<()> {
    progress(&format!("page: {CHANGES} changes"));
    let mut took = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        took.push(one(server, number)?);
    }
    let worst = took.iter().copied().fold(0.0, f64::max);
    let row =
        Row::new("from a change to the page".to_owned(), format!("{:.0} ms, at worst {worst:.0} ms", median(took)));
    table.push(row.beside("a second".to_owned(), worst / 1_000.0).goal("under it", worst < 1_000.0));
    Ok(())
}

fn one(server: &Server, number: usize) -> anyhow::Result<f64> {
    let mut connection = Connection::open(&server.address)?;
    let title = format!("Change {number} of the bench");
    let body = serde_json::json!({"tenant": "tenant-0", "title": title, "body": "x", "impact": "none"});
    let began = Instant::now();
    let made = connection.ask(&post("/incidents", ROOT_KEY, &body.to_string()))?;
    ensure!(made.status == 201, "the incident: {}", String::from_utf8_lossy(&made.body));
    let _id: Value = serde_json::from_slice(&made.body).context("an incident")?;
    loop {
        let page = connection.ask(&http::get("/s/tenant-0", ""))?;
        if String::from_utf8_lossy(&page.body).contains(&title) {
            return Ok(began.elapsed().as_secs_f64() * 1_000.0);
        }
        ensure!(began.elapsed() < PATIENCE, "{title} is not shown");
        std::thread::sleep(LOOK_AGAIN);
    }
}
