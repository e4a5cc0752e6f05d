//! One try to send something: of an alert to a receiver, of a notice to a subscriber.

use serde::Serialize;
use utoipa::ToSchema;

use plimsoll_domain::alert::Attempt;
use plimsoll_domain::alert::delivery::AttemptResult;
use plimsoll_domain::time::Timestamp;

/// One try.
#[derive(Serialize, ToSchema)]
pub(super) struct AttemptView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    duration_ms: u32,
    /// `delivered`, `retry`, `dead`, or `unknown` when who tried was gone before it could say.
    #[schema(value_type = String)]
    result: AttemptResult,
    /// The other side's status code, of HTTP or SMTP.
    status: Option<u16>,
    /// The other side's words or our own.
    words: String,
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        let Attempt { at, duration_ms, result, status, .. } = *attempt;
        Self { at, duration_ms, result, status, words: attempt.words.clone() }
    }
}
