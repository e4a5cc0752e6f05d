//! Bytes that are ready to be sent: compressed, tagged and with their headers made, once; a request only picks.
//!
//! Compressing in a middleware was rejected: it would do the same work for every reader.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use plimsoll_domain::time::Timestamp;

const PAGE_CACHE: &str = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400";
/// A private page is kept by the reader's own browser only, and asked for anew each time.
const PRIVATE_CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
const PRIVATE_FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const FOREVER: &str = "public, max-age=31536000, immutable";
const CALENDAR_CACHE: &str = "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400";
/// The one script is the one that renews the page: it stands in the page, and is known by its hash.
static PAGE_CSP: LazyLock<HeaderValue> = LazyLock::new(|| {
    header(&format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src '{}'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        crate::assets::REFRESH_HASH
    ))
});
const CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
/// A picture that somebody gave us: were it opened by itself, nothing in it would run or fetch anything.
const PICTURE_CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
const BROTLI_QUALITY: i32 = 5;
const BROTLI_WINDOW: i32 = 20;

/// What kind of answer it is: decides its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page that is renewed all the time.
    Page,
    /// A page that says that something is not there, or not now; a form, and what became of it.
    Refusal,
    /// JSON for anyone, from anywhere.
    Json,
    /// A problem in JSON.
    Problem,
    /// The stylesheet: its name changes with its content.
    Stylesheet,
    /// The icon: its name changes with its content.
    Icon,
    /// Incidents, in Atom.
    Atom,
    /// Incidents, in RSS 2.0.
    Rss,
    /// Incidents, as a JSON Feed.
    JsonFeed,
    /// Maintenance, as iCalendar.
    Calendar,
    /// What crawlers may read.
    Robots,
    /// The status as a small picture, for other people's pages.
    Badge,
}

impl Kind {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Page | Self::Refusal => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
            Self::Stylesheet => "text/css; charset=utf-8",
            Self::Icon | Self::Badge => "image/svg+xml",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::JsonFeed => "application/feed+json; charset=utf-8",
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::Robots => "text/plain; charset=utf-8",
        }
    }

    const fn cache(self) -> &'static str {
        match self {
            Self::Page | Self::Json | Self::Atom | Self::Rss | Self::JsonFeed | Self::Badge | Self::Robots => {
                PAGE_CACHE
            }
            Self::Refusal | Self::Problem => "no-store",
            Self::Stylesheet | Self::Icon => FOREVER,
            Self::Calendar => CALENDAR_CACHE,
        }
    }

    /// Whether it is worded in the reader's language.
    const fn is_worded(self) -> bool {
        !matches!(self, Self::Json | Self::Problem | Self::Stylesheet | Self::Icon | Self::Robots)
    }

    /// Whether pages of others may read it.
    const fn is_shared(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Problem | Self::Atom | Self::Rss | Self::JsonFeed | Self::Calendar | Self::Badge
        )
    }

    fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache()));
        let vary = if self.is_worded() { "accept-encoding, accept-language" } else { "accept-encoding" };
        headers.insert(VARY, HeaderValue::from_static(vary));
        let csp = match self {
            Self::Page | Self::Refusal => PAGE_CSP.clone(),
            Self::Icon | Self::Badge => PICTURE_CSP,
            _ => CSP,
        };
        headers.insert(CONTENT_SECURITY_POLICY, csp);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        if self.is_shared() {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        headers
    }
}

/// What an answer of this kind may run and fetch.
pub(crate) fn policy(kind: Kind) -> String {
    let headers = kind.headers();
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    policy.unwrap_or_default().to_owned()
}

/// Who is answered: decides who may keep the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anybody.
    Everybody,
    /// Whoever has shown a link in this very request: pages of others that know it may read the answer.
    Bearer,
    /// Somebody who was let in before, or comes from a certain network.
    Insider,
}

/// One representation: its bytes and all its headers.
#[derive(Clone, Debug)]
struct Variant {
    headers: HeaderMap,
    etag: HeaderValue,
    body: Bytes,
}

/// An answer in every encoding that is offered.
#[derive(Debug)]
pub(crate) struct Rendered {
    status: StatusCode,
    plain: Variant,
    gzip: Variant,
    brotli: Variant,
}

impl Rendered {
    /// Makes `body` ready; `at` is when it came to say what it says.
    pub(crate) fn new(kind: Kind, status: StatusCode, body: String, at: Option<Timestamp>) -> Self {
        let tag = blake3::hash(body.as_bytes()).to_hex();
        Self::tagged(kind, status, body, at, &format!("\"{}", &tag[..20]))
    }

    /// JSON that is the same in meaning whenever `meaning` is the same, though its age moves: its tag is a weak one.
    pub(crate) fn json(body: String, meaning: &[u8], at: Timestamp) -> Self {
        let tag = blake3::hash(meaning).to_hex();
        Self::tagged(Kind::Json, StatusCode::OK, body, Some(at), &format!("W/\"{}", &tag[..20]))
    }

    fn tagged(kind: Kind, status: StatusCode, body: String, at: Option<Timestamp>, tag: &str) -> Self {
        let mut headers = kind.headers();
        if let Some(at) = at {
            let date = at.format("%a, %d %b %Y %H:%M:%S GMT");
            headers.insert(LAST_MODIFIED, header(&date));
        }
        let variant = |encoding: Option<&'static str>, body: Vec<u8>| {
            let etag = header(&format!("{tag}{}\"", encoding.map(|name| format!("-{name}")).unwrap_or_default()));
            let mut headers = headers.clone();
            if let Some(encoding) = encoding {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            headers.insert(ETAG, etag.clone());
            Variant { headers, etag, body: body.into() }
        };
        Self {
            status,
            gzip: variant(Some("gzip"), gzip(body.as_bytes())),
            brotli: variant(Some("br"), brotli(body.as_bytes())),
            plain: variant(None, body.into_bytes()),
        }
    }

    /// A picture that a tenant gave, or another file that is what it is for ever; `private`: not for everybody.
    pub(crate) fn picture(media_type: &'static str, bytes: &[u8]) -> Self {
        let mut headers = Kind::Icon.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.remove(VARY);
        let tag = format!("\"{}\"", &blake3::hash(bytes).to_hex()[..20]);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        headers.insert(ETAG, header(&tag));
        let only = Variant { headers, etag: header(&tag), body: Bytes::copy_from_slice(bytes) };
        Self { status: StatusCode::OK, gzip: only.clone(), brotli: only.clone(), plain: only }
    }

    /// Its bytes as they are, for a copy in files.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.plain.body
    }

    /// How many bytes it takes to hold it.
    pub(crate) fn weight(&self) -> usize {
        self.plain.body.len() + self.gzip.body.len() + self.brotli.body.len() + 2_048
    }

    /// The answer to a request with these headers: a body, or 304.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Response {
        let variant = match wanted(request.get(ACCEPT_ENCODING)) {
            Encoding::Brotli => &self.brotli,
            Encoding::Gzip => &self.gzip,
            Encoding::Identity => &self.plain,
        };
        if self.status == StatusCode::OK && variant.is_known(request) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = variant.headers.clone();
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().remove(CONTENT_ENCODING);
            return response;
        }
        let mut response = Response::new(Body::from(variant.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = variant.headers.clone();
        response
    }

    /// The answer to somebody of this audience.
    pub(crate) fn answer_to(&self, audience: Audience, request: &HeaderMap) -> Response {
        let mut response = self.answer(request);
        if audience != Audience::Everybody {
            keep_private(response.headers_mut(), audience);
        }
        response
    }
}

fn keep_private(headers: &mut HeaderMap, audience: Audience) {
    let held = headers.get(CACHE_CONTROL).map(HeaderValue::as_bytes);
    if held == Some(FOREVER.as_bytes()) {
        headers.insert(CACHE_CONTROL, PRIVATE_FOREVER);
    } else if held != Some(b"no-store") {
        headers.insert(CACHE_CONTROL, PRIVATE_CACHE);
    }
    if audience == Audience::Insider {
        // Whoever is inside by its network would hand the page to every page it looks at.
        headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    }
    headers.append(VARY, HeaderValue::from_static("cookie"));
}

impl Variant {
    fn is_known(&self, request: &HeaderMap) -> bool {
        if let Some(held) = request.get(IF_NONE_MATCH) {
            let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            let own = self.etag.to_str().map(opaque).unwrap_or_default();
            return held.to_str().is_ok_and(|held| held.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == own));
        }
        // Only what we said ourselves is compared, to the letter: no dates are parsed.
        request.get(IF_MODIFIED_SINCE).is_some_and(|held| self.headers.get(LAST_MODIFIED) == Some(held))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

/// The smallest encoding that the reader takes.
fn wanted(accepted: Option<&HeaderValue>) -> Encoding {
    let Some(accepted) = accepted.and_then(|value| value.to_str().ok()) else { return Encoding::Identity };
    let mut best = Encoding::Identity;
    for part in accepted.split(',') {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse().unwrap_or(0.0_f32));
        if weight <= 0.0 {
            continue;
        }
        match name.trim() {
            "br" => return Encoding::Brotli,
            "gzip" => best = Encoding::Gzip,
            _ => {}
        }
    }
    best
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tags and dates are plain ASCII")
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let params =
        brotli::enc::BrotliEncoderParams { quality: BROTLI_QUALITY, lgwin: BROTLI_WINDOW, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &body[..], &mut out, &params).expect("writing to memory does not fail");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_accepted_encoding_is_picked() {
        let pick = |text: &'static str| wanted(Some(&HeaderValue::from_static(text)));
        assert_eq!(pick("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(pick("gzip;q=1.0, br;q=0"), Encoding::Gzip);
        assert_eq!(pick("deflate"), Encoding::Identity);
        assert_eq!(wanted(None), Encoding::Identity);
    }
}
