//! Incidents with their timelines. A unique index sees to it that a component, or an SLO, has one open automatic incident
//! at most.

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, params};

use plimsoll_domain::ids::{IncidentId, TenantId};
use plimsoll_domain::incident::Incident;
use plimsoll_domain::time::Timestamp;

use crate::embedded::rows;
use crate::embedded::store::EmbeddedStore;
use crate::{Incidents, Result, StoreError, document};

#[async_trait]
impl Incidents for EmbeddedStore {
    async fn open_incident_if_absent(&self, incident: &Incident) -> Result<bool> {
        let incident = incident.clone();
        self.write("open_incident_if_absent", move |connection| {
            let sql = "INSERT INTO incidents (id, tenant, started_at, resolved_at, holds, version, doc, draft)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
            Ok(rows::change(connection, sql, columns(&incident)?)? > 0)
        })
        .await
    }

    async fn change_incident(&self, incident: &Incident) -> Result<()> {
        let incident = incident.clone();
        self.write("change_incident", move |connection| change(connection, &incident)).await
    }

    async fn incident_across_tenants(&self, incident: &IncidentId) -> Result<Option<Incident>> {
        let incident = incident.clone();
        self.read("incident_across_tenants", move |connection| {
            rows::one(connection, "SELECT doc FROM incidents WHERE id = ?1", [incident.as_str()])
        })
        .await
    }

    async fn open_or_recent_incidents(&self, tenant: &TenantId, since: Timestamp) -> Result<Vec<Incident>> {
        let tenant = tenant.clone();
        self.read("open_or_recent_incidents", move |connection| {
            let sql = "SELECT doc FROM incidents WHERE tenant = ?2 AND resolved_at >= ?1
                ORDER BY started_at DESC, id";
            rows::all(connection, sql, params![since.millis(), tenant.as_str()])
        })
        .await
    }

    async fn incidents(
        &self,
        tenant: &TenantId,
        after: Option<(Timestamp, IncidentId)>,
        limit: usize,
    ) -> Result<Vec<Incident>> {
        let tenant = tenant.clone();
        self.read("incidents", move |connection| {
            let sql = "SELECT doc FROM incidents
                WHERE tenant = ?1 AND started_at <= ?2 AND (started_at < ?2 OR id > ?3)
                ORDER BY started_at DESC, id LIMIT ?4";
            let (start, id) = match &after {
                Some((start, id)) => (start.millis(), id.as_str()),
                None => (i64::MAX, ""),
            };
            rows::all(connection, sql, params![tenant.as_str(), start, id, rows::limit(limit)])
        })
        .await
    }

    async fn open_or_recent_incidents_across_tenants(&self, since: Timestamp) -> Result<Vec<Incident>> {
        self.read("open_or_recent_incidents_across_tenants", move |connection| {
            let sql = "SELECT doc, id FROM incidents WHERE resolved_at >= ?1
                ORDER BY started_at DESC, id";
            rows::all_readable(connection, sql, [since.millis()])
        })
        .await
    }
}

fn columns(incident: &Incident) -> Result<[Value; 8]> {
    let instant = |at: Timestamp| Value::Integer(at.millis());
    let text = |text: &str| Value::Text(text.to_owned());
    Ok([
        text(incident.id.as_str()),
        text(incident.tenant.as_str()),
        instant(incident.started_at()),
        incident.quiet_since().map_or(Value::Integer(i64::MAX), instant),
        incident.holds().map_or(Value::Null, |opener| text(opener.as_str())),
        Value::Integer(incident.version.cast_signed()),
        Value::Text(document::to_json(incident)?),
        Value::Integer(incident.draft.into()),
    ])
}

fn change(connection: &Connection, incident: &Incident) -> Result<()> {
    let sql = "UPDATE incidents SET started_at = ?3, resolved_at = ?4, holds = ?5, version = ?6, doc = ?7, draft = ?8
        WHERE id = ?1 AND tenant = ?2 AND version = ?6 - 1";
    match connection.prepare_cached(sql)?.execute(columns(incident)?) {
        Ok(0) => Err(StoreError::Stale { what: format!("incident {}", incident.id) }),
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::Exists { what: "an open automatic incident of the same component or SLO".to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}
