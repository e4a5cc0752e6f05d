//! Hears of errors: makes an event of each, with what is known of the request that it belongs to.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use metrics::counter;
use plimsoll_domain::time::Clock;
use sentry_types::protocol::v7::Event;
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer};

use super::event::{MESSAGE, PLACE, Template};
use super::sender;
use crate::masking::{self, Bounded};

/// Errors of one message that are sent in a minute, and errors in all.
const OF_ONE: NonZeroU32 = NonZeroU32::new(5).expect("more than none");
const OF_ALL: NonZeroU32 = NonZeroU32::new(60).expect("more than none");

/// Names and values that were logged, masked.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted(BTreeMap<&'static str, Value>);

/// The layer.
pub(super) struct Hearing {
    put: mpsc::Sender<Event<'static>>,
    template: Template,
    clock: Arc<dyn Clock>,
    each: DefaultKeyedRateLimiter<String>,
    all: DefaultDirectRateLimiter,
}

impl Hearing {
    pub(super) fn new(put: mpsc::Sender<Event<'static>>, template: Template, clock: Arc<dyn Clock>) -> Self {
        let (of_one, of_all) = (Quota::per_minute(OF_ONE), Quota::per_minute(OF_ALL));
        Self { put, template, clock, each: RateLimiter::keyed(of_one), all: RateLimiter::direct(of_all) }
    }

    fn may_be_sent(&self, noted: &Noted) -> bool {
        let key = format!("{}\n{}", noted.text(MESSAGE), noted.text(PLACE));
        let may = self.each.check_key(&key).is_ok() && self.all.check().is_ok();
        // What was not heard of for a while takes no room.
        if !may || self.each.len() > 1_000 {
            self.each.retain_recent();
        }
        may
    }
}

impl<S: Subscriber> Layer<S> for Hearing {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        // An error of the sending itself would be sent, fail, and be sent.
        if sender::is_sending() {
            return;
        }
        let mut noted = Noted::default();
        event.record(&mut noted);
        plimsoll_traces::told(|name, value| {
            noted.0.entry(name).or_insert_with(|| Value::from(masking::fit(value)));
        });
        let is_put = self.may_be_sent(&noted) && {
            let made = self.template.event(noted, event.metadata().target(), self.clock.now());
            self.put.try_send(made).is_ok()
        };
        if !is_put {
            counter!("plimsoll_own_errors_total", "result" => "dropped").increment(1);
        }
    }
}

impl Noted {
    /// The text under this name; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What stands under this name, which is not there afterwards.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn into_rest(self) -> impl Iterator<Item = (&'static str, Value)> {
        self.0.into_iter()
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let mut value = value.into();
        masking::mask(field.name(), &mut value);
        self.0.insert(field.name(), value);
    }
}

impl Visit for Noted {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Bounded::debug(value).fit().into_owned());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, masking::fit(value).into_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}
