//! Identities as they stand in `_id`: small sub-documents, compared field by field, so that a range of hours or days of
//! one series is a range of `_id`. Strings were rejected: they would need padding to sort, and parsing.

use bson::{Bson, Document, doc};

use plimsoll_domain::ids::{ComponentId, HourKey, Series, TenantId};
use plimsoll_domain::time::{Day, Hour, Timestamp};

use crate::{Result, StoreError};

/// One day of one series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DayKey {
    pub(super) tenant: TenantId,
    pub(super) series: Series,
    pub(super) day: Day,
}

impl DayKey {
    /// The day that an hour lies in.
    pub(super) fn of(key: &HourKey) -> Self {
        Self { tenant: key.tenant.clone(), series: key.series.clone(), day: key.hour.day() }
    }

    /// Its 24 hours.
    pub(super) fn hours(&self) -> impl Iterator<Item = HourKey> {
        let first = self.day.first_hour();
        (0..24).map(move |hour| HourKey {
            tenant: self.tenant.clone(),
            series: self.series.clone(),
            hour: first.plus(hour),
        })
    }
}

pub(super) fn component_id(tenant: &TenantId, component: &ComponentId) -> Document {
    doc! { "t": tenant.as_str(), "c": component.as_str() }
}

/// What opened an incident: a component, as [`component_id`] names it, or an SLO.
pub(super) fn series_id(tenant: &TenantId, series: &Series) -> Document {
    doc! { "t": tenant.as_str(), "c": series.as_str() }
}

pub(super) fn hour_id(key: &HourKey) -> Document {
    doc! { "t": key.tenant.as_str(), "s": key.series.as_str(), "h": key.hour.number() }
}

pub(super) fn day_id(tenant: &TenantId, series: &Series, day: Day) -> Document {
    doc! { "t": tenant.as_str(), "s": series.as_str(), "d": day.number() }
}

pub(super) fn read_component(document: &Document) -> Result<(TenantId, ComponentId)> {
    read(document, |id| Some((id.get_str("t").ok()?.parse().ok()?, id.get_str("c").ok()?.parse().ok()?)))
}

fn read_series(document: &Document) -> Result<(TenantId, Series)> {
    read(document, |id| Some((id.get_str("t").ok()?.parse().ok()?, id.get_str("s").ok()?.parse().ok()?)))
}

pub(super) fn read_hour(document: &Document) -> Result<HourKey> {
    let (tenant, series) = read_series(document)?;
    let hour = read(document, |id| id.get_i64("h").ok().map(Hour::from_number))?;
    Ok(HourKey { tenant, series, hour })
}

pub(super) fn read_day(document: &Document) -> Result<DayKey> {
    let (tenant, series) = read_series(document)?;
    let day = read(document, |id| id.get_i64("d").ok().map(Day::from_number))?;
    Ok(DayKey { tenant, series, day })
}

fn read<T>(document: &Document, part: impl FnOnce(&Document) -> Option<T>) -> Result<T> {
    document.get_document("_id").ok().and_then(part).ok_or_else(|| damaged("_id"))
}

/// Whose the document is: what identifies it is the tenant, or begins with it.
pub(super) fn tenant_of(document: &Document) -> Result<TenantId> {
    let tenant = match document.get("_id") {
        Some(Bson::Document(parts)) => parts.get_str("t").ok(),
        other => other.and_then(Bson::as_str),
    };
    tenant.and_then(|tenant| tenant.parse().ok()).ok_or_else(|| damaged("_id"))
}

/// A field of a document that is not as this adapter writes it.
pub(super) fn damaged(field: &str) -> StoreError {
    StoreError::Unreadable { what: "document", reason: format!("its field {field} is missing or of another type") }
}

/// An instant as a BSON date: both count milliseconds.
pub(super) fn date(at: Timestamp) -> bson::DateTime {
    bson::DateTime::from_millis(at.millis())
}

/// A date field of a document.
pub(super) fn read_date(document: &Document, field: &str) -> Result<Timestamp> {
    let date = document.get_datetime(field).map_err(|_| damaged(field))?;
    Ok(Timestamp::from_millis(date.timestamp_millis()))
}

/// A count such as a version. BSON has no unsigned numbers; none of ours comes near the difference.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count field of a document.
pub(super) fn read_number(document: &Document, field: &str) -> Result<u64> {
    document.get_i64(field).ok().and_then(|number| u64::try_from(number).ok()).ok_or_else(|| damaged(field))
}
