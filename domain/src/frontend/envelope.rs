//! The first line of an envelope: all that decides where it goes.

use std::borrow::Cow;

use serde::Deserialize;

/// Most bytes that the first line may have, its newline left out.
pub const FIRST_LINE_LIMIT: usize = 16 * 1024;

/// What of an envelope's headers concerns whoever passes it on. A name that stands twice is refused: two readers could
/// take a different one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct EnvelopeHeader<'a> {
    /// The DSN as the SDK has it.
    #[serde(borrow, default)]
    pub dsn: Option<Cow<'a, str>>,
    /// The event that the envelope belongs to.
    #[serde(borrow, default)]
    pub event_id: Option<Cow<'a, str>>,
}

/// Why a line is no envelope header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one line of a JSON object at the beginning of the envelope, its dsn a text, and no name twice")]
pub struct HeaderError;

impl<'a> EnvelopeHeader<'a> {
    /// Reads the line, without its newline.
    pub fn read(line: &'a [u8]) -> Result<Self, HeaderError> {
        object(line).ok_or(HeaderError)
    }

    /// The event's id, if it is one: 32 hex digits, with dashes or without.
    pub fn event_id(&self) -> Option<String> {
        let hex: String = self.event_id.as_deref()?.chars().filter(|c| *c != '-').collect();
        (hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hex.to_ascii_lowercase())
    }
}

/// A JSON object from its brace on. A list would be read as one otherwise, its values taken in order.
pub(super) fn object<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    line.starts_with(b"{").then(|| serde_json::from_slice(line).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_passed_over_and_known_ones_stand_once() {
        let line =
            br#"{"event_id":"9EC79C33-EC9942AB8353589FCB2E04DC","dsn":"https:\/\/k@h/1","sdk":{"dsn":"x"},"x":[1]}"#;
        let header = EnvelopeHeader::read(line).expect("a header");
        assert_eq!(header.dsn.as_deref(), Some("https://k@h/1"));
        assert_eq!(header.event_id().as_deref(), Some("9ec79c33ec9942ab8353589fcb2e04dc"));
        assert_eq!(EnvelopeHeader::read(b"{}"), Ok(EnvelopeHeader::default()));
        for wrong in [
            &b""[..],
            b"[]",
            b"x",
            b"{}x",
            b"{\"dsn\":1}",
            b"\xff",
            br#"{"dsn":"a","dsn":"b"}"#,
            br#"{"dsn":"a","\u0064sn":"b"}"#,
        ] {
            assert_eq!(EnvelopeHeader::read(wrong), Err(HeaderError), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
