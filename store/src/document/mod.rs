//! Stored shapes. Every document says which version of its shape it is, and every past version stays readable: the
//! fixtures under `store/fixtures/` are documents as past versions wrote them, and a test reads each of them.
//!
//! Aggregates that people look at are kept as JSON (embedded) or BSON (MongoDB) of the same structure. Hours of samples,
//! of which there are millions, are packed: see [`hour`].

pub mod hour;
mod packed;
pub(crate) mod reseal;
pub mod rollup;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use plimsoll_domain::alert::{Alert, AlertConfig, ReceiverState, Silence};
use plimsoll_domain::audit::AuditEntry;
use plimsoll_domain::component::Component;
use plimsoll_domain::frontend::{AppCounts, FrontendApps};
use plimsoll_domain::incident::{Incident, IncidentTemplates};
use plimsoll_domain::maintenance::Maintenance;
use plimsoll_domain::page::{LogoRef, PageConfig, StatusSnapshot};
use plimsoll_domain::slo::{Measurement, SloConfig};
use plimsoll_domain::subscriber::{Notice, Subscriber};
use plimsoll_domain::tenant::Tenant;

use crate::{Result, StoreError};

/// An aggregate that is kept as one document.
pub trait Stored: Serialize + DeserializeOwned {
    /// What it is called in errors.
    const WHAT: &'static str;
    /// The version that is written now; all from 1 on are read.
    const VERSION: u32 = 1;
    /// Whether it is read back before it is written: what people write may hold anything. What the program makes itself,
    /// often and much of it, is not.
    const READ_BACK: bool = true;
}

macro_rules! stored {
    ($($kind:ty => $what:literal $(, READ_BACK = $read_back:literal)?;)*) => {
        $(impl Stored for $kind {
            const WHAT: &'static str = $what;
            $(const READ_BACK: bool = $read_back;)?
        })*
    };
}

stored! {
    Tenant => "tenant";
    Component => "component";
    SloConfig => "SLO configuration";
    Measurement => "measurement", READ_BACK = false;
    Incident => "incident";
    Maintenance => "maintenance";
    StatusSnapshot => "status snapshot", READ_BACK = false;
    AlertConfig => "alert configuration";
    Alert => "alert", READ_BACK = false;
    Silence => "silence";
    ReceiverState => "receiver's state", READ_BACK = false;
    FrontendApps => "frontend apps";
    AppCounts => "counts of an app", READ_BACK = false;
    PageConfig => "page configuration";
    LogoRef => "logo";
    IncidentTemplates => "incident templates";
    Subscriber => "subscriber";
    Notice => "notice", READ_BACK = false;
    AuditEntry => "audit entry", READ_BACK = false;
}

/// A document: the version of its shape, and what it holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document<T> {
    /// Which version of the shape this is.
    pub v: u32,
    /// The aggregate.
    pub body: T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

fn unreadable<T: Stored>(reason: impl Into<String>) -> StoreError {
    StoreError::Unreadable { what: T::WHAT, reason: reason.into() }
}

fn check_version<T: Stored>(version: u32) -> Result<()> {
    if (1..=T::VERSION).contains(&version) {
        return Ok(());
    }
    Err(unreadable::<T>(format!("it has version {version}, and this program knows 1 to {}", T::VERSION)))
}

fn unstorable<T: Stored>(reason: &impl ToString) -> StoreError {
    StoreError::Unstorable { what: T::WHAT, reason: reason.to_string() }
}

/// `read`, where an error says that what is to be stored could not be read back.
fn read_back<T: Stored>(read: Result<T>) -> Result<()> {
    read.map(drop).map_err(|error| match error {
        StoreError::Unreadable { reason, .. } => unstorable::<T>(&reason),
        other => other,
    })
}

/// The aggregate as the JSON text of its document. `Unstorable` when it could not be read back.
pub fn to_json<T: Stored>(body: &T) -> Result<String> {
    let text = serde_json::to_string(&Document { v: T::VERSION, body }).map_err(|error| unstorable::<T>(&error))?;
    if T::READ_BACK {
        read_back(from_json::<T>(&text))?;
    }
    Ok(text)
}

/// The aggregate in a JSON document.
pub fn from_json<T: Stored>(text: &str) -> Result<T> {
    let wrong = |error: serde_json::Error| unreadable::<T>(error.to_string());
    check_version::<T>(serde_json::from_str::<VersionOnly>(text).map_err(wrong)?.v)?;
    Ok(serde_json::from_str::<Document<T>>(text).map_err(wrong)?.body)
}

/// The aggregate as a BSON document with the fields `v` and `body`; an adapter adds `_id` and what it indexes.
/// `Unstorable` when it could not be read back, as BSON or as JSON: what is too deep for one store is so for the other.
pub fn to_bson<T: Stored>(body: &T) -> Result<bson::Document> {
    let document =
        bson::serialize_to_document(&Document { v: T::VERSION, body }).map_err(|error| unstorable::<T>(&error))?;
    if T::READ_BACK {
        to_json(body)?;
        // A name with a NUL fits the document, and not the bytes that it is sent as.
        bson::RawDocumentBuf::try_from(&document).map_err(|error| unstorable::<T>(&error))?;
        read_back(from_bson::<T>(document.clone()))?;
    }
    Ok(document)
}

/// The aggregate in a BSON document; fields other than `v` and `body` are passed over.
pub fn from_bson<T: Stored>(document: bson::Document) -> Result<T> {
    let version = document.get("v").and_then(|v| v.as_i64().or_else(|| v.as_i32().map(i64::from)));
    let version = version.and_then(|v| u32::try_from(v).ok()).ok_or_else(|| unreadable::<T>("it has no version"))?;
    check_version::<T>(version)?;
    let document = bson::deserialize_from_document::<Document<T>>(document);
    Ok(document.map_err(|error| unreadable::<T>(error.to_string()))?.body)
}
