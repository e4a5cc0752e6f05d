//! A month in figures, as JSON, as a table, or as a page to print.

mod table;
mod views;

use std::collections::HashMap;

use axum::extract::State;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use plimsoll_domain::component::Component;
use plimsoll_domain::ids::{Series, SloType, TenantId};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_domain::page::PageConfig;
use plimsoll_domain::report::{Month, MonthlyReport, ReportParts};
use plimsoll_domain::rollup::Counts;
use plimsoll_domain::slo::Measurement;
use plimsoll_domain::time::Timestamp;

use self::views::ReportView;
use crate::extract::{Query, Scoped, Viewer};
use crate::problem::Problem;
use crate::routes::negotiated::Form;
use crate::routes::{page, spreadsheet};
use crate::state::ApiState;

/// The same as that of the status site's pages: the report looks like one.
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";

const FORMS: [Form; 3] = [Form::Json, Form::Csv, Form::Html];

/// The routes of the report.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// Such as `2026-10`; the present one unless given.
    month: Option<String>,
    /// `json`, `csv` or `html`; as `Accept` asks for unless given, and `json` when it does not.
    format: Option<String>,
}

/// Read a month in figures.
///
/// A month that is not over is told as far as it is known; the hour that goes on is not in it yet.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/report", tag = "report", security(("key" = [])),
    params(("tenant_id" = String, Path, description = "The tenant"), ReportQuery),
    responses(
        (status = 200, description = "The report", content(
            (ReportView = "application/json"), (String = "text/csv"), (String = "text/html")
        )),
        Problem
    )
)]
async fn read(
    scope: Scoped<Viewer>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let (month, form) = query.read(&headers, now)?;
    if form == Form::Html && state.report_page.is_none() {
        let detail = "There are no pages of reports here: ask for format=json or format=csv.";
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, detail));
    }
    let page = page::configured(&state, &scope.tenant).await?;
    let report = made(&state, &page, month, now).await?;
    Ok(match form {
        Form::Json => {
            ([(VARY, "accept"), (CACHE_CONTROL, "no-store")], axum::Json(ReportView::of(&report))).into_response()
        }
        Form::Csv => as_table(&report),
        Form::Html => as_page(&state, (&report, &page), &headers),
    })
}

impl ReportQuery {
    fn read(&self, headers: &HeaderMap, now: Timestamp) -> Result<(Month, Form), Invalid> {
        let mut faults = Faults::default();
        let present = Month::of(now.day());
        let month = self.month.as_deref().and_then(|text| faults.keep(text.parse::<Month>(), "/month"));
        let month = month.unwrap_or(present);
        faults.require(month <= present, "/month", || format!("expected {present} or a month before it, got {month}"));
        let form = self.format.as_deref().and_then(|word| faults.keep(Form::named(word, &FORMS), "/format"));
        faults.finish().map(|()| (month, form.unwrap_or_else(|| Form::accepted(headers, &FORMS))))
    }
}

async fn made(state: &ApiState, page: &PageConfig, month: Month, now: Timestamp) -> Result<MonthlyReport, Problem> {
    let tenant = &page.tenant;
    let name = state.store.tenant(tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?.name;
    let mut components = state.store.components(tenant).await?;
    components.sort_by(|one, other| page.arrangement.place(one).cmp(&page.arrangement.place(other)));
    let parts = ReportParts {
        tenant: tenant.clone(),
        name,
        components: counted(state, components, month).await?,
        measured: measured(state, tenant, (month, now)).await?,
        incidents: state.store.open_or_recent_incidents(tenant, month.first_day().start()).await?,
        maintenances: state.store.maintenances(tenant).await?,
    };
    Ok(MonthlyReport::build(parts, month, state.interval, now))
}

/// Each component with what was counted of it in `month`.
async fn counted(
    state: &ApiState,
    components: Vec<Component>,
    month: Month,
) -> Result<Vec<(Component, Counts)>, Problem> {
    let key = |component: &Component| (component.tenant.clone(), Series::from(&component.id));
    let series: Vec<_> = components.iter().map(key).collect();
    let days = month.first_day()..month.end_day();
    let rollups: HashMap<_, _> = state.store.day_rollups(&series, days).await?;
    let sum = |component: Component| {
        let found = rollups.get(&key(&component));
        let counts = found.into_iter().flatten().map(|(_, rollup)| rollup.counts).sum();
        (component, counts)
    };
    Ok(components.into_iter().map(sum).collect())
}

/// The last reading in `month` of each SLO that has one.
async fn measured(
    state: &ApiState,
    tenant: &TenantId,
    (month, now): (Month, Timestamp),
) -> Result<Vec<Measurement>, Problem> {
    let config = state.store.slo_config(tenant).await?.unwrap_or_default();
    let names: Vec<SloType> = config.objectives.into_iter().map(|slo| slo.slo_type).collect();
    let (start, end) = (month.first_day().start(), month.end_day().start());
    let last = Timestamp::from_millis(end.millis() - 1).min(now.plus(state.interval.span()));
    let mut found = state.store.latest_measurements(tenant, &names, last).await?;
    found.retain(|measured| measured.at >= start);
    found.sort_by_key(|measured| names.iter().position(|name| *name == measured.slo_type));
    Ok(found)
}

fn as_table(report: &MonthlyReport) -> Response {
    spreadsheet::answer(&format!("{}-{}", report.tenant, report.month), table::written(report))
}

fn as_page(state: &ApiState, (report, page): (&MonthlyReport, &PageConfig), headers: &HeaderMap) -> Response {
    let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = state.report_page.as_ref().map(|render| render(report, page, languages)).unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, CSP),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept, accept-language"),
    ];
    (headers, text).into_response()
}
