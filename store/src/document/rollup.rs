//! A rollup, packed: a version byte, the nine counts (operational, degraded, down, unknown outside maintenance, then
//! inside, then the hours with events), and the sketches of latencies outside and inside maintenance. Numbers are LEB128:
//! most counts of an hour take a byte, where fixed ones would take more than all the rest.

use plimsoll_domain::rollup::{Counts, Rollup, Tally};

use crate::document::packed::{Packed, put_number, put_sketch};
use crate::{Result, StoreError};

const VERSION: u8 = 1;

/// Packs a rollup.
pub fn encode(rollup: &Rollup) -> Vec<u8> {
    let Counts { normal, maintenance, event_hours } = rollup.counts;
    let mut bytes = vec![VERSION];
    for tally in [normal, maintenance] {
        for count in [tally.operational, tally.degraded, tally.down, tally.unknown] {
            put_number(&mut bytes, count);
        }
    }
    put_number(&mut bytes, event_hours);
    put_sketch(&mut bytes, &rollup.latency);
    put_sketch(&mut bytes, &rollup.maintenance_latency);
    bytes
}

/// Unpacks a rollup.
pub fn decode(bytes: &[u8]) -> Result<Rollup> {
    let unreadable = |reason: &str| StoreError::Unreadable { what: "rollup", reason: reason.to_owned() };
    let mut packed = Packed(bytes);
    if packed.byte() != Some(VERSION) {
        return Err(unreadable("it has an unknown version"));
    }
    let rollup = take_rollup(&mut packed).ok_or_else(|| unreadable("it is damaged, or ends too early"))?;
    if packed.is_empty() { Ok(rollup) } else { Err(unreadable("it goes on after its end")) }
}

fn take_rollup(packed: &mut Packed<'_>) -> Option<Rollup> {
    let counts =
        Counts { normal: take_tally(packed)?, maintenance: take_tally(packed)?, event_hours: packed.number()? };
    Some(Rollup { counts, latency: packed.sketch()?, maintenance_latency: packed.sketch()? })
}

fn take_tally(packed: &mut Packed<'_>) -> Option<Tally> {
    Some(Tally {
        operational: packed.number()?,
        degraded: packed.number()?,
        down: packed.number()?,
        unknown: packed.number()?,
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::sketch::Sketch;
    use proptest::prelude::*;

    use super::*;

    fn any_tally() -> impl Strategy<Value = Tally> {
        any::<[u64; 4]>().prop_map(|[operational, degraded, down, unknown]| Tally {
            operational,
            degraded,
            down,
            unknown,
        })
    }

    fn any_sketch() -> impl Strategy<Value = Sketch> {
        prop::collection::vec((any::<i16>(), 1..=u32::MAX), 0..60).prop_map(Sketch::from_buckets)
    }

    prop_compose! {
        fn any_rollup()(
            normal in any_tally(),
            maintenance in any_tally(),
            event_hours in any::<u64>(),
            latency in any_sketch(),
            maintenance_latency in any_sketch(),
        ) -> Rollup {
            Rollup { counts: Counts { normal, maintenance, event_hours }, latency, maintenance_latency }
        }
    }

    proptest! {
        #[test]
        fn a_rollup_reads_back_as_it_was(rollup in any_rollup()) {
            prop_assert_eq!(decode(&encode(&rollup)).expect("reads back"), rollup);
        }

        #[test]
        fn a_rollup_that_lost_its_end_or_goes_on_is_an_error(rollup in any_rollup(), kept in any::<prop::sample::Index>()) {
            let mut bytes = encode(&rollup);
            prop_assert!(decode(&bytes[..kept.index(bytes.len())]).is_err());
            bytes.push(0);
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn damaged_bytes_are_an_error_and_never_a_panic(
            rollup in any_rollup(),
            at in any::<prop::sample::Index>(),
            damage in any::<u8>(),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = encode(&rollup);
            let at = at.index(bytes.len());
            bytes[at] = damage;
            let _ = decode(&bytes).is_ok();
            let _ = decode(&[&[VERSION], noise.as_slice()].concat()).is_ok();
        }
    }

    #[test]
    fn the_packed_form_is_frozen() {
        let rollup = Rollup {
            counts: Counts {
                normal: Tally { operational: 300, degraded: 1, down: 2, unknown: 3 },
                maintenance: Tally { operational: 4, degraded: 5, down: 6, unknown: 7 },
                event_hours: 24,
            },
            latency: Sketch::from_buckets([(i16::MIN, 2), (-3, 300)]),
            maintenance_latency: Sketch::default(),
        };
        let packed = [1, 0xac, 0x02, 1, 2, 3, 4, 5, 6, 7, 24, 2, 0, 2, 0xfd, 0xff, 0x01, 0xac, 0x02, 0];
        assert_eq!(encode(&rollup), packed);
        assert_eq!(decode(&packed).expect("reads back"), rollup);
        assert!(decode(&[9]).is_err() && decode(&[]).is_err());
        assert_eq!(decode(&encode(&Rollup::default())).expect("reads back"), Rollup::default());
    }
}
