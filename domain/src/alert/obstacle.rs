//! What keeps an alert from being sent that is wrong: maintenance, silences, somebody who works on it, the cooldown.

use super::content::Content;
use super::decide::Scene;
use super::event::Suppression;
use super::record::{Alert, AlertStatus};
use super::severity::Severity;
use crate::maintenance::Maintenance;
use crate::time::Timestamp;

/// What keeps an alert from being sent.
pub(super) struct Obstacle {
    pub(super) reason: Suppression,
    pub(super) detail: Option<String>,
    pub(super) until: Option<Timestamp>,
}

/// What silences this, if anything does.
pub(super) fn silenced(content: &Content, scene: &Scene<'_>) -> Option<Obstacle> {
    let component = content.component.as_deref().and_then(|component| component.parse().ok());
    let covers = |held: &Maintenance| Some((held.id.to_string(), held.covers_until(component.as_ref()?, scene.now)?));
    if let Some((id, until)) = scene.maintenances.iter().find_map(covers) {
        let (detail, until) = (Some(id), Some(until));
        return Some(Obstacle { reason: Suppression::Maintenance, detail, until });
    }
    let silence = scene.silences.iter().find(|silence| silence.covers(content, scene.now))?;
    let (detail, until) = (Some(silence.id.to_string()), silence.ends_at);
    Some(Obstacle { reason: Suppression::Silence, detail, until })
}

/// What keeps `alert` from being sent as bad as this, if anything does.
pub(super) fn obstacle(alert: &Alert, severity: Severity, scene: &Scene<'_>) -> Option<Obstacle> {
    if let Some(silenced) = silenced(&alert.content, scene) {
        return Some(silenced);
    }
    let sent = alert.sent.filter(|sent| severity <= sent.severity)?;
    if alert.status == AlertStatus::Acknowledged {
        return Some(Obstacle { reason: Suppression::Acknowledged, detail: None, until: None });
    }
    let until = sent.at.plus(scene.config.cooldown);
    (scene.now < until).then_some(Obstacle { reason: Suppression::Cooldown, detail: None, until: Some(until) })
}
