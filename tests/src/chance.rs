//! Chance that comes out the same for the same seed, so that a test that failed can be run again. A crate was rejected: this
//! is all that tests need of it.

/// A source of numbers (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The source that `seed` names.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The source that `seed` and a text name: the same however many were asked for in between.
    pub fn of(seed: u64, text: &str) -> Self {
        let step = |state: u64, byte: u8| Self(state ^ u64::from(byte)).next();
        Self(text.bytes().fold(seed, step))
    }

    /// A number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
