//! What a key is, and how its value may be shown.

use std::borrow::Cow;

use url::Url;

use crate::masking::{self, MASKED};

/// A key of the configuration: a variable, and in the file the same in lower case without `PLIMSOLL_`.
#[derive(Debug)]
pub struct Key {
    /// The variable, e.g. `PLIMSOLL_HTTP_ADDR`.
    pub variable: &'static str,
    /// What it means, as a sentence in Markdown.
    pub meaning: &'static str,
    /// What holds where it is not given.
    pub default: Fallback,
    /// When to change it, as a sentence in Markdown; empty where the meaning says it.
    pub when: &'static str,
    secrecy: Secrecy,
}

/// What holds where a key is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value: to give it is the same as to give none.
    Value(&'static str),
    /// What these words say.
    Words(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    /// Anybody may read it; a user and a password in a URL are masked all the same.
    Open,
    /// A URL that may hold a password.
    Url,
    /// Secret as a whole.
    Whole,
}

/// Keys that belong together.
#[derive(Debug)]
pub struct Section {
    /// What they are about.
    pub title: &'static str,
    /// The keys.
    pub keys: &'static [Key],
}

impl Key {
    pub(super) const fn new(
        variable: &'static str,
        meaning: &'static str,
        default: Fallback,
        when: &'static str,
    ) -> Self {
        Self { variable, meaning, default, when, secrecy: Secrecy::Open }
    }

    /// The same, with a value that is a URL which may hold a password.
    pub(super) const fn with_password(self) -> Self {
        Self { secrecy: Secrecy::Url, ..self }
    }

    /// The same, with a value that nobody is shown.
    pub(super) const fn secret(self) -> Self {
        Self { secrecy: Secrecy::Whole, ..self }
    }

    /// Its name in the file, e.g. `http_addr`.
    pub fn name(&self) -> String {
        self.variable.strip_prefix("PLIMSOLL_").unwrap_or(self.variable).to_ascii_lowercase()
    }

    /// Whether its value is masked, or may be in part.
    pub fn is_secret(&self) -> bool {
        self.secrecy != Secrecy::Open
    }

    /// `value`, fit to be shown.
    pub fn shown<'a>(&self, value: &'a str) -> Cow<'a, str> {
        match (self.secrecy, Url::parse(value)) {
            (Secrecy::Open, _) => masking::mask_text(value),
            // The query says how a connection is made, and is no place for a password.
            (Secrecy::Url, Ok(url)) if url.has_host() => Cow::Owned(masking::mask_text(value).into_owned()),
            _ => Cow::Borrowed(MASKED),
        }
    }
}

impl Fallback {
    /// In words, or the value itself.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Value(text) | Self::Words(text) => text,
        }
    }
}
