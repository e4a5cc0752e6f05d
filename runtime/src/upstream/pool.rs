//! Idle connections, by where they lead. A kept connection leads to the address that was judged when it was made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Uri};
use tokio::time::Instant;

use super::error::UpstreamError;
use super::link::Link;

/// Less than the minute after which many servers hang up.
const IDLE_FOR: Duration = Duration::from_secs(55);
/// Idle connections to one origin.
const MOST_IDLE: usize = 256;

/// Scheme, host and port, and the idle connections there.
pub(super) struct Origin {
    pub(super) is_https: bool,
    /// A name or an address, an IPv6 one without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// What the `Host` header says.
    pub(super) header: HeaderValue,
    #[expect(clippy::vec_box, reason = "a connection comes and goes as the pointer that it is in use, too")]
    idle: Mutex<Vec<Box<Link>>>,
}

/// Every origin that was spoken to lately, by its host as it is written.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Box<str>, Vec<Arc<Origin>>>>);

impl Pool {
    /// Where `uri` leads to.
    pub(super) fn origin(&self, uri: &Uri) -> Result<Arc<Origin>, UpstreamError> {
        let unsendable = || UpstreamError::NotConnected("the address is no absolute URL of http or https".to_owned());
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(unsendable)?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(unsendable()),
        };
        let port = uri.port_u16().unwrap_or(default_port(is_https));
        let mut hosts = lock(&self.0);
        if let Some(origins) = hosts.get(host)
            && let Some(known) = origins.iter().find(|known| known.is_https == is_https && known.port == port)
        {
            return Ok(Arc::clone(known));
        }
        let origin = Arc::new(Origin::new(is_https, host, port).ok_or_else(unsendable)?);
        hosts.entry(host.into()).or_default().push(Arc::clone(&origin));
        Ok(origin)
    }

    /// Closes what has been idle for too long or was closed by its peer, and forgets origins that nobody speaks to.
    pub(super) fn sweep(&self) {
        let mut gone = Vec::new();
        lock(&self.0).retain(|_, origins| {
            origins.retain(|origin| {
                let mut idle = lock(&origin.idle);
                gone.extend(idle.extract_if(.., |link| link.idle_since.elapsed() > IDLE_FOR || !link.is_usable()));
                // Whoever connects or waits for an answer holds it, too.
                !idle.is_empty() || Arc::strong_count(origin) > 1
            });
            !origins.is_empty()
        });
        // Closing sockets may take its time, and nobody needs to wait for it.
        drop(gone);
    }
}

impl Origin {
    fn new(is_https: bool, host: &str, port: u16) -> Option<Self> {
        let header = if port == default_port(is_https) { host.to_owned() } else { format!("{host}:{port}") };
        Some(Self {
            is_https,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            header: HeaderValue::try_from(header).ok()?,
            idle: Mutex::default(),
        })
    }

    /// The connection that was used last, if it has not been closed by its peer meanwhile.
    pub(super) fn take(self: &Arc<Self>) -> Option<Box<Link>> {
        loop {
            let mut link = lock(&self.idle).pop()?;
            if link.idle_since.elapsed() <= IDLE_FOR && link.is_usable() {
                link.origin = Some(Arc::clone(self));
                return Some(link);
            }
        }
    }
}

/// Keeps `link` for the next request to its origin, unless there are enough.
pub(super) fn keep(mut link: Box<Link>) {
    link.idle_since = Instant::now();
    let Some(origin) = link.origin.take() else { return };
    let mut idle = lock(&origin.idle);
    if idle.len() < MOST_IDLE {
        idle.push(link);
    }
}

const fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

/// Nothing in here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
