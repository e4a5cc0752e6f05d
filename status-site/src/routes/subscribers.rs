//! Subscribing in the shape of the Statuspage API: `POST /api/v2/subscribers.json`.
//!
//! The answer is made of what was sent, and of nothing that is known: so it says nothing of who is subscribed.

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use plimsoll_domain::ids::SubscriberId;
use plimsoll_domain::subscriber::{Channel, ChannelKind};
use plimsoll_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Site_;
use super::forms::{Form, bytes};
use super::status::{missing_problem, problem};
use super::subscribe::{Asked, Wanted};
use crate::json::text;
use crate::respond::{Kind, Rendered};
use crate::site::Missing;

#[derive(Deserialize)]
struct Sent {
    subscriber: SentSubscriber,
}

#[derive(Deserialize)]
struct SentSubscriber {
    email: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    component_ids: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    subscriber: AnswerSubscriber<'a>,
}

/// As the Statuspage API has it; what it knows and we do not is null.
#[derive(Serialize)]
struct AnswerSubscriber<'a> {
    id: SubscriberId,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    created_at: Timestamp,
    skip_confirmation_notification: bool,
    quarantined_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
}

pub(super) async fn create(State(served): Site_, Path(slug): Path<String>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let entered = match served.site.enter(&slug, &request).await {
        Ok(entered) if served.takes_subscribers(&entered) => entered,
        Ok(_) => return missing_problem(Missing::Nowhere),
        Err(missing) => return missing_problem(missing),
    };
    let sent = match bytes(body).await {
        Ok(sent) => sent,
        Err(status) => return status.into_response(),
    };
    let Some(wanted) = read(&request, &sent) else {
        let detail = "expected {\"subscriber\": {\"email\" or \"endpoint\", \"component_ids\"?}}, as a form or as JSON";
        return problem(StatusCode::UNPROCESSABLE_ENTITY, detail);
    };
    let locale = served.site.languages.choice(&request, entered.view.locale()).locale;
    match served.ask(&entered, locale, &wanted, &request).await {
        Asked::Taken => {
            let is_mail = wanted.kind == "email";
            let kind = if is_mail { ChannelKind::Email } else { ChannelKind::Webhook };
            let key = Channel::new(kind, &wanted.address, &*served.site.parts.entropy).key();
            let subscriber = AnswerSubscriber {
                id: SubscriberId::of_address(entered.view.tenant(), kind.as_str(), &key),
                mode: if is_mail { "email" } else { "webhook" },
                email: is_mail.then_some(&wanted.address),
                endpoint: (!is_mail).then_some(&wanted.address),
                created_at: served.site.now(),
                skip_confirmation_notification: false,
                quarantined_at: None,
                purge_at: None,
            };
            let body = text(&Answer { subscriber });
            let mut answer = Rendered::new(Kind::Problem, StatusCode::CREATED, body, None).answer(&HeaderMap::new());
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            answer
        }
        Asked::Wrong(faults) => problem(StatusCode::UNPROCESSABLE_ENTITY, detail(&faults)),
        Asked::TooMany(seconds) => {
            let mut answer = problem(StatusCode::TOO_MANY_REQUESTS, "too many subscriptions were asked for");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
            answer
        }
        Asked::Full => problem(StatusCode::SERVICE_UNAVAILABLE, "this page takes no more subscribers"),
        Asked::Unavailable => missing_problem(Missing::Unavailable),
    }
}

fn detail(faults: &[(&'static str, &'static str)]) -> &'static str {
    match faults.first() {
        Some(("address", _)) => {
            "expected an address of mail such as ops@example.org, or an http:// or https:// endpoint"
        }
        Some(("components", _)) => "expected ids of components of this page in component_ids",
        _ => "expected {\"subscriber\": {\"email\" or \"endpoint\", \"component_ids\"?}}",
    }
}

/// What was sent, as a form (`subscriber[email]=…`) or as JSON.
fn read(request: &Parts, sent: &Bytes) -> Option<Wanted> {
    let is_json =
        request.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let sent = if is_json {
        serde_json::from_slice::<Sent>(sent).ok()?.subscriber
    } else {
        let form = Form::parse(sent);
        let field = |name: &str| Some(form.first(name).to_owned()).filter(|text| !text.is_empty());
        SentSubscriber {
            email: field("subscriber[email]"),
            endpoint: field("subscriber[endpoint]"),
            component_ids: form.all("subscriber[component_ids][]").map(str::to_owned).collect(),
        }
    };
    let (kind, address) = match (sent.email, sent.endpoint) {
        (Some(email), None) => ("email", email),
        // Given with an endpoint, it is the address of whoever looks after it.
        (_, Some(endpoint)) => ("webhook", endpoint),
        (None, None) => return None,
    };
    let components = sent.component_ids.into_iter().collect();
    Some(Wanted { kind: kind.to_owned(), address: address.trim().to_owned(), components, ..Wanted::default() })
}
