//! Cases of the trait `Subscribers`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::{SubscriberId, TenantId};
use plimsoll_domain::subscriber::{
    Channel, ChannelKind, EventKind, Notice, NoticeEvent, StopReason, Subscriber, Subscription,
};

use crate::Store;
use crate::contract::given::{at, id, refused, successes};
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_subscriber_is_created_once,
    each_subscriber_takes_the_place_of_its_version_before,
    of_two_changes_of_a_subscriber_at_once_one_is_stale,
    subscribers_are_paged_by_id,
    removing_a_subscriber_removes_its_notices,
    subscribers_of_every_kind_and_state_read_back,
    sealing_anew_reaches_subscribers_and_not_what_others_said,
];

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn asking(tenant: &TenantId, kind: ChannelKind, address: &str) -> Subscriber {
    let channel = Channel::new(kind, address, &Same);
    let (components, events) = ([id("api"), id("web")].into(), [EventKind::Incident].into());
    let wanted = Subscription { channel, components, events, locale: Some("sv".to_owned()) };
    Subscriber::new(tenant.clone(), wanted, "public", at(0), &Same).expect("is valid")
}

/// Somebody with this name at `example.org` who has not confirmed yet.
pub(super) fn subscriber(tenant: &TenantId, name: &str) -> Subscriber {
    asking(tenant, ChannelKind::Email, &format!("{name}@example.org"))
}

async fn stored(store: &Arc<dyn Store>, subscriber: &Subscriber) -> Option<Subscriber> {
    store.subscriber(&subscriber.tenant, &subscriber.id).await.expect("reads")
}

async fn a_subscriber_is_created_once(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("subscriber-once-a"), id("subscriber-once-b"));
    let first = subscriber(&ours, "ann");
    assert_eq!(stored(&store, &first).await, None);
    store.create_subscriber(&first).await.expect("creates");
    let again = Subscriber { locale: None, ..first.clone() };
    refused!(store.create_subscriber(&again).await, Exists);
    let other = Subscriber { tenant: theirs, ..first.clone() };
    assert_eq!(stored(&store, &other).await, None, "other tenants see nothing of it");
    store.create_subscriber(&other).await.expect("creates another tenant's of the same id");
    assert_eq!(stored(&store, &first).await, Some(first));
}

async fn each_subscriber_takes_the_place_of_its_version_before(store: Arc<dyn Store>) {
    let first = subscriber(&id("subscriber-change"), "ann");
    let second = first.confirmed(at(1)).expect("waits");
    refused!(store.change_subscriber(&second).await, Stale);
    store.create_subscriber(&first).await.expect("creates");
    refused!(store.change_subscriber(&first).await, Stale);
    store.change_subscriber(&second).await.expect("changes");
    refused!(store.change_subscriber(&second).await, Stale);
    let stolen = Subscriber { tenant: id("subscriber-change-other"), version: 3, ..second.clone() };
    refused!(store.change_subscriber(&stolen).await, Stale);
    assert_eq!(stored(&store, &second).await, Some(second));
}

async fn of_two_changes_of_a_subscriber_at_once_one_is_stale(store: Arc<dyn Store>) {
    let mut current = subscriber(&id("subscriber-race"), "ann");
    store.create_subscriber(&current).await.expect("creates");
    for round in 1..4 {
        let rivals = [StopReason::Bounced, StopReason::Failing].map(|why| current.stopped(why, "no", at(round)));
        let answers = join_all(rivals.iter().map(|rival| store.change_subscriber(rival))).await;
        assert_eq!(successes(&answers), 1, "{answers:?}");
        let won = answers.iter().position(Result::is_ok).expect("one won");
        answers.into_iter().filter(Result::is_err).for_each(|answer| {
            refused!(answer, Stale);
        });
        current = rivals[won].clone();
        assert_eq!(stored(&store, &current).await.as_ref(), Some(&current));
    }
}

async fn subscribers_are_paged_by_id(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("subscriber-pages-a"), id("subscriber-pages-b"));
    let mut all: Vec<_> = (0..5).map(|number| subscriber(&ours, &format!("ann-{number}"))).collect();
    for one in &all {
        store.create_subscriber(one).await.expect("creates");
    }
    store.create_subscriber(&subscriber(&theirs, "ann-0")).await.expect("creates");
    all.sort_by_key(|one| one.id.clone());
    let page = async |after: Option<&SubscriberId>, limit| store.subscribers(&ours, after, limit).await.expect("reads");
    assert_eq!(page(None, 2).await, all[..2]);
    assert_eq!(page(Some(&all[1].id), 2).await, all[2..4]);
    assert_eq!(page(Some(&all[3].id), 2).await, all[4..]);
    assert_eq!(page(Some(&all[4].id), 2).await, []);
    assert_eq!(page(None, 5).await, all);
    assert_eq!(page(None, 0).await, []);
}

async fn removing_a_subscriber_removes_its_notices(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("subscriber-remove-a"), id("subscriber-remove-b"));
    let [ann, bob] = ["ann", "bob"].map(|name| subscriber(&ours, name));
    let other = Subscriber { tenant: theirs.clone(), ..ann.clone() };
    let mut notices = Vec::new();
    for one in [&ann, &bob, &other] {
        store.create_subscriber(one).await.expect("creates");
        notices.push(Notice::new(one, NoticeEvent::Confirmation { asked_at: at(0) }, (at(0), 0)));
    }
    store.put_notices_if_absent(&notices).await.expect("stores");
    assert!(store.remove_subscriber(&ours, &ann.id).await.expect("removes"));
    assert!(!store.remove_subscriber(&ours, &ann.id).await.expect("finds none"));
    assert_eq!(stored(&store, &ann).await, None);
    assert_eq!(store.unfinished_notices(&ours, &ann.id, 9).await.expect("reads"), []);
    assert_eq!(store.notices(&ours, None, None, 9).await.expect("reads"), notices[1..2]);
    assert_eq!(store.notices(&theirs, None, None, 9).await.expect("reads"), notices[2..]);
    assert_eq!(stored(&store, &other).await, Some(other), "of the same id, and another's");
    assert_eq!(stored(&store, &bob).await, Some(bob));
    store.create_subscriber(&ann).await.expect("may come again");
}

async fn subscribers_of_every_kind_and_state_read_back(store: Arc<dyn Store>) {
    let tenant: TenantId = id("subscriber-kinds");
    let gone = subscriber(&tenant, "ann").stopped(StopReason::Bounced, "550 \"no\" \u{0} 漢字", at(2));
    let hook = asking(&tenant, ChannelKind::Webhook, "https://example.org/hook?token=t0ken");
    let slack = asking(&tenant, ChannelKind::Slack, "https://hooks.slack.example/T0/B0/token");
    for one in [gone, hook.confirmed(at(1)).expect("waits"), slack] {
        let one = Subscriber { version: 1, failures: 2, ..one };
        store.create_subscriber(&one).await.expect("creates");
        assert_eq!(stored(&store, &one).await.as_ref(), Some(&one));
        assert!(store.subscribers(&tenant, None, 9).await.expect("reads").contains(&one));
    }
}

async fn sealing_anew_reaches_subscribers_and_not_what_others_said(store: Arc<dyn Store>) {
    let tenant: TenantId = id("subscriber-reseal");
    let like_one = || "sealed:v1:looks-like-one".to_owned();
    let first = Subscriber { locale: Some(like_one()), created_by: like_one(), ..subscriber(&tenant, "ann") };
    let stopped = Subscriber { version: 1, ..first.stopped(StopReason::Refused, &like_one(), at(1)) };
    store.create_subscriber(&stopped).await.expect("creates");
    let ours = tenant.clone();
    let reseal = move |of: &TenantId, text: &str| {
        Ok((*of == ours && text == like_one()).then(|| "sealed:v1:another".to_owned()))
    };
    assert_eq!(store.reseal_across_tenants(&reseal).await.expect("seals anew"), 1);
    assert_eq!(store.reseal_across_tenants(&reseal).await.expect("seals anew"), 0, "it is done");
    let expected = Subscriber { locale: Some("sealed:v1:another".to_owned()), ..stopped };
    assert_eq!(stored(&store, &expected).await, Some(expected));
}

/// Not among the cases: it needs a store with room for so few.
pub async fn a_tenant_has_only_so_many_subscribers(store: Arc<dyn Store>, most: usize) {
    let (ours, theirs): (TenantId, TenantId) = (id("subscriber-limit-a"), id("subscriber-limit-b"));
    let all: Vec<_> = (0..=most).map(|number| subscriber(&ours, &format!("ann-{number}"))).collect();
    for one in &all[1..] {
        store.create_subscriber(one).await.expect("fits");
    }
    refused!(store.create_subscriber(&all[0]).await, Limit);
    refused!(store.create_subscriber(&all[1]).await, Exists);
    store.create_subscriber(&subscriber(&theirs, "ann")).await.expect("another tenant's fits");
    store.change_subscriber(&all[1].confirmed(at(1)).expect("waits")).await.expect("a change is no surplus");
    assert!(store.remove_subscriber(&ours, &all[2].id).await.expect("removes"));
    store.create_subscriber(&all[0]).await.expect("fits again");
}
