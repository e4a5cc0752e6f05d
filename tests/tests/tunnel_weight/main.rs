//! What weighs on the tunnel: bombs, lines without an end, and ten thousand clients that take their time. It stays light,
//! and answers the others.

mod bombs;
mod slow;

const MIB: u64 = 1024 * 1024;
