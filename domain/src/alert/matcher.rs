//! Matchers, as Prometheus and Alertmanager write them: `severity="critical"`, `team=~"core|shop"`.
//!
//! A name that an alert does not have has the empty value, as there. Regular expressions are anchored at both ends.

use std::fmt;
use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::content::Content;

const MAX_VALUE: usize = 1_000;
/// Room that one compiled expression may take.
const MAX_COMPILED: usize = 256 * 1024;
/// The longer ones first: `=` begins two of the others.
const OPERATORS: [(&str, bool, bool); 4] =
    [("=~", true, false), ("!~", true, true), ("!=", false, true), ("=", false, false)];

/// One condition on an alert.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    value: String,
    negated: bool,
    regex: Option<Regex>,
}

impl Matcher {
    /// Whether `content` meets the condition.
    pub fn matches(&self, content: &Content) -> bool {
        let value = content.named(&self.name);
        let holds = self.regex.as_ref().map_or_else(|| self.value == value, |regex| regex.is_match(value));
        holds != self.negated
    }

    /// Whether it is a regular expression, which takes time to make and room to keep.
    pub const fn is_regex(&self) -> bool {
        self.regex.is_some()
    }

    const fn operator(&self) -> &'static str {
        match (self.regex.is_some(), self.negated) {
            (true, true) => "!~",
            (true, false) => "=~",
            (false, true) => "!=",
            (false, false) => "=",
        }
    }
}

/// Whether all of `matchers` hold; none always do.
pub fn all_match(matchers: &[Matcher], content: &Content) -> bool {
    matchers.iter().all(|matcher| matcher.matches(content))
}

impl FromStr for Matcher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a matcher such as severity=\"critical\" (=, !=, =~ or !~), got {text:?}");
        let at = text.find(['=', '!']).ok_or_else(wrong)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let found =
            OPERATORS.into_iter().find_map(|(sign, regex, not)| Some((rest.strip_prefix(sign)?.trim(), regex, not)));
        let (value, is_regex, negated) = found.ok_or_else(wrong)?;
        let letter = |c: char| c.is_alphanumeric() || "_.-:/".contains(c);
        if !(1..=128).contains(&name.chars().count()) || !name.chars().all(letter) {
            return Err(wrong());
        }
        let quoted = value.starts_with('"');
        let value = if quoted { serde_json::from_str(value).map_err(|_| wrong())? } else { value.to_owned() };
        if value.chars().count() > MAX_VALUE {
            return Err(format!("expected a value of at most {MAX_VALUE} characters"));
        }
        let regex = is_regex.then(|| compiled(&value)).transpose()?;
        Ok(Self { name: name.to_owned(), value, negated, regex })
    }
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    let limited = |text: &str| regex::RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
    // Alone first: one that closes the group around it would not be anchored.
    let built = limited(pattern).and_then(|_| limited(&format!("^(?:{pattern})$")));
    built.map_err(|_| format!("expected a regular expression (RE2 syntax) that is not too large, got {pattern:?}"))
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = serde_json::Value::from(self.value.as_str());
        write!(f, "{}{}{value}", self.name, self.operator())
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator(), &self.value) == (&other.name, other.operator(), &other.value)
    }
}

impl Eq for Matcher {}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::content::tests::content;
    use super::*;

    fn holds(text: &str) -> bool {
        text.parse::<Matcher>().expect("valid").matches(&content("api is down"))
    }

    #[test]
    fn the_four_operators_do_as_in_prometheus() {
        for text in [
            r#"severity="critical""#,
            r#"severity!="info""#,
            "severity=critical",
            r#"team=~"co.*|shop""#,
            r#"team!~"co""#,
            r#"missing="""#,
            r#"missing=~".*""#,
            r#"component = "api""#,
            r#"source!~"web.*""#,
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [r#"severity="error""#, r#"team=~"or""#, r#"missing=~".+""#, r#"team!~".*""#, r#"component!="api""#]
        {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back_and_what_makes_no_sense_is_refused() {
        for text in [r#"severity="critical""#, r#"a!="\"quoted\" \\ and å""#, r#"a=~"[a-z]+""#, r#"a.b/c!~"x""#] {
            let matcher: Matcher = text.parse().expect("valid");
            assert_eq!(matcher.to_string(), text);
            assert_eq!(matcher.to_string().parse(), Ok(matcher));
        }
        for text in [
            "",
            "severity",
            "=\"x\"",
            "a=~\"[\"",
            "a=\"x",
            "a b=\"x\"",
            "a=~\"(a{1000}){1000}\"",
            "a=~\"a)|(?:b\"",
            "a!\"x\"",
        ] {
            assert!(text.parse::<Matcher>().is_err(), "{text}");
        }
    }
}
