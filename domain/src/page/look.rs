//! How a page looks: its title, its words on top, its links and its colour.

use std::fmt;
use std::str::FromStr;

use palette::color_difference::Wcag21RelativeContrast;
use palette::{FromColor, Hsluv, Srgb};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use crate::invalid::{Faults, Invalid, check_text};

const MAX_LINKS: usize = 10;
/// What text must reach against what it stands on (WCAG 2.2, 1.4.3).
const CONTRAST: f32 = 4.5;
/// What texts in the tenant's colour stand on: the darkest of the light theme, the lightest of the dark one.
const LIGHT_GROUND: [u8; 3] = [0xf6, 0xf7, 0xf6];
const DARK_GROUND: [u8; 3] = [0x18, 0x1f, 0x1c];

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Contrast with another, 1 to 21 (WCAG 2.2).
    fn contrast(self, other: Self) -> f32 {
        self.linear().relative_contrast(other.linear())
    }

    fn linear(self) -> Srgb<f32> {
        Srgb::from(self.0).into_format()
    }

    /// Whether it can be read on the page's light ground.
    pub fn reads_on_light(self) -> bool {
        self.contrast(Self(LIGHT_GROUND)) >= CONTRAST
    }

    /// Whether it can be read on the page's dark ground.
    pub fn reads_on_dark(self) -> bool {
        self.contrast(Self(DARK_GROUND)) >= CONTRAST
    }

    /// The same hue, as much lighter as it takes to be read on the page's dark ground.
    #[must_use]
    pub fn for_dark(self) -> Self {
        let mut shade = Hsluv::from_color(self.linear());
        let mut lighter = self;
        while !lighter.reads_on_dark() && shade.l < 100.0 {
            shade.l = (shade.l + 2.0).min(100.0);
            lighter = Self(Srgb::from_color(shade).into_format().into());
        }
        lighter
    }
}

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a colour such as #0b5c8a, got {text:?}");
        let is_long = text.len() == 7 && text.starts_with('#');
        let colour: Srgb<u8> = text.parse().ok().filter(|_| is_long).ok_or_else(wrong)?;
        Ok(Self(colour.into()))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A link on top of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads: `http://`, `https://` or `mailto:`.
    pub url: String,
}

/// How a page looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What stands on top; the tenant's name without.
    pub title: Option<String>,
    /// A few words under it; Markdown.
    pub header: Option<String>,
    /// Links on top.
    pub links: Vec<Link>,
    /// The colour of links and of what can be acted on, on light ground.
    pub colour: Option<Colour>,
    /// The same on dark ground; made from `colour` without.
    pub colour_dark: Option<Colour>,
}

impl Look {
    /// Refuses texts that are empty or too long, links that lead to no address of the web, and colours that cannot be read.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut faults = Faults::default();
        if let Some(title) = &self.title {
            check_text(&mut faults, title, 120, "/title");
        }
        if let Some(header) = &self.header {
            check_text(&mut faults, header, 1_000, "/header");
        }
        let count = self.links.len();
        faults.require(count <= MAX_LINKS, "/links", || format!("expected at most {MAX_LINKS} links, got {count}"));
        for (index, link) in self.links.iter().enumerate() {
            check_text(&mut faults, &link.label, 60, &format!("/links/{index}/label"));
            faults.require(is_link(&link.url), &format!("/links/{index}/url"), || {
                "expected an http://, https:// or mailto: address of at most 2048 characters".to_owned()
            });
        }
        let reads = self.colour.is_none_or(Colour::reads_on_light);
        faults.require(reads, "/colour", || {
            "expected a colour with a contrast of at least 4.5 on light ground".to_owned()
        });
        let reads = self.colour_dark.is_none_or(Colour::reads_on_dark);
        faults.require(reads, "/colour_dark", || {
            "expected a colour with a contrast of at least 4.5 on dark ground".to_owned()
        });
        faults.finish()
    }
}

fn is_link(text: &str) -> bool {
    let is_known = |url: Url| matches!(url.scheme(), "http" | "https" | "mailto") && url.password().is_none();
    text.len() <= 2_048 && !text.chars().any(char::is_control) && Url::parse(text).is_ok_and(is_known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_where_it_stands() {
        let look = |colour: &str| Look { colour: Some(colour.parse().expect("a colour")), ..Look::default() };
        assert_eq!(look("#0b5c8a").validate(), Ok(()));
        let refused = look("#ffd54a").validate().expect_err("yellow on white");
        assert_eq!(refused.0[0].pointer, "/colour");
        for wrong in ["", "red", "#fff", "0b5c8a", "#0b5c8", "#gggggg"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_link_that_would_run_something_is_refused() {
        for wrong in ["javascript:alert(1)", "data:text/html,x", "/local", "https://a:b@c/", ""] {
            assert!(!is_link(wrong), "{wrong}");
        }
        assert!(is_link("mailto:help@example.org") && is_link("https://example.org/help?x=1"));
    }

    proptest! {
        #[test]
        fn every_colour_has_one_that_reads_on_dark(bytes in any::<[u8; 3]>()) {
            let colour = Colour(bytes);
            prop_assert!(colour.for_dark().reads_on_dark(), "{} becomes {}", colour, colour.for_dark());
            prop_assert_eq!(colour.to_string().parse(), Ok(colour));
        }
    }
}
