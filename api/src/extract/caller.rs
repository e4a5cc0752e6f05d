//! Who asks, and whether they may.
//!
//! A key is looked up by its hash and compared in constant time. A tenant that is not the caller's and a tenant that does
//! not exist get the same 404, so that nobody learns who else is here.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use metrics::counter;
use subtle::ConstantTimeEq;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::invalid::Invalid;
use plimsoll_domain::tenant::{ApiKey, Role, hash_key};

use crate::problem::Problem;
use crate::state::ApiState;

const TENANT_PARAM: &str = "tenant_id";
/// What the platform owner is called.
const ROOT: &str = "root";

/// A role, as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The role.
    const ROLE: Role;
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

    fn require(&self, needed: Role) -> Result<(), Problem> {
        match self {
            Self::Key(_, key) if !key.role.allows(needed) => {
                count("forbidden");
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
        tracing::Span::current().record("tenant_id", tenant.as_str());
        Ok(tenant)
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(AUTHORIZATION) else {
            return Err(refused("missing", "This needs an API key: send Authorization: Bearer plk_…"));
        };
        let Some(key) = header.to_str().ok().and_then(bearer) else {
            return Err(refused("malformed", "Authorization is not of the form Bearer plk_…"));
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
                _ => return Err(refused("unknown", "This API key is not known.")),
            }
        };
        count("ok");
        tracing::Span::current().record("user_id", caller.name());
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

pub(super) fn refused(result: &'static str, detail: &str) -> Problem {
    count(result);
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn count(result: &'static str) {
    counter!("plimsoll_auth_total", "result" => result).increment(1);
}

/// The platform owner, and nobody else.
pub(crate) struct Root;

impl FromRequestParts<ApiState> for Root {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Root => Ok(Self),
            Caller::Key(..) => {
                count("forbidden");
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
        caller.require(R::ROLE)?;
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
        match (wanted, &self.caller) {
            (Some(wanted), caller) => caller.enter(state, wanted).await,
            (None, Caller::Key(own, _)) => self.caller.enter(state, own.as_str()).await,
            (None, Caller::Root) => Err(Invalid::at(pointer, "expected a tenant: the root key belongs to none").into()),
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
        Ok(Self { caller: Caller::from_request_parts(parts, state).await?, role: PhantomData })
    }

    /// 403 unless the caller has the role.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.caller.require(R::ROLE)
    }
}

impl<R: Needs> FromRequestParts<ApiState> for Holder<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let holder = Self::unchecked(parts, state).await?;
        holder.check()?;
        Ok(holder)
    }
}
