//! Pages, subscribers and notices on both adapters: what no case of the contract can try, since it takes damage, a clock, a
//! store of the version before, or one with little room.

#[path = "../../tests/src/mongod.rs"]
#[expect(unreachable_pub, dead_code, reason = "the black-box suites use it from their library, and more of it")]
mod mongod;
#[path = "../../tests/src/port.rs"]
#[expect(unreachable_pub, reason = "the black-box suites use it from their library")]
mod port;

use std::sync::Arc;

use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use plimsoll_domain::entropy::Entropy;
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::recurrence::Recurrence;
use plimsoll_domain::subscriber::{Channel, ChannelKind, Notice, NoticeEvent, StopReason, Subscriber, Subscription};
use plimsoll_domain::tenant::Tenant;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_store::embedded::{EmbeddedStore, Limits};
use plimsoll_store::mongo::MongoStore;
use plimsoll_store::{Maintenances, Notices, Store, contract};

use mongod::Mongod;

/// An hour that no server's clock has come to.
const NOW: Timestamp = Timestamp::from_seconds(4_102_488_000);
/// Enough for one that is removed, one that is changed and one that stays.
const MOST: usize = 3;
const DAMAGE: &str = r#"{"v": 99, "body": {}}"#;

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn tenant() -> TenantId {
    "acme".parse().expect("an id")
}

fn subscriber(name: &str) -> Subscriber {
    let channel = Channel::new(ChannelKind::Email, &format!("{name}@example.org"), &Same);
    let wanted = Subscription { channel, components: [].into(), events: [].into(), locale: None };
    Subscriber::new(tenant(), wanted, "public", NOW, &Same).expect("is valid")
}

fn notice(subscriber: &Subscriber) -> Notice {
    let event = NoticeEvent::Incident { incident: "inc-a".parse().expect("an id"), at: NOW };
    Notice::new(subscriber, event, (NOW, 0))
}

async fn embedded() -> (TempDir, EmbeddedStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path(), Limits::default()).await.expect("opens");
    (folder, store)
}

fn database(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("plimsoll.db")).expect("opens")
}

async fn raw(uri: &str, collection: &str) -> anyhow::Result<Collection<Document>> {
    let client = Client::with_uri_str(uri).await?;
    Ok(client.default_database().expect("the harness names a database").collection(collection))
}

#[tokio::test]
async fn a_tenant_has_only_so_many_subscribers() -> anyhow::Result<()> {
    let (_folder, store) = embedded().await;
    contract::a_tenant_has_only_so_many_subscribers(Arc::new(store.with_most_subscribers(MOST)), MOST).await;
    let server = Mongod::start().await?;
    let store = MongoStore::open(&server.uri()).await?.with_most_subscribers(MOST);
    contract::a_tenant_has_only_so_many_subscribers(Arc::new(store), MOST).await;
    Ok(())
}

/// Stores a page that is open to everybody, lets `damage` damage what was settled about it, and asserts that it is open to
/// nobody; `damage` does the same to one of four subscribers.
async fn check_damaged(store: &dyn Store, damage: impl AsyncFnOnce(&Subscriber)) {
    let created_at = NOW;
    let acme = Tenant { id: tenant(), name: "Acme".to_owned(), created_at, keys: Vec::new() };
    store.create_tenant(&acme).await.expect("creates");
    let settled = PageConfig { version: 1, ..PageConfig::of(tenant()) };
    store.put_page_config(&settled).await.expect("stores");
    let mut all: Vec<_> = ["a", "b", "c", "d"].map(subscriber).into();
    all.sort_by_key(|one| one.id.clone());
    for one in &all {
        store.create_subscriber(one).await.expect("creates");
    }
    damage(&all[1]).await;
    let pages = store.pages().await.expect("reads");
    assert_eq!((pages.len(), pages[0].name.as_str(), &pages[0].config.tenant), (1, "Acme", &acme.id));
    let (access, subscribable) = (&pages[0].config.access, pages[0].config.subscribable);
    assert!(access.private && !subscribable && access.password_hash.is_none());
    assert!(access.networks.is_empty() && access.links.is_empty() && pages[0].config.hosts.is_empty());
    assert_eq!(store.page_configs_across_tenants().await.expect("reads"), []);

    let read = store.subscribers(&tenant(), None, 2).await.expect("reads");
    assert_eq!(read, [all[0].clone(), all[2].clone()], "fewer would mean that there are no more");
    assert_eq!(store.subscribers(&tenant(), Some(&all[2].id), 2).await.expect("reads"), all[3..]);
    assert!(store.subscriber(&tenant(), &all[1].id).await.is_err());
}

#[tokio::test]
async fn a_page_whose_settings_cannot_be_read_is_open_to_nobody() -> anyhow::Result<()> {
    let (folder, store) = embedded().await;
    let damage = async |one: &Subscriber| {
        let database = database(&folder);
        assert_eq!(database.execute("UPDATE page_configs SET doc = ?1", [DAMAGE]).expect("damages"), 1);
        let sql = "UPDATE subscribers SET doc = ?1 WHERE id = ?2";
        assert_eq!(database.execute(sql, [DAMAGE, one.id.as_str()]).expect("damages"), 1);
    };
    check_damaged(&store, damage).await;

    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let damage = async |one: &Subscriber| {
        for (name, filter) in [("page_configs", doc! {}), ("subscribers", doc! { "_id.s": one.id.as_str() })] {
            let update = doc! { "$set": { "body": { "anything": "else" } } };
            let collection = raw(&uri, name).await.expect("connects");
            assert_eq!(collection.update_one(filter, update).await.expect("damages").modified_count, 1);
        }
    };
    check_damaged(&store, damage).await;
    Ok(())
}

/// One who waits, one who confirmed and one to whom nothing is sent any more; a notice that waits, one that was delivered
/// and one that nobody tries any more.
async fn all_kinds(store: &dyn Store) -> ([Subscriber; 3], [Notice; 3]) {
    let [pending, active, stopped] = ["pending", "active", "stopped"].map(subscriber);
    let active = Subscriber { version: 1, ..active.confirmed(NOW).expect("waits") };
    let stopped = Subscriber { version: 1, ..stopped.stopped(StopReason::Bounced, "550", NOW) };
    let [waiting, done, dead] = [&pending, &active, &stopped].map(notice);
    let done = Notice { version: 1, ..done.dropped("it is over", NOW) };
    let dead = Notice { version: 1, ..dead.dropped("it is over", NOW.plus(Span::days(1))) };
    for one in [&pending, &active, &stopped] {
        store.create_subscriber(one).await.expect("creates");
    }
    store.put_notices_if_absent(&[waiting.clone(), done.clone(), dead.clone()]).await.expect("stores");
    ([pending, active, stopped], [waiting, done, dead])
}

#[tokio::test]
async fn what_is_finished_and_what_was_never_confirmed_is_removed_in_time() {
    let (_folder, store) = embedded().await;
    let ([_, active, stopped], [waiting, _, dead]) = all_kinds(&store).await;
    let expire = async |now: Timestamp| store.expire_across_tenants(now).await.expect("expires");
    assert_eq!(expire(NOW.plus(Span::hours(48)).minus(Span::from_seconds(1))).await, 0);
    assert_eq!(expire(NOW.plus(Span::hours(48))).await, 1);
    let mut left: Vec<_> = [active.clone(), stopped].into();
    left.sort_by_key(|one| one.id.clone());
    assert_eq!(plimsoll_store::Subscribers::subscribers(&store, &tenant(), None, 9).await.expect("reads"), left);
    assert_eq!(expire(NOW.plus(Span::days(30)).minus(Span::from_seconds(1))).await, 0);
    assert_eq!(expire(NOW.plus(Span::days(30))).await, 2);
    assert_eq!(plimsoll_store::Subscribers::subscribers(&store, &tenant(), None, 9).await.expect("reads"), [active]);
    let mut left = [waiting.clone(), dead];
    left.sort_by_key(|notice| notice.id.clone());
    assert_eq!(store.notices(&tenant(), None, None, 9).await.expect("reads"), left);
    assert_eq!(expire(NOW.plus(Span::days(9_999))).await, 1);
    assert_eq!(store.notices(&tenant(), None, None, 9).await.expect("reads"), [waiting]);
}

#[tokio::test]
async fn what_the_server_removes_says_when_and_who_is_to_be_told_is_read_from_an_index() -> anyhow::Result<()> {
    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let ([pending, active, stopped], [_, done, dead]) = all_kinds(&store).await;
    let goes = async |collection: &'static str| -> anyhow::Result<Vec<(String, i64)>> {
        let collection = raw(&uri, collection).await?;
        assert!(collection.list_index_names().await?.contains(&"expires_at_1".to_owned()));
        let mut found =
            collection.find(doc! { "expires_at": { "$exists": true } }).sort(doc! { "expires_at": 1 }).await?;
        let mut all = Vec::new();
        while found.advance().await? {
            let one = found.deserialize_current()?;
            let id = one.get_document("body")?.get_str("id")?.to_owned();
            all.push((id, one.get_datetime("expires_at")?.timestamp_millis()));
        }
        Ok(all)
    };
    let at = |days| NOW.plus(Span::days(days)).millis();
    let goes_later = (stopped.id.to_string(), at(30));
    assert_eq!(goes("subscribers").await?, [(pending.id.to_string(), at(2)), goes_later.clone()]);
    assert_eq!(goes("notices").await?, [(done.id.to_string(), at(30)), (dead.id.to_string(), at(31))]);
    let confirmed = pending.confirmed(NOW).expect("waits");
    plimsoll_store::Subscribers::change_subscriber(&store, &confirmed).await?;
    assert_eq!(goes("subscribers").await?, [goes_later], "whoever has confirmed stays");

    store.put_notices_if_absent(&[notice(&active)]).await?;
    let database = raw(&uri, "notices").await?.client().default_database().expect("the harness names a database");
    database.run_command(doc! { "profile": 2 }).await?;
    assert_eq!(store.subscribers_to_tell_across_tenants(NOW, 9).await?, [(tenant(), pending.id)]);
    database.run_command(doc! { "profile": 0 }).await?;
    let profile = raw(&uri, "system.profile").await?;
    let told = profile.find_one(doc! { "command.aggregate": "notices" }).await?.expect("is told");
    assert_eq!((told.get_i32("keysExamined")?, told.get_i32("docsExamined")?), (1, 0), "{told}");
    Ok(())
}

/// One that is over a day after [`NOW`], and one that never is.
async fn both_maintenances(store: &dyn Store) -> [Maintenance; 2] {
    let span = NOW..NOW.plus(Span::days(1));
    let once =
        Maintenance::once(tenant(), "once".parse().expect("an id"), "Disks", vec!["api".parse().expect("an id")], span);
    let recurrence = Some(Recurrence::new("FREQ=WEEKLY", "UTC".parse().expect("a time zone")));
    let ever = Maintenance { id: "ever".parse().expect("an id"), recurrence, ..once.clone() };
    for held in [&once, &ever] {
        store.create_maintenance(held).await.expect("creates");
    }
    [once, ever]
}

#[tokio::test]
async fn maintenance_that_is_over_for_good_is_removed_after_fourteen_months() -> anyhow::Result<()> {
    let gone = NOW.plus(Span::days(1 + 14 * 31));
    let (_folder, store) = embedded().await;
    let [once, ever] = both_maintenances(&store).await;
    assert_eq!(store.expire_across_tenants(gone.minus(Span::from_seconds(1))).await?, 0);
    assert_eq!(store.maintenances(&tenant()).await?, [ever.clone(), once.clone()]);
    assert_eq!(store.expire_across_tenants(gone).await?, 1);
    assert_eq!(store.expire_across_tenants(gone.plus(Span::days(9_999))).await?, 0);
    assert_eq!(store.maintenances(&tenant()).await?, [ever]);

    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    both_maintenances(&store).await;
    let collection = raw(&uri, "maintenances").await?;
    assert!(collection.list_index_names().await?.contains(&"expires_at_1".to_owned()));
    let mut found = collection.find(doc! { "expires_at": { "$exists": true } }).await?;
    assert!(found.advance().await?);
    let goes = found.deserialize_current()?;
    assert_eq!(goes.get_document("_id")?.get_str("m")?, once.id.as_str());
    assert_eq!(goes.get_datetime("expires_at")?.timestamp_millis(), gone.millis());
    assert!(!found.advance().await?, "what never ends stays");
    Ok(())
}

/// What the version before stored of a maintenance and an incident is read, and is the first version of each.
async fn check_old(store: &dyn Store) {
    let id = "mnt-0102030405060708090a".parse().expect("an id");
    let old = store.maintenance(&tenant(), &id).await.expect("reads").expect("is there");
    assert_eq!(old.version, 1);
    let next = Maintenance { title: "Newer disks".to_owned(), version: 2, ..old };
    store.change_maintenance(&next).await.expect("changes");
    assert_eq!(store.maintenances(&tenant()).await.expect("reads"), [next]);
    let past = Timestamp::from_seconds(0)..NOW;
    let old = store.past_incidents(&tenant(), past, 9).await.expect("reads");
    assert_eq!((old.len(), old[0].draft, old[0].announced, old[0].version), (1, false, 0, 2));
    assert_eq!(store.published_incident(&tenant(), &old[0].id).await.expect("reads").as_ref(), Some(&old[0]));
    let next = old[0].relabelled(Some("It was down"), None, None).expect("is valid");
    store.change_incident(&next).await.expect("changes");
}

const OLD_MAINTENANCE: &str = include_str!("../fixtures/v1/maintenance.json");
const OLD_INCIDENT: &str = include_str!("../fixtures/v1/incident.json");

#[tokio::test]
async fn what_the_version_before_stored_is_read_and_changed() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let old = database(&folder);
    for step in [
        include_str!("../src/embedded/schema/1.sql"),
        include_str!("../src/embedded/schema/2.sql"),
        include_str!("../src/embedded/schema/3.sql"),
    ] {
        old.execute_batch(step)?;
    }
    old.pragma_update(None, "user_version", 3)?;
    let sql = "INSERT INTO maintenances (tenant, id, starts_at, ends_at, doc)
        VALUES ('acme', 'mnt-0102030405060708090a', 0, 9, ?1)";
    old.execute(sql, [OLD_MAINTENANCE])?;
    let sql = "INSERT INTO incidents (id, tenant, started_at, resolved_at, version, doc)
        VALUES ('inc-0102030405060708090a', 'acme', ?1, ?1, 2, ?2)";
    old.execute(sql, params![1_000, OLD_INCIDENT])?;
    drop(old);
    check_old(&EmbeddedStore::open(folder.path(), Limits::default()).await?).await;

    let server = Mongod::start().await?;
    let uri = server.uri();
    let store = MongoStore::open(&uri).await?;
    let then = mongodb::bson::DateTime::from_millis(1_000);
    let document = |text: &str| -> anyhow::Result<Document> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        Ok(mongodb::bson::serialize_to_document(&value)?)
    };
    let mut maintenance = document(OLD_MAINTENANCE)?;
    maintenance.insert("_id", doc! { "t": "acme", "m": "mnt-0102030405060708090a" });
    maintenance.extend(doc! { "starts_at": then, "ends_at": then });
    raw(&uri, "maintenances").await?.insert_one(maintenance).await?;
    let mut incident = document(OLD_INCIDENT)?;
    incident.insert("_id", "inc-0102030405060708090a");
    incident.extend(doc! { "tenant": "acme", "version": 2_i64, "started_at": then, "over_at": then });
    raw(&uri, "incidents").await?.insert_one(incident).await?;
    check_old(&store).await;
    Ok(())
}
