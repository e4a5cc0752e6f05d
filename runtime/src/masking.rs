//! Secrets never reach a log: values under sensitive names are masked, and so is whatever looks like a key.
//!
//! A few rules by hand instead of a regular expression: each text of each line passes here, and nearly all of them hold nothing
//! that any rule begins with.

mod limits;
mod pairs;
mod paths;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

pub use limits::{Bounded, LINE_BYTES, TEXT_BYTES, fit};
pub use paths::mask_path;

/// What stands in place of a masked value.
pub const MASKED: &str = "••••";

/// Parts of names whose values are never written. Frozen: a name is only ever added.
const SENSITIVE: [&str; 13] = [
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "api_key",
    "apikey",
    "api-key",
    "routing_key",
    "root_key",
    "private_key",
    "dsn",
];

/// Beginnings of our own keys, and of secrets that webhooks sign with.
const PREFIXES: [&str; 3] = ["plk_", "pla_", "whsec_"];

/// Beginnings of credentials in headers.
const SCHEMES: [&str; 3] = ["Bearer ", "Basic ", "GenieKey "];

/// How many characters of somebody else's words are repeated.
const MAX_WORDS: usize = 200;

/// The letters that those parts begin with, as bits.
const BEGINNINGS: u32 = {
    let (mut letters, mut at) = (0, 0);
    while at < SENSITIVE.len() {
        letters |= 1 << (SENSITIVE[at].as_bytes()[0] - b'a');
        at += 1;
    }
    letters
};

/// Whether values under `name` are never written. Asked for every field of every line, so it allocates nothing and
/// passes over what cannot be the beginning of a part.
pub fn is_sensitive(name: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() && BEGINNINGS & (1 << (byte.to_ascii_lowercase() - b'a')) != 0;
    let name = name.as_bytes();
    let starts = |at: usize, part: &str| {
        name.get(at..at + part.len()).is_some_and(|found| found.eq_ignore_ascii_case(part.as_bytes()))
    };
    (0..name.len()).any(|at| begins(name[at]) && SENSITIVE.iter().any(|part| starts(at, part)))
}

/// Masks `value` in place: what stands under a sensitive name, at any depth, and keys within any text.
pub fn mask(name: &str, value: &mut Value) {
    if is_sensitive(name) && !value.is_null() {
        *value = Value::from(MASKED);
        return;
    }
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| mask(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| mask("", item)),
        Value::String(text) => {
            if let Cow::Owned(masked) = mask_text(text) {
                *text = masked;
            }
        }
        _ => {}
    }
}

/// Masks keys, the user and password of URLs, and what follows a sensitive name (`password=…`, `"token":"…"`, a header),
/// within `text`.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    // One of these stands in everything that is masked below, and in few other texts.
    if !text.bytes().any(|byte| matches!(byte, b'_' | b'B' | b'G' | b':' | b'=')) {
        return masked;
    }
    for prefix in PREFIXES.into_iter().chain(SCHEMES) {
        if masked.contains(prefix) {
            masked = Cow::Owned(mask_after(&masked, prefix, |c| !(c.is_ascii_alphanumeric() || "-_=+/.~".contains(c))));
        }
    }
    if masked.contains("//") && masked.contains('@') {
        masked = Cow::Owned(mask_user_info(&masked));
    }
    match pairs::mask_pairs(&masked) {
        Some(without) => Cow::Owned(without),
        None => masked,
    }
}

/// What somebody else's server said, fit to be shown: one line of at most 200 characters, keys masked.
pub fn presentable(words: &str) -> String {
    let words = mask_text(words);
    let parts = words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|part| !part.is_empty());
    let line = parts.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_WORDS) {
        Some(_) => line.chars().take(MAX_WORDS - 1).chain(['…']).collect(),
        None => line,
    }
}

fn mask_after(text: &str, prefix: &str, ends: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(prefix);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // What is masked already stays as it is.
        let from = if part.starts_with(MASKED) { MASKED.len() } else { 0 };
        let rest = part[from..].find(&ends).map_or(part.len(), |at| from + at);
        masked.push_str(prefix);
        masked.push_str(MASKED);
        masked.push_str(&part[rest..]);
    }
    masked
}

/// Also where the scheme is broken: `http//user:password@host`.
fn mask_user_info(text: &str) -> String {
    let mut parts = text.split("//");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("//");
        match user_info(part) {
            Some(at) => masked.extend([MASKED, &part[at..]]),
            None => masked.push_str(part),
        }
    }
    masked
}

/// Where the `@` stands that ends a user and password at the beginning of `part`.
fn user_info(part: &str) -> Option<usize> {
    let word = &part[..part.find(|c: char| c.is_whitespace() || "\"'".contains(c)).unwrap_or(part.len())];
    let authority = &word[..word.find(['/', '?', '#']).unwrap_or(word.len())];
    // A password that is not escaped as it should be goes on behind what would end the host and port.
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let goes_on = || authority.rsplit_once(':').is_some_and(|(_, rest)| !rest.ends_with(']') && !is_port(rest));
    authority.rfind('@').or_else(|| word.rfind('@').filter(|_| goes_on()))
}
