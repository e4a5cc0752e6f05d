//! Whatever stands in a query, the answer is never a failure of ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::common::{NOON, World};

const HISTORY: &str = "/observability/slo/history/acme/availability";

const PATHS: [&str; 8] = [
    HISTORY,
    "/incidents",
    "/tenants/acme/components",
    "/tenants/acme/maintenances",
    "/tenants/acme/subscribers",
    "/tenants/acme/notices",
    "/tenants/acme/page/hosts",
    "/tenants/acme/page/links",
];

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

#[tokio::test]
async fn a_cursor_at_the_end_of_time_is_a_wrong_one() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    for after in [i64::MAX.to_string(), "9223372036854775808".to_owned(), "soon".to_owned()] {
        let path = format!("{HISTORY}?cursor={}", URL_SAFE_NO_PAD.encode(&after));
        assert_eq!(world.get(&admin, &path).await.problem(422), ["/cursor"], "{after}");
    }
    for after in [i64::MAX - 1, i64::MIN, 0] {
        let path = format!("{HISTORY}?cursor={}", URL_SAFE_NO_PAD.encode(after.to_string()));
        assert_eq!(world.get(&admin, &path).await.expect(200).body["points"], json!([]), "{after}");
    }
}

/// Instants, lengths of time, numbers and cursors from the edges of what can be written, and what is none of them.
fn texts() -> impl Strategy<Value = String> {
    let instants = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:60+23:59", "1969-12-31T23:59:59.999Z", NOON];
    let words = ["", "0s", "1s", "1h", "4294967295d", "4294967296s", "-1s", "å", "0", "1", "500", "501"];
    prop_oneof![
        proptest::sample::select(instants.to_vec()).prop_map(str::to_owned),
        proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| URL_SAFE_NO_PAD.encode(number.to_string())),
        any::<i64>().prop_map(|number| URL_SAFE_NO_PAD.encode(format!("{number} inc-1"))),
        prop_oneof![Just(i64::MAX), Just(i64::MIN)].prop_map(|number| URL_SAFE_NO_PAD.encode(format!("{number} a"))),
        any::<String>(),
    ]
}

#[tokio::test]
async fn no_query_makes_a_request_fail_on_our_side() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let mut runner = TestRunner::deterministic();
    let queries = proptest::collection::vec(proptest::option::of(texts()), 5);
    let names = ["from", "to", "step", "limit", "cursor"];
    for _ in 0..500 {
        let values = queries.new_tree(&mut runner).expect("a value").current();
        let given = names.iter().zip(&values).filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        for path in PATHS {
            let answer = world.get(&admin, &format!("{path}?{}", query.join("&"))).await;
            assert!(answer.status.as_u16() < 500, "{path} {values:?}: {}", answer.text);
        }
    }
}
