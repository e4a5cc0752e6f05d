//! Alerts that come in one by one.
//!
//! The hot path of alerting: texts are moved from the body into the signal, and everything that it is judged by is read,
//! decided and stored in one call.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::alert::content::MAX_DEDUP_KEY;
use plimsoll_domain::alert::{Content, Fired, ReceiverName, Severity, Signal, SignalAction, Suppression};
use plimsoll_domain::ids::AlertId;
use plimsoll_domain::invalid::{Faults, Invalid};

use crate::extract::{IdempotencyKey, Ingest, JsonBytes, Query, Scoped, read_slice};
use crate::problem::Problem;
use crate::state::ApiState;

const ONE_MIB: usize = 1 << 20;
const REQUIRED: &str = "expected a value: this field is required";

/// The routes by which alerts come in one by one.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(fire))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FireRequest<'a> {
    /// `trigger`, `acknowledge` or `resolve`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    event_action: Cow<'a, str>,
    /// What is wrong, in one sentence of at most 4,000 characters. A trigger needs it.
    summary: Option<String>,
    /// `critical`, `error`, `warning` or `info`. A trigger needs it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    severity: Option<Cow<'a, str>>,
    /// Who or what noticed. A trigger needs it.
    source: Option<String>,
    /// Names the problem, in at most 255 characters: what has the same key is the same. Made of source, component, labels
    /// and summary of a trigger that has none; an acknowledgement and a resolve need it.
    dedup_key: Option<String>,
    /// Which component it is about: one of the tenant's, whose maintenance keeps it back, or any other name.
    component: Option<String>,
    /// What it is routed and silenced by, besides. At most 64.
    labels: Option<BTreeMap<String, String>>,
    /// Anything else, at most 64 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    details: Option<Map<String, Value>>,
    /// What to do about it: an http:// or https:// URL.
    runbook_url: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FireQuery {
    /// Says what would become of it (200); sends and stores nothing.
    #[serde(default)]
    #[param(default = false)]
    dry_run: bool,
}

/// What became of a signal.
#[derive(Serialize, ToSchema)]
pub(super) struct FiredView {
    /// Which alert it belongs to.
    #[schema(value_type = String)]
    alert_id: AlertId,
    dedup_key: String,
    /// Whether something that asks to be sent was not.
    suppressed: bool,
    /// Why nothing was sent: `cooldown`, `silence`, `maintenance`, `acknowledged`, `already_open`, `no_receiver`,
    /// `nothing_open` or `never_delivered`.
    #[schema(value_type = Option<String>)]
    reason: Option<Suppression>,
    /// More about it, e.g. which silence.
    detail: Option<String>,
    /// What is sent, and to whom.
    deliveries: Vec<FiredDelivery>,
    /// The routes that it took.
    routes: Vec<String>,
    /// Of a dry run: each step of its way through the routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
    /// Whether this is only what would be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
struct FiredDelivery {
    /// Null in a dry run.
    id: Option<String>,
    #[schema(value_type = String)]
    receiver: ReceiverName,
}

/// Trigger, acknowledge or resolve an alert.
///
/// When it is answered, the alert and what is to be sent of it are stored. Sent again with the same `Idempotency-Key`, it is
/// heard once, and answered as it was then.
#[utoipa::path(
    post, path = "/observability/alerts/fire/{tenant_id}", tag = "alerts", security(("key" = [])),
    request_body = FireRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"), FireQuery,
        ("idempotency-key" = Option<String>, Header, description = "Names this request, 1 to 255 characters")
    ),
    responses(
        (status = 202, description = "Stored; it is being sent", body = FiredView),
        (status = 200, description = "What a dry run came to", body = FiredView),
        Problem
    )
)]
async fn fire(
    scope: Scoped<Ingest>,
    IdempotencyKey(key): IdempotencyKey,
    Query(query): Query<FireQuery>,
    State(state): State<ApiState>,
    JsonBytes(body): JsonBytes<ONE_MIB>,
) -> Result<(StatusCode, axum::Json<FiredView>), Problem> {
    let request: FireRequest<'_> = read_slice(&body)?;
    let (tenant, by) = scope.into_parts();
    let mut signal = request.read(by)?;
    signal.request = key.map(|key| hashed("plimsoll 2026-11 request of a signal", &[&key]));
    let now = state.clock.now();
    if query.dry_run {
        let fired = state.alerting.rehearse(&tenant, &signal, now).await?.fired;
        return Ok((StatusCode::OK, axum::Json(FiredView::rehearsed(fired))));
    }
    let mut fired = state.alerting.fire(&tenant, std::slice::from_ref(&signal), now).await?;
    let fired = fired.pop().expect("one for each signal");
    Ok((StatusCode::ACCEPTED, axum::Json(fired.into())))
}

impl FireRequest<'_> {
    fn read(self, by: String) -> Result<Signal, Invalid> {
        let mut faults = Faults::default();
        let action = faults.keep(action_of(&self.event_action), "/event_action");
        let is_trigger = action == Some(SignalAction::Trigger);
        let fields = [
            ("/summary", self.summary.is_some(), is_trigger),
            ("/severity", self.severity.is_some(), is_trigger),
            ("/source", self.source.is_some(), is_trigger),
            ("/dedup_key", self.dedup_key.is_some(), action.is_some() && !is_trigger),
        ];
        for (pointer, is_given, is_needed) in fields {
            faults.require(is_given || !is_needed, pointer, || REQUIRED.to_owned());
        }
        if let Some(key) = &self.dedup_key {
            check_key(&mut faults, key);
        }
        let severity = self.severity.as_deref().and_then(|text| faults.keep(text.parse(), "/severity"));
        let says_enough = self.summary.is_some() && severity.is_some() && self.source.is_some();
        // What is not given is made up, so that the rest is looked over all the same.
        let stand_in = || "-".to_owned();
        let content = Content {
            summary: self.summary.unwrap_or_else(stand_in),
            severity: severity.unwrap_or(Severity::Info),
            source: self.source.unwrap_or_else(stand_in),
            component: self.component,
            labels: self.labels.unwrap_or_default(),
            details: self.details.map(|details| Value::Object(details).to_string()),
            runbook_url: self.runbook_url,
        };
        faults.absorb(content.validate(), "");
        faults.finish()?;
        let dedup_key = self.dedup_key.unwrap_or_else(|| made_key(&content));
        let action = action.expect("it is there when no fault was noted");
        Ok(Signal { by, ..Signal::new(action, dedup_key, says_enough.then_some(content), "") })
    }
}

fn action_of(text: &str) -> Result<SignalAction, String> {
    let all = [SignalAction::Trigger, SignalAction::Acknowledge, SignalAction::Resolve];
    let known = all.into_iter().find(|action| action.as_str() == text);
    known.ok_or_else(|| format!("expected trigger, acknowledge or resolve, got {text:?}"))
}

fn check_key(faults: &mut Faults, key: &str) {
    let fits = !key.trim().is_empty() && key.chars().count() <= MAX_DEDUP_KEY && !key.chars().any(char::is_control);
    faults.require(fits, "/dedup_key", || {
        format!("expected 1 to {MAX_DEDUP_KEY} characters, none of them a control character")
    });
}

/// The same for everything that says the same of the same.
fn made_key(content: &Content) -> String {
    let named = content.labels.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let component = content.component.as_deref();
    let parts: Vec<&str> = [content.source.as_str(), &content.summary]
        .into_iter()
        .chain([if component.is_some() { "1" } else { "0" }, component.unwrap_or_default()])
        .chain(named)
        .collect();
    format!("pl-{}", hashed("plimsoll 2026-11 dedup key of an alert", &parts))
}

/// 32 hexadecimal digits that differ where `parts` differ.
fn hashed(context: &str, parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

impl From<Fired> for FiredView {
    fn from(fired: Fired) -> Self {
        let delivery = |(number, receiver): (u32, ReceiverName)| {
            let id = Some(format!("{}-{number}", fired.alert));
            FiredDelivery { id, receiver }
        };
        Self {
            deliveries: fired.deliveries.into_iter().map(delivery).collect(),
            alert_id: fired.alert,
            dedup_key: fired.dedup_key,
            suppressed: fired.suppressed,
            reason: fired.reason,
            detail: fired.detail,
            routes: fired.routed.routes,
            path: None,
            dry_run: false,
        }
    }
}

impl FiredView {
    fn rehearsed(mut fired: Fired) -> Self {
        let path = Some(std::mem::take(&mut fired.routed.path));
        let mut view = Self { path, dry_run: true, ..Self::from(fired) };
        view.deliveries.iter_mut().for_each(|delivery| delivery.id = None);
        view
    }
}
