//! What must be true, after each step and of each kind of step.

use std::collections::BTreeSet;

use plimsoll_domain::alert::delivery::SCHEDULE;
use plimsoll_domain::alert::{
    Alert, AlertStatus, Applied, Delivery, DeliveryAction, DeliveryState, EventKind, ReceiverName, Signal,
    SignalAction, Suppression, Verdict,
};
use plimsoll_domain::time::Timestamp;

use crate::world::World;

fn unfinished<'a>(alert: &'a Alert, receiver: &'a ReceiverName) -> impl DoubleEndedIterator<Item = &'a Delivery> {
    alert.deliveries.iter().filter(move |one| one.receiver == *receiver && !one.is_finished())
}

/// What `receiver` will have been told last, of what waits.
fn last_word(alert: &Alert, receiver: &ReceiverName) -> Option<DeliveryAction> {
    unfinished(alert, receiver).map(|one| one.action).rfind(|action| *action != DeliveryAction::Acknowledge)
}

fn triggers_of(alert: &Alert) -> Vec<&Delivery> {
    alert.deliveries.iter().filter(|one| one.action == DeliveryAction::Trigger).collect()
}

/// Whether there was nobody to be told, at any time since it is open. It is not sent later by itself.
pub(crate) fn had_nobody(alert: &Alert) -> bool {
    let since =
        alert.events.iter().rev().take_while(|one| !matches!(one.kind, EventKind::Resolve | EventKind::Expired));
    since.into_iter().any(|event| event.suppressed == Some(Suppression::NoReceiver))
}

/// After every step.
pub(crate) fn always(world: &World) {
    let Some(alert) = &world.latest else { return };
    let json = serde_json::to_string(alert).expect("writes");
    assert_eq!(serde_json::from_str::<Alert>(&json).expect("reads"), *alert, "what is stored reads back the same");
    assert!(alert.events.len() <= 100 && alert.deliveries.len() <= 200, "the document stays bounded");
    assert!(alert.deliveries.iter().all(|one| one.attempts.len() <= 40), "the attempts stay bounded");
    let heads = alert.heads();
    let receivers: BTreeSet<_> = heads.iter().map(|head| &head.receiver).collect();
    assert_eq!(receivers.len(), heads.len(), "only one head for each receiver");
    let leased = alert.deliveries.iter().filter(|one| matches!(one.state, DeliveryState::Leased(_)));
    assert!(leased.clone().all(|one| heads.iter().any(|head| head.number == one.number)), "only a head is sent");
    if alert.status == AlertStatus::Triggered {
        let untold = world.told.is_empty() || world.told_severity.is_none_or(|told| told < alert.content.severity);
        assert!(
            !untold || had_nobody(alert) || alert.hold.is_some(),
            "what nobody was told of is held until it can be sent"
        );
    }
}

/// Of what a signal came to.
pub(crate) fn of_signal(world: &World, signal: &Signal, applied: &Applied) {
    let before = world.latest.as_ref();
    let Some(alert) = &applied.alert else {
        let same = signal.is_refresh || signal.mark.is_some();
        assert!(same, "only what says nothing new changes nothing");
        return;
    };
    let same_episode = before.filter(|before| before.id == alert.id);
    let version = same_episode.map_or(1, |before| before.version + 1);
    assert_eq!(alert.version, version, "the version grows by one");
    let settled = before.is_none_or(Alert::is_settled);
    if same_episode.is_none() {
        assert!(settled, "a new episode begins only after the one before is settled");
    }
    match signal.action {
        SignalAction::Resolve => assert!(!applied.fired.suppressed, "a resolve is never suppressed"),
        SignalAction::Acknowledge => {
            assert!(!applied.fired.suppressed);
            assert_eq!(alert.is_open(), before.is_some_and(Alert::is_open));
        }
        SignalAction::Trigger => of_trigger(world, signal, (same_episode, alert), applied),
    }
}

/// The cooldown, silences and acknowledgements, said anew.
fn of_trigger(world: &World, signal: &Signal, (before, alert): (Option<&Alert>, &Alert), applied: &Applied) {
    let severity = alert.content.severity;
    let open = before.filter(|before| before.is_open());
    let silent = world.is_silenced(alert);
    let harmless = open.is_some_and(|open| severity <= open.content.severity);
    let expected = if signal.is_refresh && harmless && open.is_some_and(|open| is_looked_after(world, open, alert)) {
        Some(Suppression::AlreadyOpen)
    } else if silent {
        None
    } else {
        let acknowledged = open.is_some_and(|open| open.status == AlertStatus::Acknowledged);
        let cool = world.sent.is_some_and(|(at, _)| world.now < at.plus(world.config.cooldown));
        let milder = world.sent.is_some_and(|(_, sent)| severity <= sent);
        match () {
            () if milder && acknowledged => Some(Suppression::Acknowledged),
            () if milder && cool => Some(Suppression::Cooldown),
            () => None,
        }
    };
    let fired = &applied.fired;
    if silent {
        let quiet = fired.reason.is_some_and(|reason| {
            matches!(reason, Suppression::Silence | Suppression::Maintenance | Suppression::AlreadyOpen)
        });
        assert!(quiet && fired.suppressed, "a silenced alert is not sent, and says why");
    } else if fired.reason != Some(Suppression::NoReceiver) || expected.is_some() {
        assert_eq!(fired.reason, expected, "cooldown: {:?} at {:?}", world.sent, world.now);
        assert_eq!(fired.deliveries.is_empty(), expected.is_some());
    }
    assert_eq!(fired.suppressed, fired.reason.is_some());
    if fired.suppressed {
        let old = before.map_or_else(Vec::new, triggers_of);
        assert_eq!(triggers_of(alert), old, "nothing is enqueued of what is suppressed");
    }
}

/// Whether somebody hears, or will hear, that `open` is wrong, or has said that they work on it; or whether nobody could.
fn is_looked_after(world: &World, open: &Alert, said: &Alert) -> bool {
    let hears = open.openings.iter().any(|opening| {
        let coming = open.deliveries.iter().filter(|one| one.receiver == opening.receiver.name && !one.is_finished());
        let last = coming.map(|one| one.action).rfind(|action| *action != DeliveryAction::Acknowledge);
        last.map_or(opening.open, |action| action == DeliveryAction::Trigger)
    });
    let routed = world.config.router.resolve(&said.content, world.now).receivers;
    let nobody = !routed.iter().any(|name| world.config.receiver(name).is_some());
    hears || nobody || open.hold.is_some() || open.status == AlertStatus::Acknowledged
}

/// Of the same signal once more.
pub(crate) fn of_signal_again(world: &World, signal: &Signal, (first, again): (&Applied, &Applied)) {
    assert_eq!(again.alert, None, "the same signal twice changes nothing: {signal:?}");
    let numbers = |applied: &Applied| applied.fired.deliveries.iter().map(|(number, _)| *number).collect::<Vec<_>>();
    if signal.request.is_some() && first.alert.is_some() && !signal.is_refresh {
        assert_eq!(again.fired.suppressed, first.fired.suppressed, "the same answer: {signal:?}");
        assert_eq!(again.fired.reason, first.fired.reason);
        let kept = world.latest.as_ref().map_or(0, |alert| alert.deliveries_left_out);
        assert!(kept > 0 || numbers(again) == numbers(first), "the same deliveries");
    }
}

/// Of what the clock came to.
pub(crate) fn of_look(world: &World, next: Option<&Alert>) {
    let alert = world.latest.as_ref().expect("an alert");
    let due = alert.reconsider_at().is_some_and(|at| at <= world.now);
    assert_eq!(next.is_some(), due, "it is looked at when it is due, and not before");
    let Some(next) = next else { return };
    assert_eq!(next.version, alert.version + 1, "the version grows by one");
    assert!(next.reconsider_at() != alert.reconsider_at() || next.hold != alert.hold, "a look gets somewhere");
    if !next.is_open() {
        assert!(alert.expires_at.is_some_and(|at| at <= world.now), "only what expires ends by itself");
        return;
    }
    let grew = next.events.last().map(|event| event.kind) != alert.events.last().map(|event| event.kind)
        || next.events.last().map(|event| event.at) != alert.events.last().map(|event| event.at)
        || next.events_left_out != alert.events_left_out
        || next.events.len() != alert.events.len();
    let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= world.now);
    let held = is_due(alert.hold.as_ref().map(|hold| hold.look_at));
    let cool = world
        .sent
        .is_some_and(|(at, sent)| alert.content.severity <= sent && world.now < at.plus(world.config.cooldown));
    let expected = match alert.status {
        AlertStatus::Acknowledged => false,
        _ if world.is_silenced(alert) => false,
        _ if held => !cool,
        _ => world.config.repeat_after.is_some(),
    };
    assert_eq!(grew, expected, "what ends a silence, maintenance or cooldown is sent; and a repeat repeats");
    if !grew {
        assert_eq!(next.deliveries, alert.deliveries, "nothing is sent of what is silenced or acknowledged");
    }
}

/// Just after an alert is over.
pub(crate) fn of_close(world: &World) {
    let alert = world.latest.as_ref().expect("an alert");
    for (place, receiver) in &world.maybe {
        let target = &alert.opening(receiver).expect("an opening").receiver.target;
        assert_eq!(target.place(), *place, "a resolve goes where the trigger went");
        assert_eq!(last_word(alert, receiver), Some(DeliveryAction::Resolve), "a resolve follows what may be open");
    }
    let event = alert.events.last().expect("an event");
    let resolves = event.deliveries.len();
    let names: BTreeSet<_> = alert.openings.iter().map(|opening| &opening.receiver.name).collect();
    for name in names {
        if !world.maybe.values().any(|maybe| maybe == name) && unfinished(alert, name).next().is_some() {
            let young = unfinished(alert, name).any(|one| !one.never_arrived(world.now));
            assert!(young, "what certainly never arrived is collapsed");
        }
    }
    assert_eq!(event.suppressed, (resolves == 0).then_some(Suppression::NeverDelivered), "and it says so");
    if resolves == 0 {
        // An acknowledgement that is being sent speaks of nothing, and opens nothing.
        let finished =
            alert.deliveries.iter().all(|one| one.is_finished() || one.action == DeliveryAction::Acknowledge);
        assert!(finished && world.maybe.is_empty(), "nothing is left to be sent");
    }
}

/// Of a try that is over.
pub(crate) fn of_try(world: &World, next: &Alert, number: u32, verdict: Verdict) {
    let delivery = next.delivery(number).expect("kept");
    if let (DeliveryState::Waiting { ready_at }, Verdict::Retry { after, .. }) = (&delivery.state, verdict) {
        let step = SCHEDULE[(delivery.tries as usize - 1).min(SCHEDULE.len() - 1)].seconds() as f64 * 1_000.0;
        let waits = ready_at.millis_since(world.now) as f64;
        let asked = after.map_or(0.0, |after| after.seconds() as f64 * 1_000.0);
        let (least, most) = ((step * 0.9).max(asked), (step * 1.1).max(asked));
        assert!((least - 1.0..=most + 1.0).contains(&waits), "the next attempt follows the schedule: {waits}");
    }
}

/// Of what a receiver has just heard.
pub(crate) fn of_arrival(world: &World) {
    let latest = world.arrivals.last().expect("an arrival");
    let of_it = |one: &&crate::world::Arrival| {
        one.receiver == latest.receiver && one.place == latest.place && one.episode == latest.episode
    };
    let replayed = |number: u32| world.replayed.contains(&(latest.episode, number));
    let numbers = world.arrivals.iter().filter(of_it).map(|one| one.number).filter(|number| !replayed(*number));
    assert!(numbers.is_sorted(), "a receiver hears in the order of what happened");
}
