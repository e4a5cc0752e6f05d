//! A subscriber's own server, in the form of Standard Webhooks: signed with the secret that was shown when the subscription
//! was confirmed. The message that asks to confirm does not hold it.

use http::StatusCode;
use serde_json::{Value, json};

use plimsoll_domain::alert::Verdict;
use plimsoll_domain::ids::ComponentId;
use plimsoll_domain::incident::{ComponentStatus, Incident};
use plimsoll_domain::maintenance::{Maintenance, MaintenanceEvent};
use plimsoll_domain::secret::Secret;
use plimsoll_domain::subscriber::StopReason;

use super::super::letter::{Letter, Says};
use super::Tells;
use crate::wire::Wire;
use crate::wire::exchange::{self, Finding, Posting};
use crate::wire::signature::sign;

/// Posts to the webhook.
pub(super) async fn send(wire: &Wire, letter: &Letter, url: &Secret, secret: &Secret) -> (Finding, Tells) {
    match try_send(wire, letter, url, secret).await {
        Ok(found) if found.status == Some(StatusCode::GONE.as_u16()) => (found, Tells::Gone(StopReason::Refused)),
        Ok(found) | Err(found) => (found, Tells::Nothing),
    }
}

async fn try_send(wire: &Wire, letter: &Letter, url: &Secret, secret: &Secret) -> Result<Finding, Finding> {
    let mut posting = Posting::json(exchange::address(url.expose())?, &body(letter));
    sign(&mut posting, letter.notice.id.to_string(), wire.clock.now(), [Some(secret), None])?;
    let answer = exchange::post(&wire.http, posting, wire.patience.attempt).await?;
    let mut found = exchange::judge(&answer, wire.clock.now());
    if answer.status == StatusCode::GONE {
        found.verdict = Verdict::SwitchOff;
    }
    Ok(found)
}

fn body(letter: &Letter) -> Value {
    let page = &letter.page;
    let (kind, key, what) = match &letter.says {
        Says::Confirm => ("subscription.confirm", "confirm_url", json!(letter.confirm_url())),
        Says::Incident(incident) => (incident_kind(incident), "incident", of_incident(letter, incident)),
        Says::Maintenance(event, time) => (maintenance_kind(*event), "maintenance", of_maintenance(letter, time)),
    };
    let mut data = json!({
        "page": { "id": page.tenant, "name": page.title, "url": page.url },
        "unsubscribe_url": letter.unsubscribe_url(),
    });
    data[key] = what;
    json!({ "type": kind, "timestamp": letter.notice.created_at, "data": data })
}

fn incident_kind(incident: &Incident) -> &'static str {
    let was_open = incident.updates.iter().rev().nth(1).is_none_or(|before| !before.status.is_over());
    match incident.updates.len() {
        1 => "incident.created",
        _ if !incident.is_open() && was_open => "incident.resolved",
        _ => "incident.updated",
    }
}

const fn maintenance_kind(event: MaintenanceEvent) -> &'static str {
    match event {
        MaintenanceEvent::Scheduled => "maintenance.scheduled",
        MaintenanceEvent::Reminder => "maintenance.reminder",
        MaintenanceEvent::Started => "maintenance.started",
        MaintenanceEvent::Completed => "maintenance.completed",
    }
}

fn of_incident(letter: &Letter, incident: &Incident) -> Value {
    let update = incident.latest();
    let component = |(id, status): (&ComponentId, &ComponentStatus)| {
        let name = letter.page.name_of(id)?;
        Some(json!({ "id": id, "name": name, "status": status.as_str() }))
    };
    json!({
        "id": incident.id,
        "name": incident.title,
        "status": update.status.as_str(),
        "impact": incident.impact,
        "url": letter.read_on_url(),
        "started_at": incident.started_at(),
        "resolved_at": incident.resolved_at(),
        "components": update.components.iter().filter_map(component).collect::<Vec<_>>(),
        "update": { "status": update.status.as_str(), "body": update.body, "at": update.at },
    })
}

fn of_maintenance(letter: &Letter, time: &Maintenance) -> Value {
    let status = match &letter.says {
        Says::Maintenance(MaintenanceEvent::Started, _) => "in_progress",
        Says::Maintenance(MaintenanceEvent::Completed, _) => "completed",
        _ => "scheduled",
    };
    let component = |id: &ComponentId| Some(json!({ "id": id, "name": letter.page.name_of(id)? }));
    json!({
        "id": time.id,
        "name": time.title,
        "status": status,
        "body": time.body,
        "url": letter.read_on_url(),
        "starts_at": time.starts_at,
        "ends_at": time.ends_at,
        "completed_at": time.completed_at(),
        "components": time.components.iter().filter_map(component).collect::<Vec<_>>(),
    })
}
