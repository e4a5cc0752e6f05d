//! A rollup, packed: a version byte, the eight counts (operational, degraded, down, unknown outside maintenance, then
//! inside) as little-endian 64-bit numbers, then the latency sketch in `DDSketch`'s own binary form.

use plimsoll_domain::rollup::{Counts, Rollup, Tally};
use plimsoll_domain::sketch::Sketch;

use crate::{Result, StoreError};

const VERSION: u8 = 1;
const COUNTS: usize = 8;

/// Packs a rollup.
pub fn encode(rollup: &Rollup) -> Vec<u8> {
    let Counts { normal, maintenance } = rollup.counts;
    let mut bytes = vec![VERSION];
    for tally in [normal, maintenance] {
        for count in [tally.operational, tally.degraded, tally.down, tally.unknown] {
            bytes.extend_from_slice(&count.to_le_bytes());
        }
    }
    bytes.extend(rollup.latency.to_bytes());
    bytes
}

/// Unpacks a rollup.
pub fn decode(bytes: &[u8]) -> Result<Rollup> {
    let unreadable = |reason: &str| StoreError::Unreadable { what: "rollup", reason: reason.to_owned() };
    let Some((&VERSION, rest)) = bytes.split_first() else { return Err(unreadable("it has an unknown version")) };
    let (counts, sketch) = rest.split_at_checked(COUNTS * 8).ok_or_else(|| unreadable("it is too short"))?;
    let count =
        |index: usize| u64::from_le_bytes(counts[index * 8..][..8].try_into().expect("eight bytes were cut out"));
    let tally = |first: usize| Tally {
        operational: count(first),
        degraded: count(first + 1),
        down: count(first + 2),
        unknown: count(first + 3),
    };
    let latency = Sketch::from_bytes(sketch).map_err(|reason| unreadable(&reason))?;
    Ok(Rollup { counts: Counts { normal: tally(0), maintenance: tally(4) }, latency })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollup_reads_back_as_it_was_and_damage_is_an_error() {
        let mut rollup = Rollup::default();
        rollup.counts.normal.operational = 59;
        rollup.counts.maintenance.unknown = 1;
        for ms in [10, 20, 4_000] {
            rollup.latency.add(ms);
        }
        let bytes = encode(&rollup);
        assert_eq!(decode(&bytes).expect("reads back"), rollup);
        assert!(decode(&bytes[..40]).is_err() && decode(&[9]).is_err() && decode(&[]).is_err());
        assert_eq!(decode(&encode(&Rollup::default())).expect("reads back"), Rollup::default());
    }
}
