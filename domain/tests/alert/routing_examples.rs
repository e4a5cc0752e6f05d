//! The sentences on routing, one by one.

use std::collections::BTreeMap;

use plimsoll_domain::alert::hours::ActiveHours;
use plimsoll_domain::alert::{Route, Routed, Router, Severity};
use plimsoll_domain::time::{Span, Timestamp};
use rstest::rstest;

use crate::pantry::{START, content, name, route};

fn router(routes: Vec<Route>) -> Router {
    let severity_tiers = BTreeMap::from([(Severity::Warning, vec![name("chat")]), (Severity::Info, Vec::new())]);
    Router { routes, severity_tiers, default_receivers: vec![name("pager")] }
}

fn told(routed: &Routed) -> Vec<&str> {
    routed.receivers.iter().map(plimsoll_domain::alert::ReceiverName::as_str).collect()
}

#[rstest]
#[case::what_no_route_takes_goes_to_its_tier(Severity::Warning, &["chat"], "tier warning")]
#[case::an_empty_tier_is_none(Severity::Info, &["pager"], "default")]
#[case::without_a_tier_it_goes_to_the_default(Severity::Critical, &["pager"], "default")]
fn an_alert_is_never_dropped(#[case] severity: Severity, #[case] receivers: &[&str], #[case] taken: &str) {
    let routed = router(vec![route("team=web", &["mail"])]).resolve(&content(severity, "core"), START);
    assert_eq!((told(&routed), routed.routes.clone()), (receivers.to_vec(), vec![taken.to_owned()]));
    assert!(routed.path.last().expect("a path").contains(taken), "{:?}", routed.path);
}

#[rstest]
#[case::the_first_that_is_taken_ends_it(false, &["pager"])]
#[case::unless_it_continues(true, &["pager", "chat"])]
fn after_a_route_that_is_taken(#[case] goes_on: bool, #[case] receivers: &[&str]) {
    let first = Route { goes_on, ..route("team=core", &["pager"]) };
    let routed = router(vec![first, route("severity=critical", &["chat", "pager"])])
        .resolve(&content(Severity::Critical, "core"), START);
    assert_eq!(told(&routed), receivers, "each is told once, in the order of the routes");
}

#[test]
fn a_child_without_receivers_inherits_them_through_every_level() {
    let leaf = route("component=api", &[]);
    let child = Route { routes: vec![leaf], ..route("severity=critical", &[]) };
    let top = Route { routes: vec![child], ..route("team=core", &["mail"]) };
    let routed = router(vec![top]).resolve(&content(Severity::Critical, "core"), START);
    assert_eq!((told(&routed), routed.routes.clone()), (vec!["mail"], vec!["routes/0/routes/0/routes/0".to_owned()]));
}

#[test]
fn a_route_whose_children_are_not_taken_tells_its_own() {
    let named = Some("core".to_owned());
    let top = Route { name: named, routes: vec![route("severity=info", &["chat"])], ..route("team=core", &["mail"]) };
    let routed = router(vec![top]).resolve(&content(Severity::Critical, "core"), START);
    assert_eq!((told(&routed), routed.routes.clone()), (vec!["mail"], vec!["core".to_owned()]));
}

#[test]
fn a_child_is_not_asked_when_its_parent_is_not_taken() {
    let top = Route { routes: vec![route("severity=critical", &["chat"])], ..route("team=web", &["mail"]) };
    let routed = router(vec![top]).resolve(&content(Severity::Critical, "core"), START);
    assert_eq!(told(&routed), ["pager"]);
}

#[rstest]
#[case::within("2026-11-02T08:00:00Z", &["mail"])]
#[case::the_first_instant_after("2026-11-02T17:00:00Z", &["pager"])]
#[case::another_day("2026-11-03T08:00:00Z", &["pager"])]
fn a_route_is_taken_within_its_hours(#[case] at: &str, #[case] receivers: &[&str]) {
    let hours = ActiveHours::read("UTC", &["mon".to_owned()], "08:00", "17:00").expect("valid");
    let office = Route { active_hours: Some(hours), ..route("team=core", &["mail"]) };
    let at: Timestamp = at.parse().expect("an instant");
    let routed = router(vec![office]).resolve(&content(Severity::Critical, "core"), at);
    assert_eq!(told(&routed), receivers);
    assert!(at >= START.minus(Span::days(1)));
}
