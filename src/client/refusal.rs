//! A server that says no, in words that say what to do.

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;
use url::Url;

use plimsoll_runtime::http_client::Response;

use super::Client;

/// A refusal, as the server put it.
#[derive(Debug)]
pub(crate) struct Refusal {
    server: Url,
    /// Its status.
    pub(crate) status: StatusCode,
    /// What the server says of it, in one sentence.
    pub(crate) detail: Option<String>,
    /// What is wrong with the body, as JSON pointers into it and sentences.
    pub(crate) faults: Vec<(String, String)>,
    had_key: bool,
    redirected_to: Option<String>,
}

impl Refusal {
    pub(super) fn read(response: &Response, client: &Client) -> Self {
        let problem: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let faults = problem["errors"].as_array().into_iter().flatten();
        let faults = faults.filter_map(|fault| Some((text(&fault["pointer"])?, text(&fault["detail"])?)));
        Self {
            server: client.server.clone(),
            status: response.status,
            detail: text(&problem["detail"]).or_else(|| text(&problem["title"])),
            faults: faults.collect(),
            had_key: client.bearer.is_some(),
            redirected_to: response.headers.get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned),
        }
    }

    pub(super) fn words(&self) -> String {
        let Self { server, status, .. } = self;
        match *status {
            StatusCode::UNAUTHORIZED if !self.had_key => {
                format!("{server} wants an API key: set PLIMSOLL_KEY or --key")
            }
            StatusCode::UNAUTHORIZED => format!("{server} does not know the key (--key or PLIMSOLL_KEY)"),
            StatusCode::FORBIDDEN => format!("the key may not do that{}", self.said()),
            StatusCode::PRECONDITION_FAILED => "somebody else changed it meanwhile: look at it anew".to_owned(),
            status if status.is_redirection() => {
                let to = self.redirected_to.as_deref().unwrap_or("elsewhere");
                format!("{server} points to {to}: name the server itself (--server or PLIMSOLL_URL)")
            }
            status => format!("{server} answered {status}{}", self.said()),
        }
    }

    fn said(&self) -> String {
        let faults = self.faults.iter().map(|(pointer, detail)| format!("; {pointer}: {detail}"));
        let detail = self.detail.iter().map(|detail| format!(": {detail}"));
        detail.chain(faults).collect()
    }
}
