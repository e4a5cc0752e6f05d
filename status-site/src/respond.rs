//! Bytes that are ready to be sent: compressed, tagged and with their headers made, once; a request only picks.
//!
//! Compressing in a middleware was rejected: it would do the same work for every reader.

use std::io::Write;

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
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";
const BROTLI_QUALITY: i32 = 5;
const BROTLI_WINDOW: i32 = 20;

/// What kind of answer it is: decides its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page that is renewed all the time.
    Page,
    /// A page that says that something is not there, or not now.
    Refusal,
    /// JSON for anyone, from anywhere.
    Json,
    /// A problem in JSON.
    Problem,
    /// The stylesheet: its name changes with its content.
    Stylesheet,
    /// The icon: its name changes with its content.
    Icon,
}

impl Kind {
    fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(12);
        let (content_type, cache) = match self {
            Self::Page => ("text/html; charset=utf-8", PAGE_CACHE),
            Self::Refusal => ("text/html; charset=utf-8", "no-store"),
            Self::Json => ("application/json", PAGE_CACHE),
            Self::Problem => ("application/problem+json", "no-store"),
            Self::Stylesheet => ("text/css; charset=utf-8", "public, max-age=31536000, immutable"),
            Self::Icon => ("image/svg+xml", "public, max-age=31536000, immutable"),
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        if matches!(self, Self::Json | Self::Problem) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        headers
    }
}

/// One representation: its bytes and all its headers.
#[derive(Debug)]
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
