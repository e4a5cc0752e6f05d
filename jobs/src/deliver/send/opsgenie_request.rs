//! What becomes of a request that Opsgenie took: 202 says that it will be processed, not that it was.
//!
//! To believe the 202 was rejected, as a refused alert would pass for a delivered one; to call everything failed that is not
//! confirmed was rejected as well, as what cannot be asked after would then be sent for a day.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use plimsoll_domain::alert::{DeliveryAction, Verdict};
use plimsoll_runtime::http_client::Response;

use super::opsgenie::piece;
use crate::wire::Wire;
use crate::wire::exchange::{self, Finding, words};

const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// The header that tells "not yet" from "no such address".
const ERROR_TYPE: &str = "x-opsgenie-errortype";
const NOT_YET: &str = "RequestNotProcessed";
/// What is said of an acknowledgement or a close when nothing is open.
const NOTHING_OPEN: &str = "alert does not exist";

/// A request that was taken.
pub(super) struct Taken {
    /// The address that the API's paths follow.
    pub(super) base: String,
    /// What the API wants to be shown.
    pub(super) headers: HeaderMap,
    /// Its answer to the request.
    pub(super) answer: Response,
    /// What was asked for.
    pub(super) action: DeliveryAction,
}

/// How far a request is.
enum Progress {
    /// It is done.
    Done(String),
    /// It will never be.
    Failed(String),
    /// Not processed yet.
    NotYet,
    /// Not known at the moment, and why.
    Unknown(String),
    /// It will not be known, and why.
    Hidden(String),
}

impl Taken {
    /// Asks until the request is processed, for as long as is left of an attempt that has `begun`.
    pub(super) async fn wait(&self, wire: &Wire, begun: Instant) -> Finding {
        let Some(url) = self.status_address() else {
            return self.unconfirmed("the answer names no request to ask after");
        };
        let asking = wire.patience.asking;
        let end = (begun + asking).min(Instant::now() + asking * 4 / 5);
        let mut pause = wire.patience.first_wait;
        let mut last = Progress::NotYet;
        while Instant::now() + pause < end {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_WAIT);
            let left = end.saturating_duration_since(Instant::now()).min(wire.patience.attempt);
            last = match exchange::get(&wire.http, url.clone(), self.headers.clone(), left).await {
                Ok(answer) => read(&answer),
                Err(error) => Progress::Unknown(error.to_string()),
            };
            if !matches!(last, Progress::NotYet | Progress::Unknown(_)) {
                break;
            }
        }
        self.conclude(last)
    }

    fn status_address(&self) -> Option<Url> {
        let body: Value = serde_json::from_slice(&self.answer.body).ok()?;
        let id = body["requestId"].as_str().filter(|id| !id.trim_matches('.').is_empty())?;
        Url::parse(&format!("{}/v2/alerts/requests/{}", self.base, piece(id))).ok()
    }

    fn conclude(&self, progress: Progress) -> Finding {
        let finding = match progress {
            Progress::Done(status) => Finding { verdict: Verdict::Delivered, status: None, words: status },
            Progress::Failed(status) if self.is_beside_the_point(&status) => {
                let words = format!("nothing is open there: {status}");
                Finding { verdict: Verdict::Delivered, status: None, words }
            }
            Progress::Failed(status) => Finding::dead(status),
            Progress::NotYet => Finding::retry(true, "it was taken, and was not processed in time"),
            // The same alias again only counts up, where a failure that nobody heard of would be an alert that is lost.
            Progress::Unknown(why) => {
                Finding::retry(true, format!("it was taken, and nobody says whether it was processed: {why}"))
            }
            Progress::Hidden(why) => return self.unconfirmed(&why),
        };
        finding.with_status(self.answer.status)
    }

    /// Whether a failure only says that there is nothing to close.
    fn is_beside_the_point(&self, status: &str) -> bool {
        self.action != DeliveryAction::Trigger && status.to_lowercase().contains(NOTHING_OPEN)
    }

    fn unconfirmed(&self, why: &str) -> Finding {
        let words = format!("it was taken; that it was processed could not be confirmed: {why}");
        Finding { verdict: Verdict::Delivered, status: None, words }.with_status(self.answer.status)
    }
}

fn read(answer: &Response) -> Progress {
    let said = || format!("asked after it, it answered {}: {}", answer.status.as_u16(), words(answer));
    if answer.status == StatusCode::NOT_FOUND {
        let is_not_yet = answer.headers.get(ERROR_TYPE).is_some_and(|kind| kind == NOT_YET);
        return if is_not_yet { Progress::NotYet } else { Progress::Hidden(said()) };
    }
    if !answer.status.is_success() {
        let may_pass = matches!(exchange::judge_status(answer.status, None), Verdict::Retry { .. });
        return if may_pass { Progress::Unknown(said()) } else { Progress::Hidden(said()) };
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = body["data"]["status"].as_str().unwrap_or("no words").to_owned();
    match body["data"]["isSuccess"].as_bool() {
        Some(true) => Progress::Done(status),
        Some(false) => Progress::Failed(status),
        None => Progress::Hidden(said()),
    }
}
