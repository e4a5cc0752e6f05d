//! The server that runs, if one does: whether it is well, of this version, and configured as this process would be.

use serde_json::Value;

use plimsoll_store::inspect::Place;

use super::finding::Finding;
use super::patient::Patient;
use crate::client::ClientError;

const ABOUT: &str = "server";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// A job that is later than so many of its turns does not run any more.
const TURNS: f64 = 3.0;

pub(super) async fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let server = patient.client.server();
    if let Ok(url) = server.join("health") {
        // For its clock only.
        let _seen = patient.get(&url).await;
    }
    match patient.client.get_json("/health/detailed").await {
        Ok(health) => {
            let mut findings = vec![version(server.as_str(), &health)];
            findings.extend(dependencies(&health));
            findings.extend(jobs(patient, &health));
            findings.extend(configuration(patient).await);
            findings
        }
        Err(error) => vec![away(patient, &error)],
    }
}

fn away(patient: &Patient<'_>, error: &ClientError) -> Finding {
    let place = patient.inspection.as_ref().map(|inspection| &inspection.place);
    let runs = matches!(place, Some(Place::Embedded(folder)) if folder.is_in_use);
    match error {
        ClientError::Away { .. } if !patient.server_was_named && !runs => {
            Finding::not_checked(ABOUT, format!("none runs at {}", patient.client.server()))
        }
        ClientError::Away { source, .. } => {
            let seen = format!("nothing answers at {}: {source}", patient.client.server());
            Finding::failed(ABOUT, seen, "start it, or say where it runs with --server or PLIMSOLL_URL")
        }
        other => Finding::failed(ABOUT, other, "see whether what answers there is Plimsoll"),
    }
}

fn version(server: &str, health: &Value) -> Finding {
    let roles = health["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let roles = roles.collect::<Vec<_>>().join(", ");
    match health["version"].as_str() {
        Some(VERSION) => Finding::ok(ABOUT, format!("{server} runs {VERSION} with the roles {roles}")),
        Some(other) => {
            let seen = format!("{server} runs {other}, and this program is {VERSION}");
            Finding::warning(ABOUT, seen, "restart it, or use the program that it runs")
        }
        None => {
            Finding::failed(ABOUT, format!("{server} answers, but not as Plimsoll"), "see --server or PLIMSOLL_URL")
        }
    }
}

fn dependencies(health: &Value) -> Vec<Finding> {
    let all = health["dependencies"].as_array().into_iter().flatten();
    let down =
        all.filter(|dependency| dependency["status"] == "down").filter_map(|dependency| dependency["name"].as_str());
    let tell = |name: &str| Finding::failed(ABOUT, format!("its {name} does not answer it"), "see its log");
    down.map(tell).collect()
}

fn jobs(patient: &Patient<'_>, health: &Value) -> Vec<Finding> {
    let longest = patient.config.interval.seconds() as f64 * TURNS;
    let jobs = health["jobs"].as_array().into_iter().flatten();
    let late = jobs.filter_map(|job| {
        let (name, lag) = (job["name"].as_str()?, job["lag_seconds"].as_f64()?);
        // Others have turns of their own, and longer ones.
        (name == "tick" && lag > longest).then(|| {
            let seen = format!("its last {name} was {lag:.0} s ago");
            Finding::failed(ABOUT, seen, "see its log: nothing is sampled meanwhile")
        })
    });
    late.collect()
}

/// Whether it was started with what is configured now.
async fn configuration(patient: &Patient<'_>) -> Option<Finding> {
    let about = "running config";
    if !patient.has_key {
        return Some(Finding::not_checked(about, "no API key is given (PLIMSOLL_KEY)"));
    }
    let running = match patient.client.get_json("/observability/config").await {
        Ok(running) => running,
        Err(error) => return Some(Finding::failed(about, error, "see PLIMSOLL_KEY")),
    };
    let ours = patient.config.public_view();
    let ours = ours.as_object().into_iter().flatten();
    let differs: Vec<&str> =
        ours.filter(|(name, value)| running[name.as_str()] != **value).map(|(n, _)| n.as_str()).collect();
    if differs.is_empty() {
        return Some(Finding::ok(about, "the server was started with this configuration"));
    }
    let seen = format!("the server was started with other values of {}", differs.join(", "));
    Some(Finding::warning(about, seen, "restart it, or run this with its variables and file"))
}
