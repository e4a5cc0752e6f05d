//! Every SLO of a tenant as it was last measured; or measured again, with all that it is made of.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::slo::explain::{Material, explain};

use super::measure::Look;
use super::views::SloStatusView;
use super::{configured, latest, wanted};
use crate::extract::{Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::state::ApiState;

/// The routes of the status.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// Only this SLO.
    slo_type: Option<String>,
    /// `true`: measured again from what is stored, with the buckets that the figures are made of.
    explain: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct SloStatuses {
    #[schema(value_type = String)]
    tenant: TenantId,
    objectives: Vec<SloStatusView>,
}

/// Read how every SLO stands.
#[utoipa::path(
    get, path = "/observability/slo/status/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), StatusQuery),
    responses((status = 200, description = "Every SLO now", body = SloStatuses), Problem)
)]
async fn read(
    scope: Scoped<Viewer>,
    Query(query): Query<StatusQuery>,
    State(state): State<ApiState>,
) -> Result<axum::Json<SloStatuses>, Problem> {
    let slos = wanted(configured(&state, &scope.tenant).await?, query.slo_type.as_deref())?;
    let objectives = if query.explain.unwrap_or(false) {
        let look = Look::open(&state, &scope.tenant, &slos).await?;
        let measured = look.measure(&slos);
        let material = Material { pasts: &look.opened.pasts, hours: &look.opened.hours };
        let explained = slos.into_iter().zip(measured).map(|(slo, measured)| {
            let buckets = explain(&slo, &look.components, material, look.end());
            let trouble = measured.trouble.clone();
            SloStatusView::of(slo.clone(), Some(measured), trouble).explained(&buckets, &slo)
        });
        explained.collect()
    } else {
        let mut latest = latest(&state, &scope.tenant, &slos).await?;
        let view = |slo: plimsoll_domain::slo::Slo| {
            let measured = latest.remove(&slo.slo_type);
            let trouble = measured.as_ref().and_then(|measured| measured.trouble.clone());
            SloStatusView::of(slo, measured, trouble)
        };
        slos.into_iter().map(view).collect()
    };
    Ok(axum::Json(SloStatuses { tenant: scope.tenant, objectives }))
}
