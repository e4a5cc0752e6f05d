//! Paths of requests: somebody may have put there what belongs elsewhere.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{MASKED, mask_text};

/// Letters and digits in a row that are no word and no id of ours, which has 20.
const LONG_RUN: usize = 24;
/// What is as long as this, and has digits and letters of both cases, is no id of ours either.
const LONG: usize = 32;

/// `path` with every segment masked that looks like a key or a token, however it is encoded.
pub fn mask_path(path: &str) -> Cow<'_, str> {
    let hides = |segment: &str| segment.len() >= 4 && is_secret(&percent_decode_str(segment).decode_utf8_lossy());
    if !path.split('/').any(hides) {
        return Cow::Borrowed(path);
    }
    let segments: Vec<_> = path.split('/').map(|segment| if hides(segment) { MASKED } else { segment }).collect();
    Cow::Owned(segments.join("/"))
}

fn is_secret(segment: &str) -> bool {
    let has = |text: &str, is_it: fn(&u8) -> bool| text.bytes().any(|byte| is_it(&byte));
    let is_key = |run: &str| run.len() >= LONG_RUN && has(run, u8::is_ascii_digit) && has(run, u8::is_ascii_alphabetic);
    let is_mixed = |text: &str| {
        has(text, u8::is_ascii_digit) && has(text, u8::is_ascii_lowercase) && has(text, u8::is_ascii_uppercase)
    };
    let runs = || segment.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    runs().any(is_key) || (segment.len() >= LONG && is_mixed(segment)) || matches!(mask_text(segment), Cow::Owned(_))
}
