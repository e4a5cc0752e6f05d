//! Lines and payloads about as long as what a reader keeps, and far longer: it reads the same however they are cut, and
//! keeps no more.

use plimsoll_domain::frontend::Counted;
use proptest::prelude::*;

use crate::envelope_laws::in_pieces;

const LINE: usize = 16 * 1024;
const PAYLOAD: usize = 64 * 1024;

fn around(limit: usize) -> impl Strategy<Value = usize> {
    prop_oneof![limit - 70..limit + 70, limit..8 * limit]
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..100_usize, 1_000..40_000_usize, 1..200_000_usize], 1..6)
}

fn item(kind: &str, payload: &str, has_length: bool) -> Vec<u8> {
    let length = if has_length { format!(",\"length\":{}", payload.len()) } else { String::new() };
    format!("{{}}\n{{\"type\":\"{kind}\"{length}}}\n{payload}\n").into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_level_is_found_in_the_beginning_of_an_event_and_not_after_it(
        filler in around(PAYLOAD),
        has_length in any::<bool>(),
        sizes in sizes(),
    ) {
        let payload = format!("{{\"message\":\"{}\",\"level\":\"fatal\"}}", "x".repeat(filler));
        let envelope = item("event", &payload, has_length);
        let whole = in_pieces(&envelope, &[]);
        let ends_at = payload.len() - 1;
        let level = if ends_at <= PAYLOAD { Counted::EventsFatal } else { Counted::EventsUnknown };
        prop_assert!(whole.is_whole && whole.counts.of(level) == 1, "{:?}", whole);
        prop_assert_eq!(in_pieces(&envelope, &sizes), whole);
    }

    #[test]
    fn sessions_are_counted_where_all_of_them_is_kept(
        filler in around(PAYLOAD),
        kind in prop::sample::select(vec!["session", "sessions"]),
        has_length in any::<bool>(),
        sizes in sizes(),
    ) {
        let filler = "x".repeat(filler);
        let payload = format!("{{\"did\":\"{filler}\",\"init\":true,\"aggregates\":[{{\"exited\":1}}]}}");
        let envelope = item(kind, &payload, has_length);
        let whole = in_pieces(&envelope, &[]);
        let what = if payload.len() <= PAYLOAD { Counted::SessionsStarted } else { Counted::OtherItems };
        prop_assert!(whole.is_whole && whole.counts.of(what) == 1, "{:?}", whole);
        prop_assert_eq!(in_pieces(&envelope, &sizes), whole);
    }

    #[test]
    fn a_line_that_is_too_long_ends_the_counting(filler in around(LINE), is_first in any::<bool>(), sizes in sizes()) {
        let line = format!("{{\"type\":\"event\",\"x\":\"{}\"}}", "x".repeat(filler));
        let envelope = if is_first { format!("{line}\n{{\"type\":\"event\"}}\n{{}}\n") } else { format!("{{}}\n{line}\n{{}}\n") };
        let whole = in_pieces(envelope.as_bytes(), &[]);
        let fits = line.len() <= LINE;
        prop_assert_eq!((whole.is_whole, whole.counts.of(Counted::EventsError)), (fits, u64::from(fits)));
        prop_assert_eq!(in_pieces(envelope.as_bytes(), &sizes), whole);
    }

    #[test]
    fn what_never_ends_is_kept_in_part(
        begins in prop::sample::select(vec!["", "{}\n", "{}\n{\"type\":\"event\"}\n", "{}\n{\"type\":\"session\",\"length\":9999999999}\n"]),
        sizes in sizes(),
    ) {
        let endless = format!("{begins}{{\"x\":\"{}", "x".repeat(10 * PAYLOAD));
        let whole = in_pieces(endless.as_bytes(), &[]);
        prop_assert_eq!(in_pieces(endless.as_bytes(), &sizes), whole);
    }
}
