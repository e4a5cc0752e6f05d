//! Forms that the page of another site sends.
//!
//! Whoever is let in by where they come from is let in with whatever their browser sends, also when a page elsewhere makes
//! it send that; so what changes something is taken only from pages of our own. Browsers say where a form was: all of them
//! by `Origin`, and newer ones by `Sec-Fetch-Site`, which no page can forge and no proxy rewrites. What says neither is no
//! browser, and holds what it was given itself. Tokens in forms were rejected: they need a cookie before the first form.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::Served;
use super::status::problem;

/// Answers 403 to whatever a browser sends for another site.
pub(super) async fn guard(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let host = request.uri().authority().map(Authority::as_str);
    if request.method() == Method::POST && is_crossing(request.headers(), host, &served.site.settings.public_url) {
        return problem(StatusCode::FORBIDDEN, "this was sent from the page of another site");
    }
    next.run(request).await
}

fn is_crossing(headers: &HeaderMap, authority: Option<&str>, public_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return true };
    let host = authority.or_else(|| headers.get(HOST)?.to_str().ok()).unwrap_or_default();
    // In the scheme of where it was, for a proxy may have taken off the TLS: then both ports are those that go without saying.
    let asked = Url::parse(&format!("{}://{host}", origin.scheme()));
    let public = Url::parse(public_url);
    ![asked, public].into_iter().flatten().any(|own| own.host().is_some() && own.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(headers: &[(&'static str, &str)], authority: Option<&str>) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::from_static(name);
            (name, value.parse().expect("visible ASCII"))
        });
        is_crossing(&headers.collect(), authority, "https://status.example.org/")
    }

    #[test]
    fn what_a_browser_says_comes_from_elsewhere_is_told_from_what_does_not() {
        let host = ("host", "status.acme.example:8443");
        for (said, expected) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://status.acme.example:8443")], true),
            (&[("origin", "https://status.acme.example:8443")], false),
            (&[("origin", "http://STATUS.acme.example:8443")], false),
            (&[("origin", "https://status.acme.example")], true),
            (&[("origin", "https://acme.example:8443")], true),
            (&[("origin", "https://status.acme.example:8443.evil.example")], true),
            (&[("origin", "https://status.example.org")], false),
            (&[("origin", "http://status.example.org")], true),
            (&[("origin", "null")], true),
            (&[("origin", "")], true),
        ] {
            let headers: Vec<_> = [host].into_iter().chain(said.iter().copied()).collect();
            assert_eq!(crossing(&headers, None), expected, "{said:?}");
        }
        let origin = ("origin", "https://status.acme.example");
        assert!(!crossing(&[origin, ("host", "status.acme.example:443")], None), "a port that goes without saying");
        assert!(!crossing(&[origin, ("host", "evil.example")], Some("status.acme.example")), "by HTTP/2");
        assert!(crossing(&[origin], None), "no host at all");
    }
}
