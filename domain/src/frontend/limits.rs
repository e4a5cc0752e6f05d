//! How a limit is told in Sentry's own terms, so that SDKs of every age heed it.

use std::time::Duration;

/// Whole seconds to wait, at least one: `Retry-After` takes no parts of one.
pub fn retry_after_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1)
}

/// `X-Sentry-Rate-Limits` that holds back every category of the key for `seconds`, and says why.
pub fn rate_limits(seconds: u64, reason: &str) -> String {
    format!("{seconds}::key:{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_second_are_waited_for() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(retry_after_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
        assert_eq!(rate_limits(3, "app"), "3::key:app");
    }
}
