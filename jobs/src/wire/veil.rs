//! Keeps secrets out of what is said of an attempt: a provider may repeat what it was sent.

use percent_encoding::percent_decode_str;
use url::Url;

use plimsoll_runtime::masking::{MASKED, mask_text};

/// What is shorter is no secret, and would be found everywhere.
const SHORTEST: usize = 4;

/// What must not be said.
pub(crate) struct Veil {
    /// In lower case, the longest first.
    secrets: Vec<String>,
}

impl Veil {
    /// Over these secrets.
    pub(crate) fn new(secrets: &[String]) -> Self {
        let mut secrets: Vec<_> = secrets.iter().map(|secret| secret.to_ascii_lowercase()).collect();
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// `words` on one line, with the secrets starred out, and whatever looks like one.
    pub(crate) fn over(&self, words: &str) -> String {
        // Before anything is starred out: what is, may be the name that tells a secret.
        let mut words = mask_text(words).into_owned();
        for secret in &self.secrets {
            words = star(&words, secret);
        }
        let words = mask_text(&words);
        let parts = words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// What is secret of an address: the whole, what follows its host, and each piece of that, as written and decoded.
pub(crate) fn parts(address: &str) -> Vec<String> {
    let mut parts = vec![address.to_owned()];
    if let Ok(url) = Url::parse(address) {
        parts.push(url.to_string());
        parts.push(url[url::Position::BeforePath..].to_owned());
        parts.push(url.path().to_owned());
        parts.extend(url.path().split('/').map(str::to_owned));
        parts.extend(url.query().into_iter().flat_map(|query| query.split(['&', '='])).map(str::to_owned));
        parts.extend(url.fragment().map(str::to_owned));
    }
    let decoded = |part: &String| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let decoded: Vec<_> = parts.iter().map(decoded).collect();
    parts.extend(decoded);
    parts
}

/// `text` with every `secret` in it masked, in whatever case it is written.
fn star(text: &str, secret: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut starred, mut from) = (String::new(), 0);
    for (at, found) in lower.match_indices(secret) {
        starred.push_str(&text[from..at]);
        starred.push_str(MASKED);
        from = at + found.len();
    }
    starred + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_address_is_repeated() {
        let veil = Veil::new(&parts("https://hooks.example.com/services/T00/B%2F00/x0x0x0?sig=aBcDeF"));
        let said =
            "no such hook: /services/T00/B%2F00/x0x0x0?sig=aBcDeF\n (X0X0X0, B/00, sig ABCDEF) at hooks.example.com";
        let veiled = veil.over(said);
        for secret in ["services", "B%2F00", "B/00", "x0x0x0", "X0X0X0", "aBcDeF", "ABCDEF"] {
            assert!(!veiled.contains(secret), "{secret}: {veiled}");
        }
        assert!(veiled.contains("no such hook:") && veiled.contains("hooks.example.com"), "{veiled}");
    }
}
