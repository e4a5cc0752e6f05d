//! Waiting for what the program does by itself. A black-box test cannot drive the clock: it looks again and again until
//! what it waits for is there, up to a deadline that is far beyond what is usual.

use std::time::Duration;

use plimsoll_domain::time::Timestamp;

const BETWEEN_LOOKS: Duration = Duration::from_millis(60);

/// What `look` finds, as soon as it finds something. Panics when that takes longer than `within` seconds.
#[track_caller]
pub fn eventually<T>(within: u64, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let looking = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(within), looking).await;
        found.unwrap_or_else(|_| panic!("not within {within} s: {what} ({place})"))
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "a black-box test shares the wall clock with the program")]
pub fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).expect("it is before the year 292000000"))
}

/// Until `after` past the next tick boundary, so that something can be made to happen in the middle of a tick.
pub async fn tick_boundary(after: Duration) {
    let interval = crate::INTERVAL.seconds() * 1_000;
    let left = interval - now().millis().rem_euclid(interval);
    tokio::time::sleep(Duration::from_millis(left.unsigned_abs()) + after).await;
}
