//! Which traces are kept. Decided once, where a trace begins, and handed on by it.

use std::num::NonZeroU32;
use std::sync::OnceLock;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{SpanContext, TraceId};

/// In a second: so many traces are kept because a caller says so, whoever that is. Anybody may say it.
const CALLERS: NonZeroU32 = NonZeroU32::new(100).expect("more than none");

static TRACING: OnceLock<Tracing> = OnceLock::new();

/// Which share of traces is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Whether a trace that began elsewhere is kept if it is kept there.
    pub parent_based: bool,
    /// The share of all others, 0 to 1.
    pub ratio: f64,
}

/// Who says that a trace is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Whoever sent a request.
    Callers,
    /// Plimsoll, in this process or another.
    Ours,
}

pub(crate) struct Tracing {
    sampling: Sampling,
    callers: DefaultDirectRateLimiter,
    pub(crate) tracer: BoxedTracer,
}

/// Makes spans from now on, by the provider that is OpenTelemetry's global one at this moment. The first call of a process
/// stands.
pub fn switch_on(sampling: Sampling) {
    let callers = RateLimiter::direct(Quota::per_second(CALLERS));
    let _first = TRACING.set(Tracing { sampling, callers, tracer: global::tracer("plimsoll") });
}

/// `None` when traces are not kept at all.
pub(crate) fn tracing() -> Option<&'static Tracing> {
    TRACING.get()
}

impl Tracing {
    /// Whether a trace is kept that begins here, or goes on here after `parent`, of which somebody gave their word.
    pub(crate) fn keeps(&self, parent: &SpanContext, word: Word) -> bool {
        let sampling = self.sampling;
        match (parent.is_valid(), sampling.parent_based) {
            (true, true) if word == Word::Ours => parent.is_sampled(),
            (true, true) => parent.is_sampled() && (self.callers.check().is_ok() || sampling.by_chance()),
            // The same trace is kept in every process, or in none: its id decides.
            (true, false) if word == Word::Ours => sampling.by_id(parent.trace_id()),
            (true, false) => {
                sampling.by_id(parent.trace_id()) && (self.callers.check().is_ok() || sampling.by_chance())
            }
            (false, _) => sampling.by_chance(),
        }
    }
}

impl Sampling {
    fn by_chance(self) -> bool {
        fastrand::f64() < self.ratio
    }

    fn by_id(self, id: TraceId) -> bool {
        share(id) < self.ratio
    }
}

/// Where a trace's id lies between 0 and 1, by its last 63 bits, as the SDKs of OpenTelemetry have it.
fn share(id: TraceId) -> f64 {
    let bytes = id.to_bytes();
    let last = u64::from_be_bytes(bytes[8..].try_into().expect("eight bytes"));
    (last >> 1) as f64 / (1_u64 << 63) as f64
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceState};

    use super::*;

    fn tracing(parent_based: bool, ratio: f64) -> Tracing {
        let callers = RateLimiter::direct(Quota::per_second(CALLERS));
        Tracing { sampling: Sampling { parent_based, ratio }, callers, tracer: global::tracer("tests") }
    }

    fn parent(id: u128, is_sampled: bool) -> SpanContext {
        let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        SpanContext::new(id.into(), SpanId::from(1), flags, true, TraceState::NONE)
    }

    const LATE: u128 = u64::MAX as u128 / 4 * 3;

    #[test]
    fn a_parent_decides_unless_the_ratio_alone_is_asked() {
        for word in [Word::Callers, Word::Ours] {
            assert!(tracing(true, 0.0).keeps(&parent(LATE, true), word));
            assert!(!tracing(true, 1.0).keeps(&parent(LATE, false), word));
            assert!(!tracing(false, 0.5).keeps(&parent(LATE, true), word));
            assert!(tracing(false, 0.5).keeps(&parent(7, false), word));
        }
    }

    #[test]
    fn callers_who_all_want_their_traces_kept_get_so_many_and_no_more() {
        let tracing = tracing(true, 0.0);
        let kept = |word| (0..10_000).filter(|_| tracing.keeps(&parent(LATE, true), word)).count();
        // As many as there are in a second at once, and those of the while that this takes.
        assert!((100..1_000).contains(&kept(Word::Callers)));
        assert_eq!(kept(Word::Ours), 10_000);
    }

    #[test]
    fn all_none_and_about_a_tenth_of_new_traces_are_kept() {
        let kept = |ratio| {
            let tracing = tracing(true, ratio);
            (0..10_000).filter(|_| tracing.keeps(&SpanContext::NONE, Word::Ours)).count()
        };
        assert_eq!((kept(0.0), kept(1.0)), (0, 10_000));
        assert!((700..1_300).contains(&kept(0.1)));
    }
}
