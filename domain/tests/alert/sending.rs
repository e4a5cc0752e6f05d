//! The sending half of the world: leases, what comes of a try, processes that are killed, replays.

use plimsoll_domain::alert::{Alert, DeliveryAction, DeliveryState, Outcome, ReceiverName, Verdict};
use plimsoll_domain::time::Span;

use crate::laws;
use crate::steps::Try;
use crate::world::{Arrival, World};

impl World {
    /// Takes what `receiver` waits for, if it is ready.
    pub(crate) fn take(&mut self, receiver: &ReceiverName) -> Option<u32> {
        let mut next = self.latest.as_ref()?.next(self.now);
        let number = next.lease(receiver, &self.lease(), self.now)?;
        self.latest = Some(next);
        self.depart(number);
        Some(number)
    }

    /// What the first try to `receiver` that goes on comes to.
    pub(crate) fn finish(&mut self, receiver: &ReceiverName, outcome: Try) {
        let Some(alert) = &self.latest else { return };
        let of_receiver = |number: &&u32| alert.delivery(**number).is_some_and(|one| one.receiver == *receiver);
        let Some(number) = self.flights.keys().find(of_receiver).copied() else { return };
        match outcome {
            Try::Delivered => self.end(number, Verdict::Delivered, true),
            Try::Unsure { arrived } => {
                self.end(number, Verdict::Retry { after: None, may_have_arrived: true }, arrived);
            }
            Try::Refused => self.end(number, Verdict::Retry { after: None, may_have_arrived: false }, false),
            Try::Later(seconds) => {
                let after = Some(Span::from_seconds(seconds));
                self.end(number, Verdict::Retry { after, may_have_arrived: false }, false);
            }
            Try::Dead => self.end(number, Verdict::Dead, false),
            Try::SwitchOff => self.end(number, Verdict::SwitchOff, false),
            Try::Killed { arrived } => self.lose(number, arrived),
            Try::GivenBack => {
                let mut next = alert.next(self.now);
                next.give_back(number, self.now);
                self.latest = Some(next);
                self.settle(number, false);
            }
        }
    }

    fn end(&mut self, number: u32, verdict: Verdict, arrives: bool) {
        let mut next = self.latest.as_ref().expect("an alert").next(self.now);
        let outcome = Outcome::new(verdict, None, "words");
        let chance = f64::from(number % 5) / 4.0;
        assert!(next.finish(number, &outcome, outcome.attempt(self.now, 1), (self.now, chance)));
        if arrives {
            self.arrive(number);
        }
        laws::of_try(self, &next, number, verdict);
        let sure =
            matches!(verdict, Verdict::Dead | Verdict::SwitchOff | Verdict::Retry { may_have_arrived: false, .. });
        let closed =
            verdict == Verdict::Delivered && next.delivery(number).expect("kept").action == DeliveryAction::Resolve;
        self.latest = Some(next);
        if closed {
            let (place, _) = self.flights[&number].clone();
            self.maybe.remove(&place);
        }
        self.settle(number, !sure);
    }

    /// The try is over; where nothing can have arrived, nothing more may be open than before.
    fn settle(&mut self, number: u32, may_have_arrived: bool) {
        let (place, before) = self.flights.remove(&number).expect("it was tried");
        if !may_have_arrived && !before {
            self.maybe.remove(&place);
        }
    }

    fn arrive(&mut self, number: u32) {
        let alert = self.latest.as_ref().expect("an alert");
        let delivery = alert.delivery(number).expect("a delivery");
        let (place, receiver, episode) = (self.flights[&number].0.clone(), delivery.receiver.clone(), alert.episode);
        match delivery.action {
            DeliveryAction::Trigger => drop(self.open.insert(place.clone(), true)),
            DeliveryAction::Resolve => drop(self.open.insert(place.clone(), false)),
            DeliveryAction::Acknowledge => {}
        }
        self.arrivals.push(Arrival { receiver, place, episode, number });
        laws::of_arrival(self);
    }

    /// Who tries it is killed; the lease stands until it expires.
    fn lose(&mut self, number: u32, arrived: bool) {
        if arrived {
            self.arrive(number);
        }
        self.flights.remove(&number);
    }

    /// Nobody tries longer than the lease: it is gone by then, and so was whoever tried.
    pub(crate) fn lose_late_flights(&mut self) {
        let Some(alert) = &self.latest else { return };
        let held = alert.leased_to("us", self.now);
        for number in self.flights.keys().copied().collect::<Vec<_>>() {
            if !held.contains(&number) {
                self.lose(number, number % 2 == 0);
            }
        }
    }

    pub(crate) fn restart(&mut self, arrived: bool) {
        for number in self.flights.keys().copied().collect::<Vec<_>>() {
            self.lose(number, arrived);
        }
        let Some(alert) = &self.latest else { return };
        let mut next = alert.next(self.now);
        if next.release_leases(self.now) {
            self.latest = Some(next);
        }
    }

    pub(crate) fn dead(alert: &Alert) -> Vec<u32> {
        let dead = alert.deliveries.iter().filter(|one| matches!(one.state, DeliveryState::Dead { .. }));
        let mut numbers: Vec<u32> = dead.map(|one| one.number).collect();
        numbers.sort_unstable();
        numbers
    }

    pub(crate) fn replay_nth(&mut self, at: usize) {
        let Some(alert) = &self.latest else { return };
        let Some(number) = Self::dead(alert).get(at).copied() else { return };
        self.replay(number);
    }

    pub(crate) fn replay(&mut self, number: u32) {
        let alert = self.latest.as_ref().expect("an alert");
        let receiver = alert.delivery(number).expect("a delivery").receiver.clone();
        let current = self.config.receiver(&receiver).cloned();
        let mut next = alert.next(self.now);
        next.replay(number, current.as_ref(), "me", self.now).expect("it is dead");
        self.replayed.insert((next.episode, number));
        self.latest = Some(next);
    }
}
