//! The port through which chance comes in: keys and made-up ids are drawn from here, so that a test can choose them.

/// A source of random bytes fit for secrets.
pub trait Entropy: Send + Sync {
    /// 32 fresh random bytes.
    fn bytes(&self) -> [u8; 32];
}
