//! The incident a path names, for somebody who may see it. Incident ids are unique across tenants, and their paths name
//! no tenant.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use plimsoll_domain::ids::IncidentId;
use plimsoll_domain::incident::Incident;

use crate::extract::{Holder, Needs, PathId};
use crate::problem::Problem;
use crate::state::ApiState;

/// An incident of a tenant in which the caller has role `R`.
pub(crate) struct IncidentOf<R> {
    /// As it is stored.
    pub(crate) incident: Incident,
    /// Who asks.
    pub(crate) holder: Holder<R>,
}

impl<R: Needs> FromRequestParts<ApiState> for IncidentOf<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let holder = Holder::<R>::unchecked(parts, state).await?;
        let PathId(id) = PathId::<IncidentId>::from_request_parts(parts, state).await?;
        let incident = state.store.incident_across_tenants(&id).await?;
        let incident = incident.filter(|incident| holder.may_enter(&incident.tenant));
        let incident = incident.ok_or_else(|| Problem::not_found("incident"))?;
        plimsoll_traces::say_tenant(incident.tenant.as_str());
        holder.concerns(&incident.tenant);
        holder.check(state)?;
        Ok(Self { incident, holder })
    }
}
