//! Which language is spoken: by its tag, or by what a browser asks for.

use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use unic_langid::LanguageIdentifier;

use crate::language::{ENGLISH, LANGUAGES, Language};

/// As many languages of a header are read; nobody's browser sends more than a handful.
const MOST_ASKED: usize = 32;

/// A language there are phrases for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Locale(&'static str);

impl Locale {
    /// The language under a tag, whatever its case: `sv`, or `sv-SE` where no file is for Sweden alone.
    pub fn find(tag: &str) -> Option<Self> {
        let wanted = tag.parse::<LanguageIdentifier>().ok()?.to_string();
        let mut wanted = wanted.as_str();
        loop {
            if let Some((tag, _)) = LANGUAGES.get_key_value(wanted) {
                return Some(Self(tag));
            }
            (wanted, _) = wanted.rsplit_once('-')?;
        }
    }

    /// Every language there is, by its tag.
    pub fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.keys().map(|tag| Self(tag))
    }

    /// The language that every phrase exists in.
    pub const fn english() -> Self {
        Self(ENGLISH)
    }

    /// The best of the languages that an `Accept-Language` header asks for; `fallback` when there is none of them.
    #[must_use]
    pub fn negotiate(accept_language: &str, fallback: Self) -> Self {
        let available: Vec<&LanguageIdentifier> = LANGUAGES.values().map(|language| &language.id).collect();
        let asked = asked(accept_language);
        let found = negotiate_languages(&asked, &available, None, NegotiationStrategy::Lookup);
        found.first().and_then(|id| Self::find(&id.to_string())).unwrap_or(fallback)
    }

    /// Its tag, as in `lang` attributes: `sv`.
    pub const fn tag(self) -> &'static str {
        self.0
    }

    /// Its name in itself: `Svenska`.
    pub fn name(self) -> &'static str {
        &self.language().name
    }

    pub(crate) fn language(self) -> &'static Language {
        Language::tagged(self.0)
    }
}

/// The languages of a header, the most wanted first; those of the same weight as they stand. What is refused with a
/// weight of nothing and what is no tag (`*` among them) is left out. Fluent's own reading of the header was rejected: it
/// goes by the order alone.
fn asked(accept_language: &str) -> Vec<LanguageIdentifier> {
    let weighed = accept_language.split(',').take(MOST_ASKED).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let id: LanguageIdentifier = parts.next()?.parse().ok()?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f64>().ok())?;
        (weight > 0.0).then_some((weight, id))
    });
    let mut weighed: Vec<_> = weighed.collect();
    weighed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    weighed.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(accept_language: &str) -> &'static str {
        Locale::negotiate(accept_language, Locale::english()).tag()
    }

    #[test]
    fn a_language_is_found_by_its_tag_in_any_case_and_with_any_region() {
        let found = |tag| Locale::find(tag).map(Locale::tag);
        for wanted in ["sv", "SV", "sv-SE", "sv-fi", "sv_SE", "sv-Latn-SE"] {
            assert_eq!(found(wanted), Some("sv"), "{wanted}");
        }
        for wanted in ["", "-", "tlh", "svenska", "s", "sv-", "sv/../en", "*", "e n", "ens"] {
            assert_eq!(found(wanted), None, "{wanted}");
        }
        assert_eq!(Locale::find("en-GB"), Some(Locale::english()));
    }

    #[test]
    fn all_languages_are_listed_by_tag_and_named_in_themselves() {
        let all: Vec<_> = Locale::all().map(|locale| (locale.tag(), locale.name())).collect();
        assert!(all.contains(&("en", "English")) && all.contains(&("sv", "Svenska")));
        assert!(all.is_sorted());
    }

    #[test]
    fn a_browser_gets_what_it_weighs_most() {
        assert_eq!(tag("sv-SE,sv;q=0.9,en;q=0.8"), "sv");
        assert_eq!(tag("en;q=0.8, sv"), "sv");
        assert_eq!(tag("sv;q=0.2, en-GB;q=0.3"), "en");
        assert_eq!(tag("tlh, sv; q=0.1"), "sv");
        assert_eq!(tag("en;q=0, sv;q=0.001"), "sv");
    }

    #[test]
    fn who_asks_for_nothing_we_have_gets_the_fallback() {
        let sv = Locale::find("sv").expect("it is built in");
        for header in ["", "*", "tlh", "sv;q=0", ";;;,,,", "en;q=high", "\u{1f600}", "tlh;q=1, *;q=0.5"] {
            assert_eq!(Locale::negotiate(header, sv), sv, "{header}");
        }
        assert_eq!(tag(&"sv;q=0.1,".repeat(100_000)), "sv");
    }
}
