//! The routing tree against a model that enumerates all ways from the top to the bottom and throws out those that are
//! not gone.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::alert::hours::ActiveHours;
use plimsoll_domain::alert::{Content, Matcher, Receiver, ReceiverName, Route, Router, Severity};
use plimsoll_domain::time::{Span, Timestamp};
use proptest::prelude::*;

use crate::pantry::{START, content, name, receiver};

/// One way from the top: the places of its nodes.
type Way = Vec<usize>;

fn node<'a>(router: &'a Router, way: &[usize]) -> &'a Route {
    let (first, rest) = way.split_first().expect("a way has nodes");
    rest.iter().fold(&router.routes[*first], |route, place| &route.routes[*place])
}

/// Every way to every node, in the order of the tree.
fn ways(routes: &[Route], above: &[usize], found: &mut Vec<Way>) {
    for (place, route) in routes.iter().enumerate() {
        let way = [above, &[place]].concat();
        found.push(way.clone());
        ways(&route.routes, &way, found);
    }
}

/// Whether the node itself would have it, whatever is around it.
fn would(route: &Route, content: &Content, now: Timestamp) -> bool {
    route.matchers.iter().all(|matcher| plain(matcher, content))
        && route.active_hours.as_ref().is_none_or(|hours| hours.hold(now))
}

/// The matchers of this test, in other words: each is `name op value`, its expressions alternatives of whole words.
fn plain(matcher: &Matcher, content: &Content) -> bool {
    let text = matcher.to_string();
    let (name, rest) = text.split_at(text.find(['=', '!']).expect("an operator"));
    let (sign, value) = rest.split_at(rest.find('"').expect("a value"));
    let value = value.trim_matches('"');
    let seen = match name {
        "severity" => content.severity.to_string(),
        "component" => content.component.clone().unwrap_or_default(),
        name => content.labels.get(name).cloned().unwrap_or_default(),
    };
    let one_of = || value.split('|').any(|word| word == ".*" || word == seen);
    match sign {
        "=" => seen == value,
        "!=" => seen != value,
        "=~" => one_of(),
        _ => !one_of(),
    }
}

/// A node is reached when every node above it, and itself, would have it, and no sibling before any of them stops.
fn is_reached(router: &Router, way: &[usize], content: &Content, now: Timestamp) -> bool {
    (1..=way.len()).all(|depth| {
        let (above, place) = (&way[..depth - 1], way[depth - 1]);
        let sibling = |place: usize| node(router, &[above, &[place]].concat());
        let stopped = (0..place).any(|before| would(sibling(before), content, now) && !sibling(before).goes_on);
        would(sibling(place), content, now) && !stopped
    })
}

fn model(router: &Router, content: &Content, now: Timestamp) -> (Vec<ReceiverName>, Vec<String>) {
    let mut all = Vec::new();
    ways(&router.routes, &[], &mut all);
    let reached: BTreeSet<Way> = all.into_iter().filter(|way| is_reached(router, way, content, now)).collect();
    let deepest: Vec<&Way> = reached
        .iter()
        .filter(|way| !reached.iter().any(|other| other.len() > way.len() && other.starts_with(way)))
        .collect();
    let (mut receivers, mut taken): (Vec<ReceiverName>, Vec<String>) = (Vec::new(), Vec::new());
    for way in &deepest {
        let label = way.iter().map(|place| format!("routes/{place}")).collect::<Vec<_>>().join("/");
        taken.push(node(router, way).name.clone().unwrap_or(label));
        let nearest =
            (1..=way.len()).rev().map(|depth| node(router, &way[..depth])).find(|one| !one.receivers.is_empty());
        receivers.extend(nearest.map_or_else(Vec::new, |route| route.receivers.clone()));
    }
    if deepest.is_empty() {
        match router.severity_tiers.get(&content.severity) {
            Some(tier) if !tier.is_empty() => {
                taken.push(format!("tier {}", content.severity));
                receivers.extend(tier.clone());
            }
            _ => {
                taken.push("default".to_owned());
                receivers.extend(router.default_receivers.clone());
            }
        }
    }
    let mut seen = BTreeSet::new();
    receivers.retain(|one| seen.insert(one.clone()));
    (receivers, taken)
}

fn matchers() -> impl Strategy<Value = Vec<Matcher>> {
    let texts = vec![
        "team=core",
        "team!=core",
        "team=~\"core|shop\"",
        "team!~\"core|web\"",
        "severity=critical",
        "component=api",
        "severity=~\"critical|error\"",
        "severity!=info",
        "missing=\"\"",
        "missing=~\".*\"",
        "missing=x",
    ];
    prop::collection::vec(prop::sample::select(texts).prop_map(|text| text.parse().expect("a matcher")), 0..3)
}

fn names(least: usize) -> impl Strategy<Value = Vec<ReceiverName>> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(name), least..3)
}

fn hours() -> impl Strategy<Value = Option<ActiveHours>> {
    let zone = prop::sample::select(vec!["UTC", "Asia/Tokyo"]);
    let days = prop::sample::subsequence(vec!["mon", "tue", "sat"], 0..=3);
    let some = (zone, days, 0..24, 0..24).prop_map(|(zone, days, from, to)| {
        let days: Vec<_> = days.into_iter().map(str::to_owned).collect();
        ActiveHours::read(zone, &days, &format!("{from:02}:00"), &format!("{to:02}:30")).expect("valid")
    });
    prop_oneof![3 => Just(None), 1 => some.prop_map(Some)]
}

fn routes() -> impl Strategy<Value = Vec<Route>> {
    let with = |routes: BoxedStrategy<Vec<Route>>| {
        let called = prop::option::weighted(0.3, prop::sample::select(vec!["one", "two"]).prop_map(str::to_owned));
        (called, matchers(), names(0), any::<bool>(), hours(), routes).prop_map(
            |(name, matchers, receivers, goes_on, active_hours, routes)| Route {
                name,
                matchers,
                receivers,
                goes_on,
                active_hours,
                routes,
            },
        )
    };
    let leaf = prop::collection::vec(with(Just(Vec::new()).boxed()), 0..3).boxed();
    (0..3).fold(leaf, |below, _| prop::collection::vec(with(below), 0..4).boxed())
}

fn routers() -> impl Strategy<Value = Router> {
    let tiers = prop::collection::btree_map(prop::sample::select(Severity::ALL.to_vec()), names(0), 0..3);
    (routes(), tiers, names(1)).prop_map(|(routes, severity_tiers, default_receivers)| Router {
        routes,
        severity_tiers,
        default_receivers,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn whoever_is_told_is_who_the_ways_lead_to(
        router in routers(),
        severity in prop::sample::select(Severity::ALL.to_vec()),
        team in prop::sample::select(vec!["core", "shop", "web", ""]),
        hour in 0i64..168,
    ) {
        let (content, now) = (content(severity, team), START.plus(Span::hours(hour)));
        let routed = router.resolve(&content, now);
        let (receivers, routes) = model(&router, &content, now);
        prop_assert_eq!(&routed.receivers, &receivers);
        prop_assert_eq!(&routed.routes, &routes);
        let rooted = router.routes.iter().all(|route| !route.receivers.is_empty());
        prop_assert!(!rooted || !routed.receivers.is_empty(), "an alert is never dropped");
        let json = serde_json::to_string(&router).expect("writes");
        prop_assert_eq!(serde_json::from_str::<Router>(&json).expect("reads"), router);
    }
}

#[test]
fn the_tree_of_the_histories_is_valid() {
    let config = crate::pantry::config(300, None);
    assert!(config.validate().is_ok());
    let twice: BTreeMap<_, Receiver> = config.receivers.iter().map(|one| (&one.name, one.clone())).collect();
    assert!(twice.values().all(|one| *one == receiver(one.name.as_str(), 0)));
}
