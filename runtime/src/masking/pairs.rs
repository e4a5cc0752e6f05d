//! Secrets that follow a name within a text: in queries, in JSON, in headers, in what `Debug` prints.

use super::{MASKED, SCHEMES, is_sensitive};

/// Names whose values are secrets when they stand in a query, besides those that are sensitive anywhere.
const IN_QUERIES: [&str; 9] =
    ["key", "sig", "signature", "access", "auth", "code", "sentry_key", "x-amz-signature", "jwt"];
/// Names of headers whose values are several words.
const WHOLE_LINES: [&str; 2] = ["authorization", "cookie"];
const LONGEST_NAME: usize = 64;
/// Signs that may stand between a name and what follows it: spaces, quotes and what escapes them.
const LONGEST_GAP: usize = 8;
/// What stands behind `name: ` without quotes is a word of a sentence unless it is as long as this and has digits.
const SHORTEST_SECRET: usize = 8;

/// `text` without what follows sensitive names; nothing where there is none.
pub(super) fn mask_pairs(text: &str) -> Option<String> {
    let (bytes, mut masked, mut done) = (text.as_bytes(), String::new(), 0);
    for (at, byte) in bytes.iter().enumerate() {
        if at < done || !matches!(byte, b'=' | b':') {
            continue;
        }
        let Some(name) = name_before(text, at) else { continue };
        let Some((from, to)) = value_after(text, at, name) else { continue };
        masked.push_str(&text[done..from]);
        masked.push_str(MASKED);
        done = to;
    }
    (done > 0).then(|| masked + &text[done..])
}

/// The sensitive name that ends before the sign at `at`.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_gap = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'\\');
    let gap = bytes[..at].iter().rev().take(LONGEST_GAP).take_while(|byte| is_gap(byte)).count();
    let end = at - gap;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = bytes[..end].iter().rev().take(LONGEST_NAME).take_while(|byte| is_part(byte)).count();
    let name = &text[end - length..end];
    let in_query = || {
        let before = bytes[..end - length].last();
        let begins = matches!(before, Some(b'?' | b'&' | b';' | b'#'));
        begins && gap == 0 && bytes[at] == b'=' && IN_QUERIES.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    (is_sensitive(name) || in_query()).then_some(name)
}

/// From where to where the value stands that follows the sign at `at`; nothing where it is none that could be a secret.
fn value_after(text: &str, at: usize, name: &str) -> Option<(usize, usize)> {
    let mut from = at + 1;
    from += text[from..].bytes().take(LONGEST_GAP).take_while(|byte| *byte == b' ').count();
    from += if text[from..].starts_with("Some(") { "Some(".len() } else { 0 };
    let escapes = text[from..].bytes().take(LONGEST_GAP).take_while(|byte| *byte == b'\\').count();
    let quote = text[from + escapes..].bytes().next().filter(|byte| matches!(byte, b'"' | b'\''));
    let to = match quote {
        Some(quote) => {
            from += escapes + 1;
            from + quoted(&text.as_bytes()[from..], quote, escapes)
        }
        None => from + bare(&text[from..], name, text.as_bytes()[at] == b'='),
    };
    (from < to).then_some((from, to))
}

/// How many bytes stand before the `quote` that closes, which so many signs escape.
fn quoted(bytes: &[u8], quote: u8, escapes: usize) -> usize {
    let mut escaping = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\\' => escaping += 1,
            byte if *byte == quote && escaping <= escapes => return at - escaping,
            _ => escaping = 0,
        }
    }
    bytes.len()
}

/// How many bytes of `rest` are a value without quotes.
fn bare(rest: &str, name: &str, is_assigned: bool) -> usize {
    let lower = name.to_ascii_lowercase();
    if WHOLE_LINES.iter().any(|header| lower.contains(header)) {
        // What follows a scheme that is known is masked already, and the sentence may go on behind it.
        let is_masked = |scheme: &str| rest.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(MASKED));
        if SCHEMES.iter().any(|scheme| is_masked(scheme)) {
            return 0;
        }
        return rest.find(['\r', '\n', '"', '\'']).unwrap_or(rest.len());
    }
    let ends = |c: char| c.is_whitespace() || "&,;\"'<>)}]".contains(c);
    let length = rest.find(ends).unwrap_or(rest.len());
    let word = &rest[..length];
    let is_odd = word.len() >= SHORTEST_SECRET && word.bytes().any(|byte| byte.is_ascii_digit());
    if rest.starts_with(['{', '[']) {
        nested(rest.as_bytes())
    } else if is_assigned || is_odd {
        length
    } else {
        0
    }
}

/// How many bytes the object or list has that begins here; all of them, where it does not end.
fn nested(bytes: &[u8]) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    bytes.len()
}
