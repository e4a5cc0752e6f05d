//! The audit log: what is noted of a request while it is carried out, and the layer that stores it as an entry.
//!
//! Only the routes by which people change something have the layer, and what is asked by a safe method passes it by: what
//! machines push and what the public reads costs nothing more. The work goes on in a task of its own, for otherwise
//! whoever hangs up in the middle could change something and leave no entry. Rejected: an entry before the work and its
//! outcome after it, which is two writes, and an entry for everything that was never done.
//!
//! Refusals cost whoever asks nothing, and entries are kept for more than a year: of those that are alike, one a minute
//! leaves an entry.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use metrics::counter;
use tokio::sync::oneshot;

use plimsoll_domain::audit::{Actor, AuditEntry, is_refusal, leaves_entry, target};
use plimsoll_domain::ids::{AuditId, TenantId};
use plimsoll_runtime::masking::mask_path;
use plimsoll_store::StoreError;
use plimsoll_traces::{Context, FutureExt as _};

use crate::extract::RequestId;
use crate::openapi::operation_id;
use crate::state::ApiState;

/// More than a client is made to wait: what takes longer still is given up, and its entry has the status 503.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// Refusals of a key that are alike, and leave an entry, in a minute.
const REFUSALS: Quota = Quota::per_minute(NonZeroU32::MIN);
/// So many refusals may be remembered before those of long ago are forgotten.
const REMEMBERED: usize = 1_000;

/// Which refusals have left an entry within the minute: by whom, and of what.
pub(crate) struct Refusals(DefaultKeyedRateLimiter<(String, String)>);

impl Refusals {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(RateLimiter::keyed(REFUSALS))
    }

    /// Whether this one leaves an entry. One that does not is counted.
    fn leaves_entry(&self, actor: &Actor, action: &str) -> bool {
        let leaves = self.0.check_key(&(actor.id().to_owned(), action.to_owned())).is_ok();
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        if !leaves {
            counter!("plimsoll_audit_refusals_total", "role" => actor.role()).increment(1);
        }
        leaves
    }
}

/// What is noted of a request that may leave an entry. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<Facts>);

#[derive(Default)]
struct Facts {
    asked_by: OnceLock<Actor>,
    concerns: OnceLock<TenantId>,
    may_be_repeated: AtomicBool,
}

impl Noted {
    /// What is noted of the request; `None` where it leaves no entry anyway.
    pub(crate) fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().cloned()
    }

    /// Notes who asks.
    pub(crate) fn asked_by(&self, actor: Actor) {
        let _first = self.0.asked_by.set(actor);
    }

    /// Notes whose data is meant.
    pub(crate) fn concerns(&self, tenant: &TenantId) {
        let _first = self.0.concerns.set(tenant.clone());
    }

    /// Notes that the request is a creation with an `Idempotency-Key`: one that is carried out is 201, and one that finds
    /// everything done already is 200.
    pub(crate) fn may_be_repeated(&self) {
        self.0.may_be_repeated.store(true, Ordering::Relaxed);
    }
}

/// Carries out a request that may change something, and stores its entry before it is answered. An entry that cannot be
/// stored is logged and counted; the answer says what was done all the same.
pub(crate) async fn keep(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let asked = Asked::of(&request, &state);
    request.extensions_mut().insert(asked.noted.clone());
    let (tell, told) = oneshot::channel();
    let aborting = state.life.aborting().clone();
    let life = state.life.clone();
    let work = async move {
        let done = tokio::time::timeout(TIME_LIMIT, AssertUnwindSafe(next.run(request)).catch_unwind()).await;
        let done = done.unwrap_or_else(|_| Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()));
        if let Some(entry) = asked.entry(&state, done.as_ref().ok()) {
            store(&state, &entry).await;
        }
        // Nobody is told where the client has hung up, or has waited too long.
        let _told = tell.send(done);
    };
    let work = async move {
        tokio::select! {
            () = work => {}
            () = aborting.cancelled() => {}
        }
    };
    life.track(work.with_context(Context::current()));
    match told.await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// What is known of a request before it is carried out, and what is noted of it meanwhile.
struct Asked {
    action: String,
    path: String,
    request_id: Option<String>,
    client_ip: Option<IpAddr>,
    noted: Noted,
}

impl Asked {
    fn of(request: &Request, state: &ApiState) -> Self {
        let extensions = request.extensions();
        let route = extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Self {
            action: operation_id(request.method().as_str(), route),
            path: mask_path(request.uri().path()).into_owned(),
            request_id: extensions.get::<RequestId>().and_then(RequestId::as_str).map(str::to_owned),
            client_ip: peer.map(|peer| state.trusted_proxies.client(peer, request.headers())),
            noted: Noted::default(),
        }
    }

    /// The entry to be stored, if there is to be one. Without an answer, the handler panicked.
    fn entry(self, state: &ApiState, answer: Option<&Response>) -> Option<AuditEntry> {
        let facts = &self.noted.0;
        let status = answer.map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
        let is_repeated = status == StatusCode::OK && facts.may_be_repeated.load(Ordering::Relaxed);
        if is_repeated || !leaves_entry(status.as_u16()) {
            return None;
        }
        // Nobody who showed a key, or none whose doings are kept: no entry.
        let actor = facts.asked_by.get()?.clone();
        if is_refusal(status.as_u16()) && !state.refusals().leaves_entry(&actor, &self.action) {
            return None;
        }
        let created = answer.filter(|_| status.is_success()).and_then(|answer| answer.headers().get(LOCATION));
        let created = created.and_then(|path| path.to_str().ok());
        Some(AuditEntry {
            actor,
            id: AuditId::fresh(&*state.entropy),
            tenant: facts.concerns.get().cloned(),
            at: state.clock.now(),
            target: target(created.unwrap_or(&self.path)),
            action: self.action,
            status: status.as_u16(),
            request_id: self.request_id,
            trace_id: plimsoll_traces::current().map(|ids| ids.trace.to_string()),
            client_ip: self.client_ip,
        })
    }
}

async fn store(state: &ApiState, entry: &AuditEntry) {
    match state.store.append_audit_entry(entry).await {
        Ok(()) => counter!("plimsoll_audit_entries_total", "role" => entry.actor.role()).increment(1),
        Err(error) => {
            counter!("plimsoll_audit_failures_total").increment(1);
            tell(entry, &error);
        }
    }
}

/// Says everything that the entry would have said; the ids of the request and of its trace are on every line of it.
fn tell(entry: &AuditEntry, error: &StoreError) {
    tracing::error!(
        %error,
        audit_id = entry.id.as_str(),
        audit_tenant = entry.tenant.as_ref().map(TenantId::as_str),
        at = %entry.at,
        actor = entry.actor.id(),
        actor_name = entry.actor.name(),
        actor_role = entry.actor.role(),
        action = entry.action.as_str(),
        path = entry.target.as_str(),
        status = entry.status,
        client_ip = entry.client_ip.map(tracing::field::display),
        "an entry of the audit log could not be stored"
    );
}
