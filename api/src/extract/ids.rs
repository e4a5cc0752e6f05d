//! Ids in paths. An id that is not well-formed names nothing: 404, as for one that does not exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use plimsoll_domain::ids::{ComponentId, IncidentId, KeyId, MaintenanceId, SloType};

use crate::problem::Problem;
use crate::state::ApiState;

/// An id that a path may hold.
pub(crate) trait Named: FromStr<Err = String> + Send + Sync + 'static {
    /// The name of the path's parameter.
    const PARAM: &'static str;
    /// What it names, for a person.
    const WHAT: &'static str;
}

impl Named for ComponentId {
    const PARAM: &'static str = "component_id";
    const WHAT: &'static str = "component";
}
impl Named for KeyId {
    const PARAM: &'static str = "key_id";
    const WHAT: &'static str = "key";
}
impl Named for MaintenanceId {
    const PARAM: &'static str = "maintenance_id";
    const WHAT: &'static str = "maintenance";
}
impl Named for IncidentId {
    const PARAM: &'static str = "id";
    const WHAT: &'static str = "incident";
}
impl Named for SloType {
    const PARAM: &'static str = "slo_type";
    const WHAT: &'static str = "SLO";
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
