//! The one binary. What it does stands in [`plimsoll::cli`] and [`plimsoll::compose`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match plimsoll::cli::run() {
        Ok(code) => code,
        Err(error) => {
            plimsoll::cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}
