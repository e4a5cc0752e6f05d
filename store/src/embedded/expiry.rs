//! Removes what has outlived its retention, a little at a time, so that writers wait for one portion at most.

use rusqlite::params;

use plimsoll_domain::alert::record::ALERT_RETENTION;
use plimsoll_domain::alert::silence::KEPT;
use plimsoll_domain::audit::AUDIT_RETENTION;
use plimsoll_domain::rollup::HOURLY_RETENTION;
use plimsoll_domain::sample::SAMPLE_RETENTION;
use plimsoll_domain::time::{Span, Timestamp};

use crate::Result;
use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::retention::{MAINTENANCE_RETENTION, NOTICE_RETENTION, counts_kept_from, spooled_gone_until};

const PORTION: i64 = 2_000;

/// Each removes at most `?2` rows that are older than `?1`.
const SAMPLES: &str = "DELETE FROM sample_hours WHERE (hour, series) IN
    (SELECT hour, series FROM sample_hours WHERE hour < ?1 ORDER BY hour LIMIT ?2)";
const HOURS: &str = "DELETE FROM hour_rollups WHERE (series, hour) IN
    (SELECT r.series, r.hour FROM series s CROSS JOIN hour_rollups r ON r.series = s.id AND r.hour < ?1 LIMIT ?2)";
const MEASUREMENTS: &str = "DELETE FROM measurements WHERE (tenant, slo_type, at) IN
    (SELECT tenant, slo_type, at FROM measurements WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

/// An alert that is still open, or changed since, stays.
const ALERTS: &str = "DELETE FROM alerts WHERE number IN
    (SELECT a.number FROM tenants t CROSS JOIN alerts a ON a.tenant = t.id AND a.fired_at < ?1
        WHERE a.updated_at < ?1 AND a.settled = 1 LIMIT ?2)";
const SILENCES: &str = "DELETE FROM silences WHERE (tenant, id) IN
    (SELECT tenant, id FROM silences WHERE ends_at < ?1 LIMIT ?2)";
const COUNTS: &str = "DELETE FROM app_counts WHERE (tenant, app, day, source) IN
    (SELECT tenant, app, day, source FROM app_counts WHERE day < ?1 ORDER BY day LIMIT ?2)";
const SPOOL: &str = "DELETE FROM spool WHERE id IN
    (SELECT id FROM spool WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)";

/// The notices of those who never confirmed, or were stopped, go as others do, once they are finished.
const SUBSCRIBERS: &str = "DELETE FROM subscribers WHERE number IN
    (SELECT number FROM subscribers WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
/// By tenant, and all of them: there are few.
const MAINTENANCES: &str = "DELETE FROM maintenances WHERE (tenant, id) IN
    (SELECT tenant, id FROM maintenances WHERE ends_at <= ?1 LIMIT ?2)";
const NOTICES: &str = "DELETE FROM notices WHERE number IN
    (SELECT number FROM notices WHERE finished_at <= ?1 ORDER BY finished_at LIMIT ?2)";
const AUDIT: &str = "DELETE FROM audit_entries WHERE number IN
    (SELECT number FROM audit_entries WHERE at <= ?1 ORDER BY at LIMIT ?2)";

impl EmbeddedStore {
    pub(super) async fn expire(&self, now: Timestamp) -> Result<u64> {
        let samples = now.minus(SAMPLE_RETENTION).minus(Span::days(1)).hour().number();
        let hours = now.minus(HOURLY_RETENTION).hour().number();
        let mut removed = 0;
        let alerts = now.minus(ALERT_RETENTION).millis();
        let silences = now.minus(KEPT).millis();
        for (sql, before) in [
            (SAMPLES, samples),
            (HOURS, hours),
            (MEASUREMENTS, now.millis()),
            (ALERTS, alerts),
            (SILENCES, silences),
            (COUNTS, counts_kept_from(now).number()),
            (SPOOL, spooled_gone_until(now).millis() + 1),
            (SUBSCRIBERS, now.millis()),
            (MAINTENANCES, now.minus(MAINTENANCE_RETENTION).millis()),
            (NOTICES, now.minus(NOTICE_RETENTION).millis()),
            (AUDIT, now.minus(AUDIT_RETENTION).millis()),
        ] {
            removed += self.expire_in(sql, before).await?;
        }
        Ok(removed)
    }

    async fn expire_in(&self, sql: &'static str, before: i64) -> Result<u64> {
        let mut removed = 0;
        loop {
            let portion = self.write("expire_across_tenants", move |connection| {
                rows::change(connection, sql, params![before, PORTION])
            });
            let portion = portion.await? as u64;
            removed += portion;
            if portion < PORTION.cast_unsigned() {
                return Ok(removed);
            }
        }
    }
}
