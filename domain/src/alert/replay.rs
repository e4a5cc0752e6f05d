//! Dead deliveries that somebody has sent again. They come late: what happened since must still be true afterwards.

use super::delivery::{Delivery, DeliveryAction, DeliveryState};
use super::event::{Event, EventKind};
use super::receiver::Receiver;
use super::record::{Alert, AlertStatus};
use crate::time::Timestamp;

impl Alert {
    /// Has a dead delivery sent again, to the receiver as it is configured now unless something is, or may be, open there.
    /// What it opens of an alert that is over is closed again, and what it closes of one that goes on is opened again.
    /// `None` when there is no such dead delivery.
    pub fn replay(&mut self, number: u32, current: Option<&Receiver>, by: &str, now: Timestamp) -> Option<()> {
        let at = self.deliveries.iter().position(|one| one.number == number)?;
        if !matches!(self.deliveries[at].state, DeliveryState::Dead { .. }) {
            return None;
        }
        if let Some(current) = current {
            self.freeze(current);
        }
        let mut replayed = self.deliveries.remove(at);
        replayed.state = DeliveryState::Waiting { ready_at: now };
        (replayed.since, replayed.tries) = (now, 0);
        let (receiver, trace) = (replayed.receiver.clone(), replayed.trace.clone());
        // It stands after whatever was finished since, or is being sent.
        let waits = |one: &Delivery| one.receiver == receiver && matches!(one.state, DeliveryState::Waiting { .. });
        let later = self.deliveries[at..].iter().position(waits);
        let place = later.map_or(self.deliveries.len(), |later| at + later);
        self.deliveries.insert(place, replayed);
        let mut numbers = vec![number];
        if let Some(action) = self.amends(place) {
            let (state, since) = (DeliveryState::Waiting { ready_at: now }, (now, trace.as_deref()));
            numbers.push(self.push_delivery(&receiver, action, state, since));
        }
        let (severity, by) = (self.content.severity, by.to_owned());
        let (suppressed, detail, request) = (None, None, None);
        let kind = EventKind::Replayed;
        self.push_event(Event { at: now, kind, severity, by, suppressed, detail, deliveries: numbers, request });
        Some(())
    }

    /// What must follow the delivery at `place`, which comes late, so that its receiver ends as the alert is.
    fn amends(&self, place: usize) -> Option<DeliveryAction> {
        let late = &self.deliveries[place];
        let told_since = |one: &Delivery| {
            let collapsed = matches!(one.state, DeliveryState::Collapsed { .. });
            one.receiver == late.receiver
                && one.number > late.number
                && one.action == DeliveryAction::Trigger
                && !collapsed
        };
        let action = match (late.action, self.status) {
            (DeliveryAction::Trigger, AlertStatus::Resolved) => DeliveryAction::Resolve,
            (DeliveryAction::Resolve, AlertStatus::Triggered)
                if self.hold.is_none() && self.deliveries.iter().any(told_since) =>
            {
                DeliveryAction::Trigger
            }
            _ => return None,
        };
        let comes = |one: &Delivery| one.receiver == late.receiver && one.action == action && !one.is_finished();
        (!self.deliveries[place..].iter().any(comes)).then_some(action)
    }
}
