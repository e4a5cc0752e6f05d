//! What random histories have found, one history each; every law is looked after at each step, and in the end all
//! receivers must be right.

use plimsoll_domain::alert::{
    DeliveryAction, DeliveryState, Scene, Severity, Signal, SignalAction, Suppression, apply, reconsider,
};
use plimsoll_domain::time::Span;
use rstest::rstest;

use crate::pantry::{START, config, content, name};
use crate::steps::{Step, Try};
use crate::world::World;

const RESOLVE: Step = Step::Resolve { marked: false };
const PAGER: usize = 0;
const CHAT: usize = 1;
const MAIL: usize = 2;

fn trigger(severity: Severity, team: &'static str) -> Step {
    Step::Trigger { severity, team, refresh: false, expires: None, named: true, marked: false }
}

fn core(severity: Severity) -> Step {
    trigger(severity, "core")
}

fn after(cooldown: i64, steps: &[Step]) -> World {
    let mut world = World::new(cooldown, None);
    for step in steps {
        world.step(step);
    }
    world
}

#[rstest]
#[case::a_trigger_that_may_have_arrived_is_closed_although_it_died(0, &[
    core(Severity::Info), Step::Send(CHAT, Try::Unsure { arrived: true }), Step::Wait(6), Step::Send(CHAT, Try::Dead),
    RESOLVE,
])]
#[case::so_is_one_whose_process_was_killed(0, &[
    core(Severity::Info), Step::Send(CHAT, Try::Killed { arrived: true }), Step::Wait(61), Step::Send(CHAT, Try::Dead),
    RESOLVE,
])]
#[case::what_follows_a_trigger_that_may_have_arrived_does_not_collapse_with_it(0, &[
    core(Severity::Info), Step::Send(CHAT, Try::Unsure { arrived: true }), RESOLVE, Step::Wait(6),
    Step::Send(CHAT, Try::Dead),
])]
#[case::a_resolve_that_is_replayed_is_followed_by_the_trigger_that_came_since(0, &[
    core(Severity::Info), Step::Send(CHAT, Try::Delivered), RESOLVE, Step::Send(CHAT, Try::Dead), core(Severity::Info),
    Step::Send(CHAT, Try::Delivered),
])]
#[case::a_trigger_that_is_replayed_is_closed_though_another_receiver_waits_for_a_resolve(0, &[
    core(Severity::Info), Step::Send(PAGER, Try::Dead), Step::Send(CHAT, Try::Delivered), RESOLVE, Step::Replay(0),
])]
#[case::a_replay_waits_for_what_is_being_sent(0, &[
    trigger(Severity::Info, "none"), Step::Send(PAGER, Try::Delivered), core(Severity::Warning),
    Step::Send(PAGER, Try::Dead), Step::Acknowledge { named: false }, Step::Lease(PAGER), Step::Replay(0),
])]
#[case::whoever_hears_a_resolve_is_told_again_though_that_of_another_died(300, &[
    core(Severity::Info), Step::Send(PAGER, Try::Delivered), Step::Send(CHAT, Try::Delivered), RESOLVE,
    Step::Send(PAGER, Try::Dead), core(Severity::Info),
])]
#[case::a_resolve_that_is_being_sent_does_not_collapse(0, &[
    core(Severity::Info), Step::Send(CHAT, Try::Delivered), RESOLVE, Step::Lease(CHAT), trigger(Severity::Info, "web"),
    RESOLVE, core(Severity::Info), Step::Finish(CHAT, Try::Delivered),
])]
#[case::a_replay_under_a_new_key_waits_for_what_is_under_way_under_the_old(0, &[
    trigger(Severity::Info, "none"), Step::Send(PAGER, Try::Dead), core(Severity::Warning), Step::Lease(PAGER),
    Step::Rekey(PAGER), Step::Replay(0), Step::Finish(PAGER, Try::Delivered), RESOLVE,
])]
#[case::a_replay_does_not_stand_for_what_a_cooldown_keeps_back(300, &[
    trigger(Severity::Info, "web"), RESOLVE, core(Severity::Info), Step::Send(MAIL, Try::Dead), Step::Replay(0),
    core(Severity::Info),
])]
#[case::what_is_being_sent_to_the_old_place_is_closed_there(0, &[
    trigger(Severity::Info, "none"), Step::Rekey(PAGER), Step::Lease(PAGER), core(Severity::Info), core(Severity::Info),
    core(Severity::Info), Step::Finish(PAGER, Try::Delivered), RESOLVE,
])]
fn every_receiver_is_right_in_the_end(#[case] cooldown: i64, #[case] steps: &[Step]) {
    let mut world = after(cooldown, steps);
    world.drain();
    world.assert_right();
}

#[test]
fn what_became_worse_in_a_silence_is_sent_at_its_end_though_the_milder_was_told() {
    let mut world = after(
        0,
        &[
            core(Severity::Warning),
            Step::Send(PAGER, Try::Delivered),
            Step::Send(CHAT, Try::Delivered),
            Step::Acknowledge { named: false },
            Step::Silence { seconds: Some(60) },
            core(Severity::Critical),
        ],
    );
    assert_eq!(
        world.latest.as_ref().and_then(|alert| alert.hold.as_ref()).map(|hold| hold.reason),
        Some(Suppression::Silence)
    );
    for _ in 0..2 {
        world.step(&Step::Wait(31));
        world.step(&Step::Look);
    }
    assert_eq!(world.told_severity, Some(Severity::Critical));
}

#[test]
fn what_was_acknowledged_in_a_silence_is_not_sent_at_its_end() {
    let steps = [Step::Silence { seconds: Some(60) }, core(Severity::Critical), Step::Acknowledge { named: false }];
    let mut world = after(0, &steps);
    for step in [core(Severity::Critical), Step::Wait(61), Step::Look] {
        world.step(&step);
    }
    assert_eq!(world.latest.map(|alert| (alert.hold, alert.deliveries.len())), Some((None, 0)));
}

#[test]
fn a_resolve_of_what_certainly_never_arrived_collapses_both_and_says_so() {
    let world = after(0, &[trigger(Severity::Info, "web"), Step::Send(MAIL, Try::Refused), RESOLVE]);
    let alert = world.latest.expect("an alert");
    assert_eq!(alert.events.last().and_then(|event| event.suppressed), Some(Suppression::NeverDelivered));
    assert!(matches!(&alert.deliveries[..], [one] if matches!(one.state, DeliveryState::Collapsed { .. })));
}

#[test]
fn a_resolve_goes_where_the_trigger_went_though_its_receiver_has_another_key_or_is_gone() {
    let world = after(
        0,
        &[
            core(Severity::Info),
            Step::Send(PAGER, Try::Delivered),
            Step::Send(CHAT, Try::Delivered),
            Step::Rekey(PAGER),
            Step::Toggle(CHAT),
            Step::Reroute,
            RESOLVE,
            Step::Send(PAGER, Try::Delivered),
            Step::Send(CHAT, Try::Delivered),
        ],
    );
    assert_eq!((world.open.len(), world.open.values().any(|open| *open)), (2, false));
}

#[test]
fn what_is_acknowledged_twice_by_the_same_request_is_answered_the_same() {
    for before in [vec![], vec![core(Severity::Info)]] {
        let mut world = after(0, &before);
        world.step(&Step::Acknowledge { named: true });
        world.step(&Step::Again);
    }
}

#[test]
fn nobody_is_told_that_somebody_works_on_what_they_hear_to_be_over() {
    let steps = [core(Severity::Info), Step::Send(CHAT, Try::Delivered), RESOLVE, core(Severity::Info)];
    let mut world = after(300, &steps);
    world.step(&Step::Acknowledge { named: false });
    let alert = world.latest.expect("an alert");
    assert!(alert.deliveries.iter().all(|one| one.action != DeliveryAction::Acknowledge));
}

/// The signal, heard a second after the start by what `before` left.
fn signal(action: SignalAction, mark: Option<u64>, severity: Severity) -> Signal {
    Signal { mark, ..Signal::new(action, "key", Some(content(severity, "core")), "ci") }
}

#[test]
fn an_older_mark_is_not_heard_though_the_newer_one_said_nothing_new() {
    let config = config(300, None);
    let scene = Scene { config: &config, silences: &[], maintenances: &[], now: START, lease: &|_| None, trace: None };
    let tenant = World::tenant();
    let first =
        apply(None, &tenant, &signal(SignalAction::Trigger, Some(4), Severity::Info), &scene).alert.expect("kept");
    let refresh = Signal { is_refresh: true, ..signal(SignalAction::Trigger, Some(6), Severity::Info) };
    let second = apply(Some(&first), &tenant, &refresh, &scene).alert.expect("its mark is kept");
    let late = apply(Some(&second), &tenant, &signal(SignalAction::Resolve, Some(5), Severity::Info), &scene);
    assert_eq!(late.alert, None, "it was overtaken");
}

#[test]
fn what_goes_to_one_receiver_by_name_is_repeated_to_nobody_and_starts_no_cooldown() {
    let config = config(300, Some(600));
    let at = |now| Scene { config: &config, silences: &[], maintenances: &[], now, lease: &|_| None, trace: None };
    let aside = Signal { only_to: Some("mail".to_owned()), ..signal(SignalAction::Trigger, None, Severity::Info) };
    let first = apply(None, &World::tenant(), &aside, &at(START)).alert.expect("kept");
    assert_eq!(first.deliveries.iter().map(|one| &one.receiver).collect::<Vec<_>>(), [&name("mail")]);
    assert!(reconsider(&first, &at(START.plus(Span::days(1)))).is_none());
    let again = apply(Some(&first), &World::tenant(), &signal(SignalAction::Trigger, None, Severity::Info), &at(START));
    assert_eq!(again.fired.deliveries.len(), 2, "all others have not heard of it");
}
