//! What subscribers are told, one row for each notice.

use std::collections::HashSet;

use async_trait::async_trait;
use rusqlite::{Connection, params};

use plimsoll_domain::ids::{NoticeId, SubscriberId, TenantId};
use plimsoll_domain::subscriber::Notice;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Notices, Result, document};

const INSERT: &str = "INSERT INTO notices
    (tenant, id, subscriber, subject, version, created_at, place, ready_at, finished_at, doc)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
/// Those that are ready and come first of their subject, longest ready first.
const READY: &str = "SELECT n.tenant, n.subscriber FROM notices n INDEXED BY notices_ready
    WHERE n.ready_at <= ?1 AND NOT EXISTS (
        SELECT 1 FROM notices e INDEXED BY notices_unfinished
        WHERE e.tenant = n.tenant AND e.subscriber = n.subscriber AND e.subject = n.subject AND e.ready_at IS NOT NULL
            AND (e.created_at, e.place, e.id) < (n.created_at, n.place, n.id))
    ORDER BY n.ready_at, n.tenant, n.subscriber";
const UNFINISHED: &str = "SELECT doc, tenant || '/' || id FROM notices INDEXED BY notices_unfinished
    WHERE tenant = ?1 AND subscriber = ?2 AND ready_at IS NOT NULL ORDER BY created_at, place, id";
const NEWEST_FIRST: &str = "SELECT doc FROM notices INDEXED BY notices_by_time
    WHERE tenant = ?1 AND created_at <= ?2 AND (created_at < ?2 OR id > ?3)
    ORDER BY created_at DESC, id LIMIT ?4";
const NEWEST_OF_ONE_FIRST: &str = "SELECT doc FROM notices INDEXED BY notices_by_subscriber
    WHERE tenant = ?1 AND subscriber = ?5 AND created_at <= ?2 AND (created_at < ?2 OR id > ?3)
    ORDER BY created_at DESC, id LIMIT ?4";

#[async_trait]
impl Notices for EmbeddedStore {
    async fn put_notices_if_absent(&self, notices: &[Notice]) -> Result<()> {
        // Made here: the thread that writes is everybody's.
        let rows = notices.iter().map(|notice| Ok((document::to_json(notice)?, notice.clone())));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        self.write("put_notices_if_absent", move |connection| {
            rows.iter().try_for_each(|(text, notice)| insert(connection, notice, text))
        })
        .await
    }

    async fn change_notice(&self, notice: &Notice) -> Result<bool> {
        let (text, notice) = (document::to_json(notice)?, notice.clone());
        self.write("change_notice", move |connection| {
            let sql = "UPDATE notices SET version = ?3, ready_at = ?4, finished_at = ?5, doc = ?6
                WHERE tenant = ?1 AND id = ?2 AND version = ?3 - 1";
            let Notice { tenant, id, version, .. } = &notice;
            let (ready_at, finished_at) = instants(&notice);
            let values = params![tenant.as_str(), id.as_str(), version.cast_signed(), ready_at, finished_at, text];
            Ok(rows::change(connection, sql, values)? > 0)
        })
        .await
    }

    async fn subscribers_to_tell_across_tenants(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, SubscriberId)>> {
        self.read("subscribers_to_tell_across_tenants", move |connection| to_tell(connection, now, limit)).await
    }

    async fn unfinished_notices(
        &self,
        tenant: &TenantId,
        subscriber: &SubscriberId,
        limit: usize,
    ) -> Result<Vec<Notice>> {
        let (tenant, subscriber) = (tenant.clone(), subscriber.clone());
        self.read("unfinished_notices", move |connection| {
            rows::some_readable(connection, UNFINISHED, [tenant.as_str(), subscriber.as_str()], limit)
        })
        .await
    }

    async fn notices(
        &self,
        tenant: &TenantId,
        subscriber: Option<&SubscriberId>,
        after: Option<(Timestamp, NoticeId)>,
        limit: usize,
    ) -> Result<Vec<Notice>> {
        let (tenant, subscriber) = (tenant.clone(), subscriber.cloned());
        self.read("notices", move |connection| {
            let (at, id) = match &after {
                Some((at, id)) => (at.millis(), id.as_str()),
                None => (i64::MAX, ""),
            };
            let (tenant, limit) = (tenant.as_str(), rows::limit(limit));
            match subscriber {
                None => rows::all(connection, NEWEST_FIRST, params![tenant, at, id, limit]),
                Some(one) => rows::all(connection, NEWEST_OF_ONE_FIRST, params![tenant, at, id, limit, one.as_str()]),
            }
        })
        .await
    }
}

fn insert(connection: &Connection, notice: &Notice, text: &str) -> Result<()> {
    let Notice { tenant, id, subscriber, event, created_at, place, version, .. } = notice;
    let (ready_at, finished_at) = instants(notice);
    let values = params![
        tenant.as_str(),
        id.as_str(),
        subscriber.as_str(),
        event.subject(),
        version.cast_signed(),
        created_at.millis(),
        place,
        ready_at,
        finished_at,
        text
    ];
    rows::change(connection, INSERT, values).map(drop)
}

fn instants(notice: &Notice) -> (Option<i64>, Option<i64>) {
    (notice.ready_at().map(Timestamp::millis), notice.finished_at().map(Timestamp::millis))
}

/// Row by row: of many that are ready, only so many are looked at as are wanted.
fn to_tell(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<(TenantId, SubscriberId)>> {
    let mut statement = connection.prepare_cached(READY)?;
    let mut ready = statement.query([now.millis()])?;
    let (mut known, mut all) = (HashSet::new(), Vec::new());
    while all.len() < limit
        && let Some(row) = ready.next()?
    {
        let one: (TenantId, SubscriberId) = (rows::id(row, 0)?, rows::id(row, 1)?);
        if known.insert(one.clone()) {
            all.push(one);
        }
    }
    Ok(all)
}
