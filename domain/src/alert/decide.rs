//! What a signal does to the alert of its key, and what the clock does to one that is kept back, repeated or forgotten.
//!
//! Pure: the same alert, signal, configuration and instant come to the same. Whoever stores the result does so only if the
//! alert is still the one that was looked at, and decides anew otherwise.

use super::config::AlertConfig;
use super::content::{Content, Signal, SignalAction};
use super::delivery::{DeliveryAction, Lease};
use super::event::{Event, EventKind, Hold, Suppression};
use super::obstacle::{Obstacle, obstacle, silenced};
use super::receiver::{Receiver, ReceiverName};
use super::record::{Alert, AlertStatus, Opening, Sent};
use super::route::Routed;
use super::severity::Severity;
use super::silence::Silence;
use crate::ids::{AlertId, TenantId};
use crate::maintenance::Maintenance;
use crate::time::Timestamp;

/// Who speaks when nobody does.
const AUTOMATIC: &str = "automatic";

/// What a decision stands on.
pub struct Scene<'a> {
    /// The tenant's receivers and routes.
    pub config: &'a AlertConfig,
    /// Its silences that are not over.
    pub silences: &'a [Silence],
    /// Its maintenance that is not over.
    pub maintenances: &'a [Maintenance],
    /// The present instant.
    pub now: Timestamp,
    /// Leave to send to a receiver at once, where whoever decides can do so.
    pub lease: &'a (dyn Fn(&ReceiverName) -> Option<Lease> + Sync),
    /// The trace that this belongs to, as W3C's `traceparent`.
    pub trace: Option<&'a str>,
}

/// What became of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Which alert it belongs to.
    pub alert: AlertId,
    /// Of which key.
    pub dedup_key: String,
    /// Whether something that asks to be sent was not.
    pub suppressed: bool,
    /// Why nothing was sent.
    pub reason: Option<Suppression>,
    /// More about it, e.g. which silence.
    pub detail: Option<String>,
    /// The numbers of its deliveries, and who gets them.
    pub deliveries: Vec<(u32, ReceiverName)>,
    /// How it was routed.
    pub routed: Routed,
}

/// What a signal comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The alert to be stored in place of the version before; `None` when nothing changes.
    pub alert: Option<Alert>,
    /// What became of the signal.
    pub fired: Fired,
}

/// What `signal` does, `latest` being the newest episode of its key.
pub fn apply(latest: Option<&Alert>, tenant: &TenantId, signal: &Signal, scene: &Scene<'_>) -> Applied {
    if let Some(alert) = latest
        && let Some(fired) = heard_before(alert, signal)
    {
        return Applied { alert: None, fired };
    }
    match signal.action {
        SignalAction::Trigger => trigger(latest, tenant, signal, scene),
        SignalAction::Acknowledge => acknowledge(latest, tenant, signal, scene),
        SignalAction::Resolve => resolve(latest, tenant, signal, scene),
    }
}

/// What the clock does to `alert`; `None` when nothing changes.
pub fn reconsider(alert: &Alert, scene: &Scene<'_>) -> Option<Alert> {
    let now = scene.now;
    if alert.reconsider_at().is_none_or(|at| at > now) {
        return None;
    }
    let mut next = alert.next(now);
    if alert.expires_at.is_some_and(|at| at <= now) {
        close(&mut next, EventKind::Expired, &Signal::new(SignalAction::Resolve, "", None, AUTOMATIC), scene);
        return Some(next);
    }
    let acknowledged = alert.status == AlertStatus::Acknowledged;
    if alert.hold.as_ref().is_some_and(|hold| hold.look_at <= now) {
        match obstacle(alert, alert.content.severity, scene) {
            _ if acknowledged => next.hold = None,
            Some(Obstacle { reason, detail, until }) => next.hold = Some(Hold::new(reason, detail, until, now)),
            None => send_again(&mut next, EventKind::Released, scene),
        }
    } else if alert.repeat_at.is_some_and(|at| at <= now) {
        let silent = silenced(&alert.content, scene).is_some();
        next.repeat_at = scene.config.repeat_after.filter(|_| !acknowledged).map(|after| now.plus(after));
        if !silent && next.repeat_at.is_some() {
            send_again(&mut next, EventKind::Repeat, scene);
        }
    }
    Some(next)
}

fn heard_before(alert: &Alert, signal: &Signal) -> Option<Fired> {
    let by_mark = signal.mark.is_some() && signal.mark <= alert.mark;
    let by_request = |event: &&Event| signal.request.is_some() && event.request == signal.request;
    let event = alert.events.iter().rev().find(by_request).or_else(|| alert.events.last().filter(|_| by_mark))?;
    let receiver = |number: &u32| Some((*number, alert.delivery(*number)?.receiver.clone()));
    Some(Fired {
        alert: alert.id.clone(),
        dedup_key: alert.dedup_key.clone(),
        suppressed: event.suppressed.is_some() && event.kind == EventKind::Trigger,
        reason: event.suppressed,
        detail: event.detail.clone(),
        deliveries: event.deliveries.iter().filter_map(receiver).collect(),
        routed: Routed::default(),
    })
}

fn trigger(latest: Option<&Alert>, tenant: &TenantId, signal: &Signal, scene: &Scene<'_>) -> Applied {
    let content = signal.content.clone().expect("a trigger says something");
    let severity = content.severity;
    let held = latest.filter(|alert| !alert.is_settled());
    let mut alert = held.map_or_else(
        || Alert::opened(tenant, signal, content.clone(), latest, scene.now),
        |held| Alert { content: content.clone(), expires_at: signal.expires_at, ..held.next(scene.now) },
    );
    alert.mark = alert.mark.max(signal.mark);
    let open = held.filter(|held| held.is_open());
    let is_refresh = |open: &&Alert| signal.is_refresh && severity <= open.content.severity;
    if let Some(open) = open.filter(is_refresh).filter(|open| is_looked_after(open, &content, scene)) {
        return refreshed(open, alert, signal, scene.now);
    }
    let is_worse = alert.sent.is_none_or(|sent| severity > sent.severity);
    let is_heard = |open: &Alert| severity > open.content.severity || silenced(&content, scene).is_none();
    if open.is_none_or(|open| is_worse && is_heard(open)) {
        alert.status = AlertStatus::Triggered;
    }
    let routed = match &signal.only_to {
        Some(only) => Routed { receivers: only.parse().into_iter().collect(), ..Routed::default() },
        None => scene.config.router.resolve(&content, scene.now),
    };
    alert.routes.clone_from(&routed.routes);
    let fired = match obstacle(&alert, severity, scene) {
        _ if signal.only_to.is_some() => send_aside(&mut alert, routed, scene),
        Some(Obstacle { reason, detail, until }) => {
            // Whoever was told of something milder was not told of this.
            let is_news = is_worse || alert.hold.is_some() || !alert.is_told(&routed.receivers);
            let waits = is_news && reason != Suppression::Acknowledged;
            alert.hold = waits.then(|| Hold::new(reason, detail.clone(), until, scene.now));
            suppressed(&alert, reason, detail, routed)
        }
        None => send(&mut alert, routed, scene),
    };
    note(&mut alert, EventKind::Trigger, signal, (&fired, scene.now));
    Applied { alert: Some(alert), fired }
}

/// Whether somebody was told, works on it or will be told: or nobody could be.
fn is_looked_after(open: &Alert, content: &Content, scene: &Scene<'_>) -> bool {
    let is_told = open.openings.iter().any(|opening| open.ends_open(opening) == Some(true));
    let routed = || scene.config.router.resolve(content, scene.now).receivers;
    let nobody = || routed().iter().all(|name| scene.config.receiver(name).is_none());
    is_told || open.hold.is_some() || open.status == AlertStatus::Acknowledged || nobody()
}

/// What is said again changes nothing but until when it holds; what its reader should know is noted once.
fn refreshed(open: &Alert, mut alert: Alert, signal: &Signal, now: Timestamp) -> Applied {
    let detail = signal.note.clone();
    let fired = suppressed(&alert, Suppression::AlreadyOpen, detail.clone(), Routed::default());
    let is_news = detail.is_some() && alert.events.last().is_none_or(|event| event.detail != detail);
    if is_news {
        note(&mut alert, EventKind::Trigger, signal, (&fired, now));
    }
    let said = |alert: &Alert| (alert.expires_at, alert.mark, alert.content.clone());
    let is_changed = is_news || said(open) != said(&alert);
    Applied { alert: is_changed.then_some(alert), fired }
}

fn suppressed(alert: &Alert, reason: Suppression, detail: Option<String>, routed: Routed) -> Fired {
    let (id, dedup_key) = (alert.id.clone(), alert.dedup_key.clone());
    Fired { alert: id, dedup_key, suppressed: true, reason: Some(reason), detail, deliveries: Vec::new(), routed }
}

/// Has everybody told that `routed` names.
fn send(alert: &mut Alert, routed: Routed, scene: &Scene<'_>) -> Fired {
    let receivers: Vec<&Receiver> = routed.receivers.iter().filter_map(|name| scene.config.receiver(name)).collect();
    alert.hold = None;
    if receivers.is_empty() {
        return suppressed(alert, Suppression::NoReceiver, None, routed);
    }
    let tell = |receiver: &Receiver| (alert.enqueue(receiver, DeliveryAction::Trigger, scene), receiver.name.clone());
    let deliveries = receivers.into_iter().map(tell).collect();
    alert.sent = Some(Sent { at: scene.now, severity: alert.content.severity });
    alert.repeat_at = scene.config.repeat_after.map(|after| scene.now.plus(after));
    let (id, dedup_key) = (alert.id.clone(), alert.dedup_key.clone());
    Fired { alert: id, dedup_key, suppressed: false, reason: None, detail: None, deliveries, routed }
}

/// Has one receiver told that was asked for by name. All others hear of the alert as if it had not been.
fn send_aside(alert: &mut Alert, routed: Routed, scene: &Scene<'_>) -> Fired {
    let before = (alert.hold.clone(), alert.repeat_at, alert.sent);
    let fired = send(alert, routed, scene);
    (alert.hold, alert.repeat_at, alert.sent) = before;
    fired
}

fn send_again(alert: &mut Alert, kind: EventKind, scene: &Scene<'_>) {
    let routed = scene.config.router.resolve(&alert.content, scene.now);
    alert.routes.clone_from(&routed.routes);
    let fired = send(alert, routed, scene);
    note(alert, kind, &Signal::new(SignalAction::Trigger, "", None, AUTOMATIC), (&fired, scene.now));
}

fn acknowledge(latest: Option<&Alert>, tenant: &TenantId, signal: &Signal, scene: &Scene<'_>) -> Applied {
    let Some(open) = latest.filter(|alert| alert.is_open()) else {
        return nothing_open(latest, tenant, signal, EventKind::Acknowledge, scene);
    };
    let mut alert = open.next(scene.now);
    alert.mark = alert.mark.max(signal.mark);
    let mut fired = Fired {
        suppressed: false,
        reason: None,
        ..suppressed(&alert, Suppression::NothingOpen, None, Routed::default())
    };
    if open.status != AlertStatus::Acknowledged {
        (alert.status, alert.repeat_at) = (AlertStatus::Acknowledged, None);
        let hears = |one: &&Opening| one.receiver.target.takes_acknowledgements() && alert.ends_open(one) == Some(true);
        let told: Vec<Receiver> = alert.openings.iter().filter(hears).map(|one| one.receiver.clone()).collect();
        for receiver in told {
            fired.deliveries.push((alert.enqueue(&receiver, DeliveryAction::Acknowledge, scene), receiver.name));
        }
    }
    note(&mut alert, EventKind::Acknowledge, signal, (&fired, scene.now));
    Applied { alert: Some(alert), fired }
}

fn resolve(latest: Option<&Alert>, tenant: &TenantId, signal: &Signal, scene: &Scene<'_>) -> Applied {
    let Some(open) = latest.filter(|alert| alert.is_open()) else {
        return nothing_open(latest, tenant, signal, EventKind::Resolve, scene);
    };
    let mut alert = open.next(scene.now);
    alert.mark = alert.mark.max(signal.mark);
    let fired = close(&mut alert, EventKind::Resolve, signal, scene);
    Applied { alert: Some(alert), fired }
}

/// Ends `alert`: everybody hears of it who has, or may have, heard of its trigger.
fn close(alert: &mut Alert, kind: EventKind, signal: &Signal, scene: &Scene<'_>) -> Fired {
    alert.status = AlertStatus::Resolved;
    (alert.hold, alert.repeat_at, alert.expires_at) = (None, None, None);
    let mut deliveries = Vec::new();
    for opening in alert.openings.clone() {
        if let Some(number) = alert.enqueue_resolve(&opening, scene) {
            deliveries.push((number, opening.receiver.name));
        }
    }
    let reason = deliveries.is_empty().then_some(Suppression::NeverDelivered);
    let (id, dedup_key) = (alert.id.clone(), alert.dedup_key.clone());
    let fired =
        Fired { alert: id, dedup_key, suppressed: false, reason, detail: None, deliveries, routed: Routed::default() };
    note(alert, kind, signal, (&fired, scene.now));
    fired
}

/// Notes a signal that finds nothing open. It is kept all the same, so that the history has it.
fn nothing_open(
    latest: Option<&Alert>,
    tenant: &TenantId,
    signal: &Signal,
    kind: EventKind,
    scene: &Scene<'_>,
) -> Applied {
    let mut alert = latest.map_or_else(|| unheard(tenant, signal, scene.now), |alert| alert.next(scene.now));
    alert.mark = alert.mark.max(signal.mark);
    let fired = Fired { suppressed: false, ..suppressed(&alert, Suppression::NothingOpen, None, Routed::default()) };
    note(&mut alert, kind, signal, (&fired, scene.now));
    // What is said again and again for a while after it is over has been noted.
    Applied { alert: (!signal.is_refresh).then_some(alert), fired }
}

fn unheard(tenant: &TenantId, signal: &Signal, now: Timestamp) -> Alert {
    let summary = || format!("Nothing was ever triggered under the key {}", signal.dedup_key);
    let content = signal.content.clone();
    let content = content.unwrap_or_else(|| Content::of(&summary(), Severity::Info, &signal.by));
    Alert { status: AlertStatus::Resolved, expires_at: None, ..Alert::opened(tenant, signal, content, None, now) }
}

fn note(alert: &mut Alert, kind: EventKind, signal: &Signal, (fired, at): (&Fired, Timestamp)) {
    let event = Event {
        at,
        kind,
        severity: alert.content.severity,
        by: signal.by.clone(),
        suppressed: fired.reason,
        detail: fired.detail.clone().or_else(|| signal.note.clone()),
        deliveries: fired.deliveries.iter().map(|(number, _)| *number).collect(),
        request: signal.request.clone(),
    };
    alert.push_event(event);
}
