//! Names of documents. OpenSLO's are labels of RFC 1123 (1 to 63 of a-z, 0-9 and -, with a letter or digit at both
//! ends), and each kind of document uses a name once. Ours are wider, so that two of ours may look the same there.

use std::collections::BTreeSet;

const LONGEST: usize = 63;

/// The names given to one kind of document so far.
#[derive(Debug, Default)]
pub(crate) struct Labels(BTreeSet<String>);

/// `wanted` as a label.
pub(crate) fn label(wanted: &str) -> String {
    let swapped: String = wanted.chars().map(|c| if c == '_' { '-' } else { c }).collect();
    let trimmed = shorten(&swapped, LONGEST);
    if trimmed.is_empty() { "unnamed".to_owned() } else { trimmed.to_owned() }
}

fn shorten(text: &str, longest: usize) -> &str {
    let text = text.trim_matches('-');
    text[..text.len().min(longest)].trim_end_matches('-')
}

impl Labels {
    /// A name like `wanted` (of a-z, 0-9, - and _) that no other document of the kind has.
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let base = label(wanted);
        let numbered = (2..).map(|number| {
            let ending = format!("-{number}");
            format!("{}{ending}", shorten(&base, LONGEST - ending.len()))
        });
        let free = std::iter::once(base.clone()).chain(numbered).find(|name| !self.0.contains(name));
        let name = free.expect("there are more numbers than names");
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_letter_or_digit_at_both_ends_and_is_used_once() {
        let mut labels = Labels::default();
        for (wanted, name) in [
            ("latency_p95", "latency-p95"),
            ("latency-p95", "latency-p95-2"),
            ("_a-", "a"),
            ("__", "unnamed"),
            ("-", "unnamed-2"),
        ] {
            assert_eq!(labels.take(wanted), name);
        }
    }

    #[test]
    fn a_label_is_never_too_long() {
        let mut labels = Labels::default();
        let long = format!("{}-{}", "a".repeat(60), "bb");
        assert_eq!(labels.take(&long), long);
        assert_eq!(labels.take(&long.replace('-', "_")), format!("{}-2", "a".repeat(60)));
        assert_eq!(labels.take(&long.replace('-', "_")), format!("{}-3", "a".repeat(60)));
    }
}
