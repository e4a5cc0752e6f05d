//! Pages under names of their own.
//!
//! A request for such a name is taken before any route is: its path is put below `/s/{slug}`, so that `/incidents` there is
//! the page's, and nothing else that this process serves can be reached under a tenant's name. That it is done before the
//! router and not in a fallback is the point: otherwise the API would answer first.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::header::HOST;
use axum::http::uri::{Authority, PathAndQuery};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::future::Either;
use plimsoll_domain::ids::TenantId;
use tower::Service;

use crate::site::Site;
use crate::tenants::Look;

const SEEN_TO_MILLIS: i64 = 1_000;

/// In a request's extensions: the name that the page was asked for under.
#[derive(Clone, Debug)]
pub(crate) struct OwnHost(pub(crate) Arc<str>);

/// `router`, with the pages of `site` under the names that their tenants have proven. The name in
/// [`SiteSettings::public_url`](crate::SiteSettings::public_url) is no tenant's, nor is an address or a name without a dot.
pub fn by_host(router: Router, site: &Arc<Site>) -> ByHost {
    let own = site.settings.public_url.parse::<Uri>().ok();
    let own = own.as_ref().and_then(|uri| uri.host()).unwrap_or_default().to_ascii_lowercase();
    ByHost { router, site: Arc::clone(site), own: own.into() }
}

/// An answer for which it must be found out first which names there are.
type Later = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// A whole server's routes, with pages under names of their own in front.
#[derive(Clone)]
pub struct ByHost {
    router: Router,
    site: Arc<Site>,
    own: Arc<str>,
}

impl From<ByHost> for Router {
    fn from(service: ByHost) -> Self {
        Self::new().fallback_service(service)
    }
}

impl Service<Request> for ByHost {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, Later>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(name) = self.foreign_name(&request) else { return Either::Left(self.router.call(request)) };
        if let Ok(tenant) = self.site.tenants.of_host(&name) {
            self.site.see_to_hosts();
            return Either::Left(self.router.call(below(request, tenant.as_ref(), &name)));
        }
        let (site, mut router) = (Arc::clone(&self.site), self.router.clone());
        Either::Right(Box::pin(async move {
            site.learn_hosts().await;
            let tenant = site.tenants.of_host(&name).ok().flatten();
            router.call(below(request, tenant.as_ref(), &name)).await
        }))
    }
}

impl ByHost {
    /// The name that is asked for, in lower case, if it may be a tenant's.
    fn foreign_name(&self, request: &Request) -> Option<String> {
        let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map(Authority::as_str).or_else(header)?;
        let name = without_port(host).trim_end_matches('.');
        let may_be = name.contains('.') && !name.eq_ignore_ascii_case(&self.own) && name.parse::<IpAddr>().is_err();
        may_be.then(|| name.to_ascii_lowercase())
    }
}

impl Site {
    /// Reads again in the background which names there are, when that is over a second ago.
    fn see_to_hosts(self: &Arc<Self>) {
        let (now, seen) = (self.now().millis(), self.hosts_seen_at.load(Ordering::Relaxed));
        let is_due = (now - seen).abs() >= SEEN_TO_MILLIS;
        if !is_due || self.hosts_seen_at.compare_exchange(seen, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let site = Arc::clone(self);
        self.tasks.spawn(async move { site.listed(Look::AtAll).await });
    }

    /// Whether `name` is one that a page stands under: whoever asks may have a certificate made for it.
    pub(crate) async fn is_own_name(self: &Arc<Self>, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.learn_hosts().await;
        let is_known = |site: &Self| matches!(site.tenants.of_host(&name), Ok(Some(_)));
        if is_known(self) {
            return true;
        }
        // One that was proven a moment ago.
        self.listed(Look::ForNobody).await;
        is_known(self)
    }
}

/// `request`, below the page of `tenant` if there is one under that name.
fn below(mut request: Request, tenant: Option<&TenantId>, name: &str) -> Request {
    let Some(tenant) = tenant else { return request };
    // By HTTP/2 this alone says what was asked for.
    if let Some(authority) = request.uri().authority().and_then(|authority| authority.as_str().parse().ok()) {
        request.headers_mut().insert(HOST, authority);
    }
    let path = request.uri().path();
    if path.starts_with("/assets/") {
        return request;
    }
    let slash = if path == "*" { "/" } else { "" };
    let path = if path == "/" { "" } else { path };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let below = PathAndQuery::try_from(format!("/s/{tenant}{slash}{path}{query}"));
    // What grew too long must not be left as it was: it would be taken for a path of the API.
    let nowhere = || PathAndQuery::try_from(format!("/s/{tenant}/-")).expect("a slug is plain ASCII");
    *request.uri_mut() = Uri::from(below.unwrap_or_else(|_| nowhere()));
    request.extensions_mut().insert(OwnHost(name.into()));
    request
}

fn without_port(host: &str) -> &str {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (host, name) in [
            ("status.example.org", "status.example.org"),
            ("status.example.org:8443", "status.example.org"),
            ("status.example.org:", "status.example.org"),
            ("[::1]:80", "[::1]"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }
}
