//! An hour of one series, packed: a version byte, then for each sample the seconds since the one before it (since the
//! start of the hour for the first), a byte of flags, and its latency where there is one. Numbers are LEB128. A minute's
//! sample takes two to five bytes; as JSON it would take forty.
//!
//! That is version 1, and an hour without events has it still. Of one with events, version 2, the samples are a section
//! that starts with its length in bytes; then come, for each of the events, the milliseconds since those before (since
//! the start of the hour for the first), a byte of flags, how many were good and how many bad, and the sketch of their
//! latencies where there is one.

use plimsoll_domain::sample::{Events, HourSamples, Sample, SampleStatus};
use plimsoll_domain::sketch::Sketch;
use plimsoll_domain::time::{Hour, Tick, Timestamp};

use crate::document::packed::{Packed, put_number, put_sketch};
use crate::{Result, StoreError};

const SAMPLES_ONLY: u8 = 1;
const WITH_EVENTS: u8 = 2;
const STATUS_BITS: u8 = 0b0000_0011;
const MAINTENANCE: u8 = 0b0000_0100;
const HAS_LATENCY: u8 = 0b0000_1000;
const IN_ORDER: &str = "samples and events are in order, in their hour";

/// Packs what is kept of `hour`.
pub fn encode(hour: Hour, held: &HourSamples) -> Vec<u8> {
    let mut samples = Vec::with_capacity(1 + held.len() * 4);
    if held.events().next().is_none() {
        samples.push(SAMPLES_ONLY);
        put_samples(&mut samples, hour, held);
        return samples;
    }
    put_samples(&mut samples, hour, held);
    let mut bytes = vec![WITH_EVENTS];
    put_number(&mut bytes, samples.len() as u64);
    bytes.append(&mut samples);
    put_events(&mut bytes, hour, held);
    bytes
}

/// Unpacks what is kept of `hour`.
pub fn decode(hour: Hour, bytes: &[u8]) -> Result<HourSamples> {
    let mut packed = Packed(bytes);
    let samples = match packed.byte() {
        Some(SAMPLES_ONLY) => Some(std::mem::replace(&mut packed, Packed(&[]))),
        Some(WITH_EVENTS) => packed.section(),
        Some(version) => return Err(unreadable(&format!("it has version {version}"))),
        None => return Err(unreadable("it is empty")),
    };
    let mut held = HourSamples::default();
    let whole = samples.and_then(|samples| {
        take_samples(samples, hour, &mut held)?;
        take_events(packed, hour, &mut held)
    });
    whole.map(|()| held).ok_or_else(|| unreadable("it is damaged, or ends too early"))
}

fn unreadable(reason: &str) -> StoreError {
    StoreError::Unreadable { what: "hour of samples", reason: reason.to_owned() }
}

fn put_samples(bytes: &mut Vec<u8>, hour: Hour, held: &HourSamples) {
    let mut at = hour.start().seconds();
    for sample in held.iter() {
        put_number(bytes, u64::try_from(sample.tick.seconds() - at).expect(IN_ORDER));
        at = sample.tick.seconds();
        let status = match sample.status {
            SampleStatus::Operational => 0,
            SampleStatus::Degraded => 1,
            SampleStatus::Down => 2,
            SampleStatus::Unknown => 3,
        };
        bytes.push(status | flags(sample.maintenance, sample.latency_ms.is_some()));
        if let Some(latency) = sample.latency_ms {
            put_number(bytes, latency.into());
        }
    }
}

fn take_samples(mut packed: Packed<'_>, hour: Hour, held: &mut HourSamples) -> Option<()> {
    let mut at = hour.start().seconds();
    while !packed.is_empty() {
        at = at.checked_add_unsigned(packed.number()?).filter(|at| *at < hour.end().seconds())?;
        let flags = packed.byte()?;
        let latency_ms = if flags & HAS_LATENCY == 0 { None } else { Some(packed.number()?) };
        let status = match flags & STATUS_BITS {
            0 => SampleStatus::Operational,
            1 => SampleStatus::Degraded,
            2 => SampleStatus::Down,
            _ => SampleStatus::Unknown,
        };
        let maintenance = flags & MAINTENANCE != 0;
        held.merge([Sample { tick: Tick::from_seconds(at), status, latency_ms, maintenance }]);
    }
    Some(())
}

fn put_events(bytes: &mut Vec<u8>, hour: Hour, held: &HourSamples) {
    let mut at = hour.start().millis();
    for events in held.events() {
        put_number(bytes, u64::try_from(events.at.millis() - at).expect(IN_ORDER));
        at = events.at.millis();
        let has_latency = events.latency != Sketch::default();
        bytes.push(flags(events.maintenance, has_latency));
        put_number(bytes, events.good);
        put_number(bytes, events.bad);
        if has_latency {
            put_sketch(bytes, &events.latency);
        }
    }
}

fn take_events(mut packed: Packed<'_>, hour: Hour, held: &mut HourSamples) -> Option<()> {
    let mut at = hour.start().millis();
    while !packed.is_empty() {
        at = at.checked_add_unsigned(packed.number()?).filter(|at| *at < hour.end().millis())?;
        let flags = packed.byte()?;
        let (good, bad) = (packed.number()?, packed.number()?);
        let latency = if flags & HAS_LATENCY == 0 { Sketch::default() } else { packed.sketch()? };
        let maintenance = flags & MAINTENANCE != 0;
        held.merge_events([Events { at: Timestamp::from_millis(at), good, bad, maintenance, latency }]);
    }
    Some(())
}

const fn flags(maintenance: bool, has_latency: bool) -> u8 {
    (if maintenance { MAINTENANCE } else { 0 }) | (if has_latency { HAS_LATENCY } else { 0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Hour = Hour::from_number(490_000);

    prop_compose! {
        fn any_sample()(
            second in 0i64..3_600,
            status in 0u8..4,
            latency_ms in prop::option::of(any::<u32>()),
            maintenance in any::<bool>(),
        ) -> Sample {
            let statuses =
                [SampleStatus::Operational, SampleStatus::Degraded, SampleStatus::Down, SampleStatus::Unknown];
            let tick = Tick::from_seconds(HOUR.start().seconds() + second);
            Sample { tick, status: statuses[usize::from(status)], latency_ms, maintenance }
        }
    }

    prop_compose! {
        fn any_events()(
            milli in 0i64..3_600_000,
            good in any::<u64>(),
            bad in any::<u64>(),
            maintenance in any::<bool>(),
            buckets in prop::collection::vec((any::<i16>(), 1..=u32::MAX), 0..20),
        ) -> Events {
            let at = Timestamp::from_millis(HOUR.start().millis() + milli);
            Events { at, good, bad, maintenance, latency: Sketch::from_buckets(buckets) }
        }
    }

    prop_compose! {
        fn any_hour(most_events: usize)(
            samples in prop::collection::vec(any_sample(), 0..200),
            events in prop::collection::vec(any_events(), 0..=most_events),
        ) -> HourSamples {
            let mut held = HourSamples::default();
            held.merge(samples);
            held.merge_events(events);
            held
        }
    }

    proptest! {
        #[test]
        fn an_hour_reads_back_as_it_was(held in any_hour(20)) {
            prop_assert_eq!(decode(HOUR, &encode(HOUR, &held)).expect("reads back"), held);
        }

        #[test]
        fn an_hour_without_events_keeps_the_first_version(held in any_hour(0)) {
            prop_assert_eq!(encode(HOUR, &held)[0], 1);
        }

        #[test]
        fn damaged_bytes_are_an_error_and_never_a_panic(
            held in any_hour(5),
            at in any::<prop::sample::Index>(),
            damage in any::<u8>(),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = encode(HOUR, &held);
            let at = at.index(bytes.len());
            let _ = decode(HOUR, &bytes[..at]).is_ok();
            bytes[at] = damage;
            let _ = decode(HOUR, &bytes).is_ok();
            let _ = decode(HOUR, &noise).is_ok();
            for version in [SAMPLES_ONLY, WITH_EVENTS] {
                let _ = decode(HOUR, &[&[version], noise.as_slice()].concat()).is_ok();
            }
        }

        #[test]
        fn what_reads_lies_in_its_hour(version in 1u8..=2, noise in prop::collection::vec(any::<u8>(), 0..64)) {
            let held = decode(HOUR, &[&[version], noise.as_slice()].concat()).unwrap_or_default();
            prop_assert!(held.iter().all(|sample| sample.tick.hour() == HOUR));
            prop_assert!(held.events().all(|events| events.at.hour() == HOUR));
        }
    }

    fn two_samples() -> HourSamples {
        let sample = |offset: i64, status, latency_ms, maintenance| Sample {
            tick: Tick::from_seconds(3_600 + offset),
            status,
            latency_ms,
            maintenance,
        };
        let mut held = HourSamples::default();
        held.merge([
            sample(0, SampleStatus::Operational, Some(300), false),
            sample(60, SampleStatus::Down, None, true),
        ]);
        held
    }

    #[test]
    fn the_packed_form_is_frozen() {
        let (hour, held) = (Hour::from_number(1), two_samples());
        let packed = [1, 0, 8, 0xac, 0x02, 60, 6];
        assert_eq!(encode(hour, &held), packed);
        assert_eq!(decode(hour, &packed).expect("reads back"), held);
        assert!(decode(hour, &[3, 0, 0]).is_err() && decode(hour, &[]).is_err());
    }

    #[test]
    fn the_packed_form_with_events_is_frozen() {
        let (hour, mut held) = (Hour::from_number(1), two_samples());
        let events = |milli: i64, good, bad, maintenance, buckets: &[(i16, u32)]| Events {
            at: Timestamp::from_millis(3_600_000 + milli),
            good,
            bad,
            maintenance,
            latency: Sketch::from_buckets(buckets.iter().copied()),
        };
        held.merge_events([
            events(300, 5, 1, false, &[]),
            events(301, 300, 0, true, &[(i16::MIN, 2), (i16::MIN + 300, 298)]),
        ]);
        let samples = [6, 0, 8, 0xac, 0x02, 60, 6];
        let packed = [
            [2].as_slice(),
            &samples,
            &[0xac, 0x02, 0, 5, 1],
            &[1, 12, 0xac, 0x02, 0, 2, 0, 2, 0xac, 0x02, 0xaa, 0x02],
        ]
        .concat();
        assert_eq!(encode(hour, &held), packed);
        assert_eq!(decode(hour, &packed).expect("reads back"), held);
        for lost in 1..12 {
            assert!(decode(hour, &packed[..packed.len() - lost]).is_err(), "{lost} bytes are missing");
        }
    }
}
