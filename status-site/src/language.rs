//! In which language somebody is answered: the one in the link, else the best that the browser asks for.
//!
//! Browsers send few different headers: what each of them comes to is remembered, up to so many.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use axum::http::Uri;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use plimsoll_words::Locale;

/// Headers that are remembered for each language that is fallen back to.
const MAX_HEADERS: usize = 512;
const LONGEST_HEADER: usize = 256;

static LOCALES: LazyLock<Vec<Locale>> = LazyLock::new(|| Locale::all().collect());

/// How many languages there are.
pub(crate) fn count() -> usize {
    LOCALES.len()
}

/// Which of them `locale` is.
pub(crate) fn index(locale: Locale) -> usize {
    LOCALES.iter().position(|held| *held == locale).expect("a locale is one of those there are")
}

/// What somebody wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The language.
    pub(crate) locale: Locale,
    /// Whether a link chose it.
    pub(crate) by_link: bool,
}

/// What headers come to, by language that is fallen back to.
#[derive(Debug)]
pub(crate) struct Languages(Vec<ArcSwap<HashMap<Box<[u8]>, Locale>>>);

impl Languages {
    /// Nothing remembered.
    pub(crate) fn new() -> Self {
        Self((0..count()).map(|_| ArcSwap::default()).collect())
    }

    /// What the sender of this request wants to read; `fallback` when it says nothing that there is.
    pub(crate) fn choice(&self, request: &Parts, fallback: Locale) -> Choice {
        let chosen = parameter(&request.uri, "lang").and_then(|tag| Locale::find(&tag));
        if let Some(locale) = chosen {
            return Choice { locale, by_link: true };
        }
        let header = request.headers.get(ACCEPT_LANGUAGE);
        let locale = header.map_or(fallback, |header| self.negotiated(header.as_bytes(), fallback));
        Choice { locale, by_link: false }
    }

    fn negotiated(&self, header: &[u8], fallback: Locale) -> Locale {
        let known = &self.0[index(fallback)];
        if let Some(locale) = known.load().get(header) {
            return *locale;
        }
        let text = std::str::from_utf8(header).unwrap_or_default();
        let locale = Locale::negotiate(text, fallback);
        if header.len() <= LONGEST_HEADER && known.load().len() < MAX_HEADERS {
            known.rcu(|known| {
                let mut known = HashMap::clone(known);
                known.insert(header.into(), locale);
                Arc::new(known)
            });
        }
        locale
    }
}

/// The first value of a parameter in the query.
pub(crate) fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    let pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(held, _)| held == name).map(|(_, value)| value)
}
