//! To Sentry and back. What Sentry answers is what the client hears, its limits included; where there is no answer, or one
//! that says that Sentry is not well, the envelope is put aside and the client need not know.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::{Instant, Sleep, timeout_at};

use plimsoll_domain::frontend::{Counted, Counts};
use plimsoll_domain::time::Timestamp;
use plimsoll_runtime::upstream::{AnswerBody, BoxError, UpstreamError};

use super::gate::{Sender, late, refused};
use super::meter::Refusal;
use super::passage::{Passage, PassageError};
use super::spooler::SpoolError;
use super::{Tunnel, headers};
use crate::problem::Problem;

/// Of the whole time, what is left for putting an envelope aside that was not answered.
const TO_PUT_ASIDE: Duration = Duration::from_secs(3);
/// A Sentry that was given less than this is not said to have been silent.
const TIME_TO_ANSWER: Duration = Duration::from_secs(5);

/// Passes an envelope on, or puts it aside.
pub(crate) async fn relay(tunnel: &Tunnel, sender: Sender, passage: Passage) -> Response {
    let Sender { live, headers, peer, event_id, deadline } = sender;
    let now = tunnel.clock.now();
    let outgoing = headers::outgoing(&headers, &live, peer);
    passage.keep(&tunnel.kept, &live.kept);
    let going = Going { tunnel, live: &live, passage: &passage, deadline, now };
    if passage.ended().is_none()
        && let Some(refused) = going.wait_for(passage.read_first()).await
    {
        return refused;
    }
    // Whoever is still sending a small one holds no connection.
    let _passing = live.enter();
    let outcome = if live.has_room() && live.health.may_try(now) { going.send(outgoing).await } else { Outcome::Away };
    match outcome {
        Outcome::Answered(response) => going.answer(response),
        Outcome::Refused(problem, what) => going.end(problem.into_response(), what),
        Outcome::Away => {
            let waiting = headers::kept(&headers::outgoing(&headers, &live, peer));
            going.put_aside(waiting, event_id.as_deref()).await
        }
    }
}

enum Outcome {
    Answered(axum::http::Response<AnswerBody>),
    Refused(Problem, Option<Counted>),
    Away,
}

/// One envelope on its way to Sentry.
struct Going<'a> {
    tunnel: &'a Tunnel,
    live: &'a super::LiveApp,
    passage: &'a Passage,
    deadline: Instant,
    now: Timestamp,
}

impl Going<'_> {
    async fn send(&self, headers: HeaderMap) -> Outcome {
        let mut request = Request::new(self.passage.clone().boxed_unsync());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.live.url.clone();
        *request.headers_mut() = headers;
        // What is left of the time is for putting it aside.
        let sent = timeout_at(self.deadline - TO_PUT_ASIDE, self.tunnel.upstream.send(request)).await;
        match sent {
            Ok(Ok(response)) if (200..500).contains(&response.status().as_u16()) => {
                self.live.health.succeeded(self.tunnel.clock.now());
                Outcome::Answered(response)
            }
            Ok(Ok(response)) => self.away(format!("it answered {}", response.status().as_u16()), false),
            Ok(Err(UpstreamError::Body(error))) => {
                let (problem, what) = self.stopped(error.downcast_ref());
                Outcome::Refused(problem, what)
            }
            Ok(Err(UpstreamError::Egress(refused))) => {
                let detail = "The app's Sentry must not be reached from here.";
                let problem = Problem::failure(StatusCode::BAD_GATEWAY, detail, refused.to_string());
                Outcome::Refused(problem, Some(Counted::EnvelopesFailed))
            }
            Ok(Err(error)) => self.away(error.to_string(), !error.may_have_arrived()),
            Err(_) => self.silent(),
        }
    }

    /// Time is up, and there is no answer. Whose fault that is decides what is noted.
    fn silent(&self) -> Outcome {
        match self.passage.ended() {
            None if self.passage.waits() => Outcome::Refused(late(), None),
            // A client that holds back the end leaves no time to answer in.
            Some(ended) if ended.elapsed() < TIME_TO_ANSWER => Outcome::Away,
            _ => self.away("it did not answer in time".to_owned(), true),
        }
    }

    /// Why what comes from the client goes no further, and what that counts as.
    fn stopped(&self, error: Option<&PassageError>) -> (Problem, Option<Counted>) {
        match error {
            Some(PassageError::Refused(refusal)) => {
                let is_too_large = *refusal != Refusal::Undecodable;
                (refused(*refusal, self.tunnel), is_too_large.then_some(Counted::EnvelopesTooLarge))
            }
            _ => (Problem::bad_request("The client sent no more."), None),
        }
    }

    fn away(&self, reason: String, is_unreachable: bool) -> Outcome {
        let (tenant_id, app) = (&self.live.tenant, &self.live.app.id);
        let words = reason.clone();
        if self.live.health.failed((self.now, self.tunnel.clock.now()), reason, is_unreachable) {
            tracing::warn!(%tenant_id, %app, reason = words, "Sentry is away: envelopes of this app are put aside");
        }
        Outcome::Away
    }

    /// Waits for what the client sends; what to answer where that is not as it should be.
    async fn wait_for(&self, reading: impl Future<Output = Result<(), PassageError>>) -> Option<Response> {
        match timeout_at(self.deadline, reading).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                let (problem, what) = self.stopped(Some(&error));
                Some(self.end(problem.into_response(), what))
            }
            Err(_) => Some(self.end(late().into_response(), None)),
        }
    }

    /// What Sentry said, for the client.
    fn answer(&self, response: axum::http::Response<AnswerBody>) -> Response {
        let (parts, body) = response.into_parts();
        let what = if parts.status.is_success() { Counted::EnvelopesRelayed } else { Counted::EnvelopesRefused };
        let mut answer = Response::new(Body::new(Timed::new(body, self.deadline)));
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers::returned(&parts.headers);
        self.end(answer, Some(what))
    }

    async fn put_aside(&self, headers: Vec<(String, String)>, event_id: Option<&str>) -> Response {
        if self.passage.is_lost() {
            return self.no_room();
        }
        if let Some(refused) = self.wait_for(self.passage.drain()).await {
            return refused;
        }
        let put = match self.passage.kept() {
            Some(body) => {
                let putting = self.tunnel.spooler.put(self.live, headers, body, self.now);
                timeout_at(self.deadline, putting).await.unwrap_or(Err(SpoolError::Slow))
            }
            None => Err(SpoolError::Full),
        };
        match put {
            Ok(()) => self.end(taken(event_id), Some(Counted::EnvelopesSpooled)),
            Err(SpoolError::Full) => self.no_room(),
            Err(error @ SpoolError::Slow) => {
                let detail = "The store does not answer. Try again: the envelope may or may not have been kept.";
                let problem = Problem::failure(StatusCode::SERVICE_UNAVAILABLE, detail, error.to_string());
                self.end(problem.into_response(), Some(Counted::EnvelopesFailed))
            }
            Err(SpoolError::Store(error)) => {
                self.end(Problem::from(error).into_response(), Some(Counted::EnvelopesFailed))
            }
        }
    }

    fn no_room(&self) -> Response {
        let detail = "Sentry is away, and there is no room for more to wait for it.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        self.end(problem.into_response(), Some(Counted::EnvelopesFailed))
    }

    /// Counts what became of it, and what was in it if all of it came.
    fn end(&self, response: Response, what: Option<Counted>) -> Response {
        let mut counts = Counts::default();
        if let Some(what) = what {
            counts.count(what, 1);
            self.figure(what).increment(1);
        }
        counts.count(Counted::BytesReceived, self.passage.received());
        if self.passage.refusal().is_none()
            && let Some(contents) = self.passage.contents()
        {
            counts.add(&contents.counts);
            counts.count(Counted::UnreadableEnvelopes, u64::from(!contents.is_whole));
            self.tunnel.figures.count_errors(&contents);
        }
        self.live.tally.add(&counts, self.now);
        response
    }

    const fn figure(&self, what: Counted) -> &metrics::Counter {
        let figures = &self.tunnel.figures;
        match what {
            Counted::EnvelopesRelayed => &figures.relayed,
            Counted::EnvelopesRefused => &figures.refused,
            Counted::EnvelopesTooLarge => &figures.too_large,
            Counted::EnvelopesSpooled => &figures.spooled,
            _ => &figures.failed,
        }
    }
}

/// As Sentry answers that it took an envelope.
fn taken(event_id: Option<&str>) -> Response {
    let body = event_id.map_or_else(|| json!({}), |id| json!({ "id": id }));
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that must end in time: one that trickles holds nobody for longer.
struct Timed {
    body: AnswerBody,
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    const fn new(body: AnswerBody, deadline: Instant) -> Self {
        Self { body, deadline, sleep: None }
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Err("the answer did not end in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
