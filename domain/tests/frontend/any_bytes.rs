//! Bytes that nobody would call an envelope, and envelopes that were damaged.

use proptest::prelude::*;

use crate::envelope_laws::hold;
use crate::written::envelope;

#[derive(Clone, Debug)]
enum Damage {
    Put(u8),
    Insert(Vec<u8>),
    Remove(usize),
    /// A part of it once more.
    Repeat(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let telling =
        [&b"\n"[..], b"{", b"}", b"\"", b"{}\n", b"\"length\":0,", b"\"length\":99999999999999999999,", b"\xff"];
    prop_oneof![
        any::<u8>().prop_map(Damage::Put),
        prop::sample::select(telling.map(<[u8]>::to_vec).to_vec()).prop_map(Damage::Insert),
        (1..20_usize).prop_map(Damage::Remove),
        (1..60_usize).prop_map(Damage::Repeat),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: Vec<(prop::sample::Index, Damage)>) -> Vec<u8> {
    for (at, damage) in damages {
        let at = at.index(bytes.len() + 1);
        let until = |many: usize| bytes.len().min(at + many);
        match damage {
            Damage::Put(byte) => bytes.splice(at..until(1), [byte]).for_each(drop),
            Damage::Insert(more) => bytes.splice(at..at, more).for_each(drop),
            Damage::Remove(many) => bytes.drain(at..until(many)).for_each(drop),
            Damage::Repeat(many) => {
                let part = bytes[at..until(many)].to_vec();
                bytes.splice(at..at, part).for_each(drop);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_the_same_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        hold(&bytes);
        hold(&[b"{}\n{\"type\":\"event\"}\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn a_damaged_envelope_is_read_the_same_in_any_pieces(
        envelope in envelope(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..5),
    ) {
        hold(&damaged(envelope.bytes, damages));
    }
}
