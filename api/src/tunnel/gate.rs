//! Who may send: the first line of an envelope against the apps there are, the page's origin, and the limits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, ORIGIN, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

use plimsoll_domain::frontend::{Counted, EnvelopeHeader, rate_limits, retry_after_seconds};

use super::apps::Entrance;
use super::decoding::Encoding;
use super::headers::X_SENTRY_RATE_LIMITS;
use super::live::{Limited, LiveApp};
use super::meter::Refusal;
use super::passage::{Passage, PassageError};
use super::{Tunnel, cors, relay};
use crate::problem::Problem;

/// For the whole of it: what the client sends, and what Sentry answers.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);
/// Leave to decode with a large window is for those who send, and not for those who hold it: so long for it, and for the
/// first line after that.
const SOON: Duration = Duration::from_secs(5);

/// Who sends an envelope, once that is known.
pub(crate) struct Sender {
    pub(crate) live: Arc<LiveApp>,
    /// The headers it came with.
    pub(crate) headers: HeaderMap,
    /// The address of the connection it came by.
    pub(crate) peer: IpAddr,
    /// The event that is answered with.
    pub(crate) event_id: Option<String>,
    pub(crate) deadline: Instant,
}

/// Passes an envelope on that came in at `entrance`. `client` is who sent it, `peer` the address it came by.
pub(crate) async fn enter(
    tunnel: &Tunnel,
    entrance: Entrance<'_>,
    request: Request,
    (client, peer): (IpAddr, IpAddr),
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match pass(tunnel, entrance, request, (client, peer)).await {
        Ok(response) => response,
        Err(refused) => {
            tunnel.figures.rejected.increment(1);
            refused.into_response()
        }
    };
    if let Some(origin) = &origin
        && !response.headers().contains_key(axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN)
        && let Ok(text) = origin.to_str()
        && tunnel.apps.at(entrance, |gate| gate.permits(text)) == Some(true)
    {
        cors::allow(&mut response, origin);
    }
    response
}

async fn pass(
    tunnel: &Tunnel,
    entrance: Entrance<'_>,
    request: Request,
    (client, peer): (IpAddr, IpAddr),
) -> Result<Response, Problem> {
    let deadline = Instant::now() + WITHIN;
    let (mut parts, body) = request.into_parts();
    name_host(&mut parts);
    let encoding = Encoding::of(&parts.headers).ok_or_else(unknown_encoding)?;
    if declared(&parts.headers).is_some_and(|length| length > tunnel.settings.max_bytes) {
        return Err(refused(Refusal::TooLarge, tunnel));
    }
    let leave = if encoding.is_wide() { Some(leave(tunnel).await?) } else { None };
    let line_within = if encoding.is_wide() { Instant::now() + SOON } else { deadline };
    let passage = Passage::new(body, encoding, leave, &tunnel.settings);
    let response = match identify(tunnel, entrance, &passage, line_within).await {
        Ok((live, event_id)) => {
            let sender = Sender { live, headers: parts.headers, peer, event_id, deadline };
            Ok(admit(tunnel, sender, passage.clone(), client).await)
        }
        Err(problem) => Err(problem),
    };
    if response.is_err() || passage.refusal().is_some() {
        passage.discard().await;
    }
    response
}

/// Whose an envelope is, by its first line, and the event in it.
async fn identify(
    tunnel: &Tunnel,
    entrance: Entrance<'_>,
    passage: &Passage,
    within: Instant,
) -> Result<(Arc<LiveApp>, Option<String>), Problem> {
    let read = timeout_at(within, passage.first_line()).await.map_err(|_| late())?;
    let first = read.map_err(|error| stopped(&error, tunnel))?;
    let header = EnvelopeHeader::read(&first).map_err(|error| bad(&error.to_string()))?;
    let dsn =
        header.dsn.as_deref().ok_or_else(|| bad("the envelope's header has no dsn: set the SDK's option tunnel"))?;
    let live = tunnel.apps.by_dsn(entrance, dsn).await?.ok_or_else(unknown_dsn)?;
    plimsoll_traces::say_tenant(live.tenant.as_str());
    Ok((live, header.event_id()))
}

/// Passes on what came from a page or a client that may send for the app, within its limits.
pub(crate) async fn admit(tunnel: &Tunnel, sender: Sender, passage: Passage, client: IpAddr) -> Response {
    let origin = sender.headers.get(ORIGIN).cloned();
    if !page_may_read(tunnel, &sender.live, &sender.headers) {
        tunnel.figures.rejected.increment(1);
        passage.discard().await;
        let detail = "This page's origin is not one of the app's allowed_origins.";
        return Problem::forbidden(detail).into_response();
    }
    let mut response = match sender.live.pass(client) {
        Ok(()) => relay(tunnel, sender, passage).await,
        Err(limited) => {
            tunnel.figures.rate_limited.increment(1);
            sender.live.tally.count(Counted::EnvelopesRateLimited, tunnel.clock.now());
            passage.discard().await;
            too_many(limited)
        }
    };
    if let Some(origin) = &origin {
        cors::allow(&mut response, origin);
    }
    response
}

/// Whether the page that asks may hear of `live`, as far as a browser is concerned.
pub(crate) fn page_may_read(tunnel: &Tunnel, live: &LiveApp, headers: &HeaderMap) -> bool {
    let permits = |origin| cors::permits(&live.app, origin, headers, &tunnel.settings.public_url);
    cors::origin_of(headers).is_none_or(permits)
}

/// Whether the page that asks may send at `entrance`, for whichever app: a preflight does not say which.
pub(crate) fn preflight_permits(tunnel: &Tunnel, entrance: Entrance<'_>, headers: &HeaderMap) -> bool {
    let Some(origin) = cors::origin_of(headers) else { return false };
    let is_own = cors::is_own(origin, headers, &tunnel.settings.public_url);
    tunnel.apps.at(entrance, |gate| gate.permits(origin) || (is_own && gate.takes_own)) == Some(true)
}

/// Over HTTP/2 the host stands elsewhere.
fn name_host(parts: &mut Parts) {
    let authority = parts.uri.authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    if let (None, Some(authority)) = (parts.headers.get(HOST), authority) {
        parts.headers.insert(HOST, authority);
    }
}

async fn leave(tunnel: &Tunnel) -> Result<OwnedSemaphorePermit, Problem> {
    let leave = timeout(SOON, Arc::clone(&tunnel.wide).acquire_owned()).await;
    leave.ok().and_then(Result::ok).ok_or_else(busy)
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// In Sentry's own terms, which SDKs heed.
fn too_many(limited: Limited) -> Response {
    let seconds = retry_after_seconds(limited.wait);
    let detail = format!("Too many envelopes ({}): wait {seconds} s.", limited.reason);
    let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, seconds.into());
    let limits = HeaderValue::try_from(rate_limits(seconds, limited.reason)).expect("digits and names");
    headers.insert(X_SENTRY_RATE_LIMITS, limits);
    response
}

/// Why an envelope of which nothing is known yet went no further.
fn stopped(error: &PassageError, tunnel: &Tunnel) -> Problem {
    match error {
        PassageError::Refused(refusal) => refused(*refusal, tunnel),
        PassageError::Cut => bad("the client sent no more"),
    }
}

/// A refusal, as a problem.
pub(super) fn refused(refusal: Refusal, tunnel: &Tunnel) -> Problem {
    let settings = &tunnel.settings;
    let (status, detail) = match refusal {
        Refusal::Undecodable => (StatusCode::BAD_REQUEST, format!("Not an envelope: {refusal}.")),
        Refusal::EndlessLine => (StatusCode::PAYLOAD_TOO_LARGE, format!("Not an envelope: {refusal}.")),
        Refusal::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("An envelope may have {} bytes.", settings.max_bytes))
        }
        Refusal::TooLargeDecoded => {
            let most = settings.max_decompressed_bytes;
            (StatusCode::PAYLOAD_TOO_LARGE, format!("An envelope may have {most} bytes once it is decompressed."))
        }
    };
    Problem::new(status, detail)
}

fn bad(why: &str) -> Problem {
    Problem::bad_request(format!("Not an envelope: {why}."))
}

fn unknown_dsn() -> Problem {
    Problem::forbidden("The envelope's dsn is not one that envelopes are taken for here.")
}

fn unknown_encoding() -> Problem {
    let detail = "Expected Content-Encoding to be one of identity, gzip, deflate, br and zstd.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

pub(super) fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The envelope did not arrive in time.")
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many compressed envelopes are being read: try again.")
}
