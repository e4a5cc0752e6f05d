//! Our own errors, told to a Sentry: whatever is logged at `ERROR`, panics among it.
//!
//! A layer beside the log lines hears of an error, masks it and puts it into a queue; a task sends what is in the queue. So an
//! error costs whoever made it no waiting, and a Sentry that is away costs nothing but its events. The `sentry` crate was
//! rejected: it keeps a hub and a thread of its own for what is one queue here, and its transports bring a second HTTP
//! client. Its types are used.

mod event;
mod layer;
mod limits;
mod panics;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::time::Clock;
use secrecy::ExposeSecret;
use sentry_types::{Dsn, ParseDsnError};
use tokio::sync::{Mutex, mpsc};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;

use crate::config::OwnErrorsConfig;
use crate::lifecycle::Lifecycle;
use crate::telemetry::Beside;

use event::Template;
use layer::Hearing;
use sender::Sender;

pub use panics::log_panics_from_now_on;

/// Errors that wait to be sent: more are not made in the time that it takes to send one.
const WAITING: usize = 64;
/// How long the end of the process waits for those that are left.
const LAST: Duration = Duration::from_secs(2);

/// Why errors cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum OwnErrorsError {
    /// The DSN is none.
    #[error("PLIMSOLL_SENTRY_DSN is wrong: {0}")]
    Dsn(#[from] ParseDsnError),
}

/// What every event says of this process.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The version of the program.
    pub version: &'static str,
    /// What the machine is called.
    pub server_name: String,
}

/// Sends what was heard. Clones share one queue.
#[derive(Clone)]
pub struct OwnErrors(Arc<Mutex<Sender>>);

impl OwnErrors {
    /// What hears of errors, to be put beside the log lines; and what sends them, as soon as it is told to. Needs no runtime.
    pub fn new(
        config: &OwnErrorsConfig,
        facts: Facts,
        clock: Arc<dyn Clock>,
    ) -> Result<(Beside, Self), OwnErrorsError> {
        let dsn: Dsn = config.dsn.expose_secret().parse()?;
        let (put, queue) = mpsc::channel(WAITING);
        let template = Template::new(facts, config.environment.clone());
        let hearing = Hearing::new(put, template, Arc::clone(&clock)).with_filter(LevelFilter::ERROR);
        Ok((Box::new(hearing), Self(Arc::new(Mutex::new(Sender::new(queue, dsn, clock))))))
    }

    /// Sends from now on, until `life` is asked to stop.
    pub fn send_from_now_on(&self, life: &Lifecycle) {
        let (own, stopping) = (self.clone(), life.stopping().clone());
        life.spawn::<std::convert::Infallible>("own errors", async move {
            let mut sender = own.0.lock().await;
            tokio::select! {
                // What is being sent is sent anew by `flush`, under the same id.
                () = stopping.cancelled() => {}
                () = sender.send_for_ever() => {}
            }
            Ok(())
        });
    }

    /// Sends what is left, for two seconds at most. For when everything else has ended.
    pub async fn flush(&self) {
        let sending = async { self.0.lock().await.send_what_waits().await };
        // What is left then is lost, and there is nobody to tell.
        let _all_sent = tokio::time::timeout(LAST, sending).await.is_ok();
    }
}

#[cfg(test)]
mod tests;
