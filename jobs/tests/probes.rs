//! What a look at a real socket comes to, and when a failure counts.

mod world;

use std::collections::BTreeMap;

use plimsoll_domain::incident::IncidentStatus;
use plimsoll_domain::probe::{HttpProbe, ProbeSpec, TcpProbe};
use plimsoll_domain::sample::SampleStatus::{self, Down, Operational, Unknown};
use plimsoll_domain::time::{Interval, Span};
use plimsoll_tests::eventually;
use tokio::net::TcpListener;

use world::World;
use world::target::{Target, closed_address};

fn http(url: &str) -> ProbeSpec {
    ProbeSpec::Http(HttpProbe {
        url: url.to_owned(),
        method: "GET".to_owned(),
        headers: BTreeMap::new(),
        expected_status: Vec::new(),
        body_contains: None,
        json_equals: None,
        follow_redirects: false,
        timeout_ms: 1_000,
        degraded_above_ms: None,
    })
}

fn tcp(address: String) -> ProbeSpec {
    ProbeSpec::Tcp(TcpProbe { address, timeout_ms: 1_000, degraded_above_ms: None })
}

/// The verdict on one component after one tick of five seconds.
async fn verdict(probe: ProbeSpec, references: Vec<String>) -> SampleStatus {
    let mut world = World::with(Interval::from_seconds(5).expect("valid"), references).await;
    let component = world.add("api", probe).await;
    world.tick().await.expect("runs");
    world.samples(&component).await.last().expect("sampled").status
}

#[tokio::test]
async fn a_good_answer_takes_one_look() {
    let target = Target::answering(&[200]).await;
    assert_eq!(verdict(http(&target.url), Vec::new()).await, Operational);
    assert_eq!(target.asked(), 1);
}

#[tokio::test]
async fn a_failure_that_does_not_repeat_does_not_count() {
    let target = Target::answering(&[500, 503, 200]).await;
    assert_eq!(verdict(http(&target.url), Vec::new()).await, Operational);
    assert_eq!(target.asked(), 3);
}

#[tokio::test]
async fn three_failed_looks_are_down() {
    let target = Target::answering(&[500]).await;
    assert_eq!(verdict(http(&target.url), Vec::new()).await, Down);
    assert_eq!(target.asked(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed_unless_it_was_asked_for() {
    let target = Target::answering(&[302]).await;
    assert_eq!(verdict(http(&target.url), Vec::new()).await, Down);
}

#[tokio::test]
async fn a_connection_is_all_that_a_tcp_probe_wants() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let open = listener.local_addr().expect("bound").to_string();
    assert_eq!(verdict(tcp(open), Vec::new()).await, Operational);
    assert_eq!(verdict(tcp(closed_address().await), Vec::new()).await, Down);
}

#[tokio::test]
async fn an_address_that_must_not_be_reached_says_nothing_about_the_service() {
    assert_eq!(verdict(tcp("10.255.255.1:80".to_owned()), Vec::new()).await, Unknown);
    assert_eq!(verdict(http("http://169.254.169.254/latest/meta-data"), Vec::new()).await, Unknown);
}

#[tokio::test]
async fn when_no_reference_answers_it_is_we_who_are_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let open = listener.local_addr().expect("bound").to_string();
    let (gone, failing) = (closed_address().await, || async { tcp(closed_address().await) });
    assert_eq!(verdict(failing().await, vec![gone.clone()]).await, Unknown);
    assert_eq!(verdict(failing().await, vec![gone, open]).await, Down);
}

#[tokio::test]
async fn what_people_change_while_something_does_not_answer_is_shown_meanwhile_and_stays_shown() {
    let mut world = World::with(Interval::from_seconds(5).expect("valid"), Vec::new()).await;
    let api = world.add("api", ProbeSpec::Push).await;
    world.tick().await.expect("runs");
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let stuck = world.add("stuck", http(&format!("http://{}/", silent.local_addr().expect("bound")))).await;
    world.skip(1);
    let mut ticker = world.lend_ticker();
    let people = async {
        world.say("by-hand", IncidentStatus::Identified, &[&api]).await;
        world.clock.set(world.clock_now().plus(Span::from_seconds(1)));
        let late = world.add_at("late", http("http://127.0.0.1:1/"), world.clock_now()).await;
        world.state.wake();
        let shown = async || {
            let page = world.page().await;
            (page.incidents.len() == 1 && page.components.len() == 3).then_some(page.as_of)
        };
        (eventually(10, "the change is shown", shown).await, late)
    };
    let (ran, (as_of, late)) = tokio::join!(ticker.run(world.tick), people);
    assert_eq!(ran.expect("runs").down, 1);
    assert!(as_of < world.tick.start(), "the tick was not over");
    let page = world.page().await;
    assert_eq!((page.as_of, page.incidents.len(), page.components.len()), (world.tick.start(), 2, 3));
    assert_eq!(
        (world.samples(&stuck).await.len(), world.samples(&late).await.len()),
        (1, 0),
        "its first tick is the next"
    );
}
