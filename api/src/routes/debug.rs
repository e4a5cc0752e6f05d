//! Profiles of this process, for the platform owner: under the paths and in the format that Go made usual, so that
//! `go tool pprof` and whatever else scrapes profiles can be pointed here.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use plimsoll_domain::invalid::{Faults, Invalid};
use plimsoll_runtime::profiling::{Profile, ProfileError};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Root};
use crate::problem::Problem;
use crate::state::ApiState;

const LONGEST: u64 = 60;
const USUAL: Duration = Duration::from_secs(10);
const PPROF: &str = "application/octet-stream";
const SVG: &str = "image/svg+xml";

/// The routes of profiles.
pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(cpu)).routes(routes!(flamegraph)).routes(routes!(heap))
}

/// How a profile is written.
#[derive(Clone, Copy)]
enum Form {
    Pprof,
    Flamegraph,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CpuQuery {
    /// For how long samples are taken, 1 to 60; 10 unless given.
    #[param(value_type = Option<u64>)]
    seconds: Option<String>,
    /// `pprof`, or `flamegraph` for an SVG; `pprof` unless given.
    format: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FlamegraphQuery {
    /// For how long samples are taken, 1 to 60; 10 unless given.
    #[param(value_type = Option<u64>)]
    seconds: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct HeapQuery {
    /// `pprof`, or `flamegraph` for an SVG; `pprof` unless given.
    format: Option<String>,
}

/// Take a profile of processor time.
///
/// Needs the root key. One profile is made at a time: whoever comes second gets 409, and learns when to come again.
#[utoipa::path(
    get, path = "/debug/pprof/profile", tag = "debug", security(("key" = [])), params(CpuQuery),
    responses(
        (status = 200, description = "A gzipped `profile.proto`, or an SVG", content(
            (Vec<u8> = "application/octet-stream"), (String = "image/svg+xml")
        )),
        Problem
    )
)]
async fn cpu(_: Root, Query(query): Query<CpuQuery>, State(state): State<ApiState>) -> Result<Response, Problem> {
    let (lasting, form) = asked(query.seconds.as_deref(), query.format.as_deref())?;
    answer(&state.profiler.cpu(lasting).await?, form, "profile")
}

/// Draw where processor time goes.
///
/// Needs the root key. One profile is made at a time: whoever comes second gets 409, and learns when to come again.
#[utoipa::path(
    get, path = "/debug/pprof/flamegraph", tag = "debug", security(("key" = [])), params(FlamegraphQuery),
    responses((status = 200, description = "An SVG", body = String, content_type = "image/svg+xml"), Problem)
)]
async fn flamegraph(
    _: Root,
    Query(query): Query<FlamegraphQuery>,
    State(state): State<ApiState>,
) -> Result<Response, Problem> {
    let (lasting, _) = asked(query.seconds.as_deref(), None)?;
    answer(&state.profiler.cpu(lasting).await?, Form::Flamegraph, "profile")
}

/// Take a profile of what memory is held for.
///
/// Needs the root key. The allocator notes about one allocation in each 4 MiB, so small things that are few are not in it.
#[utoipa::path(
    get, path = "/debug/pprof/heap", tag = "debug", security(("key" = [])), params(HeapQuery),
    responses(
        (status = 200, description = "A gzipped `profile.proto`, or an SVG", content(
            (Vec<u8> = "application/octet-stream"), (String = "image/svg+xml")
        )),
        Problem
    )
)]
async fn heap(_: Root, Query(query): Query<HeapQuery>, State(state): State<ApiState>) -> Result<Response, Problem> {
    let (_, form) = asked(None, query.format.as_deref())?;
    answer(&state.profiler.heap().await?, form, "heap")
}

fn asked(seconds: Option<&str>, format: Option<&str>) -> Result<(Duration, Form), Invalid> {
    let mut faults = Faults::default();
    let lasting = seconds.map(|text| {
        let read = text.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds)).map(Duration::from_secs);
        read.ok_or_else(|| format!("expected 1 to {LONGEST} seconds, got {text:?}"))
    });
    let form = format.map(|word| match word {
        "pprof" => Ok(Form::Pprof),
        "flamegraph" => Ok(Form::Flamegraph),
        other => Err(format!("expected pprof or flamegraph, got {other:?}")),
    });
    let lasting = lasting.and_then(|read| faults.keep(read, "/seconds")).unwrap_or(USUAL);
    let form = form.and_then(|read| faults.keep(read, "/format")).unwrap_or(Form::Pprof);
    faults.finish().map(|()| (lasting, form))
}

fn answer(profile: &Profile, form: Form, name: &str) -> Result<Response, Problem> {
    let (kind, file, bytes) = match form {
        Form::Pprof => (PPROF, format!("{name}.pb.gz"), profile.pprof()),
        Form::Flamegraph => (SVG, format!("{name}.svg"), profile.flamegraph()?),
    };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        // A drawing holds a script, which should not run where this API's own pages do.
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Busy { seconds } => {
                Self::busy("Another profile is being made: there is one at a time.", seconds)
            }
            ProfileError::NoHeap => {
                let detail = "The allocator notes nothing here: it was built or started without profiling.";
                Self::new(StatusCode::NOT_IMPLEMENTED, detail)
            }
            ProfileError::Failed(reason) => {
                Self::failure(StatusCode::INTERNAL_SERVER_ERROR, "The profile could not be made.", reason)
            }
        }
    }
}
