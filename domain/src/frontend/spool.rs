//! Envelopes that wait because Sentry is away.
//!
//! They are kept as they came, for a day at most: Sentry takes nothing that is much older, and an event is kept nowhere
//! longer than it must be.

use crate::ids::{AppId, SpoolId, TenantId};
use crate::time::{Span, Timestamp};

/// An envelope waits for so long, and is then given up.
pub const SPOOL_RETENTION: Span = Span::hours(24);

/// An envelope that waits. In order of their ids, those of an app are in the order they came.
#[derive(Clone, PartialEq, Eq)]
pub struct SpooledEnvelope {
    /// Names it, and says when it came.
    pub id: SpoolId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which app.
    pub app: AppId,
    /// When it came.
    pub received_at: Timestamp,
    /// The headers it is passed on with, in lower case.
    pub headers: Vec<(String, String)>,
    /// The envelope, byte for byte as it came.
    pub body: Vec<u8>,
}

/// What it says is nobody's business: only how large it is is shown.
impl std::fmt::Debug for SpooledEnvelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, tenant, app, received_at, headers: _, body } = self;
        write!(f, "SpooledEnvelope({id} of {tenant}/{app}, {received_at}, {} bytes)", body.len())
    }
}

impl SpooledEnvelope {
    /// What it takes of the room there is, in bytes: itself, and what is kept beside it.
    pub fn size(&self) -> u64 {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        (self.body.len() + headers + BESIDE) as u64
    }

    /// When it is given up.
    pub const fn expires_at(&self) -> Timestamp {
        self.received_at.plus(SPOOL_RETENTION)
    }
}

/// About what a store keeps beside an envelope, in bytes.
const BESIDE: usize = 200;

/// How much of an app waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolUsage {
    /// How many envelopes.
    pub envelopes: u64,
    /// Their [sizes](SpooledEnvelope::size), in bytes.
    pub bytes: u64,
    /// When the oldest came.
    pub oldest: Option<Timestamp>,
}
