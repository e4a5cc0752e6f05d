//! The Prometheus servers that SLOs ask.

use std::collections::BTreeMap;

use http::StatusCode;
use url::Url;

use plimsoll_domain::slo::sli::{PrometheusQuery, PrometheusSource};
use plimsoll_domain::time::Clock;
use plimsoll_runtime::egress::Egress;
use plimsoll_runtime::http_client::HttpClient;
use plimsoll_runtime::prometheus_query::{PrometheusClient, QueryError};
use plimsoll_runtime::system_clock::SystemClock;

use super::finding::Finding;
use super::patient::Patient;
use crate::client::ClientError;

const ABOUT: &str = "prometheus";
const PATIENCE: u32 = 5;
/// Gives one number wherever it is asked.
const QUERY: &str = "1";

pub(super) async fn look(patient: &Patient<'_>, given: &[Url]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sources: BTreeMap<String, &'static str> = BTreeMap::new();
    match of_tenants(patient).await {
        Ok(found) => sources.extend(found.into_iter().map(|url| (url, "which SLOs ask"))),
        Err(finding) if given.is_empty() => findings.push(finding),
        Err(_) => {}
    }
    for url in given {
        // For its clock only.
        let _seen = patient.get(url).await;
    }
    sources.extend(given.iter().map(|url| (url.as_str().trim_end_matches('/').to_owned(), "which was named")));
    let client = PrometheusClient::new(HttpClient::new(&Egress::new(&patient.config.egress_allow)));
    for (url, why) in &sources {
        findings.push(ask(&client, url, why).await);
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ABOUT, "no SLO asks a Prometheus"));
    }
    findings
}

/// The addresses that the SLOs of all tenants name.
async fn of_tenants(patient: &Patient<'_>) -> Result<Vec<String>, Finding> {
    if !patient.has_key {
        let seen = "which ones SLOs ask is only told to the root key (PLIMSOLL_KEY); --prometheus names one";
        return Err(Finding::not_checked(ABOUT, seen));
    }
    let untold = |error: ClientError| match error.status() {
        Some(StatusCode::FORBIDDEN) => Finding::not_checked(ABOUT, "which ones SLOs ask is only told to the root key"),
        _ => Finding::not_checked(ABOUT, format!("which ones SLOs ask is not known: {error}")),
    };
    let mut urls = Vec::new();
    for tenant in patient.client.get_all("/tenants").await.map_err(untold)? {
        let Some(id) = tenant["id"].as_str() else { continue };
        let config = patient.client.get_json(&format!("/observability/slo/config/{id}")).await.map_err(untold)?;
        let objectives = config["objectives"].as_array().into_iter().flatten();
        urls.extend(objectives.filter_map(|slo| slo["prometheus"]["url"].as_str()).map(str::to_owned));
    }
    Ok(urls)
}

/// Through the same guard as the server. What it would show as credentials is not shown to us.
async fn ask(client: &PrometheusClient, url: &str, why: &str) -> Finding {
    let query = PrometheusQuery::Ratio(QUERY.to_owned());
    let source = PrometheusSource { url: url.to_owned(), query, auth: None, timeout_seconds: PATIENCE };
    match client.ask(&source, QUERY, SystemClock.now()).await {
        Ok(_) => Finding::ok(ABOUT, format!("{url}, {why}, answers")),
        Err(QueryError::Status { code: 401 | 403, .. }) => {
            Finding::ok(ABOUT, format!("{url}, {why}, answers, and wants credentials, which were not tried"))
        }
        Err(QueryError::Refused(reason)) => {
            let advice = "if it is yours, open its network, and no more, with PLIMSOLL_EGRESS_ALLOW";
            Finding::failed(ABOUT, format!("{url}, {why}: {reason}"), advice)
        }
        Err(error) => Finding::failed(ABOUT, format!("{url}, {why}: {error}"), "see whether it runs, and the firewall"),
    }
}
