//! Cutting texts to what a provider takes, so that a reader sees that something was cut.
//!
//! Nobody says what their "characters" are. Lengths are counted in UTF-16 units, as most providers' own languages do: that
//! is never less than what those count who count otherwise. Splitting a text into several messages was rejected: their
//! order and their completeness would be two more promises.

/// What one character costs.
pub(crate) type Cost = fn(char) -> usize;

/// Room for the note that says how much is missing, and the shortest limit that has room for it.
const NOTE: usize = 40;
const ROOM_FOR_A_NOTE: usize = 160;

/// Units of UTF-16.
pub(crate) const fn utf16(c: char) -> usize {
    c.len_utf16()
}

/// The same, once Slack's three special characters are escaped.
pub(crate) const fn escaped_for_slack(c: char) -> usize {
    match c {
        '&' => 5,
        '<' | '>' => 4,
        _ => c.len_utf16(),
    }
}

/// Bytes within a string of JSON.
pub(crate) const fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        '\0'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}

/// What a whole text costs.
pub(crate) fn total(text: &str, cost: Cost) -> usize {
    text.chars().map(cost).sum()
}

/// `text` within `max` units of UTF-16, see [`cut_by`].
pub(crate) fn cut(text: &str, max: usize) -> String {
    cut_by(text, max, utf16)
}

/// `text` as it is if it costs at most `max`; else its beginning and `…`, with a note of how much is missing where there is
/// room for one.
pub(crate) fn cut_by(text: &str, max: usize, cost: Cost) -> String {
    if total(text, cost) <= max {
        return text.to_owned();
    }
    let has_note = max >= ROOM_FOR_A_NOTE;
    let room = max.saturating_sub(if has_note { NOTE } else { cost('…') });
    let mut spent = 0;
    let fits = |c: &char| {
        spent += cost(*c);
        spent <= room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    let missing = text.chars().count() - kept.chars().count();
    let note = if has_note { format!(" [… {} more characters]", grouped(missing)) } else { String::new() };
    kept.extend(["…", &note]);
    kept
}

/// `key` within `max` units of UTF-16. A longer one ends in its fingerprint: two that begin alike stay two.
pub(crate) fn key(key: &str, max: usize) -> String {
    if total(key, utf16) <= max {
        return key.to_owned();
    }
    let fingerprint = &blake3::hash(key.as_bytes()).to_hex()[..32];
    let mut room = max.saturating_sub(fingerprint.len() + 1);
    let fits = |c: &char| {
        let fits = utf16(*c) <= room;
        room = room.saturating_sub(utf16(*c));
        fits
    };
    let beginning: String = key.chars().take_while(fits).collect();
    format!("{beginning}-{fingerprint}")
}

/// A number with a comma before each three digits.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.chars().enumerate().fold(String::new(), |text, (at, digit)| text + comma(at) + &digit.to_string())
}

/// `text` without control characters, which some providers refuse and none shows; line ends stay.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_cut_says_how_much_is_missing() {
        let cut_text = cut(&"å".repeat(2_500), 1_024);
        assert!(cut_text.ends_with("å… [… 1,516 more characters]"), "{cut_text}");
        assert_eq!(cut(&"x".repeat(131), 130), "x".repeat(129) + "…");
        assert_eq!(cut("as it is", 8), "as it is");
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn long_keys_that_begin_alike_stay_different() {
        let (one, other) = ("k".repeat(300) + "1", "k".repeat(300) + "2");
        assert_ne!(key(&one, 255), key(&other, 255));
        assert_eq!(key(&one, 255).len(), 255);
        assert_eq!(key("short", 255), "short");
    }

    proptest! {
        #[test]
        fn nothing_costs_more_than_it_may(text in any::<String>(), times in 1usize..60, max in 1usize..400) {
            let text = text.repeat(times);
            for cost in [utf16 as Cost, escaped_for_slack, json_bytes] {
                let cut = cut_by(&text, max.max(3), cost);
                prop_assert!(total(&cut, cost) <= max.max(3), "{cut}");
            }
            prop_assert!(total(&key(&text, 64), utf16) <= 64);
        }
    }
}
