//! With the real clock: a page that somebody has left open comes to tell of an incident, and that it is over, by itself.

use plimsoll_tests::acts::{http_component, until_status};
use plimsoll_tests::node::script;
use plimsoll_tests::{INTERVAL, Mode, Setup, Target, eventually, now};
use serde_json::json;

/// How often a page asks for itself again; all in milliseconds.
const REFRESH: i64 = 30_000;
/// For a machine that has other things to do.
const GRACE: i64 = 15_000;
/// How long it is watched whether what is well again stays so, which the next tick finds.
const SETTLE: i64 = 3_000;
const TICK: i64 = INTERVAL.seconds() * 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_left_open_shows_an_incident_and_its_end_within_a_tick_and_a_refresh() {
    let server = Setup::embedded().with("PLIMSOLL_SETTLE_SECONDS", &(SETTLE / 1_000).to_string()).start().await;
    let admin = server.tenant("shop").await;
    let mut target = Target::start().await;
    admin.post("/tenants/shop/components", &http_component("web", "Website", &target.url("/"))).await.ok(201);
    until_status(&server.anybody(), "shop", "web", "operational").await;
    // Whoever looks tells the target, and so us, what was seen.
    let within = TICK + REFRESH + GRACE;
    let until_over = within + SETTLE + TICK;
    let moment =
        |shows: &str, within: i64, path: &str| json!({"shows": shows, "within": within, "tell": target.url(path)});
    let told = json!({"url": format!("{}/s/shop", server.url()), "moments": [
        moment(".banner.ok", GRACE, "/opened"),
        moment("#open .incident", within, "/seen"),
        moment("!#open", until_over, "/over"),
    ]});
    let happens = async {
        let was_told = async |target: &Target, path: &str| {
            eventually(120, path, async || (target.hits(path) > 0).then_some(())).await;
        };
        was_told(&target, "/opened").await;
        let fails = now().millis();
        target.switch(Mode::Failing).await;
        was_told(&target, "/seen").await;
        let heals = now().millis();
        target.switch(Mode::Healthy).await;
        (fails, heals)
    };
    let (seen, (fails, heals)) = tokio::join!(script("site/live.mjs", &told), happens);
    let took = |moment: usize, since: i64| seen["seen"][moment].as_i64().expect("an instant") - since;
    assert!(took(1, fails) <= within, "the incident was seen after {} ms", took(1, fails));
    assert!(took(2, heals) <= until_over, "its end was seen after {} ms", took(2, heals));
    assert_eq!(seen["says"], "All systems operational", "{seen}");
}
