//! What happens to envelopes while Sentry is away, or Plimsoll is killed: whatever was answered 200 arrives.

mod crash;
mod outage;
mod writers;
