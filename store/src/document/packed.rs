//! What packed forms are made of: numbers as LEB128, seven bits to a byte with the least first, and sketches as the
//! buckets that hold anything. Nothing that is read here is believed: memory grows with the bytes that are there, and
//! not with what they claim.

use plimsoll_domain::sketch::Sketch;

/// Appends a number, in one to ten bytes.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits are left"));
}

/// Appends a sketch: how many buckets it has, then for each how far it is from the one before (from the lowest there can
/// be, for the first) and how many latencies it holds.
pub(super) fn put_sketch(bytes: &mut Vec<u8>, sketch: &Sketch) {
    put_number(bytes, sketch.buckets().count() as u64);
    let mut before = i16::MIN;
    for (bucket, count) in sketch.buckets() {
        put_number(bytes, bucket.abs_diff(before).into());
        put_number(bytes, count.into());
        before = bucket;
    }
}

/// Packed bytes, read from the front. Every reading is `None` when the bytes end too early or cannot be meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a>(pub(super) &'a [u8]);

impl<'a> Packed<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// A number, where it fits what is wanted.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let mut number = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if part > u64::MAX >> shift {
                return None;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return T::try_from(number).ok();
            }
        }
        None
    }

    /// A section that starts with its length in bytes.
    pub(super) fn section(&mut self) -> Option<Self> {
        let length = self.number()?;
        let (section, rest): (&'a [u8], _) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Self(section))
    }

    pub(super) fn sketch(&mut self) -> Option<Sketch> {
        let count: u64 = self.number()?;
        let mut bucket = i16::MIN;
        let buckets: Option<Vec<_>> = (0..count)
            .map(|_| {
                bucket = bucket.checked_add_unsigned(self.number()?)?;
                Some((bucket, self.number()?))
            })
            .collect();
        buckets.map(Sketch::from_buckets)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed<T: ?Sized>(put: impl Fn(&mut Vec<u8>, &T), value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, value);
        bytes
    }

    proptest! {
        #[test]
        fn numbers_and_sketches_read_back_as_they_were(
            number in any::<u64>(),
            buckets in prop::collection::vec((any::<i16>(), 1..=u32::MAX), 0..60),
        ) {
            let sketch = Sketch::from_buckets(buckets);
            let mut bytes = packed(|bytes, number| put_number(bytes, *number), &number);
            put_sketch(&mut bytes, &sketch);
            let mut rest = Packed(&bytes);
            prop_assert_eq!(rest.number(), Some(number));
            prop_assert_eq!(rest.sketch(), Some(sketch));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn what_ends_too_early_is_nothing(latencies in prop::collection::vec(0.0..60_000.0, 1..60), kept in any::<prop::sample::Index>()) {
            let bytes = packed(put_sketch, &Sketch::of(latencies));
            prop_assert_eq!(Packed(&bytes[..kept.index(bytes.len())]).sketch(), None);
        }
    }

    #[test]
    fn the_packed_forms_are_frozen() {
        let number = |number| packed(|bytes, number| put_number(bytes, *number), &number);
        assert_eq!((number(0), number(127), number(300)), (vec![0], vec![127], vec![0xac, 0x02]));
        assert_eq!(number(u64::MAX), [[0xff; 9].as_slice(), &[1]].concat());
        assert_eq!(packed(put_sketch, &Sketch::default()), [0]);
        let sketch = Sketch::from_buckets([(i16::MIN, 3), (-7, 1), (i16::MAX, 300)]);
        assert_eq!(packed(put_sketch, &sketch), [3, 0, 3, 0xf9, 0xff, 0x01, 1, 0x86, 0x80, 0x02, 0xac, 0x02]);
    }

    #[test]
    fn a_number_that_does_not_fit_is_nothing() {
        assert_eq!(Packed(&[[0xff; 9].as_slice(), &[2]].concat()).number::<u64>(), None);
        assert_eq!(Packed(&[0xff; 20]).number::<u64>(), None);
        assert_eq!(Packed(&[0x80, 0x02]).number::<u8>(), None);
        assert_eq!(Packed(&[0xff]).number::<u64>(), None);
    }

    #[test]
    fn a_length_that_is_not_there_takes_no_memory() {
        let endless = packed(|bytes, number| put_number(bytes, *number), &u64::MAX);
        assert_eq!(Packed(&endless).sketch(), None);
        assert!(Packed(&endless).section().is_none());
    }
}
