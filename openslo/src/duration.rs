//! OpenSLO's durations: a whole number and one of `m h d w M Q Y`.
//!
//! Minutes to weeks have one length each, and a span in whole minutes is written the same in both worlds. Months,
//! quarters and years have none: the specification leaves it open, and a guess of 30 days would be an SLO that nobody
//! asked for.

use plimsoll_domain::time::Span;

/// A duration as it is written, not yet understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration {
    /// How many.
    pub(crate) number: u32,
    /// Of what: one of `m h d w M Q Y`.
    pub(crate) unit: char,
}

impl Duration {
    /// Reads `4w`; the error says what was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a whole number and one of m, h, d, w, M, Q, Y, such as 30d, got {text:?}");
        let unit = text.chars().next_back().filter(|unit| "mhdwMQY".contains(*unit)).ok_or_else(wrong)?;
        let digits = &text[..text.len() - 1];
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_whole).ok_or_else(wrong)?;
        Ok(Self { number, unit })
    }

    /// Its length, where it has one; the error says which units have.
    pub(crate) fn span(self) -> Result<Span, String> {
        let number = i64::from(self.number);
        match self.unit {
            'm' => Ok(Span::minutes(number)),
            'h' => Ok(Span::hours(number)),
            'd' => Ok(Span::days(number)),
            'w' => Ok(Span::days(number * 7)),
            unit => Err(format!(
                "expected a length in m, h, d or w, such as 30d, got {number}{unit}: months, quarters and years are \
                 longer or shorter by the calendar"
            )),
        }
    }
}

/// The length that `text` says, when it has one.
pub(crate) fn span_of(text: &str) -> Result<Span, String> {
    Duration::parse(text)?.span()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_length_is_read_and_the_rest_is_not_guessed() {
        for (text, span) in [("5m", Span::minutes(5)), ("12h", Span::hours(12)), ("4w", Span::days(28))] {
            assert_eq!(span_of(text), Ok(span));
        }
        assert_eq!(span_of("0m"), Ok(Span::minutes(0)), "the default of alertAfter");
        for wrong in ["1M", "1Q", "1Y", "", "m", "5", "5s", "+5m", "-5m", "1.5h", "5 m", "99999999999d", "5é"] {
            assert!(span_of(wrong).is_err(), "{wrong}");
        }
    }
}
