//! Subscribers, and what they are told: of incidents and of maintenance, by mail, webhook or Slack.
//!
//! Nobody can subscribe somebody else: whoever is to be told gets a message through the very channel first, and only what
//! stands in it confirms the subscription. Each notice is kept on its own, so that thousands of subscribers are told without
//! any document growing; what it says is read from what it speaks of when it is sent.

mod channel;
mod notice;
mod record;

pub use channel::{Channel, ChannelKind};
pub use notice::{Notice, NoticeEvent, tell_of};
pub use record::{
    BY_PUBLIC, EventKind, MAX_SUBSCRIBERS, PENDING_FOR, RESEND_AFTER, STOPPED_FOR, StopReason, Subscriber,
    SubscriberState, Subscription,
};
