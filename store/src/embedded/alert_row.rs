//! An alert as a row, and what of it must be written: most changes touch nothing that is searched by.

use rusqlite::{Connection, OptionalExtension, params};

use plimsoll_domain::alert::Alert;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::{Result, document};

/// An alert as its row, made before the thread that writes is asked.
pub(super) struct AlertRow {
    tenant: String,
    id: String,
    key: String,
    episode: i64,
    version: i64,
    settled: bool,
    fired_at: i64,
    updated_at: i64,
    searched: Searched,
    queue: Vec<(String, i64, i64)>,
    doc: String,
}

/// What is searched by and may change. Writing it again would write its indexes again.
#[derive(PartialEq)]
struct Searched {
    reconsider_at: Option<i64>,
    severity: &'static str,
    status: &'static str,
    source: String,
    component: Option<String>,
    receivers: String,
    dead: bool,
    feedback: bool,
}

impl AlertRow {
    pub(super) fn of(alert: &Alert) -> Result<Self> {
        let queued = alert.queue().into_iter();
        let queue = queued.map(|one| (one.receiver.to_string(), one.ready_at.millis(), one.created_at.millis()));
        Ok(Self {
            tenant: alert.tenant.to_string(),
            id: alert.id.to_string(),
            key: alert.dedup_key.clone(),
            episode: alert.episode.cast_signed(),
            version: alert.version.cast_signed(),
            settled: alert.is_settled(),
            fired_at: alert.fired_at.millis(),
            updated_at: alert.updated_at.millis(),
            searched: Searched {
                reconsider_at: alert.reconsider_at().map(Timestamp::millis),
                severity: alert.content.severity.as_str(),
                status: alert.status.as_str(),
                source: alert.content.source.clone(),
                component: alert.content.component.clone(),
                receivers: alert
                    .openings
                    .iter()
                    .fold(",".to_owned(), |all, one| format!("{all}{},", one.receiver.name)),
                dead: alert.has_dead(),
                feedback: alert.feedback.is_some(),
            },
            queue: queue.collect(),
            doc: document::to_json(alert)?,
        })
    }

    /// Whether it was stored.
    pub(super) fn put(&self, connection: &Connection) -> Result<bool> {
        if self.version == 1 { self.insert(connection) } else { self.update(connection) }
    }

    fn insert(&self, connection: &Connection) -> Result<bool> {
        if !self.settled && self.another_is_unsettled(connection)? {
            return Ok(false);
        }
        let sql = "INSERT INTO alerts (tenant, id, key, episode, version, settled, fired_at, updated_at, queued,
            reconsider_at, severity, status, source, component, receivers, dead, feedback, doc)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
            ON CONFLICT DO NOTHING";
        let Self { tenant, id, key, episode, version, settled, fired_at, updated_at, searched, doc, .. } = self;
        let Searched { reconsider_at, severity, status, source, component, receivers, dead, feedback } = searched;
        let values = params![
            tenant,
            id,
            key,
            episode,
            version,
            settled,
            fired_at,
            updated_at,
            self.queued(),
            reconsider_at,
            severity,
            status,
            source,
            component,
            receivers,
            dead,
            feedback,
            doc
        ];
        if rows::change(connection, sql, values)? == 0 {
            return Ok(false);
        }
        self.enqueue(connection, connection.last_insert_rowid()).map(|()| true)
    }

    fn update(&self, connection: &Connection) -> Result<bool> {
        let sql = "SELECT number, queued, settled, reconsider_at, severity, status, source, component, receivers, dead, feedback
            FROM alerts WHERE tenant = ?1 AND id = ?2 AND version = ?3 - 1 AND key = ?4 AND episode = ?5";
        let values = params![self.tenant, self.id, self.version, self.key, self.episode];
        let found = connection.prepare_cached(sql)?.query_row(values, |row| {
            let same = row.get::<_, Option<i64>>(3)? == self.searched.reconsider_at
                && row.get_ref(4)?.as_str()? == self.searched.severity
                && row.get_ref(5)?.as_str()? == self.searched.status
                && row.get_ref(6)?.as_str()? == self.searched.source
                && row.get_ref(7)?.as_str_or_null()? == self.searched.component.as_deref()
                && row.get_ref(8)?.as_str()? == self.searched.receivers
                && row.get::<_, bool>(9)? == self.searched.dead
                && row.get::<_, bool>(10)? == self.searched.feedback;
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, same))
        });
        let Some((number, queued, was_settled, same)) = found.optional()? else { return Ok(false) };
        if was_settled && !self.settled && self.another_is_unsettled(connection)? {
            return Ok(false);
        }
        if queued != self.queued() {
            self.dequeue(connection, number, &queued)?;
            self.enqueue(connection, number)?;
        }
        let Self { version, settled, updated_at, searched, doc, .. } = self;
        let sql =
            "UPDATE alerts SET version = ?2, settled = ?3, updated_at = ?4, queued = ?5, doc = ?6 WHERE number = ?1";
        rows::change(connection, sql, params![number, version, settled, updated_at, self.queued(), doc])?;
        if !same {
            let sql = "UPDATE alerts SET reconsider_at = ?2, severity = ?3, status = ?4, source = ?5, component = ?6,
                receivers = ?7, dead = ?8, feedback = ?9 WHERE number = ?1";
            let Searched { reconsider_at, severity, status, source, component, receivers, dead, feedback } = searched;
            let values = params![number, reconsider_at, severity, status, source, component, receivers, dead, feedback];
            rows::change(connection, sql, values)?;
        }
        Ok(true)
    }

    /// Whether another episode of the key, which would be the newest or the one before, is not settled.
    fn another_is_unsettled(&self, connection: &Connection) -> Result<bool> {
        let sql =
            "SELECT settled FROM alerts WHERE tenant = ?1 AND key = ?2 AND episode <> ?3 ORDER BY episode DESC LIMIT 1";
        let values = params![self.tenant, self.key, self.episode];
        let settled = connection.prepare_cached(sql)?.query_row(values, |row| row.get::<_, bool>(0)).optional()?;
        Ok(settled == Some(false))
    }

    /// What stands in the queue, as it is noted beside the alert.
    fn queued(&self) -> String {
        let one = |(receiver, ready_at, _): &(String, i64, i64)| format!("{receiver} {ready_at}\n");
        self.queue.iter().map(one).collect()
    }

    fn enqueue(&self, connection: &Connection, number: i64) -> Result<()> {
        for (receiver, ready_at, created_at) in &self.queue {
            let sql = "INSERT INTO alert_queue (tenant, receiver, ready_at, alert, created_at)
                VALUES (?1, ?2, ?3, ?4, ?5)";
            rows::change(connection, sql, params![self.tenant, receiver, ready_at, number, created_at])?;
        }
        Ok(())
    }

    fn dequeue(&self, connection: &Connection, number: i64, queued: &str) -> Result<()> {
        for (receiver, ready_at) in queued.lines().filter_map(|line| line.split_once(' ')) {
            let sql = "DELETE FROM alert_queue
                WHERE tenant = ?1 AND receiver = ?2 AND ready_at = CAST(?3 AS INTEGER) AND alert = ?4";
            rows::change(connection, sql, params![self.tenant, receiver, ready_at, number])?;
        }
        Ok(())
    }
}
