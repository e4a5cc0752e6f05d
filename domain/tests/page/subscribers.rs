//! Who is told of what, and how it goes on with whoever cannot be reached.

use std::collections::BTreeSet;

use plimsoll_domain::alert::delivery::{DeliveryState, Lease, Outcome, Verdict};
use plimsoll_domain::subscriber::{
    Channel, ChannelKind, EventKind, Notice, NoticeEvent, PENDING_FOR, RESEND_AFTER, Subscriber, tell_of,
};
use plimsoll_domain::time::{Span, Timestamp};
use proptest::prelude::*;

use crate::pantry::{Counting, at, id, subscriber, tenant, wanted};

fn asked(address: &str) -> Subscriber {
    Subscriber::new(tenant(), wanted(address, &[], &[]), "public", at(0), &Counting::default()).expect("valid")
}

fn of_incident(minutes: i64) -> NoticeEvent {
    NoticeEvent::Incident { incident: "inc-1".parse().expect("a slug"), at: at(minutes) }
}

fn outcome(verdict: Verdict) -> Outcome {
    Outcome::new(verdict, None, "words")
}

#[test]
fn nobody_hears_anything_before_confirming_and_only_what_came_after() {
    let pending = asked("a@example.org");
    assert!(!pending.wants(EventKind::Incident, std::iter::empty(), at(1)));
    let active = pending.confirmed(at(5)).expect("it waits");
    assert!(active.wants(EventKind::Incident, std::iter::empty(), at(5)));
    assert!(!active.wants(EventKind::Incident, std::iter::empty(), at(4)));
    assert_eq!(active.confirmed(at(6)), None, "there is nothing to confirm any more");
    assert_eq!(pending.confirmed(at(0).plus(PENDING_FOR)), None, "it has waited for too long");
}

#[test]
fn one_hears_of_the_components_and_kinds_that_were_chosen() {
    let chosen = subscriber("a@example.org", &["api"], &[EventKind::Incident]);
    let (api, web) = (id("api"), id("web"));
    assert!(chosen.wants(EventKind::Incident, [&web, &api].into_iter(), at(1)));
    assert!(!chosen.wants(EventKind::Incident, [&web].into_iter(), at(1)));
    assert!(!chosen.wants(EventKind::Maintenance, [&api].into_iter(), at(1)));
    assert!(chosen.wants(EventKind::Incident, std::iter::empty(), at(1)), "what names no component is for everybody");
}

#[test]
fn the_same_address_is_the_same_subscriber_however_it_is_written() {
    let ids = ["ops@example.org", "OPS@EXAMPLE.org", " ops@example.org "].map(|address| asked(address).id);
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    let key = |url: &str| Channel::new(ChannelKind::Webhook, url, &Counting::default()).key();
    assert_eq!(key("HTTPS://Example.org:443/a"), key("https://example.org/a"));
}

#[test]
fn asking_again_learns_nothing_and_changes_nothing_of_who_has_confirmed() {
    let (pending, other) = (asked("a@example.org"), asked("a@example.org"));
    assert_eq!(pending.asked_again(&other, at(5)), None, "asked for a moment ago");
    let again = pending.asked_again(&other, at(0).plus(RESEND_AFTER)).expect("later it may be asked again");
    assert_eq!((again.version, again.token.clone()), (2, pending.token.clone()));
    let active = subscriber("a@example.org", &["api"], &[]);
    assert_eq!(active.asked_again(&other, at(1_000)), None);
}

#[test]
fn only_the_token_that_stands_in_the_links_is_known() {
    let held = asked("a@example.org");
    let token = held.token.expose().to_owned();
    assert!(held.knows(&token));
    assert!(!held.knows("") && !held.knows(&token[1..]) && !held.knows(&format!("{token}0")));
}

#[test]
fn addresses_that_are_none_are_refused_and_are_masked_where_they_are_shown() {
    for (kind, wrong) in [
        (ChannelKind::Email, "nobody"),
        (ChannelKind::Email, "root@localhost"),
        (ChannelKind::Email, "\"ops\"@example.org"),
        (ChannelKind::Email, "o\\ps@example.org"),
        (ChannelKind::Email, "a@b\r\nBcc: c@d.example"),
        (ChannelKind::Webhook, "ftp://example.org"),
        (ChannelKind::Webhook, "https://user:secret@example.org/"),
        (ChannelKind::Slack, "javascript:alert(1)"),
    ] {
        let mut wanted = wanted("x@example.org", &[], &[]);
        wanted.channel = Channel::new(kind, wrong, &Counting::default());
        let refused = Subscriber::new(tenant(), wanted, "public", at(0), &Counting::default());
        assert_eq!(refused.expect_err(wrong).0[0].pointer, "/address");
    }
    let masked = |kind, address: &str| Channel::new(kind, address, &Counting::default()).masked();
    assert_eq!(masked(ChannelKind::Email, "olga@example.org"), "o•••@example.org");
    assert_eq!(masked(ChannelKind::Slack, "https://hooks.slack.com/services/T/B/X"), "https://hooks.slack.com/••••");
}

#[test]
fn three_failures_in_a_row_stop_a_subscriber_and_a_success_between_them_does_not() {
    let mut held = subscriber("a@example.org", &[], &[]);
    for arrived in [false, false, true, false, false] {
        held = held.after_notice(arrived, "550 no such user", at(1)).expect("it changes");
    }
    assert!(held.is_active());
    let stopped = held.after_notice(false, "550 no such user", at(2)).expect("it changes");
    assert_eq!((stopped.state_name(), stopped.is_active()), ("stopped", false));
    assert_eq!(stopped.after_notice(true, "", at(3)), None, "what is stopped stays so");
}

#[test]
fn an_event_is_told_once_to_each_who_wants_it() {
    let all = [
        subscriber("a@example.org", &[], &[]),
        subscriber("b@example.org", &["web"], &[]),
        subscriber("c@example.org", &[], &[EventKind::Maintenance]),
        asked("d@example.org"),
    ];
    let api = id("api");
    let tell = || tell_of(&of_incident(3), [&api].into_iter(), &all, (at(3), 0));
    let told: Vec<_> = tell().into_iter().map(|notice| notice.subscriber).collect();
    assert_eq!(told, [all[0].id.clone()]);
    assert_eq!(tell()[0].id, tell()[0].id, "telling it again is the same");
}

#[test]
fn of_one_incident_a_subscriber_hears_in_order() {
    let held = subscriber("a@example.org", &[], &[]);
    let first = Notice::new(&held, of_incident(1), (at(1), 0));
    let second = Notice::new(&held, of_incident(2), (at(2), 1));
    let other = NoticeEvent::Incident { incident: "inc-2".parse().expect("a slug"), at: at(2) };
    let other = Notice::new(&held, other, (at(2), 0));
    let all = [second.clone(), other.clone(), first.clone()];
    let ready =
        |all: &[Notice], now| -> Vec<_> { Notice::ready(all, now).into_iter().map(|one| one.id.clone()).collect() };
    assert_eq!(ready(&all, at(9)), [first.id.clone(), other.id.clone()]);
    let retry = outcome(Verdict::Retry { after: None, may_have_arrived: false });
    let failed = first.tried(&retry, retry.attempt(at(9), 5), (at(9), 0.5));
    assert_eq!(
        ready(&[failed, second.clone(), other.clone()], at(9)),
        std::slice::from_ref(&other.id),
        "the second waits behind it"
    );
    let done = outcome(Verdict::Delivered);
    let told = first.tried(&done, done.attempt(at(9), 5), (at(9), 0.5));
    assert_eq!(ready(&[told, second.clone(), other.clone()], at(9)), [other.id, second.id]);
}

#[test]
fn a_lease_keeps_others_away_until_it_ends() {
    let held = subscriber("a@example.org", &[], &[]);
    let lease = Lease { holder: "one".to_owned(), until: at(2) };
    let notice = Notice::new(&held, of_incident(1), (at(1), 0)).leased(lease);
    assert!(Notice::ready(std::slice::from_ref(&notice), at(1)).is_empty());
    assert_eq!(Notice::ready(std::slice::from_ref(&notice), at(2)).len(), 1);
    assert_eq!(notice.released(at(1)).ready_at(), Some(at(1)));
}

proptest! {
    #[test]
    fn a_notice_is_tried_for_a_day_at_most_and_ends(verdicts in prop::collection::vec(0u8..3, 1..60)) {
        let held = subscriber("a@example.org", &[], &[]);
        let mut notice = Notice::new(&held, of_incident(1), (at(1), 0));
        let mut now = at(1);
        for verdict in verdicts {
            let Some(ready_at) = notice.ready_at() else { break };
            now = now.max(ready_at);
            let verdict = match verdict {
                0 => Verdict::Retry { after: Some(Span::hours(3)), may_have_arrived: true },
                _ => Verdict::Retry { after: None, may_have_arrived: false },
            };
            let before = notice.version;
            notice = notice.tried(&outcome(verdict), outcome(verdict).attempt(now, 1), (now, 0.5));
            prop_assert_eq!(notice.version, before + 1);
            prop_assert!(notice.attempts.len() <= 10);
        }
        prop_assert!(now <= at(1).plus(Span::hours(25)));
        let stored = serde_json::to_string(&notice).expect("it is stored");
        prop_assert_eq!(serde_json::from_str::<Notice>(&stored).expect("and read"), notice);
    }

    #[test]
    fn whatever_happens_an_unconfirmed_address_is_told_nothing(steps in prop::collection::vec(0u8..4, 0..20)) {
        let mut held = asked("a@example.org");
        let mut now: Timestamp = at(0);
        let mut confirmed = false;
        for step in steps {
            now = now.plus(Span::minutes(11));
            let next = match step {
                0 => held.asked_again(&asked("a@example.org"), now),
                1 => held.confirmed(now).inspect(|_| confirmed = true),
                2 => held.after_notice(false, "550", now),
                _ => Some(held.rechosen(BTreeSet::new(), BTreeSet::new())),
            };
            held = next.unwrap_or(held);
            let wants = held.wants(EventKind::Incident, std::iter::empty(), now);
            prop_assert!(confirmed || !wants);
            prop_assert_eq!(wants, held.is_active());
        }
    }
}

#[test]
fn how_far_a_notice_has_come_is_told_in_one_word() {
    let held = subscriber("a@example.org", &[], &[]);
    let notice = Notice::new(&held, of_incident(1), (at(1), 0));
    assert_eq!(notice.state_name(), "waiting");
    let dropped = notice.dropped("the incident is gone", at(2));
    assert_eq!((dropped.state_name(), dropped.finished_at()), ("dead", Some(at(2))));
    assert!(matches!(dropped.state, DeliveryState::Dead { .. }));
}
