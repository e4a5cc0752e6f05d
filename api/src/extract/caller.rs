//! Who asks, and whether they may.
//!
//! A key is looked up by its hash and compared in constant time. A tenant that is not the caller's and a tenant that does
//! not exist get the same 404, so that nobody learns who else is here.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use plimsoll_traces::KeyValue;
use subtle::ConstantTimeEq;

use plimsoll_domain::audit::{Actor, ROOT};
use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::tenant::{ApiKey, Role, hash_key};

use super::verdict::Verdict;
use crate::audit::Noted;
use crate::problem::Problem;
use crate::state::ApiState;

const TENANT_PARAM: &str = "tenant_id";

/// A role, as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The role.
    const ROLE: Role;
    /// Whether what is done by it is to be found in the audit log: what people do, and not what machines push.
    const IS_AUDITED: bool = matches!(Self::ROLE, Role::Admin | Role::Operator);
}

/// Configures.
pub(crate) struct Admin;
/// Handles incidents and maintenance.
pub(crate) struct Operator;
/// Pushes samples.
pub(crate) struct Ingest;
/// Reads.
pub(crate) struct Viewer;

impl Needs for Admin {
    const ROLE: Role = Role::Admin;
}
impl Needs for Operator {
    const ROLE: Role = Role::Operator;
}
impl Needs for Ingest {
    const ROLE: Role = Role::Ingest;
}
impl Needs for Viewer {
    const ROLE: Role = Role::Viewer;
}

/// Somebody who showed a good key.
pub(crate) enum Caller {
    /// The platform owner.
    Root,
    /// A key of a tenant.
    Key(TenantId, ApiKey),
}

impl Caller {
    /// What the caller is called in timelines and logs.
    fn name(&self) -> &str {
        match self {
            Self::Root => ROOT,
            Self::Key(_, key) => &key.name,
        }
    }

    /// Notes who asks, where the request may leave an entry in the audit log.
    fn note(&self, parts: &Parts) -> Option<Noted> {
        let noted = Noted::of(parts)?;
        match self {
            Self::Root => noted.asked_by(Actor::Root),
            Self::Key(own, key) => {
                noted.asked_by(key.into());
                noted.concerns(own);
            }
        }
        Some(noted)
    }

    fn require(&self, needed: Role, state: &ApiState) -> Result<(), Problem> {
        match self {
            Self::Key(_, key) if !key.role.allows(needed) => {
                state.verdicts().count(Verdict::Forbidden);
                Err(Problem::forbidden(format!("This needs a key of role {needed}; yours is of role {}.", key.role)))
            }
            _ => Ok(()),
        }
    }

    /// `wanted`, if it is there and the caller's.
    async fn enter(&self, state: &ApiState, wanted: &str) -> Result<TenantId, Problem> {
        let unknown = || Problem::not_found("tenant");
        let tenant: TenantId = wanted.parse().map_err(|_| unknown())?;
        let known = match self {
            Self::Root => state.store.tenant(&tenant).await?.is_some(),
            Self::Key(own, _) => own == &tenant,
        };
        if !known {
            return Err(unknown());
        }
        plimsoll_traces::say_tenant(tenant.as_str());
        plimsoll_traces::note(|| vec![KeyValue::new("plimsoll.tenant_id", tenant.to_string())]);
        state.tenant_requests.count(&tenant);
        Ok(tenant)
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(AUTHORIZATION) else {
            return Err(refused(state, Verdict::Missing, "This needs an API key: send Authorization: Bearer plk_…"));
        };
        let Some(key) = header.to_str().ok().and_then(bearer) else {
            return Err(refused(state, Verdict::Malformed, "Authorization is not of the form Bearer plk_…"));
        };
        Self::of_key(key, state).await
    }
}

impl Caller {
    /// Whoever has this key.
    pub(super) async fn of_key(key: &str, state: &ApiState) -> Result<Self, Problem> {
        let hash = hash_key(key);
        let caller = if same(&hash, &state.root_key_hash) {
            Self::Root
        } else {
            match state.store.key_across_tenants(&hash).await? {
                Some((tenant, kept)) if same(&hash, &kept.hash) => Self::Key(tenant, kept),
                _ => return Err(refused(state, Verdict::Unknown, "This API key is not known.")),
            }
        };
        state.verdicts().count(Verdict::Ok);
        plimsoll_traces::say_user(caller.name());
        Ok(caller)
    }
}

pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()).filter(|key| !key.is_empty())
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

pub(super) fn refused(state: &ApiState, verdict: Verdict, detail: &str) -> Problem {
    state.verdicts().count(verdict);
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

/// The platform owner, and nobody else.
pub(crate) struct Root;

impl FromRequestParts<ApiState> for Root {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.note(parts);
        match caller {
            Caller::Root => Ok(Self),
            Caller::Key(..) => {
                state.verdicts().count(Verdict::Forbidden);
                Err(Problem::forbidden("This needs the platform owner's root key."))
            }
        }
    }
}

/// Leave to do what needs role `R` in the tenant that the path names.
pub(crate) struct Scoped<R> {
    /// That tenant; it exists.
    pub(crate) tenant: TenantId,
    caller: Caller,
    role: PhantomData<R>,
}

impl<R: Needs> Scoped<R> {
    /// Whether the platform owner asks.
    pub(crate) const fn is_root(&self) -> bool {
        matches!(self.caller, Caller::Root)
    }

    /// What the caller is called in timelines.
    pub(crate) fn name(&self) -> &str {
        self.caller.name()
    }

    /// The tenant, and what the caller is called in timelines.
    pub(crate) fn into_parts(self) -> (TenantId, String) {
        let name = match self.caller {
            Caller::Root => ROOT.to_owned(),
            Caller::Key(_, key) => key.name,
        };
        (self.tenant, name)
    }

    /// Leave for `caller`, in the tenant that the path names.
    pub(super) async fn of(caller: Caller, parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found("tenant"))?;
        let wanted = params.iter().find(|(name, _)| *name == TENANT_PARAM).map(|(_, value)| value);
        let tenant = caller.enter(state, wanted.expect("the path has a tenant_id")).await?;
        if R::IS_AUDITED
            && let Some(noted) = caller.note(parts)
        {
            noted.concerns(&tenant);
        }
        caller.require(R::ROLE, state)?;
        Ok(Self { tenant, caller, role: PhantomData })
    }
}

impl<R: Needs> FromRequestParts<ApiState> for Scoped<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        Self::of(Caller::from_request_parts(parts, state).await?, parts, state).await
    }
}

/// A caller of role `R`, where the path names no tenant.
pub(crate) struct Holder<R> {
    caller: Caller,
    noted: Option<Noted>,
    role: PhantomData<R>,
}

impl<R: Needs> Holder<R> {
    /// What the caller is called in timelines.
    pub(crate) fn name(&self) -> &str {
        self.caller.name()
    }

    /// The tenant meant by a request that may name one: the caller's own; root must name one. `pointer` says where.
    pub(crate) async fn tenant(
        &self,
        state: &ApiState,
        wanted: Option<&str>,
        pointer: &str,
    ) -> Result<TenantId, Problem> {
        let tenant = match (wanted, &self.caller) {
            (Some(wanted), caller) => caller.enter(state, wanted).await?,
            (None, Caller::Key(own, _)) => self.caller.enter(state, own.as_str()).await?,
            (None, Caller::Root) => {
                return Err(Invalid::at(pointer, "expected a tenant: the root key belongs to none").into());
            }
        };
        self.concerns(&tenant);
        Ok(tenant)
    }

    /// Notes whose data is meant, where the request may leave an entry in the audit log.
    pub(crate) fn concerns(&self, tenant: &TenantId) {
        if let Some(noted) = &self.noted {
            noted.concerns(tenant);
        }
    }

    /// Whether this caller may know of what belongs to `tenant`.
    pub(crate) fn may_enter(&self, tenant: &TenantId) -> bool {
        match &self.caller {
            Caller::Root => true,
            Caller::Key(own, _) => own == tenant,
        }
    }

    /// The caller's authority is checked only here, so that what is not theirs can be a 404 before it is a 403.
    pub(crate) async fn unchecked(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let noted = if R::IS_AUDITED { caller.note(parts) } else { None };
        Ok(Self { caller, noted, role: PhantomData })
    }

    /// 403 unless the caller has the role.
    pub(crate) fn check(&self, state: &ApiState) -> Result<(), Problem> {
        self.caller.require(R::ROLE, state)
    }
}

impl<R: Needs> FromRequestParts<ApiState> for Holder<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let holder = Self::unchecked(parts, state).await?;
        holder.check(state)?;
        Ok(holder)
    }
}
