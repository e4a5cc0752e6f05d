//! The cooldown and what breaks it, against a plain list of what was sent.

use plimsoll_domain::alert::{
    Alert, AlertConfig, Scene, Severity, Signal, SignalAction, Suppression, apply, reconsider,
};
use plimsoll_domain::time::{Span, Timestamp};
use proptest::prelude::*;
use rstest::rstest;

use crate::pantry::{START, config, content};
use crate::world::World;

const COOLDOWN: i64 = 300;

fn scene(config: &AlertConfig, now: Timestamp) -> Scene<'_> {
    Scene { config, silences: &[], maintenances: &[], now, lease: &|_| None, trace: None }
}

fn trigger(latest: Option<&Alert>, severity: Severity, now: Timestamp) -> (Alert, Option<Suppression>) {
    let config = config(COOLDOWN, None);
    let signal = Signal::new(SignalAction::Trigger, "key", Some(content(severity, "core")), "ci");
    let applied = apply(latest, &World::tenant(), &signal, &scene(&config, now));
    (applied.alert.expect("it is kept"), applied.fired.reason)
}

/// Which of the triggers are sent: the first, what is worse than what was sent last, and what comes after the cooldown.
fn model(triggers: &[(i64, Severity)]) -> Vec<bool> {
    let mut sent: Vec<(i64, Severity)> = Vec::new();
    let decide = |&(at, severity): &(i64, Severity)| {
        let goes = match sent.last() {
            None => true,
            Some((before, last)) => severity > *last || at - before >= COOLDOWN,
        };
        if goes {
            sent.push((at, severity));
        }
        goes
    };
    triggers.iter().map(decide).collect()
}

proptest! {
    #[test]
    fn what_is_sent_is_what_is_worse_or_comes_after_the_cooldown(
        triggers in prop::collection::vec((0i64..400, prop::sample::select(Severity::ALL.to_vec())), 1..30)
    ) {
        let mut at = 0;
        let triggers: Vec<_> = triggers.into_iter().map(|(wait, severity)| { at += wait; (at, severity) }).collect();
        let mut latest: Option<Alert> = None;
        let mut sent = Vec::new();
        for (at, severity) in &triggers {
            let (alert, reason) = trigger(latest.as_ref(), *severity, START.plus(Span::from_seconds(*at)));
            prop_assert!(reason.is_none_or(|reason| reason == Suppression::Cooldown));
            sent.push(reason.is_none());
            latest = Some(alert);
        }
        prop_assert_eq!(sent, model(&triggers));
    }
}

#[rstest]
#[case::inside(299, true)]
#[case::at_its_end(300, false)]
fn the_cooldown_ends_at_its_end(#[case] after: i64, #[case] is_suppressed: bool) {
    let (first, reason) = trigger(None, Severity::Error, START);
    assert_eq!(reason, None);
    let (_, reason) = trigger(Some(&first), Severity::Error, START.plus(Span::from_seconds(after)));
    assert_eq!(reason.is_some(), is_suppressed);
}

#[test]
fn the_cooldown_goes_on_over_a_resolve_and_what_is_still_wrong_at_its_end_is_sent_then() {
    let config = config(COOLDOWN, None);
    let (mut alert, _) = trigger(None, Severity::Error, START);
    let at = |seconds| START.plus(Span::from_seconds(seconds));
    let resolve = Signal::new(SignalAction::Resolve, "key", None, "ci");
    alert = apply(Some(&alert), &World::tenant(), &resolve, &scene(&config, at(10))).alert.expect("kept");
    let (again, reason) = trigger(Some(&alert), Severity::Error, at(20));
    assert_eq!((again.episode, reason), (2, Some(Suppression::Cooldown)));
    let mut held = again;
    while held.hold.is_some() {
        let due = held.reconsider_at().expect("it is looked at again");
        held = reconsider(&held, &scene(&config, due)).expect("it is due");
        assert_eq!(held.deliveries.is_empty(), due < at(COOLDOWN));
    }
    assert_eq!(held.updated_at, at(COOLDOWN));
}
