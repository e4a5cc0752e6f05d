//! Secrets never reach a log: values under sensitive names are masked, and so is whatever looks like a key.

use std::borrow::Cow;

use serde_json::Value;

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

/// Beginnings of our own keys, and of credentials in headers.
const PREFIXES: [&str; 5] = ["plk_", "pla_", "Bearer ", "Basic ", "whsec_"];

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

/// Masks keys, and the user and password of URLs, within `text`.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    // One of these stands in everything that is masked below, and in few other texts.
    if !text.bytes().any(|byte| matches!(byte, b'_' | b'B' | b':')) {
        return masked;
    }
    for prefix in PREFIXES {
        if masked.contains(prefix) {
            masked = Cow::Owned(mask_after(&masked, prefix, |c| !(c.is_ascii_alphanumeric() || "-_=+/.".contains(c))));
        }
    }
    if masked.contains("://") && masked.contains('@') {
        masked = Cow::Owned(mask_user_info(&masked));
    }
    masked
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
        let rest = part.find(&ends).unwrap_or(part.len());
        masked.push_str(prefix);
        masked.push_str(MASKED);
        masked.push_str(&part[rest..]);
    }
    masked
}

fn mask_user_info(text: &str) -> String {
    let mut parts = text.split("://");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("://");
        let authority = part.find(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).unwrap_or(part.len());
        match part[..authority].rfind('@') {
            Some(at) => masked.extend([MASKED, &part[at..]]),
            None => masked.push_str(part),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_under_sensitive_names_are_masked_at_any_depth() {
        let mut value = json!({"a": [{"Authorization": "Basic xyz", "routing_key": {"x": 1}}], "path": "/ok", "n": 7});
        mask("", &mut value);
        assert_eq!(value, json!({"a": [{"Authorization": MASKED, "routing_key": MASKED}], "path": "/ok", "n": 7}));
    }

    #[test]
    fn keys_and_passwords_within_texts_are_masked() {
        let masked = |text| mask_text(text).into_owned();
        assert_eq!(masked("key plk_0a1b, and plk_ff"), "key plk_••••, and plk_••••");
        assert_eq!(masked("mongodb://u:p%40@db:27017/x no@host"), "mongodb://••••@db:27017/x no@host");
        assert_eq!(masked("Authorization: Bearer abc.def"), "Authorization: Bearer ••••");
        assert_eq!(masked("Authorization: Basic dTpw+/==, no"), "Authorization: Basic ••••, no");
        assert!(matches!(mask_text("nothing to hide"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_words_of_others_are_one_short_line_without_keys() {
        assert_eq!(
            presentable(" 5.7.1\r\n no\tplk_22\u{7}! "),
            "5.7.1 no plk_••••!".replace("plk_••••!", "plk_•••• !")
        );
        assert_eq!(presentable(&"é".repeat(500)), "é".repeat(199) + "…");
    }
}
