//! Says a phrase in the reader's language.
//!
//! A key that the language lacks is said in English: a page half translated is better than a page with holes. A key that
//! English lacks too is a fault of the program, and stops it where it is tested.

use chrono_tz::Tz;
use fluent_bundle::{FluentArgs, FluentValue};

use crate::language::Language;
use crate::locale::Locale;

/// A reader's language and time zone.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    locale: Locale,
    zone: Tz,
}

/// What is filled into a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A name or a figure already written.
    Text(&'a str),
    /// A number, which may pick the plural.
    Number(i64),
}

impl Words {
    /// Words in a language, with the instants of a zone.
    pub const fn new(locale: Locale, zone: Tz) -> Self {
        Self { locale, zone }
    }

    /// The language.
    pub const fn locale(&self) -> Locale {
        self.locale
    }

    /// The time zone.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// A phrase with nothing to fill in.
    pub fn say(&self, key: &str) -> String {
        self.phrase(key, None)
    }

    /// A phrase with what is to be filled in.
    pub fn say_with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let mut filled = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            filled.set(*name, *arg);
        }
        self.phrase(key, Some(&filled))
    }

    fn phrase(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        phrase_in(self.locale.language(), key, args)
    }
}

fn phrase_in(language: &Language, key: &str, args: Option<&FluentArgs<'_>>) -> String {
    let said = language.phrase(key, args).or_else(|| Locale::english().language().phrase(key, args));
    said.unwrap_or_else(|| {
        debug_assert!(false, "no phrase {key:?}: add it to locales/en.ftl");
        key.to_owned()
    })
}

impl<'a> From<Arg<'a>> for FluentValue<'a> {
    fn from(arg: Arg<'a>) -> Self {
        match arg {
            Arg::Text(text) => text.into(),
            Arg::Number(number) => number.into(),
        }
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

// What a bare `3.into()` is.
impl From<i32> for Arg<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Words; 2] {
        ["en", "sv"].map(|tag| Words::new(Locale::find(tag).expect("it is built in"), Tz::UTC))
    }

    #[test]
    fn a_number_picks_its_plural_in_each_language() {
        let said = |count: usize| both().map(|words| words.say_with("duration-hours", &[("count", count.into())]));
        assert_eq!(said(1), ["1 hour", "1 timme"]);
        assert_eq!(said(0), ["0 hours", "0 timmar"]);
        assert_eq!(said(12_345), ["12345 hours", "12345 timmar"]);
    }

    #[test]
    fn a_name_is_filled_in_as_it_is() {
        let name = "{ $x } <b> \u{202e}\"".to_owned();
        let said = both()[0].say_with("duration-ago", &[("length", (&name).into()), ("unused", 3.into())]);
        assert_eq!(said, format!("{name} ago"));
    }

    #[test]
    fn what_a_language_lacks_is_said_in_english() {
        let klingon = Language::of("tlh", "language-name = tlhIngan Hol");
        assert_eq!(phrase_in(&klingon, "language-name", None), "tlhIngan Hol");
        assert_eq!(phrase_in(&klingon, "component-major-outage", None), "Down");
    }

    #[test]
    #[should_panic(expected = "add it to locales/en.ftl")]
    fn a_key_without_a_phrase_stops_a_test() {
        both()[1].say("no-such-key");
    }

    #[test]
    fn words_are_handed_to_every_thread() {
        fn threads<T: Send + Sync + 'static>() {}
        threads::<Words>();
        let said = std::thread::spawn(|| both()[1].say("language-name")).join();
        assert_eq!(said.expect("it does not panic"), "Svenska");
    }
}
