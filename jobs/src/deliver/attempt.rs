//! One attempt, from its turn in the lane to what came of it.

use std::time::Duration;

use plimsoll_domain::alert::{Alert, Attempt, AttemptResult, Delivery, Outcome, Verdict};
use plimsoll_domain::time::{Span, Timestamp};
use plimsoll_traces::{self as traces, Context, KeyValue, SpanKind};

use super::engine::Engine;
use super::lane::Lane;
use super::send::Message;

/// An attempt is begun only if its lease lasts so much longer: then nobody else tries the same.
const ROOM_FOR_AN_ATTEMPT: Span = Span::from_seconds(27);

const UNOPENED: &str = "the receiver's secret cannot be opened with the keys that are given: configure it anew, or add the \
                        key that it was sealed under to PLIMSOLL_SECRET_KEY_PREVIOUS";

/// What became of a delivery that this process was given.
pub(super) enum CameTo {
    /// It was tried.
    Tried(Outcome, Attempt),
    /// It was not, and may be from then on.
    Untried(Timestamp),
}

/// The trace of what asked for this delivery, which its attempts belong to.
pub(super) fn trace(alert: &Alert, delivery: &Delivery) -> Context {
    let target = alert.opening(&delivery.receiver).map_or("unknown", |opening| opening.receiver.target.kind());
    traces::begin(&traces::resumed(delivery.trace.as_deref()), SpanKind::Consumer, || {
        let attributes = vec![
            KeyValue::new("plimsoll.tenant_id", alert.tenant.to_string()),
            KeyValue::new("plimsoll.alert_id", alert.id.to_string()),
            KeyValue::new("plimsoll.delivery", i64::from(delivery.number)),
            KeyValue::new("plimsoll.receiver", delivery.receiver.to_string()),
            KeyValue::new("plimsoll.action", delivery.action.as_str()),
            KeyValue::new("plimsoll.tries_before", i64::from(delivery.tries)),
        ];
        (format!("deliver {target}").into(), attributes)
    })
}

impl Engine {
    /// Tries the delivery of this number when its turn comes, if that is while its lease lasts.
    pub(super) async fn attempt(&self, lane: &Lane, alert: &Alert, (number, until): (u32, Timestamp)) -> CameTo {
        let found = alert.delivery(number).and_then(|delivery| Some((delivery, alert.opening(&delivery.receiver)?)));
        let Some((delivery, opening)) = found else { return CameTo::Untried(self.clock.now()) };
        let target = &opening.receiver.target;
        let left = until.minus(ROOM_FOR_AN_ATTEMPT).millis_since(self.clock.now());
        let turn = async {
            let permit = lane.permits.acquire().await.expect("a lane is never closed");
            lane.keep_pace(target).await;
            permit
        };
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        let _permit = tokio::select! {
            permit = tokio::time::timeout(left, turn) => match permit {
                Ok(permit) => permit,
                Err(_) => return CameTo::Untried(self.clock.now()),
            },
            () = self.stopping.cancelled() => return CameTo::Untried(self.clock.now()),
        };
        let began = self.clock.now();
        if let Some(rest) = lane.resting(began) {
            return CameTo::Untried(rest);
        }
        let is_test = alert.content.is_test();
        let off = if is_test { None } else { self.health.off(self, alert, target).await };
        let outcome = if target.is_sealed() {
            Outcome::new(Verdict::Dead, None, UNOPENED)
        } else if let Some(reason) = off {
            Outcome::new(Verdict::Dead, None, format!("the receiver is switched off: {reason}"))
        } else {
            let message = Message { alert, delivery, target, public_url: &self.settings.public_url };
            self.sender.send(&message).await
        };
        let ended = self.clock.now();
        match outcome.verdict {
            Verdict::Retry { after, .. } => lane.note_failure(ended, after),
            _ => lane.note_success(),
        }
        let took = u32::try_from(ended.millis_since(began).max(0)).unwrap_or(u32::MAX);
        let attempt = outcome.attempt(began, took);
        traces::note(|| vec![KeyValue::new("plimsoll.result", attempt.result.as_str())]);
        if attempt.result != AttemptResult::Delivered {
            traces::fail_current(outcome.words.clone());
        }
        CameTo::Tried(outcome, attempt)
    }
}
