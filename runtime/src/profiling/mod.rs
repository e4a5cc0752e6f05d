//! Where the process spends its time and its memory: profiles in pprof's format, drawn as flame graphs, asked for or pushed.
//!
//! The `pyroscope` crate interrupts the process and names what it finds, `jemalloc_pprof` reads what the allocator notes.
//! That crate's own agent was rejected for pushing: it brings threads that no [`Lifecycle`](crate::lifecycle::Lifecycle)
//! knows, and a second HTTP client (docs/adr/026).

mod cpu;
mod heap;
mod profile;
mod profiler;
mod push;

pub use profile::{Profile, ProfileError};
pub use profiler::Profiler;
pub use push::{PushSettings, push_from_now_on};
