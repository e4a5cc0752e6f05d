//! What suites do and look for again and again.

use serde_json::{Value, json};

use crate::{Client, eventually};

/// An SLO of availability over `scope` with a window of two days.
pub fn slo(name: &str, objective: f64, scope: &Value) -> Value {
    json!({"slo_type": name, "kind": "availability", "objective": objective, "window": "2d", "scope": scope})
}

/// A component that is looked at over HTTP; an answer that takes over 200 ms is slow.
pub fn http_component(id: &str, name: &str, url: &str) -> Value {
    json!({"id": id, "name": name, "probe": {"kind": "http", "url": url, "timeout_ms": 1_000, "degraded_above_ms": 200}})
}

/// A component whose samples are pushed.
pub fn push_component(id: &str) -> Value {
    json!({"id": id, "name": id, "probe": {"kind": "push"}})
}

/// What the public is told of a tenant.
pub async fn public_status(anybody: &Client, tenant: &str) -> Value {
    anybody.without_key().get(&format!("/public/status?tenant={tenant}")).await.ok(200)
}

/// The status of one component in what the public is told; empty when it is not listed.
pub fn status_of<'a>(status: &'a Value, component: &str) -> &'a str {
    let components = status["components"].as_array().map_or(&[][..], Vec::as_slice);
    let found = components.iter().find(|one| one["id"] == component);
    found.and_then(|one| one["status"].as_str()).unwrap_or_default()
}

/// Waits until the public is told that a component has this status.
pub async fn until_status(anybody: &Client, tenant: &str, component: &str, wanted: &str) {
    let what = format!("{component} of {tenant} is {wanted}");
    let looking = async || {
        let status = public_status(anybody, tenant).await;
        (status_of(&status, component) == wanted).then_some(())
    };
    eventually(60, &what, looking).await;
}

/// One SLO of a tenant as it stands now.
pub async fn slo_status(reader: &Client, tenant: &str, slo: &str) -> Value {
    let statuses = reader.get(&format!("/observability/slo/status/{tenant}")).await.ok(200);
    let objectives = statuses["objectives"].as_array().expect("a list");
    objectives.iter().find(|one| one["slo_type"] == slo).unwrap_or_else(|| panic!("no {slo} in {statuses}")).clone()
}

/// The good and the valid samples of an SLO as it stands now; nothing while it was not measured.
pub async fn good_and_valid(reader: &Client, tenant: &str, slo: &str) -> Option<(u64, u64)> {
    let status = slo_status(reader, tenant, slo).await;
    status["good"].as_u64().zip(status["valid"].as_u64())
}

/// The sum of a metric over all its series whose line contains `label`; `None` when there is none.
pub async fn metric(anybody: &Client, name: &str, label: &str) -> Option<f64> {
    let text = anybody.without_key().get("/metrics").await.text;
    let is_it = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
    };
    let values = text.lines().filter(is_it).filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    values.reduce(|sum, value| sum + value)
}
