//! Why a relayed request has no answer. The words are for operators: no path, no credential is in them.

use crate::egress::EgressError;

/// Whatever a request's own body fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no answer, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The address must not be spoken to.
    #[error(transparent)]
    Egress(EgressError),
    /// No connection was made: refused, not resolved, or TLS was not agreed upon.
    #[error("{0}")]
    NotConnected(String),
    /// No connection was made in time; in milliseconds.
    #[error("no connection within {0} ms")]
    ConnectTimeout(u128),
    /// The request's own body failed: this is what it failed with.
    #[error("the request's body failed: {0}")]
    Body(#[source] BoxError),
    /// The exchange failed after it had begun.
    #[error("{0}")]
    Failed(String),
}

impl UpstreamError {
    /// Whether the request may have arrived all the same. One whose body failed has begun to.
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Egress(_) | Self::NotConnected(_) | Self::ConnectTimeout(_) => false,
            Self::Body(_) | Self::Failed(_) => true,
        }
    }

    /// An exchange that hyper gave up: its innermost words say most.
    pub(super) fn failed(error: &hyper::Error) -> Self {
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Self::Failed(innermost.to_string())
    }
}

impl From<EgressError> for UpstreamError {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Refused { .. } => Self::Egress(error),
            EgressError::Unresolved { .. } => Self::NotConnected(error.to_string()),
        }
    }
}
