//! Alerts of Jira Service Management: Opsgenie's protocol at another address, which outlives Opsgenie's own.

const BASE: &str = "https://api.atlassian.com/jsm/ops/integration";

/// The address that the API's paths follow.
pub(super) fn base(endpoint: Option<&str>) -> String {
    super::opsgenie::trimmed(endpoint.unwrap_or(BASE))
}
