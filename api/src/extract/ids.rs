//! Ids in paths. An id that is not well-formed names nothing: 404, as for one that does not exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use plimsoll_domain::alert::ReceiverName;
use plimsoll_domain::alert::record::read_delivery_id;
use plimsoll_domain::ids::{
    AlertId, AppId, ComponentId, IncidentId, KeyId, MaintenanceId, PageLinkId, SilenceId, SloType, SubscriberId,
};
use plimsoll_domain::page::HostName;

use crate::problem::Problem;
use crate::state::ApiState;

/// An id that a path may hold.
pub(crate) trait Named: FromStr<Err = String> + Send + Sync + 'static {
    /// The name of the path's parameter.
    const PARAM: &'static str;
    /// What it names, for a person.
    const WHAT: &'static str;
}

macro_rules! named {
    ($($kind:ty => $param:literal, $what:literal;)*) => {
        $(impl Named for $kind {
            const PARAM: &'static str = $param;
            const WHAT: &'static str = $what;
        })*
    };
}

named! {
    ComponentId => "component_id", "component";
    KeyId => "key_id", "key";
    MaintenanceId => "maintenance_id", "maintenance";
    IncidentId => "id", "incident";
    SloType => "slo_type", "SLO";
    AlertId => "alert_id", "alert";
    SilenceId => "silence_id", "silence";
    AppId => "app_id", "app";
    ReceiverName => "name", "receiver";
    DeliveryId => "delivery_id", "delivery";
    SubscriberId => "subscriber_id", "subscriber";
    PageLinkId => "link_id", "link";
    HostName => "host", "host";
    UpdateNumber => "number", "update";
}

/// The id of a delivery: that of its alert, and its number.
pub(crate) struct DeliveryId {
    /// Of which alert.
    pub(crate) alert: AlertId,
    /// Which of its deliveries.
    pub(crate) number: u32,
}

/// The place of an update in the timeline of its incident: 0 for the oldest.
pub(crate) struct UpdateNumber(pub(crate) usize);

impl FromStr for UpdateNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("expected the number of an update, got {text:?}"))
    }
}

impl FromStr for DeliveryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = read_delivery_id(text).map(|(alert, number)| Self { alert, number });
        read.ok_or_else(|| format!("expected the id of a delivery, got {text:?}"))
    }
}

/// The id in the path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: Named> FromRequestParts<ApiState> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let unknown = || Problem::not_found(T::WHAT);
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        let text = params.iter().find(|(name, _)| *name == T::PARAM).map(|(_, value)| value);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(unknown)
    }
}
