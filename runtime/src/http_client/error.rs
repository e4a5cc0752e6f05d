//! Why a request has no answer, told apart by what may have arrived.

use std::time::Duration;

use crate::egress::EgressError;

/// Why there is no answer; the words are for operators and hold no secrets.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address must not be spoken to.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// It took too long, and how far it came is not known.
    #[error("no answer within {0} ms")]
    Timeout(u128),
    /// No connection was made in time.
    #[error("no connection within {0} ms")]
    ConnectTimeout(u128),
    /// No connection was made, or TLS was not agreed upon.
    #[error("{0}")]
    NotConnected(String),
    /// It is no request: its URL is not of HTTP, or a header cannot carry its value.
    #[error("{0}")]
    Unsendable(String),
    /// The exchange failed after it had begun.
    #[error("{0}")]
    Failed(String),
}

impl HttpError {
    /// Whether the request may have arrived all the same. If not, sending it again does nothing twice.
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Egress(_) | Self::ConnectTimeout(_) | Self::NotConnected(_) | Self::Unsendable(_) => false,
            Self::Timeout(_) | Self::Failed(_) => true,
        }
    }
}

/// Why `error` happened, in our words.
pub(super) fn describe(error: &reqwest::Error, timeout: Duration, connect_timeout: Duration) -> HttpError {
    if error.is_timeout() {
        if error.is_connect() {
            return HttpError::ConnectTimeout(connect_timeout.as_millis());
        }
        return HttpError::Timeout(timeout.as_millis());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // What the resolver and the redirect policy refuse comes back wrapped.
    match innermost.downcast_ref::<EgressError>() {
        Some(refused) => HttpError::Egress(refused.clone()),
        None if error.is_builder() => HttpError::Unsendable(innermost.to_string()),
        None if error.is_connect() => HttpError::NotConnected(innermost.to_string()),
        None => HttpError::Failed(innermost.to_string()),
    }
}
