//! No alert is lost and none is left open for ever: whatever happened, once everything is sent the receivers are right.

use plimsoll_domain::alert::{AlertStatus, DeliveryAction, DeliveryState};
use plimsoll_domain::time::Timestamp;

use crate::laws::had_nobody;
use crate::steps::{Step, Try};
use crate::world::World;

impl World {
    /// Ends what keeps anything back, replays what died, and sends all there is to healthy receivers.
    pub(crate) fn drain(&mut self) {
        self.step(&Step::EndMaintenances);
        self.step(&Step::EndSilences);
        self.config.repeat_after = None;
        self.run_dry();
        let Some(alert) = &self.latest else { return };
        let mut dead = Self::dead(alert);
        // What speaks of something dead may die of it, and what is dead may be forgotten.
        while let Some(number) = dead.first().copied() {
            self.replay(number);
            self.run_dry();
            let left = Self::dead(self.latest.as_ref().expect("an alert"));
            assert!(!left.contains(&number), "a healthy receiver takes what is replayed");
            dead = left;
        }
    }

    fn run_dry(&mut self) {
        for _ in 0..2_000 {
            let Some(alert) = &self.latest else { return };
            let mut due: Vec<Timestamp> = alert.queue().iter().map(|queued| queued.ready_at).collect();
            due.extend(alert.hold.as_ref().map(|hold| hold.look_at).filter(|_| alert.is_open()));
            due.extend(alert.repeat_at.filter(|_| alert.is_open()));
            let Some(at) = due.into_iter().min() else { return };
            self.now = self.now.max(at);
            self.lose_late_flights();
            for receiver in 0..3 {
                self.step(&Step::Send(receiver, Try::Delivered));
            }
            self.step(&Step::Look);
        }
        panic!("it never comes to rest: {:#?}", self.latest);
    }

    /// Whether every receiver is as the alert is.
    pub(crate) fn assert_right(&self) {
        let Some(alert) = &self.latest else { return };
        let is_open = |place: &str| self.open.get(place).copied().unwrap_or(false);
        if alert.status == AlertStatus::Resolved {
            for opening in &alert.openings {
                let place = opening.receiver.target.place();
                assert!(!is_open(&place) || self.abandoned.contains(&place), "what is over is closed: {alert:#?}");
            }
            assert!(self.maybe.is_empty(), "nothing may be open: {:?} {alert:#?}", self.maybe);
        }
        if alert.status == AlertStatus::Triggered {
            assert!(had_nobody(alert) || !self.told.is_empty(), "what is wrong is told: {alert:#?}");
            for receiver in &self.told {
                let place = alert.opening(receiver).expect("an opening").receiver.target.place();
                assert!(is_open(&place), "what is wrong is open at {receiver}: {alert:#?}");
            }
        }
        let died = |one: &&plimsoll_domain::alert::Delivery| matches!(one.state, DeliveryState::Dead { .. });
        assert_eq!(alert.deliveries.iter().filter(died).count(), 0);
        assert!(alert.deliveries.iter().all(|one| one.is_finished() || one.action == DeliveryAction::Acknowledge));
    }
}
