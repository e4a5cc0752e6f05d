//! The corpus of the fuzz targets, by the same laws: each of its files is a test here as well.

use std::fs;
use std::path::Path;

use crate::{dsn_laws, envelope_laws};

/// The files of one target, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| {
            let entry = entry.expect("a file");
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("it is read"))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{target} has a corpus");
    files
}

#[test]
fn envelopes_of_the_corpus_are_read_the_same_wherever_they_are_cut() {
    for (name, envelope) in corpus("envelope_reader") {
        assert!(envelope.len() <= 2_048, "{name} is small");
        envelope_laws::hold(&envelope);
        let whole = envelope_laws::in_pieces(&envelope, &[]);
        for at in 1..envelope.len() {
            assert_eq!(envelope_laws::in_pieces(&envelope, &[at, envelope.len()]), whole, "{name}, cut at {at}");
        }
        // What is good is named for it, so that a file that says nothing any more is seen.
        assert_eq!(whole.is_whole, !name.starts_with("bad-"), "{name}");
    }
}

#[test]
fn texts_of_the_corpus_lead_where_they_say() {
    for (name, text) in corpus("dsn") {
        let text = String::from_utf8_lossy(&text);
        dsn_laws::hold(&text);
        let is_taken = text.parse::<plimsoll_domain::frontend::Dsn>().is_ok()
            || text.parse::<plimsoll_domain::frontend::AllowedOrigin>().is_ok()
            || text.parse::<plimsoll_domain::frontend::Alias>().is_ok();
        assert_eq!(is_taken, !name.starts_with("bad-"), "{name}: {text:?}");
    }
}
