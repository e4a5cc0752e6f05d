//! Any text as a DSN, an origin and an alias.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/frontend/dsn_laws.rs"]
mod dsn_laws;

fuzz_target!(|text: &str| dsn_laws::hold(text));
