//! Cases of the trait `Spool`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::frontend::{SpoolUsage, SpooledEnvelope};
use plimsoll_domain::ids::{AppId, SpoolId, TenantId};

use crate::Store;
use crate::contract::given::{at, id};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    an_envelope_reads_back_byte_for_byte,
    an_envelope_of_ten_mebibytes_is_kept,
    headers_may_be_none_and_say_anything_visible,
    an_envelope_whose_id_is_known_changes_nothing,
    many_at_once_are_all_kept,
    envelopes_are_read_in_order_of_their_ids_up_to_a_limit,
    reading_stops_once_there_are_enough_bytes_and_never_before_the_first,
    envelopes_of_two_tenants_and_apps_do_not_mix,
    how_much_waits_is_told_for_each_app,
    what_is_removed_is_gone_and_nothing_else,
    an_envelope_stays_until_it_is_given_up,
];

/// An envelope of 1,000 bytes that came `minute` minutes after noon.
fn envelope(tenant: &TenantId, app: &str, minute: i64) -> SpooledEnvelope {
    let received_at = at(minute);
    SpooledEnvelope {
        id: SpoolId::of(received_at, &tenant.as_str().replace('-', ""), app.len() as u64),
        tenant: tenant.clone(),
        app: id(app),
        received_at,
        headers: vec![("content-type".to_owned(), "application/x-sentry-envelope".to_owned())],
        body: vec![b'x'; 1_000],
    }
}

async fn put(store: &Arc<dyn Store>, envelopes: &[SpooledEnvelope]) {
    for envelope in envelopes {
        store.spool_envelope(envelope).await.expect("stores");
    }
}

async fn read(store: &Arc<dyn Store>, tenant: &TenantId, app: &str) -> Vec<SpooledEnvelope> {
    store.spooled_envelopes(tenant, &id(app), None, (usize::MAX, u64::MAX)).await.expect("reads")
}

async fn usage(store: &Arc<dyn Store>, tenant: &TenantId, app: &str) -> Option<SpoolUsage> {
    let all = store.spool_usage_across_tenants().await.expect("reads");
    all.get(&(tenant.clone(), id(app))).copied()
}

async fn an_envelope_reads_back_byte_for_byte(store: Arc<dyn Store>) {
    let tenant = id("spool-bytes");
    let bodies = [Vec::new(), vec![0], vec![0xff, 0, 0xc3, 0x28, b'\n', 0], (0..=255).collect(), b"{}\n".to_vec()];
    let all: Vec<_> =
        (0..).zip(bodies).map(|(minute, body)| SpooledEnvelope { body, ..envelope(&tenant, "web", minute) }).collect();
    put(&store, &all).await;
    assert_eq!(read(&store, &tenant, "web").await, all);
}

async fn an_envelope_of_ten_mebibytes_is_kept(store: Arc<dyn Store>) {
    let tenant = id("spool-large");
    let body = (0..10_u32 << 20).map(|index| (index.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    let large = SpooledEnvelope { body, ..envelope(&tenant, "web", 0) };
    let all = [large, envelope(&tenant, "web", 1)];
    put(&store, &all).await;
    assert!(read(&store, &tenant, "web").await == all);
    assert_eq!(usage(&store, &tenant, "web").await.map(|usage| usage.bytes), Some(all[0].size() + all[1].size()));
    let ids = all.map(|envelope| envelope.id);
    assert_eq!(store.remove_spooled(&tenant, &ids).await.expect("removes"), 2);
    assert!(read(&store, &tenant, "web").await.is_empty());
}

async fn headers_may_be_none_and_say_anything_visible(store: Arc<dyn Store>) {
    let tenant = id("spool-headers");
    let visible: String = (' '..='~').chain("åäö 漢字 \t".chars()).collect();
    let headers = [("x-a", visible.as_str()), ("x-a", "twice"), ("$set", "{\"$ne\": null}"), ("x.b", ""), ("", "'--")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let all = [Vec::new(), headers];
    let all = [0, 1].map(|index| SpooledEnvelope {
        headers: all[index].clone(),
        ..envelope(&tenant, "web", i64::try_from(index).expect("small"))
    });
    put(&store, &all).await;
    let stored = read(&store, &tenant, "web").await;
    assert_eq!(stored.iter().map(|one| &one.headers).collect::<Vec<_>>(), [&all[0].headers, &all[1].headers]);
}

async fn an_envelope_whose_id_is_known_changes_nothing(store: Arc<dyn Store>) {
    let tenant = id("spool-again");
    let first = envelope(&tenant, "web", 0);
    let other = SpooledEnvelope { body: vec![b'y'; 9], headers: Vec::new(), app: id("other"), ..first.clone() };
    put(&store, &[first.clone(), first.clone(), other]).await;
    assert_eq!(read(&store, &tenant, "web").await, std::slice::from_ref(&first));
    assert_eq!(read(&store, &tenant, "other").await, []);
    assert_eq!(usage(&store, &tenant, "web").await.map(|usage| usage.bytes), Some(first.size()));
}

async fn many_at_once_are_all_kept(store: Arc<dyn Store>) {
    let tenant = id("spool-at-once");
    let all: Vec<_> = (0..50).map(|minute| envelope(&tenant, "web", minute)).collect();
    let answers = join_all(all.iter().chain(&all).map(|one| store.spool_envelope(one))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(read(&store, &tenant, "web").await, all);
}

async fn envelopes_are_read_in_order_of_their_ids_up_to_a_limit(store: Arc<dyn Store>) {
    let (tenant, app): (TenantId, AppId) = (id("spool-order"), id("web"));
    let mut all = [3, 1, 10, 2].map(|minute| envelope(&tenant, "web", minute));
    put(&store, &all).await;
    all.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(all[3].received_at, at(10));
    for limit in [0, 1, 3, 4, 100] {
        let found = store.spooled_envelopes(&tenant, &app, None, (limit, u64::MAX)).await.expect("reads");
        assert_eq!(found, all[..limit.min(4)], "{limit}");
    }
    for (index, before) in all.iter().enumerate() {
        let found = store.spooled_envelopes(&tenant, &app, Some(&before.id), (2, u64::MAX)).await.expect("reads");
        assert_eq!(found, all[(index + 1).min(4)..(index + 3).min(4)], "after {index}");
    }
}

async fn reading_stops_once_there_are_enough_bytes_and_never_before_the_first(store: Arc<dyn Store>) {
    let (tenant, app): (TenantId, AppId) = (id("spool-enough"), id("web"));
    let all: Vec<_> = (0..5).map(|minute| envelope(&tenant, "web", minute)).collect();
    put(&store, &all).await;
    let size = all[0].size();
    for (bytes, count) in [(0, 1), (1, 1), (size, 1), (size + 1, 2), (2 * size, 2), (4 * size, 4), (9 * size, 5)] {
        let found = store.spooled_envelopes(&tenant, &app, None, (100, bytes)).await.expect("reads");
        assert_eq!(found, all[..count], "{bytes}");
    }
    assert_eq!(store.spooled_envelopes(&tenant, &app, None, (2, 4 * size)).await.expect("reads"), all[..2]);
    assert_eq!(store.spooled_envelopes(&tenant, &app, None, (0, 4 * size)).await.expect("reads"), []);
}

async fn envelopes_of_two_tenants_and_apps_do_not_mix(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("spool-a"), id("spool-b"));
    let all = [envelope(&ours, "web", 0), envelope(&ours, "admin", 0), envelope(&theirs, "web", 0)];
    put(&store, &all).await;
    assert_eq!(read(&store, &ours, "web").await, all[..1]);
    assert_eq!(read(&store, &ours, "admin").await, all[1..2]);
    assert_eq!(read(&store, &theirs, "web").await, all[2..]);
    assert_eq!(read(&store, &theirs, "admin").await, []);
}

async fn how_much_waits_is_told_for_each_app(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("spool-usage-a"), id("spool-usage-b"));
    // Of one, what came first has the last id: the clock of a process was ahead.
    let ahead = SpooledEnvelope { received_at: at(-5), ..envelope(&ours, "web", 9) };
    let large = SpooledEnvelope { body: vec![0; 5_000], headers: Vec::new(), ..envelope(&ours, "web", 3) };
    let all = [large, envelope(&ours, "web", 2), ahead, envelope(&ours, "admin", 4), envelope(&theirs, "web", 7)];
    put(&store, &all).await;
    let of = |envelopes: &[SpooledEnvelope]| SpoolUsage {
        envelopes: envelopes.len() as u64,
        bytes: envelopes.iter().map(SpooledEnvelope::size).sum(),
        oldest: envelopes.iter().map(|one| one.received_at).min(),
    };
    assert_eq!(usage(&store, &ours, "web").await, Some(of(&all[..3])));
    assert_eq!(usage(&store, &ours, "admin").await, Some(of(&all[3..4])));
    assert_eq!(usage(&store, &theirs, "web").await, Some(of(&all[4..])));
    assert_eq!(usage(&store, &theirs, "admin").await, None);
    store.remove_spooled(&ours, &[all[2].id.clone(), all[3].id.clone()]).await.expect("removes");
    assert_eq!(usage(&store, &ours, "web").await, Some(of(&all[..2])));
    assert_eq!(usage(&store, &ours, "admin").await, None, "nothing of it waits any more");
}

async fn what_is_removed_is_gone_and_nothing_else(store: Arc<dyn Store>) {
    let (ours, theirs) = (id("spool-remove-a"), id("spool-remove-b"));
    let mine: Vec<_> = (0..300).map(|minute| envelope(&ours, "web", minute)).collect();
    let other = envelope(&theirs, "web", 0);
    put(&store, &mine).await;
    put(&store, std::slice::from_ref(&other)).await;
    assert_eq!(store.remove_spooled(&ours, &[]).await.expect("removes nothing"), 0);
    let mut ids: Vec<_> = mine[..298].iter().map(|one| one.id.clone()).collect();
    ids.extend([other.id.clone(), id("unknown"), ids[0].clone()]);
    assert_eq!(store.remove_spooled(&ours, &ids).await.expect("removes"), 298, "each once, and none of another's");
    assert_eq!(store.remove_spooled(&ours, &ids).await.expect("finds none"), 0);
    assert_eq!(read(&store, &ours, "web").await, mine[298..]);
    assert_eq!(read(&store, &theirs, "web").await, std::slice::from_ref(&other));
    put(&store, &mine[..1]).await;
    assert_eq!(read(&store, &ours, "web").await[0], mine[0], "what is gone may come again");
}

async fn an_envelope_stays_until_it_is_given_up(store: Arc<dyn Store>) {
    let tenant = id("spool-kept");
    let waiting = envelope(&tenant, "web", 0);
    put(&store, std::slice::from_ref(&waiting)).await;
    store.expire_across_tenants(waiting.expires_at()).await.expect("expires");
    assert_eq!(read(&store, &tenant, "web").await, [waiting], "those who pass it on give it up, and count it");
}
