//! Alerts as they are shown: with everything that happened to them, and nothing of how their receivers are reached.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use plimsoll_domain::alert::{
    Alert, AlertStatus, Delivery, DeliveryAction, DeliveryState, EventKind, Feedback, Hold, ReceiverName, Severity,
    Suppression, Usefulness,
};
use plimsoll_domain::ids::AlertId;
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::masking::{MASKED, is_sensitive, mask, mask_text};

use crate::routes::attempt::AttemptView;

/// One episode of a dedup key.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertView {
    #[schema(value_type = String)]
    alert_id: AlertId,
    dedup_key: String,
    /// `triggered`, `acknowledged` or `resolved`.
    #[schema(value_type = String)]
    status: AlertStatus,
    summary: String,
    /// `critical`, `error`, `warning` or `info`.
    #[schema(value_type = String)]
    severity: Severity,
    source: String,
    component: Option<String>,
    /// Those with a name such as `password` or `token` are masked.
    labels: BTreeMap<String, String>,
    /// As it came in, but for what looks like a secret, which is masked.
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
    runbook_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    fired_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The routes that it took.
    routes: Vec<String>,
    /// What keeps it back.
    hold: Option<HoldView>,
    /// The newest, oldest first.
    events: Vec<EventView>,
    /// Events that are not kept any more.
    events_left_out: u64,
    /// The newest, oldest first.
    deliveries: Vec<DeliveryView>,
    /// Deliveries that are not kept any more.
    deliveries_left_out: u64,
    feedback: Option<FeedbackView>,
}

#[derive(Serialize, ToSchema)]
struct HoldView {
    #[schema(value_type = String)]
    reason: Suppression,
    /// E.g. which silence.
    detail: Option<String>,
    /// When it ends, where that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Something that happened to an alert.
#[derive(Serialize, ToSchema)]
struct EventView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `trigger`, `acknowledge`, `resolve`, `released`, `repeat`, `expired` or `replayed`.
    #[schema(value_type = String)]
    kind: EventKind,
    #[schema(value_type = String)]
    severity: Severity,
    /// The name of a key, or `automatic`.
    by: String,
    /// Why nothing was sent of it, if so.
    #[schema(value_type = Option<String>)]
    suppressed: Option<Suppression>,
    detail: Option<String>,
    /// The ids of the deliveries that were made of it.
    deliveries: Vec<String>,
}

/// What one receiver is to be told once.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    id: String,
    #[schema(value_type = String)]
    receiver: ReceiverName,
    /// The receiver's, when it was told.
    kind: Option<&'static str>,
    /// `trigger`, `acknowledge` or `resolve`.
    #[schema(value_type = String)]
    action: DeliveryAction,
    /// `waiting`, `sending`, `delivered`, `dead`, or `collapsed` when it need not be sent.
    state: &'static str,
    /// Why it is dead or collapsed.
    reason: Option<String>,
    /// When it is tried next, while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The newest, oldest first.
    attempts: Vec<AttemptView>,
}

/// What somebody says of an alert.
#[derive(Serialize, ToSchema)]
struct FeedbackView {
    /// `useful` or `noise`.
    #[schema(value_type = String)]
    verdict: Usefulness,
    comment: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    by: String,
}

impl DeliveryView {
    pub(super) fn of(alert: &Alert, delivery: &Delivery) -> Self {
        let reason = match &delivery.state {
            DeliveryState::Dead { reason, .. } | DeliveryState::Collapsed { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let next_attempt_at = match delivery.state {
            DeliveryState::Waiting { ready_at } => Some(ready_at),
            _ => None,
        };
        Self {
            id: alert.delivery_id(delivery.number),
            receiver: delivery.receiver.clone(),
            kind: alert.opening(&delivery.receiver).map(|opening| opening.receiver.target.kind()),
            action: delivery.action,
            state: delivery.state_name(),
            reason,
            next_attempt_at,
            created_at: delivery.created_at,
            attempts: delivery.attempts.iter().map(AttemptView::from).collect(),
        }
    }

    /// All deliveries of `alert`, oldest first.
    pub(super) fn all(alert: &Alert) -> Vec<Self> {
        alert.deliveries.iter().map(|delivery| Self::of(alert, delivery)).collect()
    }
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self { reason: hold.reason, detail: hold.detail, until: hold.until }
    }
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        let Feedback { verdict, comment, at, by } = feedback;
        Self { verdict, comment, at, by }
    }
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let deliveries = DeliveryView::all(&alert);
        let id = alert.id.clone();
        let events = alert.events.into_iter().map(|event| EventView {
            at: event.at,
            kind: event.kind,
            severity: event.severity,
            by: event.by,
            suppressed: event.suppressed,
            detail: event.detail,
            deliveries: event.deliveries.iter().map(|number| format!("{id}-{number}")).collect(),
        });
        let content = alert.content;
        let labels = content.labels.into_iter().map(|(name, value)| {
            let value = if is_sensitive(&name) { MASKED.to_owned() } else { mask_text(&value).into_owned() };
            (name, value)
        });
        Self {
            events: events.collect(),
            alert_id: alert.id,
            dedup_key: alert.dedup_key,
            status: alert.status,
            summary: mask_text(&content.summary).into_owned(),
            severity: content.severity,
            source: content.source,
            component: content.component,
            labels: labels.collect(),
            details: content.details.map(shown),
            runbook_url: content.runbook_url.map(|url| mask_text(&url).into_owned()),
            fired_at: alert.fired_at,
            updated_at: alert.updated_at,
            routes: alert.routes,
            hold: alert.hold.map(HoldView::from),
            events_left_out: alert.events_left_out,
            deliveries,
            deliveries_left_out: alert.deliveries_left_out,
            feedback: alert.feedback.map(FeedbackView::from),
        }
    }
}

/// Details as they are shown: whoever may read alerts need not know what somebody put into one.
fn shown(details: String) -> Value {
    let mut details = serde_json::from_str(&details).unwrap_or(Value::String(details));
    mask("", &mut details);
    details
}
