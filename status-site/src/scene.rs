//! Everything a page or a feed is made of: the snapshot, what its tenant settled, the reader's language, and where the page
//! stands. Whoever renders needs nothing else, and so renders the same for the site and for a static copy.

use plimsoll_domain::page::{PageConfig, StatusSnapshot};
use plimsoll_domain::time::Timestamp;
use plimsoll_words::Words;

use crate::view::freshness::Freshness;

/// Where a page stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// What every path on the page begins with: empty on a name of its own, `/s/acme` elsewhere.
    pub(crate) base: String,
    /// How the outside names the overview, without a slash at its end: `https://status.example.org`.
    pub(crate) url: String,
    /// Whether the reader has chosen the language by a link, so that links go on with it.
    pub(crate) keeps_language: bool,
    /// Whether it is a copy in files: nothing answers there, so whatever needs an answer is left out.
    pub(crate) is_copy: bool,
}

impl Place {
    /// Where the stylesheet and the icon are: on the site at its root, so that all its pages share them.
    pub(crate) fn assets(&self) -> String {
        format!("{}/assets", if self.is_copy { self.base.as_str() } else { "" })
    }

    /// The path of a part of the page for a link on it, in the language that the reader has chosen, if one was.
    pub(crate) fn link(&self, part: &str, words: Words) -> String {
        let path = if part.is_empty() && self.base.is_empty() { "/" } else { part };
        let language = if self.keeps_language { format!("?lang={}", words.locale().tag()) } else { String::new() };
        format!("{}{path}{language}", self.base)
    }
}

/// Everything a page is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// What is known.
    pub(crate) snapshot: &'a StatusSnapshot,
    /// What the tenant settled.
    pub(crate) page: &'a PageConfig,
    /// The reader's language, and the tenant's time zone.
    pub(crate) words: Words,
    /// Where it stands.
    pub(crate) place: &'a Place,
    /// How old the snapshot is.
    pub(crate) fresh: &'a Freshness,
    /// The present instant.
    pub(crate) now: Timestamp,
}

impl<'a> Scene<'a> {
    /// What stands on top of the page.
    pub(crate) fn title(&self) -> &'a str {
        self.page.title(&self.snapshot.name)
    }

    /// The path of a part of the page for a link on it: `""` is the overview, `/incidents` the incidents.
    pub(crate) fn link(&self, part: &str) -> String {
        self.place.link(part, self.words)
    }

    /// The whole address of a part of the page, for feeds and mails.
    pub(crate) fn address(&self, part: &str) -> String {
        format!("{}{part}", self.place.url)
    }
}
