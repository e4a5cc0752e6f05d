//! An hour of samples, packed: a version byte, then for each sample the seconds since the one before it (since the start
//! of the hour for the first), a byte of flags, and its latency where there is one. Numbers are LEB128. A minute's
//! sample takes two to five bytes; as JSON it would take forty.

use plimsoll_domain::sample::{HourSamples, Sample, SampleStatus};
use plimsoll_domain::time::{Hour, Tick};

use crate::{Result, StoreError};

const VERSION: u8 = 1;
const STATUS_BITS: u8 = 0b0000_0011;
const MAINTENANCE: u8 = 0b0000_0100;
const HAS_LATENCY: u8 = 0b0000_1000;

/// Packs the samples of `hour`.
pub fn encode(hour: Hour, samples: &HourSamples) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + samples.len() * 4);
    bytes.push(VERSION);
    let mut at = hour.start().seconds();
    for sample in samples.iter() {
        put_number(&mut bytes, u64::try_from(sample.tick.seconds() - at).expect("samples are in order, in their hour"));
        at = sample.tick.seconds();
        bytes.push(flags(sample));
        if let Some(latency) = sample.latency_ms {
            put_number(&mut bytes, latency.into());
        }
    }
    bytes
}

/// Unpacks the samples of `hour`.
pub fn decode(hour: Hour, bytes: &[u8]) -> Result<HourSamples> {
    let mut rest = match bytes.split_first() {
        Some((&VERSION, rest)) => rest,
        Some((version, _)) => return Err(unreadable(&format!("it has version {version}"))),
        None => return Err(unreadable("it is empty")),
    };
    let mut samples = HourSamples::default();
    let mut at = hour.start().seconds();
    while !rest.is_empty() {
        let (sample, left) = take_sample(at, rest).ok_or_else(|| unreadable("it ends in the middle of a sample"))?;
        at = sample.tick.seconds();
        samples.merge([sample]);
        rest = left;
    }
    Ok(samples)
}

fn unreadable(reason: &str) -> StoreError {
    StoreError::Unreadable { what: "hour of samples", reason: reason.to_owned() }
}

fn flags(sample: &Sample) -> u8 {
    let status = match sample.status {
        SampleStatus::Operational => 0,
        SampleStatus::Degraded => 1,
        SampleStatus::Down => 2,
        SampleStatus::Unknown => 3,
    };
    let maintenance = if sample.maintenance { MAINTENANCE } else { 0 };
    let latency = if sample.latency_ms.is_some() { HAS_LATENCY } else { 0 };
    status | maintenance | latency
}

fn take_sample(after: i64, bytes: &[u8]) -> Option<(Sample, &[u8])> {
    let (gap, rest) = take_number(bytes)?;
    let (&flags, rest) = rest.split_first()?;
    let (latency, rest) = if flags & HAS_LATENCY == 0 {
        (None, rest)
    } else {
        let (latency, rest) = take_number(rest)?;
        (Some(u32::try_from(latency).ok()?), rest)
    };
    let status = match flags & STATUS_BITS {
        0 => SampleStatus::Operational,
        1 => SampleStatus::Degraded,
        2 => SampleStatus::Down,
        _ => SampleStatus::Unknown,
    };
    let tick = Tick::from_seconds(after.checked_add(i64::try_from(gap).ok()?)?);
    Some((Sample { tick, status, latency_ms: latency, maintenance: flags & MAINTENANCE != 0 }, rest))
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits are left"));
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (index, &byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_sample() -> impl Strategy<Value = (i64, u8, Option<u32>, bool)> {
        (0i64..3_600, 0u8..4, prop::option::of(any::<u32>()), any::<bool>())
    }

    proptest! {
        #[test]
        fn an_hour_reads_back_as_it_was(parts in prop::collection::vec(any_sample(), 0..200)) {
            let hour = Hour::from_number(490_000);
            let statuses =
                [SampleStatus::Operational, SampleStatus::Degraded, SampleStatus::Down, SampleStatus::Unknown];
            let mut samples = HourSamples::default();
            samples.merge(parts.into_iter().map(|(offset, status, latency_ms, maintenance)| Sample {
                tick: Tick::from_seconds(hour.start().seconds() + offset),
                status: statuses[usize::from(status)],
                latency_ms,
                maintenance,
            }));
            prop_assert_eq!(decode(hour, &encode(hour, &samples)).expect("reads back"), samples);
        }

        #[test]
        fn damaged_bytes_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(Hour::from_number(490_000), &bytes).is_ok();
        }
    }

    #[test]
    fn the_packed_form_is_frozen() {
        let hour = Hour::from_number(1);
        let mut samples = HourSamples::default();
        let sample = |offset: i64, status, latency_ms, maintenance| Sample {
            tick: Tick::from_seconds(3_600 + offset),
            status,
            latency_ms,
            maintenance,
        };
        samples.merge([
            sample(0, SampleStatus::Operational, Some(300), false),
            sample(60, SampleStatus::Down, None, true),
        ]);
        let packed = encode(hour, &samples);
        assert_eq!(packed, [1, 0, 8, 0xac, 0x02, 60, 6]);
        assert_eq!(decode(hour, &packed).expect("reads back"), samples);
        assert!(decode(hour, &[2, 0, 0]).is_err() && decode(hour, &[]).is_err());
    }
}
