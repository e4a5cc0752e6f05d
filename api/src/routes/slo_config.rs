//! What a tenant promises. A tenant that never said anything promises the default.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{ComponentId, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::slo::config::DEFAULT_MINIMUM_BAD_SAMPLES;
use plimsoll_domain::slo::{Objective, Scope, SliKind, Slo, SloConfig, Thresholds};
use plimsoll_store::StoreError;

use crate::extract::{Admin, IfMatch, Json, Scoped, Viewer, etag};
use crate::problem::Problem;
use crate::state::ApiState;

const ATTEMPTS: usize = 3;

/// The routes of the SLO configuration.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SloConfigRequest {
    /// At most 200; each `slo_type` once.
    objectives: Vec<SloRequest>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SloRequest {
    /// Its name, of a-z, 0-9, - and _.
    slo_type: String,
    /// `availability`.
    kind: String,
    /// A ratio above 0 and below 1, e.g. 0.999.
    objective: f64,
    /// A rolling window of 1 hour to 90 days, e.g. `30d`.
    window: String,
    /// All components unless given.
    #[serde(default)]
    scope: ScopeBody,
    /// Whether samples inside announced maintenance count; they do not unless said so.
    #[serde(default)]
    count_maintenance: bool,
    /// Bad samples that a tier's long window must hold before the tier fires; 2 unless given.
    minimum_bad_samples: Option<u32>,
    /// Shares of the budget below which the status turns.
    thresholds: Option<ThresholdsBody>,
    /// For SLOs of kind `latency`, which this version does not measure.
    threshold_ms: Option<f64>,
}

/// Which components an SLO speaks of: `"all"`, `{"group": "…"}` or `{"component": "…"}`.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeBody {
    /// All of the tenant's.
    #[default]
    All,
    /// Those under one heading.
    Group(String),
    /// One.
    Component(String),
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ThresholdsBody {
    /// Below this share remaining: `warning`.
    warning: f64,
    /// Below this share remaining: `critical`.
    critical: f64,
}

#[derive(Serialize, ToSchema)]
struct SloConfigView {
    /// 0 until configured for the first time, then one more with each change.
    version: u64,
    objectives: Vec<SloView>,
}

#[derive(Serialize, ToSchema)]
struct SloView {
    slo_type: String,
    kind: &'static str,
    objective: f64,
    window: String,
    scope: ScopeBody,
    count_maintenance: bool,
    minimum_bad_samples: u32,
    thresholds: ThresholdsBody,
}

/// Read the SLOs.
#[utoipa::path(
    get, path = "/observability/slo/config/{tenant_id}", tag = "slo", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant")),
    responses((status = 200, description = "The SLOs, or the default; ETag names the version", body = SloConfigView), Problem)
)]
async fn read(scope: Scoped<Viewer>, State(state): State<ApiState>) -> Result<impl IntoResponse, Problem> {
    let config = configured(&state, &scope.tenant).await?;
    Ok((etag(&tag_of(&config)), axum::Json(SloConfigView::from(config))))
}

/// Replace the SLOs.
///
/// What was measured before is kept.
#[utoipa::path(
    put, path = "/observability/slo/config/{tenant_id}", tag = "slo", security(("key" = [])),
    request_body = SloConfigRequest,
    params(
        ("tenant_id" = String, Path, description = "The tenant"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read; 412 when it is no longer true")
    ),
    responses((status = 200, description = "Replaced", body = SloConfigView), Problem)
)]
async fn replace(
    scope: Scoped<Admin>,
    if_match: IfMatch,
    State(state): State<ApiState>,
    Json(request): Json<SloConfigRequest>,
) -> Result<impl IntoResponse, Problem> {
    let components = state.store.components(&scope.tenant).await?;
    let mut config = SloConfig { version: 0, objectives: request.read(&components)? };
    for attempt in 1.. {
        let held = configured(&state, &scope.tenant).await?;
        if_match.require(&tag_of(&held))?;
        config.version = held.version + 1;
        match state.store.put_slo_config(&scope.tenant, &config).await {
            Err(StoreError::Stale { .. }) if !if_match.is_given() && attempt < ATTEMPTS => {}
            done => {
                done?;
                break;
            }
        }
    }
    Ok((etag(&tag_of(&config)), axum::Json(SloConfigView::from(config))))
}

/// The tenant's SLOs, or the default.
pub(super) async fn configured(state: &ApiState, tenant: &TenantId) -> Result<SloConfig, Problem> {
    Ok(state.store.slo_config(tenant).await?.unwrap_or_default())
}

fn tag_of(config: &SloConfig) -> String {
    format!("v{}", config.version)
}

impl SloConfigRequest {
    fn read(self, components: &[Component]) -> Result<Vec<Slo>, Invalid> {
        let mut faults = Faults::default();
        let mut objectives = Vec::with_capacity(self.objectives.len());
        for (index, slo) in self.objectives.into_iter().enumerate() {
            // A stand-in keeps the indexes right when the rest is looked over.
            let slo = faults.absorb(slo.read(components), &format!("/objectives/{index}"));
            objectives.push(slo.unwrap_or_else(|| Slo {
                slo_type: format!("refused-{index}").parse().expect("a valid name"),
                ..Slo::default_availability()
            }));
        }
        let config = SloConfig { version: 0, objectives };
        faults.absorb(config.validate(), "");
        faults.finish().map(|()| config.objectives)
    }
}

impl SloRequest {
    fn read(self, components: &[Component]) -> Result<Slo, Invalid> {
        let mut faults = Faults::default();
        let slo_type = faults.keep(self.slo_type.parse(), "/slo_type");
        let is_availability = self.kind == "availability";
        faults.require(is_availability, "/kind", || {
            format!("expected availability, the only kind that this version measures, got {:?}", self.kind)
        });
        faults.require(!is_availability || self.threshold_ms.is_none(), "/threshold_ms", || {
            "expected none: an SLO of kind availability has no threshold".to_owned()
        });
        let objective = faults.keep(Objective::new(self.objective), "/objective");
        let window = faults.keep(self.window.parse(), "/window");
        let scope = faults.absorb(self.scope.read(components), "/scope");
        let thresholds = self.thresholds.map_or_else(Thresholds::default, ThresholdsBody::into);
        faults.finish()?;
        let known = "every part is there when no fault was noted";
        Ok(Slo {
            slo_type: slo_type.expect(known),
            kind: SliKind::Availability,
            objective: objective.expect(known),
            window: window.expect(known),
            scope: scope.expect(known),
            count_maintenance: self.count_maintenance,
            minimum_bad_samples: self.minimum_bad_samples.unwrap_or(DEFAULT_MINIMUM_BAD_SAMPLES),
            thresholds,
        })
    }
}

impl ScopeBody {
    fn read(self, components: &[Component]) -> Result<Scope, Invalid> {
        match self {
            Self::All => Ok(Scope::All),
            Self::Group(name) => Ok(Scope::Group(name)),
            Self::Component(text) => {
                let found = components.iter().find(|component| component.id.as_str() == text);
                let id = found.map(|component: &Component| -> ComponentId { component.id.clone() });
                let wrong = || Invalid::at("/component", format!("expected a component of this tenant, got {text:?}"));
                id.map(Scope::Component).ok_or_else(wrong)
            }
        }
    }
}

impl From<Scope> for ScopeBody {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Group(name) => Self::Group(name),
            Scope::Component(id) => Self::Component(id.to_string()),
        }
    }
}

impl From<ThresholdsBody> for Thresholds {
    fn from(body: ThresholdsBody) -> Self {
        Self { warning: body.warning, critical: body.critical }
    }
}

/// The kind as it is written in the API.
pub(super) const fn kind_text(kind: SliKind) -> &'static str {
    match kind {
        SliKind::Availability => "availability",
    }
}

impl From<SloConfig> for SloConfigView {
    fn from(config: SloConfig) -> Self {
        let view = |slo: Slo| SloView {
            slo_type: slo.slo_type.to_string(),
            kind: kind_text(slo.kind),
            objective: slo.objective.ratio(),
            window: slo.window.to_string(),
            scope: slo.scope.into(),
            count_maintenance: slo.count_maintenance,
            minimum_bad_samples: slo.minimum_bad_samples,
            thresholds: ThresholdsBody { warning: slo.thresholds.warning, critical: slo.thresholds.critical },
        };
        Self { version: config.version, objectives: config.objectives.into_iter().map(view).collect() }
    }
}
