//! The query that a filter of alerts comes to. Only what is asked for stands in it, so that its index is found.

use rusqlite::types::Value;

use plimsoll_domain::ids::{AlertId, TenantId};
use plimsoll_domain::time::Timestamp;

use crate::AlertFilter;
use crate::embedded::rows;

/// SQL, and the values for its places.
pub(super) fn filtered(
    tenant: &TenantId,
    filter: &AlertFilter,
    after: Option<&(Timestamp, AlertId)>,
    limit: usize,
) -> (String, Vec<Value>) {
    let text = |text: &str| Value::Text(text.to_owned());
    let instant = |at: Timestamp| Value::Integer(at.millis());
    let mut sql = "SELECT doc FROM alerts WHERE tenant = ? AND fired_at >= ? AND fired_at < ?".to_owned();
    let mut values = vec![text(tenant.as_str()), instant(filter.fired.start), instant(filter.fired.end)];
    let mut also = |condition: &str, value: Option<Value>| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend(value);
    };
    if let Some(severity) = filter.severity {
        also("severity = ?", Some(text(severity.as_str())));
    }
    if let Some(status) = filter.status {
        also("status = ?", Some(text(status.as_str())));
    }
    if let Some(component) = &filter.component {
        also("component = ?", Some(text(component)));
    }
    if let Some(key) = &filter.dedup_key {
        also("key = ?", Some(text(key)));
    }
    if let Some(receiver) = &filter.receiver {
        also("instr(receivers, ?) > 0", Some(Value::Text(format!(",{receiver},"))));
    }
    if filter.only_dead {
        also("dead = 1", None);
    }
    if filter.only_with_feedback {
        also("feedback = 1", None);
    }
    if let Some((at, id)) = after {
        also("fired_at <= ?", Some(instant(*at)));
        also("(fired_at < ?", Some(instant(*at)));
        sql.push_str(" OR id > ?)");
        values.push(text(id.as_str()));
    }
    sql.push_str(" ORDER BY fired_at DESC, id LIMIT ?");
    values.push(Value::Integer(rows::limit(limit)));
    (sql, values)
}
