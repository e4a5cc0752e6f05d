//! Who is let in to a private page, by what they show: an address, a cookie, a link.
//!
//! Whoever is not let in is answered as if there were no such page, to the byte: that is for the routes, which know no
//! difference between the two.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use plimsoll_domain::page::{PageConfig, Pass, PassKind, pass};
use plimsoll_domain::sealing::Sealer;
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_runtime::client_address::TrustedProxies;

use crate::respond::Audience;
use crate::scene::Place;

/// The cookie of whoever was let in.
const COOKIE_NAME: &str = "plimsoll_page";
/// How long it is good.
const COOKIE_LASTS: Span = Span::days(7);
/// Cookies of this name that are looked at: more than one comes only from somebody who tries something.
const MAX_COOKIES: usize = 4;

/// By what somebody was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// By nothing that stands in the request's path.
    Plain(Audience),
    /// By a link that was shown in this request.
    Link(Pass),
}

impl Entry {
    /// Who is answered.
    pub(crate) const fn audience(&self) -> Audience {
        match self {
            Self::Plain(audience) => *audience,
            Self::Link(_) => Audience::Bearer,
        }
    }
}

/// How the site tells who asks.
pub(crate) struct Doorman<'a> {
    /// Opens what was sealed.
    pub(crate) sealer: &'a dyn Sealer,
    /// Whose word about the client is taken.
    pub(crate) proxies: &'a TrustedProxies,
    /// The present instant.
    pub(crate) now: Timestamp,
}

impl Doorman<'_> {
    /// Whether the sender of this request sees the page; `token` is the link it shows, if any.
    pub(crate) fn entry(&self, page: &PageConfig, request: &Parts, token: Option<&str>) -> Option<Entry> {
        if !page.access.private {
            return Some(Entry::Plain(Audience::Everybody));
        }
        let opened = |text: &str| {
            let pass = pass::open(self.sealer, &page.tenant, text)?;
            pass.lets_in(&page.access, self.now).then_some(pass)
        };
        if let Some(pass) = token.and_then(opened) {
            return Some(Entry::Link(pass));
        }
        let is_in = page.access.is_open_to(client(self.proxies, request))
            || cookies(&request.headers).any(|cookie| opened(cookie).is_some());
        is_in.then_some(Entry::Plain(Audience::Insider))
    }

    /// The cookie of whoever has shown a link, or the password (`None`), of the page that stands at `place`.
    pub(crate) fn cookie(&self, page: &PageConfig, place: &Place, shown: Option<&Pass>) -> HeaderValue {
        let longest = self.now.plus(COOKIE_LASTS);
        let until = shown.and_then(|pass| pass.until).map_or(longest, |until| until.min(longest));
        let kind = shown.map_or(PassKind::Password, |pass| pass.kind.clone());
        let token = pass::seal(self.sealer, &page.tenant, &Pass { kind, epoch: page.access.epoch, until: Some(until) });
        let path = if place.base.is_empty() { "/" } else { &place.base };
        let secure = if place.url.starts_with("https://") { "; Secure" } else { "" };
        let seconds = until.millis_since(self.now).max(0) / 1_000;
        let text = format!("{COOKIE_NAME}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).expect("a token and a slug are plain ASCII")
    }
}

/// Who the request is from.
pub(crate) fn client(proxies: &TrustedProxies, request: &Parts) -> IpAddr {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    proxies.client(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), &request.headers)
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value).take(MAX_COOKIES)
}
