//! Prints `docs/metrics.md`, from the catalogue of metrics.

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() {
    print!("{}", plimsoll_runtime::instruments::catalogue::document());
}
