//! The life of a silence.

use plimsoll_domain::alert::silence::SilenceStatus;
use plimsoll_domain::alert::{Content, Severity, Silence};
use plimsoll_domain::time::{Span, Timestamp};
use rstest::rstest;

use crate::pantry::{START, content};
use crate::world::World;

fn silence(ends_after: Option<i64>, until_resolved: bool) -> Silence {
    Silence {
        tenant: World::tenant(),
        id: "sil-1".parse().expect("an id"),
        matchers: vec!["team=core".parse().expect("a matcher")],
        starts_at: START,
        ends_at: ends_after.map(|seconds| START.plus(Span::from_seconds(seconds))),
        until_resolved,
        has_matched: false,
        comment: "quiet".to_owned(),
        by: "me".to_owned(),
        version: 1,
    }
}

fn at(seconds: i64) -> Timestamp {
    START.plus(Span::from_seconds(seconds))
}

fn look(silence: &Silence, open: &[Content], now: Timestamp) -> Option<Silence> {
    silence.after_looking(open.iter(), now)
}

#[test]
fn one_until_resolved_waits_for_what_it_silences_and_ends_with_the_last_of_it() {
    let (ours, other) = (content(Severity::Error, "core"), content(Severity::Error, "web"));
    let new = silence(None, true);
    assert_eq!(look(&new, &[], at(1)), None, "it has seen nothing yet");
    assert_eq!(look(&new, std::slice::from_ref(&other), at(1)), None, "nor any of its own");
    let seen = look(&new, &[other.clone(), ours.clone()], at(2)).expect("it notes that it has seen one");
    assert_eq!((seen.has_matched, seen.ends_at, seen.version), (true, None, 2));
    assert_eq!(look(&seen, std::slice::from_ref(&ours), at(3)), None, "it goes on");
    assert!(seen.covers(&ours, at(3)) && !seen.covers(&other, at(3)));
    let ended = look(&seen, &[other], at(4)).expect("it is over");
    assert_eq!((ended.ends_at, ended.version), (Some(at(4)), 3));
    assert_eq!(ended.status(at(4)), SilenceStatus::Expired);
    assert!(!ended.covers(&ours, at(4)));
    assert_eq!(look(&ended, &[ours], at(5)), None, "what is over stays over");
}

#[rstest]
#[case::one_with_an_end_does_not_care(silence(Some(60), false), 1)]
#[case::one_that_is_over_neither(silence(Some(60), true), 60)]
#[case::one_that_has_not_started_neither(silence(None, true), -1)]
fn nothing_is_noted(#[case] silence: Silence, #[case] now: i64) {
    assert_eq!(look(&silence, &[content(Severity::Error, "core")], at(now)), None);
}

#[test]
fn one_until_resolved_may_have_an_end_as_well() {
    let both = silence(Some(60), true);
    assert!(both.validate().is_ok());
    assert_eq!((both.status(at(59)), both.status(at(60))), (SilenceStatus::Active, SilenceStatus::Expired));
}

#[rstest]
#[case::active(30)]
#[case::pending(-30)]
fn a_silence_that_is_ended_is_over_and_covers_nothing_any_more(#[case] now: i64) {
    let ended = silence(Some(60), false).ended(at(now));
    assert_eq!((ended.ends_at, ended.version, ended.status(at(now))), (Some(at(now)), 2, SilenceStatus::Expired));
    let ours = content(Severity::Error, "core");
    assert!((now..120).all(|second| !ended.covers(&ours, at(second))));
    assert_eq!(ended.ended(at(90)), ended, "what is over stays as it was");
}

#[rstest]
#[case(Silence { matchers: Vec::new(), ..silence(Some(60), false) }, &["/matchers"])]
#[case(Silence { comment: " ".to_owned(), ..silence(Some(60), false) }, &["/comment"])]
#[case(silence(None, false), &["/ends_at"])]
#[case(silence(Some(0), false), &["/ends_at"])]
#[case(silence(Some(367 * 86_400), true), &["/ends_at"])]
fn what_makes_no_sense_is_named(#[case] wrong: Silence, #[case] pointers: &[&str]) {
    let faults = wrong.validate().expect_err("refused").0;
    assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), pointers);
}
