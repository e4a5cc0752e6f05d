//! The languages that are built in, each read from its file once, when the first phrase is said.
//!
//! A file that Fluent cannot read stops the first test that says anything; it is never half a language.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::LazyLock;

use chrono::Locale as DateNames;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use include_dir::{Dir, File, include_dir};
use unic_langid::LanguageIdentifier;

/// The language that every phrase exists in.
pub(crate) const ENGLISH: &str = "en";

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/locales");

/// All languages under their tags.
pub(crate) static LANGUAGES: LazyLock<BTreeMap<&'static str, Language>> =
    LazyLock::new(|| FILES.files().filter_map(Language::read).collect());

/// One language: its phrases and its names of months and days.
pub(crate) struct Language {
    /// What it is called in itself.
    pub(crate) name: String,
    /// Its tag, taken apart.
    pub(crate) id: LanguageIdentifier,
    /// Months and weekdays.
    pub(crate) date_names: DateNames,
    phrases: FluentBundle<FluentResource>,
}

impl Language {
    /// The language under a tag of [`LANGUAGES`].
    pub(crate) fn tagged(tag: &str) -> &'static Self {
        LANGUAGES.get(tag).expect("a locale is made from a tag of the table, and English has a file")
    }

    /// A phrase with its figures and names filled in; `None` when this language lacks it.
    pub(crate) fn phrase(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.phrases.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let said = self.phrases.format_pattern(pattern, args, &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "the phrase {key} in {}: {errors:?}", self.id);
        Some(said)
    }

    fn read(file: &'static File<'static>) -> Option<(&'static str, Self)> {
        let path = file.path();
        let tag =
            path.file_stem().and_then(|stem| stem.to_str()).filter(|_| path.extension().is_some_and(is_fluent))?;
        Some((tag, Self::of(tag, file.contents_utf8().expect("a locale file is UTF-8"))))
    }

    /// A language from the text of its file.
    pub(crate) fn of(tag: &str, text: &str) -> Self {
        let id: LanguageIdentifier = tag.parse().expect("a locale file is named by a language tag");
        let read = FluentResource::try_new(text.to_owned());
        let resource = read.unwrap_or_else(|(_, errors)| panic!("{tag}.ftl: {errors:?}"));
        let mut phrases = FluentBundle::new_concurrent(vec![id.clone()]);
        // The marks would be read aloud, copied and mailed; names are short and mostly of one direction.
        phrases.set_use_isolating(false);
        phrases.add_resource(resource).unwrap_or_else(|errors| panic!("{tag}.ftl: {errors:?}"));
        let mut language = Self { name: tag.to_owned(), id, date_names: DateNames::POSIX, phrases };
        language.name = language.phrase("language-name", None).unwrap_or(language.name);
        let date_locale = language.phrase("date-locale", None);
        language.date_names = date_locale.and_then(|name| name.parse().ok()).unwrap_or(DateNames::POSIX);
        language
    }
}

fn is_fluent(extension: &OsStr) -> bool {
    extension == "ftl"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_names_itself_and_its_months() {
        for (tag, language) in LANGUAGES.iter() {
            assert_eq!(*tag, language.id.to_string(), "the tag is written in its canonical form");
            assert!(language.name != *tag && language.date_names != DateNames::POSIX, "{tag}");
        }
    }
}
