//! Alerts, one row each, and the queue of what is to be sent, which is derived from them and written with them.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use plimsoll_domain::alert::{Alert, ReceiverName};
use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::Timestamp;

use super::alert_filter::filtered;
use super::alert_row::AlertRow;
use super::{alert_configs, silences};
use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{AlertFilter, AlertScene, Alerts, Backlog, Result, Told};

#[async_trait]
impl Alerts for EmbeddedStore {
    async fn alert_scene(&self, tenant: &TenantId, dedup_keys: &[String], now: Timestamp) -> Result<AlertScene> {
        let (tenant, keys) = (tenant.clone(), dedup_keys.to_vec());
        let work = move |connection: &Connection| scene(connection, &tenant, keys, now);
        if dedup_keys.len() == 1 {
            self.read_briefly("alert_scene", work).await
        } else {
            self.read("alert_scene", work).await
        }
    }

    async fn put_alerts(&self, alerts: &[Alert]) -> Result<Vec<bool>> {
        self.put_alerts_and_tell(alerts, Box::new(|_| {})).await
    }

    async fn put_alerts_and_tell(&self, alerts: &[Alert], told: Told) -> Result<Vec<bool>> {
        let rows = alerts.iter().map(AlertRow::of).collect::<Result<Vec<_>>>()?;
        self.write("put_alerts", move |connection| {
            let stored = rows.iter().map(|row| row.put(connection)).collect::<Result<Vec<bool>>>()?;
            told(&stored);
            Ok(stored)
        })
        .await
    }

    async fn alert(&self, tenant: &TenantId, alert: &AlertId) -> Result<Option<Alert>> {
        let (tenant, alert) = (tenant.clone(), alert.clone());
        self.read("alert", move |connection| {
            let sql = "SELECT doc FROM alerts WHERE tenant = ?1 AND id = ?2";
            rows::one(connection, sql, [tenant.as_str(), alert.as_str()])
        })
        .await
    }

    async fn alerts(
        &self,
        tenant: &TenantId,
        filter: &AlertFilter,
        after: Option<(Timestamp, AlertId)>,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        let (tenant, filter) = (tenant.clone(), filter.clone());
        self.read("alerts", move |connection| {
            let (sql, values) = filtered(&tenant, &filter, after.as_ref(), limit);
            rows::all(connection, &sql, rusqlite::params_from_iter(values))
        })
        .await
    }

    async fn open_alerts_across_tenants(&self, sources: &[&str]) -> Result<Vec<Alert>> {
        let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
        self.read("open_alerts_across_tenants", move |connection| {
            let sql = "SELECT doc, tenant || '/' || id FROM alerts
                WHERE status <> 'resolved' AND source = ?1 ORDER BY tenant, id";
            let mut found = Vec::new();
            for source in &sources {
                found.extend(rows::all_readable(connection, sql, [source])?);
            }
            Ok(found)
        })
        .await
    }

    async fn open_alerts(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Alert>> {
        let tenant = tenant.clone();
        self.read("open_alerts", move |connection| {
            // From source to source: there are few, and what is open stands in their order.
            let next = "SELECT min(source) FROM alerts WHERE status <> 'resolved' AND source > ?1";
            let (mut source, mut open) = (Some(String::new()), Vec::new());
            while let Some(after) = source.filter(|_| open.len() < limit) {
                source = connection.prepare_cached(next)?.query_row([&after], |row| row.get(0))?;
                let sql = "SELECT doc FROM alerts
                    WHERE status <> 'resolved' AND source = ?1 AND tenant = ?2 LIMIT ?3";
                let left = rows::limit(limit - open.len());
                open.extend(rows::all(connection, sql, params![source, tenant.as_str(), left])?);
            }
            Ok(open)
        })
        .await
    }

    async fn ready_receivers_across_tenants(&self, now: Timestamp) -> Result<Vec<(TenantId, ReceiverName)>> {
        self.read("ready_receivers_across_tenants", move |connection| ready_receivers(connection, now)).await
    }

    async fn ready_alerts(
        &self,
        tenant: &TenantId,
        receiver: &ReceiverName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Alert>> {
        let (tenant, receiver) = (tenant.clone(), receiver.clone());
        self.read("ready_alerts", move |connection| {
            let sql = "SELECT a.doc, a.id FROM alert_queue q CROSS JOIN alerts a ON a.number = q.alert
                WHERE q.tenant = ?1 AND q.receiver = ?2 AND q.ready_at <= ?3 ORDER BY q.ready_at, q.alert LIMIT ?4";
            let values = params![tenant.as_str(), receiver.as_str(), now.millis(), rows::limit(limit)];
            rows::all_readable(connection, sql, values)
        })
        .await
    }

    async fn alerts_to_reconsider_across_tenants(&self, now: Timestamp, limit: usize) -> Result<Vec<Alert>> {
        self.read("alerts_to_reconsider_across_tenants", move |connection| {
            let sql = "SELECT doc, tenant || '/' || id FROM alerts
                WHERE reconsider_at <= ?1 ORDER BY reconsider_at LIMIT ?2";
            rows::all_readable(connection, sql, params![now.millis(), rows::limit(limit)])
        })
        .await
    }

    async fn backlog_across_tenants(&self) -> Result<Backlog> {
        self.read("backlog_across_tenants", |connection| {
            let sql = "SELECT count(*), min(created_at) FROM alert_queue";
            let (waiting, oldest): (i64, Option<i64>) =
                connection.prepare_cached(sql)?.query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Backlog { waiting: waiting.cast_unsigned(), oldest: oldest.map(Timestamp::from_millis) })
        })
        .await
    }
}

fn scene(connection: &Connection, tenant: &TenantId, keys: Vec<String>, now: Timestamp) -> Result<AlertScene> {
    let mut latest = HashMap::with_capacity(keys.len());
    for key in keys {
        let sql = "SELECT doc FROM alerts WHERE tenant = ?1 AND key = ?2 ORDER BY episode DESC LIMIT 1";
        if let Some(alert) = rows::one::<Alert>(connection, sql, [tenant.as_str(), &key])? {
            latest.insert(key, alert);
        }
    }
    let sql = "SELECT doc FROM maintenances WHERE tenant = ?1 AND ends_at > ?2 ORDER BY starts_at, id";
    Ok(AlertScene {
        config: alert_configs::of_tenant(connection, tenant)?.unwrap_or_default(),
        silences: silences::not_over(connection, tenant, now)?,
        maintenances: rows::all(connection, sql, params![tenant.as_str(), now.millis()])?,
        latest,
    })
}

/// Leaps from one receiver to the next: what waits for one is not read through.
fn ready_receivers(connection: &Connection, now: Timestamp) -> Result<Vec<(TenantId, ReceiverName)>> {
    let sql = "SELECT tenant, receiver, ready_at FROM alert_queue WHERE (tenant, receiver) > (?1, ?2)
        ORDER BY tenant, receiver, ready_at LIMIT 1";
    let mut next = connection.prepare_cached(sql)?;
    let (mut tenant, mut receiver, mut ready) = (String::new(), String::new(), Vec::new());
    loop {
        let found: Option<(String, String, i64)> =
            next.query_row([&tenant, &receiver], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((of, to, ready_at)) = found else { return Ok(ready) };
        if ready_at <= now.millis()
            && let (Ok(of), Ok(to)) = (of.parse(), to.parse())
        {
            ready.push((of, to));
        }
        (tenant, receiver) = (of, to);
    }
}
