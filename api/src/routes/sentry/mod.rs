//! What frontend apps themselves speak to: their configuration, the tunnel, and reports for apps without an SDK.

mod config;
mod envelope;
mod report;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use config::AppQuery;
pub(crate) use envelope::alias;

use crate::extract::Query;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::tunnel::{page_may_read, preflight};

/// The path of the tunnel that all tenants share.
pub(crate) const ENVELOPE_PATH: &str = "/observability/sentry/envelope";

/// What Sentry answers, and Plimsoll where Sentry is away.
#[derive(Serialize, ToSchema)]
struct Taken {
    /// The event's id, where the envelope names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// The routes of frontend apps.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().merge(config::router()).merge(envelope::router()).merge(report::router())
}

/// Who a request is from: the client, as far as trusted proxies tell, and the address of the connection.
#[derive(Clone, Copy)]
struct From {
    client: IpAddr,
    peer: IpAddr,
}

impl FromRequestParts<ApiState> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let known = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = known.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(Self { client: state.trusted_proxies.client(peer, &parts.headers), peer })
    }
}

/// Answers a preflight for what an app is asked for by its key.
async fn ask(
    query: Result<Query<AppQuery>, Problem>,
    headers: HeaderMap,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let tunnel = state.tunnel();
    let live = match query {
        Ok(Query(query)) => tunnel.apps.by_key(&query.app).await?,
        Err(_) => None,
    };
    let is_permitted = live.is_some_and(|live| page_may_read(tunnel, &live, &headers));
    Ok(preflight(headers.get(ORIGIN), is_permitted))
}

fn unknown_app() -> Problem {
    Problem::not_found("app")
}
