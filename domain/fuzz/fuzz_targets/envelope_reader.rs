//! Any bytes as an envelope, cut into pieces by what stands in them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/frontend/envelope_laws.rs"]
mod envelope_laws;

fuzz_target!(|envelope: &[u8]| envelope_laws::hold(envelope));
