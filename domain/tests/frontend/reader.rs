//! The reader of envelopes against lists of items.

use proptest::prelude::*;

use crate::envelope_laws::{covers, hold, in_pieces};
use crate::payloads::binary;
use crate::written::envelope;

/// Sizes of pieces.
fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..8_usize, 1..200_usize], 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn an_envelope_counts_for_its_items_however_it_is_cut(
        envelope in envelope(),
        sizes in sizes(),
        left_out in any::<prop::sample::Index>(),
    ) {
        prop_assert_eq!(in_pieces(&envelope.bytes, &sizes), envelope.expected());
        hold(&envelope.bytes);
        // The newlines at its end may be left out.
        let end = envelope.bytes.len() - left_out.index(envelope.spare_newlines + 1);
        prop_assert_eq!(in_pieces(&envelope.bytes[..end], &sizes), envelope.expected());
    }

    #[test]
    fn an_envelope_that_breaks_off_loses_only_what_comes_after(
        envelope in envelope(),
        sizes in sizes(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(envelope.bytes.len() + 1);
        let broken = in_pieces(&envelope.bytes[..at], &sizes);
        let complete = envelope.ends.iter().filter(|end| **end <= at).count();
        let before = plimsoll_domain::frontend::Contents { counts: envelope.counts_of_first(complete), is_whole: true };
        prop_assert!(covers(&broken, &before), "{:?} is less than {:?}", broken, before);
    }

    #[test]
    fn what_was_counted_stays_counted_whatever_follows(envelope in envelope(), follows in binary(), sizes in sizes()) {
        let all = in_pieces(&[envelope.bytes.as_slice(), &follows].concat(), &sizes);
        prop_assert!(covers(&all, &envelope.expected()), "{:?} is less than {:?}", all, envelope.expected());
        let lost = in_pieces(&[&envelope.bytes, b"no item\n".as_slice(), &envelope.bytes].concat(), &sizes);
        prop_assert_eq!(lost.counts, envelope.expected().counts);
        prop_assert!(!lost.is_whole);
    }

    #[test]
    fn a_length_that_is_not_the_payloads_makes_it_unreadable(payload in binary(), sizes in sizes()) {
        let item = |length: usize| format!("{{}}\n{{\"type\":\"attachment\",\"length\":{length}}}\n").into_bytes();
        let too_long = [item(payload.len() + 1), payload.clone()].concat();
        prop_assert!(!in_pieces(&too_long, &sizes).is_whole);
        if let Some((last, before)) = payload.split_last() {
            let too_short = in_pieces(&[item(before.len()), payload.clone()].concat(), &sizes);
            prop_assert_eq!(too_short.is_whole, *last == b'\n');
        }
    }
}
