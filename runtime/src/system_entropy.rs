//! The one place that draws random numbers.

use plimsoll_domain::entropy::Entropy;

/// The operating system's generator.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source that everything else takes as a parameter")]
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        bytes
    }
}
