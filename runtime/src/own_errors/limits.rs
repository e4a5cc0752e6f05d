//! How long a Sentry wants to be left alone with errors.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, StatusCode};

const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");
/// A limit that does not say how long.
const UNTOLD: Duration = Duration::from_mins(1);
/// No word of a server's silences us for longer.
const LONGEST: Duration = Duration::from_hours(24);

/// For how long no error may be sent after this answer; `None`: the next may.
pub(super) fn pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let limits = headers.get_all(RATE_LIMITS).iter().filter_map(|value| value.to_str().ok());
    let told = limits.flat_map(|value| value.split(',')).filter_map(of_errors).max();
    let pause = match (told, status) {
        (Some(told), _) => told,
        (None, StatusCode::TOO_MANY_REQUESTS) => {
            let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            after.and_then(seconds).unwrap_or(UNTOLD)
        }
        (None, _) => return None,
    };
    Some(pause.min(LONGEST))
}

/// How long one limit lasts, such as `60:error;default:organization`, if it is about errors.
fn of_errors(limit: &str) -> Option<Duration> {
    let mut parts = limit.trim().split(':');
    let lasts = parts.next()?;
    let categories = parts.next().unwrap_or_default();
    let is_ours = categories.is_empty() || categories.split(';').any(|one| one == "error" || one == "default");
    is_ours.then(|| seconds(lasts).unwrap_or(UNTOLD))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn after(status: u16, headers: &[(HeaderName, &'static str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        pause(StatusCode::from_u16(status).expect("a status"), &headers).map(|pause| pause.as_secs())
    }

    #[test]
    fn a_limit_holds_for_what_it_is_about() {
        assert_eq!(after(200, &[]), None);
        assert_eq!(after(503, &[]), None);
        assert_eq!(after(200, &[(RATE_LIMITS, "60:transaction:key, 2700:session;attachment:organization")]), None);
        assert_eq!(after(200, &[(RATE_LIMITS, "60:transaction:key, 30:error;default:organization:quota")]), Some(30));
        assert_eq!(after(200, &[(RATE_LIMITS, "45::organization")]), Some(45));
        assert_eq!(after(200, &[(RATE_LIMITS, "soon::key")]), Some(60));
    }

    #[test]
    fn too_many_is_heeded_however_it_is_said() {
        assert_eq!(after(429, &[]), Some(60));
        assert_eq!(after(429, &[(RETRY_AFTER, "7")]), Some(7));
        assert_eq!(after(429, &[(RETRY_AFTER, "Thu, 26 Nov 2026 04:00:00 GMT")]), Some(60));
        assert_eq!(after(429, &[(RETRY_AFTER, "1e30")]), Some(60));
        assert_eq!(after(429, &[(RETRY_AFTER, "9999999")]), Some(86_400));
    }
}
