//! Cases of the trait `Leases`. They share one list of holders, so each looks at its own only.

use std::sync::Arc;

use crate::Store;
use crate::contract::given::at;
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    holders_are_listed_by_name_while_they_live,
    a_holder_that_leaves_is_gone_at_once,
    a_holder_whose_time_is_absurd_does_not_count,
];

async fn renew(store: &Arc<dyn Store>, prefix: &str, name: &str, until: i64, now: i64) -> Vec<String> {
    let alive = store.renew_lease(&format!("{prefix}{name}"), at(until), at(now)).await.expect("renews");
    assert!(alive.is_sorted());
    alive.iter().filter_map(|holder| holder.strip_prefix(prefix).map(str::to_owned)).collect()
}

async fn holders_are_listed_by_name_while_they_live(store: Arc<dyn Store>) {
    let prefix = "lease-live:";
    assert_eq!(renew(&store, prefix, "b", 10, 0).await, ["b"]);
    assert_eq!(renew(&store, prefix, "a", 15, 1).await, ["a", "b"]);
    assert_eq!(renew(&store, prefix, "b", 20, 5).await, ["a", "b"]);
    assert_eq!(renew(&store, prefix, "b", 30, 16).await, ["b"], "a was not heard of any more");
    assert_eq!(renew(&store, prefix, "a", 40, 17).await, ["a", "b"], "and is back");
}

async fn a_holder_that_leaves_is_gone_at_once(store: Arc<dyn Store>) {
    let prefix = "lease-leave:";
    renew(&store, prefix, "a", 50, 0).await;
    renew(&store, prefix, "b", 50, 0).await;
    for _ in 0..2 {
        store.release_lease("lease-leave:a").await.expect("releases");
        assert_eq!(renew(&store, prefix, "b", 50, 1).await, ["b"]);
    }
}

async fn a_holder_whose_time_is_absurd_does_not_count(store: Arc<dyn Store>) {
    let prefix = "lease-absurd:";
    renew(&store, prefix, "ahead", 500_000, 499_999).await;
    renew(&store, prefix, "edge", 60, 0).await;
    assert_eq!(renew(&store, prefix, "b", 10, 0).await, ["b", "edge"]);
    assert_eq!(renew(&store, prefix, "ahead", 11, 1).await, ["ahead", "b", "edge"], "its clock was set right");
}
