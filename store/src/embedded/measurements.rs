//! Readings of SLOs, one row for each SLO and tick.

use std::ops::Range;

use async_trait::async_trait;
use rusqlite::params;

use plimsoll_domain::ids::{SloType, TenantId};
use plimsoll_domain::slo::{Measurement, Step};
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::retention::{measurement_expires_at, step_number};
use crate::{Measurements, Result, document};

const ALL: &str = "SELECT doc FROM measurements
    WHERE tenant = ?1 AND slo_type = ?2 AND at >= ?3 AND at < ?4 AND step >= ?6 ORDER BY at LIMIT ?5";
/// For steps of an hour and more, which have an index of their own: the ticks between them are not even looked at.
const COARSE: &str = "SELECT doc FROM measurements INDEXED BY measurements_coarse
    WHERE tenant = ?1 AND slo_type = ?2 AND at >= ?3 AND at < ?4 AND step >= 1 AND step >= ?6 ORDER BY at LIMIT ?5";

#[async_trait]
impl Measurements for EmbeddedStore {
    async fn put_measurements(&self, measurements: &[Measurement]) -> Result<()> {
        let measurements = measurements.to_vec();
        self.write("put_measurements", move |connection| {
            let sql = "INSERT INTO measurements (tenant, slo_type, at, step, expires_at, doc)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT DO UPDATE SET step = excluded.step, expires_at = excluded.expires_at, doc = excluded.doc";
            for measurement in &measurements {
                let (tenant, slo) = (measurement.tenant.as_str(), measurement.slo_type.as_str());
                let expires_at = measurement_expires_at(measurement).map(Timestamp::millis);
                let (at, step) = (measurement.at.millis(), step_number(measurement.step));
                let doc = document::to_json(measurement)?;
                rows::change(connection, sql, params![tenant, slo, at, step, expires_at, doc])?;
            }
            Ok(())
        })
        .await
    }

    async fn latest_measurements(
        &self,
        tenant: &TenantId,
        slos: &[SloType],
        until: Timestamp,
    ) -> Result<Vec<Measurement>> {
        let (tenant, slos) = (tenant.clone(), slos.to_vec());
        self.read("latest_measurements", move |connection| {
            let sql = "SELECT doc FROM measurements
                WHERE tenant = ?1 AND slo_type = ?2 AND at <= ?3 ORDER BY at DESC LIMIT 1";
            let newest = |slo: &SloType| {
                rows::one(connection, sql, params![tenant.as_str(), slo.as_str(), until.millis()]).transpose()
            };
            slos.iter().filter_map(newest).collect()
        })
        .await
    }

    async fn measurements(
        &self,
        tenant: &TenantId,
        slo: &SloType,
        span: Range<Timestamp>,
        least: Step,
        limit: usize,
    ) -> Result<Vec<Measurement>> {
        let (tenant, slo) = (tenant.clone(), slo.clone());
        self.read("measurements", move |connection| {
            let sql = if least == Step::Tick { ALL } else { COARSE };
            let (from, to, least) = (span.start.millis(), span.end.millis(), step_number(least));
            rows::all(connection, sql, params![tenant.as_str(), slo.as_str(), from, to, rows::limit(limit), least])
        })
        .await
    }
}
