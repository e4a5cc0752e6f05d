//! Cases of the trait `Notices`.

use std::sync::Arc;

use futures_util::future::join_all;

use plimsoll_domain::alert::{Lease, Outcome, Verdict};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::MaintenanceEvent;
use plimsoll_domain::subscriber::{Notice, NoticeEvent, Subscriber};
use plimsoll_domain::time::{Span, Timestamp};

use crate::Store;
use crate::contract::given::{at, id};
use crate::contract::subscribers::subscriber;
use crate::contract::{Case, cases};

pub(super) const CASES: &[Case] = cases![
    a_notice_is_stored_once_and_what_became_of_it_stays,
    a_notice_takes_the_place_of_its_version_before,
    of_two_who_take_a_notice_at_once_one_has_it,
    what_is_unfinished_of_a_subscriber_comes_in_order,
    those_to_tell_are_those_for_whom_something_is_ready,
    those_who_wait_longest_are_told_first,
    of_one_subject_the_first_is_told_first,
    notices_are_paged_newest_first,
    a_thousand_notices_are_stored_at_once,
    notices_of_every_kind_and_state_read_back,
];

/// What was said of `incident` at an instant.
fn said(subscriber: &Subscriber, incident: &str, at: Timestamp) -> Notice {
    Notice::new(subscriber, NoticeEvent::Incident { incident: id(incident), at }, (at, 0))
}

/// The notice after a try that came to this.
fn tried(notice: &Notice, verdict: Verdict, now: Timestamp) -> Notice {
    let outcome = Outcome::new(verdict, Some(250), "2.0.0 Ok \"queued\" \u{0}");
    notice.tried(&outcome, outcome.attempt(now, 12), (now, 0.5))
}

fn leased(notice: &Notice, until: Timestamp) -> Notice {
    notice.leased(Lease { holder: "one".to_owned(), until })
}

async fn put(store: &Arc<dyn Store>, notices: &[Notice]) {
    store.put_notices_if_absent(notices).await.expect("stores");
}

async fn change(store: &Arc<dyn Store>, notice: &Notice) -> bool {
    store.change_notice(notice).await.expect("answers")
}

async fn all_of(store: &Arc<dyn Store>, tenant: &TenantId) -> Vec<Notice> {
    store.notices(tenant, None, None, 2_000).await.expect("reads")
}

/// Of these tenants, who is to be told.
async fn to_tell(store: &Arc<dyn Store>, tenants: &[&TenantId], now: Timestamp) -> Vec<(TenantId, String)> {
    let all = store.subscribers_to_tell_across_tenants(now, usize::MAX).await.expect("reads");
    let ours = all.into_iter().filter(|(tenant, _)| tenants.contains(&tenant));
    ours.map(|(tenant, one)| (tenant, one.to_string())).collect()
}

fn named(subscriber: &Subscriber) -> (TenantId, String) {
    (subscriber.tenant.clone(), subscriber.id.to_string())
}

async fn a_notice_is_stored_once_and_what_became_of_it_stays(store: Arc<dyn Store>) {
    let ann = subscriber(&id("notice-once"), "ann");
    let [first, second] = [said(&ann, "inc-a", at(0)), said(&ann, "inc-a", at(1))];
    put(&store, &[]).await;
    put(&store, std::slice::from_ref(&first)).await;
    let delivered = tried(&first, Verdict::Delivered, at(2));
    assert!(change(&store, &delivered).await);
    put(&store, &[first.clone(), second.clone(), second.clone()]).await;
    assert_eq!(all_of(&store, &ann.tenant).await, [second, delivered]);
    let stolen = Notice { tenant: id("notice-once-other"), ..first };
    assert_eq!(all_of(&store, &stolen.tenant).await, [], "other tenants see nothing of it");
    put(&store, std::slice::from_ref(&stolen)).await;
    assert_eq!(all_of(&store, &stolen.tenant).await, [stolen], "an id is one within its tenant");
}

async fn a_notice_takes_the_place_of_its_version_before(store: Arc<dyn Store>) {
    let ann = subscriber(&id("notice-change"), "ann");
    let first = said(&ann, "inc-a", at(0));
    let second = leased(&first, at(1));
    assert!(!change(&store, &second).await, "there is nothing to change");
    assert_eq!(all_of(&store, &ann.tenant).await, []);
    put(&store, std::slice::from_ref(&first)).await;
    assert!(!change(&store, &first).await);
    assert!(change(&store, &second).await);
    assert!(!change(&store, &second).await);
    assert!(!change(&store, &Notice { version: 4, ..second.clone() }).await);
    assert!(!change(&store, &Notice { tenant: id("notice-change-other"), version: 3, ..second.clone() }).await);
    assert_eq!(all_of(&store, &ann.tenant).await, [second]);
}

async fn of_two_who_take_a_notice_at_once_one_has_it(store: Arc<dyn Store>) {
    let ann = subscriber(&id("notice-race"), "ann");
    let mut current = said(&ann, "inc-a", at(0));
    put(&store, std::slice::from_ref(&current)).await;
    for round in 1..6 {
        let rivals =
            ["one", "two", "three"].map(|holder| current.leased(Lease { holder: holder.to_owned(), until: at(round) }));
        let answers = join_all(rivals.iter().map(|rival| change(&store, rival))).await;
        assert_eq!(answers.iter().filter(|won| **won).count(), 1, "{answers:?}");
        current = rivals[answers.iter().position(|won| *won).expect("one won")].clone();
        assert_eq!(all_of(&store, &ann.tenant).await, std::slice::from_ref(&current));
    }
}

async fn what_is_unfinished_of_a_subscriber_comes_in_order(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("notice-order-a"), id("notice-order-b"));
    let [ann, bob] = ["ann", "bob"].map(|name| subscriber(&ours, name));
    let placed = |incident: &str, minute, place| Notice { place, ..said(&ann, incident, at(minute)) };
    let sorted = [placed("inc-z", 1, 7), placed("inc-b", 2, 0), placed("inc-a", 2, 1), placed("inc-y", 2, 10)];
    let mut all = sorted.to_vec();
    all.reverse();
    all.extend([said(&bob, "inc-a", at(0)), said(&subscriber(&theirs, "ann"), "inc-a", at(0))]);
    all.extend([placed("inc-done", 0, 0), placed("inc-dead", 0, 1)]);
    put(&store, &all).await;
    assert!(change(&store, &tried(&placed("inc-done", 0, 0), Verdict::Delivered, at(3))).await);
    assert!(change(&store, &placed("inc-dead", 0, 1).dropped("it is over", at(3))).await);
    let [first, second, ..] = &sorted;
    let (retried, taken) = (tried(first, RETRY, at(3)), leased(second, at(9)));
    assert!(change(&store, &retried).await && change(&store, &taken).await);
    let [_, _, third, fourth] = sorted;
    let expected = [retried, taken, third, fourth];
    let read = async |limit| store.unfinished_notices(&ours, &ann.id, limit).await.expect("reads");
    assert_eq!(read(9).await, expected);
    assert_eq!(read(2).await, expected[..2]);
    assert_eq!(read(0).await, []);
}

const RETRY: Verdict = Verdict::Retry { after: None, may_have_arrived: false };

async fn those_to_tell_are_those_for_whom_something_is_ready(store: Arc<dyn Store>) {
    let (ours, theirs): (TenantId, TenantId) = (id("notice-ready-a"), id("notice-ready-b"));
    let [ann, bob] = ["ann", "bob"].map(|name| subscriber(&ours, name));
    let eve = subscriber(&theirs, "eve");
    let (first, other) = (said(&ann, "inc-a", at(5)), said(&ann, "inc-b", at(6)));
    put(&store, &[first.clone(), other.clone(), said(&bob, "inc-a", at(7)), said(&eve, "inc-a", at(6))]).await;
    let ready = async |now: i64| to_tell(&store, &[&ours, &theirs], at(now)).await;
    assert_eq!(ready(4).await, []);
    assert_eq!(ready(5).await, [named(&ann)]);
    let mut all = ready(7).await;
    all.sort();
    let mut expected = [named(&ann), named(&bob), named(&eve)];
    expected.sort();
    assert_eq!(all, expected, "each of them once");
    let taken = leased(&first, at(20));
    assert!(change(&store, &taken).await);
    assert!(ready(7).await.contains(&named(&ann)), "the other is ready");
    assert!(change(&store, &other.dropped("it is over", at(7))).await);
    assert!(!ready(19).await.contains(&named(&ann)), "somebody has it");
    assert!(ready(20).await.contains(&named(&ann)), "whoever had it did not come back");
    assert!(change(&store, &tried(&taken, Verdict::Delivered, at(21))).await);
    assert!(!ready(99).await.contains(&named(&ann)), "nothing is left");
}

async fn those_who_wait_longest_are_told_first(store: Arc<dyn Store>) {
    let tenant: TenantId = id("notice-longest");
    // Long before whatever other cases leave behind.
    let early = |seconds: i64| Timestamp::from_seconds(1_000 + seconds);
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| subscriber(&tenant, name));
    let all = [(&ann, "inc-a", 3), (&ann, "inc-b", 0), (&bob, "inc-a", 2), (&eve, "inc-a", 1)];
    put(&store, &all.map(|(one, incident, at)| said(one, incident, early(at)))).await;
    let first = async |limit| store.subscribers_to_tell_across_tenants(early(9), limit).await.expect("reads");
    let expected = [&ann, &eve, &bob].map(|one| (tenant.clone(), one.id.clone()));
    assert_eq!(first(9).await, expected);
    assert_eq!(first(2).await, expected[..2]);
    assert_eq!(first(0).await, []);
    for one in [ann, bob, eve] {
        store.create_subscriber(&one).await.expect("creates");
        assert!(store.remove_subscriber(&tenant, &one.id).await.expect("removes"));
    }
    assert_eq!(first(9).await, []);
}

async fn of_one_subject_the_first_is_told_first(store: Arc<dyn Store>) {
    let ann = subscriber(&id("notice-subject"), "ann");
    let [first, second] = [said(&ann, "inc-a", at(1)), said(&ann, "inc-a", at(2))];
    put(&store, &[second.clone(), first.clone()]).await;
    let ready = async |now| !to_tell(&store, &[&ann.tenant], now).await.is_empty();
    assert!(ready(at(2)).await);
    let retried = tried(&first, RETRY, at(2));
    let later = retried.ready_at().expect("is tried again");
    assert!(later > at(2) && change(&store, &retried).await);
    assert!(!ready(at(2)).await, "what follows waits for it");
    assert!(ready(later).await);
    assert!(change(&store, &retried.dropped("it is over", later)).await);
    assert!(ready(at(2)).await, "now the second is the first");
    assert!(change(&store, &tried(&second, Verdict::Delivered, later)).await);
    assert!(!ready(later.plus(Span::days(1))).await);
}

async fn notices_are_paged_newest_first(store: Arc<dyn Store>) {
    let tenant: TenantId = id("notice-pages");
    let [ann, bob] = ["ann", "bob"].map(|name| subscriber(&tenant, name));
    let mut all: Vec<_> = (0..7).map(|number| said(&ann, &format!("inc-{number}"), at(number / 3))).collect();
    all.extend((0..4).map(|number| said(&bob, &format!("inc-{number}"), at(1 + number / 3))));
    put(&store, &all).await;
    assert!(change(&store, &tried(&all[0], Verdict::Delivered, at(9))).await);
    all[0] = tried(&all[0], Verdict::Delivered, at(9));
    all.sort_by_key(|notice| (std::cmp::Reverse(notice.created_at), notice.id.clone()));
    for whose in [None, Some(&ann.id), Some(&bob.id)] {
        let expected: Vec<_> =
            all.iter().filter(|notice| whose.is_none_or(|one| *one == notice.subscriber)).cloned().collect();
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = store.notices(&tenant, whose, after, 2).await.expect("reads");
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id.clone()));
            assert!(page.len() <= 2);
            read.extend(page);
        }
        assert_eq!(read, expected);
    }
    assert_eq!(store.notices(&tenant, Some(&id("sub-nobody")), None, 9).await.expect("reads"), []);
}

async fn a_thousand_notices_are_stored_at_once(store: Arc<dyn Store>) {
    let tenant: TenantId = id("notice-many");
    let all: Vec<_> =
        (0..1_000).map(|number| said(&subscriber(&tenant, &format!("ann-{number}")), "inc-a", at(0))).collect();
    put(&store, &all[..700]).await;
    let delivered = tried(&all[0], Verdict::Delivered, at(1));
    assert!(change(&store, &delivered).await);
    for _ in 0..2 {
        put(&store, &all).await;
        let stored = all_of(&store, &tenant).await;
        assert_eq!(stored.len(), 1_000);
        assert!(stored.contains(&delivered) && stored.contains(&all[999]));
    }
    assert_eq!(to_tell(&store, &[&tenant], at(0)).await.len(), 999);
}

async fn notices_of_every_kind_and_state_read_back(store: Arc<dyn Store>) {
    let ann = subscriber(&id("notice-kinds"), "ann");
    let maintenance = |event| NoticeEvent::Maintenance {
        maintenance: id("mnt-a"),
        starts_at: at(3),
        event,
        announced_at: Some(at(1)),
    };
    let events = [
        NoticeEvent::Confirmation { asked_at: at(0) },
        NoticeEvent::Incident { incident: id("inc-a"), at: at(1) },
        maintenance(MaintenanceEvent::Scheduled),
        maintenance(MaintenanceEvent::Completed),
    ];
    let first = events.map(|event| Notice::new(&ann, event, (at(2), u32::MAX)));
    put(&store, &first).await;
    let [waiting, taken, sent, lost] = &first;
    let retried = tried(waiting, RETRY, at(3));
    let changed = [retried, leased(taken, at(9)), tried(sent, Verdict::Delivered, at(3)), lost.dropped("å", at(4))];
    for next in &changed {
        assert!(change(&store, next).await);
    }
    let read = all_of(&store, &ann.tenant).await;
    assert!(changed.iter().all(|next| read.contains(next)) && read.len() == 4, "{read:?}");
}
