//! What sending does to an alert: who waits for what, who is sending, and what came of it.
//!
//! Of one receiver only the first unfinished delivery may be sent: so it hears of one key in the order of what happened.

use super::decide::Scene;
use super::delivery::{Attempt, AttemptResult, Delivery, DeliveryAction, DeliveryState, Lease, Outcome};
use super::receiver::{Receiver, ReceiverName};
use super::record::{Alert, Opening};
use crate::time::Timestamp;

const INTERRUPTED: &str = "who tried this was gone before it could say what came of it";

/// A delivery that waits for somebody to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued<'a> {
    /// To whom.
    pub receiver: &'a ReceiverName,
    /// From when on it may be sent.
    pub ready_at: Timestamp,
    /// Since when it is to be sent.
    pub created_at: Timestamp,
}

impl Alert {
    /// The first unfinished delivery to each receiver.
    pub fn heads(&self) -> Vec<&Delivery> {
        let mut heads: Vec<&Delivery> = Vec::new();
        for delivery in self.deliveries.iter().filter(|delivery| !delivery.is_finished()) {
            if !heads.iter().any(|head| head.receiver == delivery.receiver) {
                heads.push(delivery);
            }
        }
        heads
    }

    /// What waits to be sent, one for each receiver.
    pub fn queue(&self) -> Vec<Queued<'_>> {
        let queued = |head: &'_ Delivery| head.ready_at().map(|ready_at| (ready_at, head.created_at));
        let all = self.heads().into_iter();
        all.filter_map(|head| {
            queued(head).map(|(ready_at, created_at)| Queued { receiver: &head.receiver, ready_at, created_at })
        })
        .collect()
    }

    /// The numbers of the deliveries that `holder` may send until after `now`.
    pub fn leased_to(&self, holder: &str, now: Timestamp) -> Vec<u32> {
        let is_ours = |head: &&Delivery| matches!(&head.state, DeliveryState::Leased(lease) if lease.holder == holder && lease.until > now);
        self.heads().into_iter().filter(is_ours).map(|head| head.number).collect()
    }

    /// Gives the delivery that `receiver` waits for to the holder of `lease`; its number, if there is one that is ready. One
    /// whose last holder never said what came of it counts as tried.
    pub fn lease(&mut self, receiver: &ReceiverName, lease: &Lease, now: Timestamp) -> Option<u32> {
        let head = self.heads().into_iter().find(|head| head.receiver == *receiver)?;
        let number = head.ready_at().filter(|ready_at| *ready_at <= now).map(|_| head.number)?;
        if matches!(self.delivery(number)?.state, DeliveryState::Leased(_)) {
            self.note_try(number, interrupted(now));
        }
        self.delivery_mut(number)?.state = DeliveryState::Leased(lease.clone());
        Some(number)
    }

    /// Takes back every lease: whoever held them is known to be gone. Whether there was one.
    pub fn release_leases(&mut self, now: Timestamp) -> bool {
        let leased = self.deliveries.iter().filter(|one| matches!(one.state, DeliveryState::Leased(_)));
        let numbers: Vec<u32> = leased.map(|one| one.number).collect();
        for number in &numbers {
            self.note_try(*number, interrupted(now));
            self.give_back(*number, now);
        }
        !numbers.is_empty()
    }

    /// Takes back one lease of what was not tried.
    pub fn give_back(&mut self, number: u32, ready_at: Timestamp) {
        if let Some(delivery) = self.delivery_mut(number)
            && matches!(delivery.state, DeliveryState::Leased(_))
        {
            delivery.state = DeliveryState::Waiting { ready_at };
        }
    }

    /// Notes what came of trying a delivery; whether that changed anything: not when it is finished already.
    pub fn finish(
        &mut self,
        number: u32,
        outcome: &Outcome,
        attempt: Attempt,
        (now, chance): (Timestamp, f64),
    ) -> bool {
        if self.delivery(number).is_none_or(Delivery::is_finished) {
            return false;
        }
        self.note_try(number, attempt);
        let Some(delivery) = self.delivery_mut(number) else { return false };
        let (receiver, action) = (delivery.receiver.clone(), delivery.action);
        delivery.state = DeliveryState::after(outcome, (delivery.tries, delivery.since), (now, chance));
        match (&delivery.state, action) {
            (DeliveryState::Delivered { .. }, DeliveryAction::Resolve) => self.set_open(&receiver, false),
            (DeliveryState::Dead { .. }, DeliveryAction::Trigger) => self.collapse_what_follows(number, &receiver, now),
            _ => {}
        }
        self.forget_old_deliveries();
        true
    }

    /// Has `receiver` told of what happened; the number of the delivery. A trigger that still waits says what is true now,
    /// and so none is added to it.
    pub(super) fn enqueue(&mut self, receiver: &Receiver, action: DeliveryAction, scene: &Scene<'_>) -> u32 {
        let severity = self.content.severity;
        // What leads to the same place as it did is taken as it is configured now: a secret may have been replaced.
        let current = scene.config.receiver(&receiver.name);
        let receiver = current.filter(|current| current.target.same_place(&receiver.target)).unwrap_or(receiver);
        let coming = |one: &&mut Delivery| one.receiver == receiver.name && !one.is_finished();
        let is_only_one = self.deliveries.iter_mut().filter(coming).count() == 1;
        let last = self.deliveries.iter_mut().rev().find(coming);
        if let Some(last) = last
            && last.action == DeliveryAction::Trigger
            && action == DeliveryAction::Trigger
            && matches!(last.state, DeliveryState::Waiting { .. })
        {
            last.severity = severity;
            let (number, may_have_arrived) = (last.number, last.attempts.iter().any(|one| one.may_have_arrived));
            let opening = self.openings.iter_mut().find(|one| one.receiver.name == receiver.name);
            if let Some(opening) = opening.filter(|one| !one.open && !may_have_arrived && is_only_one) {
                // Nothing is or may yet be open at the place that it was to go to: it goes where it should by now.
                opening.receiver = receiver.clone();
            }
            return number;
        }
        self.freeze(receiver);
        let is_first = !self.deliveries.iter().any(|one| one.receiver == receiver.name && !one.is_finished());
        let leased = if is_first { (scene.lease)(&receiver.name) } else { None };
        let state = leased.map_or(DeliveryState::Waiting { ready_at: scene.now }, DeliveryState::Leased);
        self.push_delivery(&receiver.name, action, state, (scene.now, scene.trace))
    }

    /// A resolve need not be sent where nothing can have been opened: then whatever waits for `receiver` is dropped.
    /// The number of the delivery, where one is needed: of one that is there already and does as well.
    pub(super) fn enqueue_resolve(&mut self, opening: &Opening, scene: &Scene<'_>) -> Option<u32> {
        let name = &opening.receiver.name;
        let coming = |one: &&Delivery| one.receiver == *name && !one.is_finished();
        let opens = |one: &Delivery| one.action == DeliveryAction::Trigger && !one.never_arrived(scene.now);
        let may_be_open = opening.open || self.deliveries.iter().filter(coming).any(opens);
        self.collapse(name, scene, |one| one.never_arrived(scene.now));
        let last = self.deliveries.iter().filter(coming).rfind(|one| one.action != DeliveryAction::Acknowledge);
        let last = last.filter(|last| last.action == DeliveryAction::Resolve);
        if let Some(last) = last.filter(|last| may_be_open || matches!(last.state, DeliveryState::Leased(_))) {
            return Some(last.number);
        }
        if may_be_open {
            return Some(self.enqueue(&opening.receiver.clone(), DeliveryAction::Resolve, scene));
        }
        // What is being sent may arrive whatever is said of it here.
        self.collapse(name, scene, |one| matches!(one.state, DeliveryState::Waiting { .. }));
        None
    }

    fn collapse(&mut self, receiver: &ReceiverName, scene: &Scene<'_>, which: impl Fn(&Delivery) -> bool) {
        for one in self.deliveries.iter_mut().filter(|one| one.receiver == *receiver && which(one)) {
            let reason = "the alert was resolved before this was delivered".to_owned();
            one.state = DeliveryState::Collapsed { at: scene.now, reason };
        }
    }

    /// Whether the alert will be open anywhere once everything that waits is sent, and closed at nobody of `routed`.
    pub(super) fn is_told(&self, routed: &[ReceiverName]) -> bool {
        let ends = |opening: &Opening| (self.ends_open(opening), routed.contains(&opening.receiver.name));
        let mut all = self.openings.iter().map(ends);
        all.clone().any(|(ends, _)| ends == Some(true)) && !all.any(|end| end == (Some(false), true))
    }

    /// Whether the alert will be open there once everything that waits is sent. `None`: it never was, as far as is known.
    pub(super) fn ends_open(&self, opening: &Opening) -> Option<bool> {
        let mut all = self.deliveries.iter();
        match all.rfind(|one| one.receiver == opening.receiver.name && one.speaks()) {
            Some(last) if last.action == DeliveryAction::Resolve => Some(false),
            Some(last) if !last.is_finished() => Some(true),
            _ => opening.open.then_some(true),
        }
    }

    pub(super) fn push_delivery(
        &mut self,
        receiver: &ReceiverName,
        action: DeliveryAction,
        state: DeliveryState,
        (now, trace): (Timestamp, Option<&str>),
    ) -> u32 {
        let (number, severity, receiver) = (self.next_delivery, self.content.severity, receiver.clone());
        self.next_delivery += 1;
        let (created_at, since, attempts) = (now, now, Vec::new());
        self.deliveries.push(Delivery {
            number,
            receiver,
            action,
            severity,
            created_at,
            since,
            state,
            tries: 0,
            attempts,
            trace: trace.map(str::to_owned),
        });
        self.forget_old_deliveries();
        number
    }

    /// Keeps the receiver as it is now, unless something is, or may be, open there under what is kept.
    pub(super) fn freeze(&mut self, receiver: &Receiver) {
        let busy = self.deliveries.iter().any(|one| one.receiver == receiver.name && !one.is_finished());
        match self.openings.iter_mut().find(|opening| opening.receiver.name == receiver.name) {
            None => self.openings.push(Opening { receiver: receiver.clone(), open: false }),
            Some(opening) if !(opening.open || busy) || opening.receiver.target.same_place(&receiver.target) => {
                opening.receiver = receiver.clone();
            }
            Some(_) => {}
        }
    }

    /// Notes a try. A trigger that may have arrived may have opened something, whatever becomes of it later.
    fn note_try(&mut self, number: u32, attempt: Attempt) {
        let may_have_arrived = attempt.may_have_arrived || attempt.result == AttemptResult::Delivered;
        let Some(delivery) = self.delivery_mut(number) else { return };
        delivery.note(attempt);
        if may_have_arrived && delivery.action == DeliveryAction::Trigger {
            let receiver = delivery.receiver.clone();
            self.set_open(&receiver, true);
        }
    }

    fn set_open(&mut self, receiver: &ReceiverName, open: bool) {
        if let Some(opening) = self.openings.iter_mut().find(|opening| opening.receiver.name == *receiver) {
            opening.open = open;
        }
    }

    /// What follows a trigger that died has nothing to speak of, unless an earlier one opened something.
    fn collapse_what_follows(&mut self, number: u32, receiver: &ReceiverName, now: Timestamp) {
        if self.opening(receiver).is_some_and(|opening| opening.open) {
            return;
        }
        let after = self.deliveries.iter_mut().skip_while(|one| one.number != number).skip(1);
        let following = after.filter(|one| one.receiver == *receiver && !one.is_finished());
        for one in following.take_while(|one| one.action != DeliveryAction::Trigger) {
            let reason = format!("what it speaks of was never delivered (delivery {number})");
            one.state = DeliveryState::Collapsed { at: now, reason };
        }
    }

    fn delivery_mut(&mut self, number: u32) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.number == number)
    }
}

fn interrupted(at: Timestamp) -> Attempt {
    let (result, words) = (AttemptResult::Unknown, INTERRUPTED.to_owned());
    Attempt { at, duration_ms: 0, result, status: None, words, may_have_arrived: true }
}
