//! What an alert configuration must be, fault by fault.

use plimsoll_domain::alert::{AlertConfig, Matcher, Route, Severity};
use plimsoll_domain::time::Span;
use rstest::rstest;

use crate::pantry::{config, name, receiver, route};

fn changed(change: impl FnOnce(&mut AlertConfig)) -> AlertConfig {
    let mut config = config(300, None);
    change(&mut config);
    config
}

fn pointers(config: &AlertConfig) -> Vec<String> {
    config.validate().err().map_or_else(Vec::new, |invalid| invalid.0.into_iter().map(|fault| fault.pointer).collect())
}

fn nested(levels: usize) -> Route {
    (1..levels).fold(route("team=core", &["pager"]), |below, _| Route {
        routes: vec![below],
        ..route("team=core", &["pager"])
    })
}

#[rstest]
#[case::a_name_twice(changed(|c| c.receivers.push(receiver("pager", 1))), &["/receivers/3/name"])]
#[case::a_key_that_cannot_be(changed(|c| c.receivers[1] = serde_json::from_str(
    r#"{"name":"chat","kind":"slack","url":"ftp://x"}"#).expect("reads")), &["/receivers/1/url"])]
#[case::an_unknown_receiver(changed(|c| c.router.routes[1].receivers.push(name("who"))), &["/routes/1/receivers/1"])]
#[case::an_unknown_default(changed(|c| c.router.default_receivers[0] = name("who")), &["/default_receivers/0"])]
#[case::no_default(changed(|c| c.router.default_receivers.clear()), &["/default_receivers"])]
#[case::an_unknown_receiver_of_a_tier(changed(|c| drop(c.router.severity_tiers.insert(Severity::Info, vec![name("who")]))),
    &["/severity_tiers/info/0"])]
#[case::a_route_to_nobody(changed(|c| c.router.routes[2].receivers.clear()), &["/routes/2/receivers"])]
#[case::an_unknown_receiver_below(changed(|c| c.router.routes[0].routes.push(route("team=x", &["who"]))),
    &["/routes/0/routes/0/receivers/0"])]
#[case::a_name_of_nothing(changed(|c| c.router.routes[0].name = Some(String::new())), &["/routes/0/name"])]
#[case::many_matchers(changed(|c| c.router.routes[0].matchers = vec!["a=b".parse::<Matcher>().expect("valid"); 21]),
    &["/routes/0/matchers"])]
#[case::many_routes(changed(|c| c.router.routes = vec![route("team=x", &["pager"]); 501]), &["/routes"])]
#[case::a_cooldown_below_nothing(changed(|c| c.cooldown = Span::from_seconds(-1)), &["/cooldown_seconds"])]
#[case::a_long_cooldown(changed(|c| c.cooldown = Span::days(8)), &["/cooldown_seconds"])]
#[case::a_repeat_too_soon(changed(|c| c.repeat_after = Some(Span::from_seconds(59))), &["/repeat_after_seconds"])]
#[case::no_time_to_resolve(changed(|c| c.resolve_timeout = Span::from_seconds(0)), &["/resolve_timeout_seconds"])]
fn what_cannot_work_is_named(#[case] config: AlertConfig, #[case] expected: &[&str]) {
    assert_eq!(pointers(&config), expected);
}

#[rstest]
#[case::nothing_at_all(AlertConfig::default())]
#[case::a_child_that_leaves_it_to_its_parent(changed(|c| c.router.routes[0].routes.push(route("team=x", &[]))))]
#[case::an_empty_tier(changed(|c| drop(c.router.severity_tiers.insert(Severity::Info, Vec::new()))))]
#[case::ten_levels(changed(|c| c.router.routes[0] = nested(10)))]
#[case::the_limits(changed(|c| (c.cooldown, c.repeat_after) = (Span::from_seconds(0), Some(Span::days(7)))))]
fn what_can_work_is_taken(#[case] config: AlertConfig) {
    assert_eq!(pointers(&config), Vec::<String>::new());
    let json = serde_json::to_string(&config).expect("writes");
    assert_eq!(serde_json::from_str::<AlertConfig>(&json).expect("reads"), config);
}

#[test]
fn eleven_levels_are_one_too_many() {
    let config = changed(|c| c.router.routes[0] = nested(11));
    assert_eq!(pointers(&config), [format!("/routes/0{}", "/routes/0".repeat(9)) + "/routes"]);
}

#[test]
fn a_hundred_receivers_are_enough() {
    let more =
        (0..98).map(|at| plimsoll_domain::alert::Receiver { name: name(&format!("r{at}")), ..receiver("mail", 0) });
    assert_eq!(pointers(&changed(|c| c.receivers.extend(more))), ["/receivers"]);
}
