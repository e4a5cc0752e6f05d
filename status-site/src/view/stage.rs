//! Scenes for tests.

use chrono_tz::Tz;
use plimsoll_domain::page::{PageConfig, StatusSnapshot};
use plimsoll_domain::time::Timestamp;
use plimsoll_words::{Locale, Words};

use super::freshness::Freshness;
use crate::samples;
use crate::scene::{Place, Scene};

/// Everything a scene is made of, held.
pub(crate) struct Stage {
    pub(crate) snapshot: StatusSnapshot,
    pub(crate) page: PageConfig,
    pub(crate) place: Place,
    pub(crate) words: Words,
    pub(crate) now: Timestamp,
    fresh: Freshness,
}

impl Stage {
    /// At noon, in English.
    pub(crate) fn english(snapshot: StatusSnapshot) -> Self {
        Self::at(snapshot, english(), samples::noon())
    }

    /// At noon, in Swedish.
    pub(crate) fn swedish(snapshot: StatusSnapshot) -> Self {
        Self::at(snapshot, swedish(), samples::noon())
    }

    /// At `now`.
    pub(crate) fn at(snapshot: StatusSnapshot, words: Words, now: Timestamp) -> Self {
        Self {
            page: PageConfig::of(snapshot.tenant.clone()),
            place: Place {
                base: "/s/acme".to_owned(),
                url: "https://status.example.org/s/acme".to_owned(),
                keeps_language: false,
                is_copy: false,
            },
            words,
            now,
            fresh: Freshness::of(&snapshot, now),
            snapshot,
        }
    }

    /// The same in another zone.
    pub(crate) fn zone(&mut self, zone: Tz) {
        self.page.time_zone = zone;
        self.words = Words::new(self.words.locale(), zone);
    }

    pub(crate) fn scene(&self) -> Scene<'_> {
        let Self { snapshot, page, place, words, now, fresh } = self;
        Scene { snapshot, page, words: *words, place, fresh, now: *now }
    }
}

/// English, in UTC.
pub(crate) fn english() -> Words {
    Words::new(Locale::english(), Tz::UTC)
}

/// Swedish, in UTC.
pub(crate) fn swedish() -> Words {
    Words::new(Locale::find("sv").expect("it is built in"), Tz::UTC)
}
