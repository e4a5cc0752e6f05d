//! Has the crate built anew when a language is added: `include_dir!` sees changed files, but no new ones.

fn main() {
    println!("cargo::rerun-if-changed=locales");
}
